"""Nodes of the attacker: begin an iteration, propose scenarios, check them, and retrieve rivals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from aurora.agents.search.adversarial_search import Opposition
from aurora.agents.search.effort import STRUCTURES_PER_GENERATION
from aurora.agents.search.scenario_search import NEAR_DUPLICATE, describe, diversity
from aurora.errors import ScenarioError
from aurora.graphs.context import RunContext
from aurora.graphs.nodes.defend import CURRENT_LEVEL_SHARE
from aurora.graphs.proposers.protocols import ProposedScenario, Rejection, ScenarioRequest
from aurora.graphs.state import Attacked, PlayedScenario, Retrieved, State, Update
from aurora.memory.texts import scenario_text
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.optimum.witness import solver_witness, unplaceable
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.scenario import Scenario

SCENARIOS_PER_ITERATION = 5
"""Number of the attacker's scenarios per iteration."""
MAX_TRIES = 3
"""Maximum number of requests to the attacker per iteration."""
MAX_LEADERS = 4
"""Number of archived policies with the highest Elo that new candidates meet; twice as many rivals at most."""
INDIFFERENCE = 1e-6
"""Difference between the best and the worst reference up to which a scenario is uninformative."""
MAX_ARCHIVED = 100_000
"""Largest number of archived policies among which rivals are drawn without Elo."""
LEVEL_PART, RIVALS_PART = 20, 21
"""Numbers of the random streams of an iteration for a level without a curriculum, and for rivals without Elo."""
SIMILAR_PER_SCENARIO = 3
"""Number of similar earlier scenarios that are looked up for each new one."""
FORESEEN = 15
"""Number of latest scenarios whose best policies the attacker expects to be retrieved."""
ATTACK_SHARE = 0.08
"""Work of the attacker's simulations relative to that of the defender's."""


def curriculum(context: RunContext, state: State) -> Update:
    """Begin an iteration at the current level of the curriculum, or at a random one without a curriculum."""
    iteration, level = state["iteration"], state["standing"].curriculum.level
    if "curriculum" in context.settings.without and context.source.has_levels:
        level = int(context.rng(iteration, LEVEL_PART).integers(1, len(LEVELS) + 1))
    context.cache.begin(iteration)
    if context.authors is not None:
        context.authors.begin(iteration, context.tell)
    context.tell({"event": "started", "iteration": iteration, "level": level})
    return {"attacked": Attacked(level)}


def attack(context: RunContext, state: State) -> Update:
    """Request the missing scenarios from the attacker."""
    attacked, standing, iteration = state["attacked"], state["standing"], state["iteration"]
    tries = attacked.tries + 1
    proposal = context.scenario_proposer.propose(
        ScenarioRequest(
            iteration=iteration,
            level=attacked.level,
            count=SCENARIOS_PER_ITERATION - len(attacked.scenarios),
            is_last_try=tries == MAX_TRIES,
            source=context.source,
            known=standing.known,
            success_rates=context.store.success_rates([k.spec.spec_id for k in standing.known]),
            accepted=[s.spec for s in attacked.scenarios],
            rejections=attacked.rejections,
            rng=context.rng(iteration, 10 + attacked.tries),
            go_on=partial(context.go_on, iteration),
            prompt=standing.prompts.get("attacker"),
            opposition=_opposition(context, state),
        )
    )
    by_id = {proposed.spec.spec_id: proposed for proposed in proposal.scenarios}
    failed = [Rejection(failure.subject, failure.reason) for failure in proposal.failures]
    return {
        "attacked": replace(
            attacked,
            tries=tries,
            proposed=tuple(by_id[name] for name in sorted(by_id)),
            rejections=(*attacked.rejections, *failed),
            simulations=attacked.simulations + proposal.simulations,
        )
    }


def _opposition(context: RunContext, state: State) -> Opposition:
    """Return the policies with which the attacker simulates: the rivals that it can foresee, and the search's."""
    standing, attacked = state["standing"], state["attacked"]
    searched = parse_policy(standing.search.policy)
    names = _leaders(context, state)
    if "retrieval" not in context.settings.without:
        names += [n for k in standing.known[-FORESEEN:] for n in context.store.best_on(k.spec.spec_id, 1)]
    players = {n: context.store.policy(n) for n in list(dict.fromkeys(names))[: 2 * MAX_LEADERS]}
    players |= {p.policy_id: p for p in (searched, standing.champion, *_own_start(context).values())}
    return Opposition(
        players={n: players[n] for n in sorted(players) if n not in context.source.references},
        champion=standing.champion,
        simulations=0 if attacked.tries else attack_budget(context, attacked.level),
        measure=context.measure,
    )


def attack_budget(context: RunContext, level: int) -> int:
    """Return how many simulations the attacker may ask for: `ATTACK_SHARE` of the work of the defender's search.

    A simulation of a lower level has fewer tasks than those that the defender trains on, so there can be more.
    """
    source, settings = context.source, context.settings
    scenarios = len(source.training) * source.effort.training_per_family + SCENARIOS_PER_ITERATION
    defended = scenarios * source.effort.generations * (settings.population + STRUCTURES_PER_GENERATION)
    tasks = [row.tasks for row in LEVELS]
    own = tasks[level - 1]
    ratio = (CURRENT_LEVEL_SHARE * own + (1 - CURRENT_LEVEL_SHARE) * float(np.mean(tasks))) / own
    return int(ATTACK_SHARE * defended * (ratio if source.has_levels else 1.0))


def validate(context: RunContext, state: State) -> Update:
    """Accept scenarios that are new, solvable and informative; reject the others with a reason."""
    attacked = state["attacked"]
    scenarios, rejections = list(attacked.scenarios), list(attacked.rejections)
    for proposed in attacked.proposed:
        checked = _checked(context, state, proposed, scenarios)
        if isinstance(checked, PlayedScenario):
            scenarios.append(checked)
        else:
            rejections.append(Rejection(proposed.spec.spec_id, checked, proposed))
    return {
        "attacked": replace(attacked, proposed=(), scenarios=tuple(scenarios), rejections=tuple(rejections)),
    }


def enough(state: State) -> str:
    """Return the next node: `attack` while scenarios are missing and tries are left, else `retrieve`."""
    attacked = state["attacked"]
    return "retrieve" if len(attacked.scenarios) >= SCENARIOS_PER_ITERATION or attacked.tries >= MAX_TRIES else "attack"


def retrieve(context: RunContext, state: State) -> Update:
    """Choose the rivals: policies with the highest Elo, and the best ones on the most similar scenarios."""
    names = _leaders(context, state)
    for similar in () if "retrieval" in context.settings.without else _similar(context, state):
        names += context.store.best_on(similar, 1)
    names = list(dict.fromkeys(names))[: 2 * MAX_LEADERS]
    own = _own_start(context)
    rivals = sorted({*names, state["standing"].champion.policy_id, *own} - set(context.source.references))
    return {"retrieved": Retrieved({n: own[n] if n in own else context.store.policy(n) for n in rivals})}


def _leaders(context: RunContext, state: State) -> list[str]:
    """Return ids of the policies with the highest Elo, or of random ones without Elo."""
    is_rated = "elo" not in context.settings.without
    return context.store.leaders(MAX_LEADERS) if is_rated else _random_rivals(context, state)


def _own_start(context: RunContext) -> dict[str, Policy]:
    """Return the user's own start, which always takes part, by its id."""
    start = context.settings.start
    return {} if start is None else {start.policy_id: start}


def _random_rivals(context: RunContext, state: State) -> list[str]:
    """Return ids of as many archived policies as there are leaders, drawn at random without references."""
    archived = sorted(context.store.leaders(MAX_ARCHIVED))
    drawn = context.rng(state["iteration"], RIVALS_PART).permutation(len(archived))[:MAX_LEADERS]
    return [archived[int(k)] for k in drawn]


def _similar(context: RunContext, state: State) -> list[str]:
    """Return ids of the earlier scenarios nearest to each of the new ones, nearest first.

    With an index, the whole archive is searched by similarity of texts; without one, the attacker's known scenarios by
    distance of statistics.
    """
    scenarios, known = state["attacked"].scenarios, state["standing"].known
    if context.index is not None:
        asked = [scenario_text(s.spec) for s in scenarios]
        rows = context.index.nearest("scenarios", asked, SIMILAR_PER_SCENARIO)
        return [near.key for row in rows for near in row]
    if not known:
        return []
    others = np.array([k.description for k in known])
    nearest: list[str] = []
    for scenario in scenarios:
        distance = ((others - np.array(scenario.description)) ** 2).sum(axis=1)
        places = np.argsort(distance, kind="stable")[:SIMILAR_PER_SCENARIO]
        nearest += [known[i].spec.spec_id for i in places]
    return nearest


def _checked(
    context: RunContext, state: State, proposed: ProposedScenario, accepted: Sequence[PlayedScenario]
) -> PlayedScenario | str:
    """Return the scenario, or the reason why it can't be played."""
    try:
        encoded = proposed.encoded or encode(context.source.expand(proposed.spec))
    except ScenarioError as error:
        return str(error)
    scenario = encoded.scenario
    played = PlayedScenario(proposed.spec, proposed.prompt_id, encoded, describe(scenario))
    return (
        _duplicate(context, state, played, scenario, accepted)
        or _unsolvable(context, played.encoded)
        or _indifferent(context, played)
        or played
    )


def _duplicate(
    context: RunContext, state: State, played: PlayedScenario, scenario: Scenario, accepted: Sequence[PlayedScenario]
) -> str:
    name, description = played.scenario_id, played.description
    if any(name == other.scenario_id for other in accepted) or context.store.specs([name]):
        return "its id is taken by an earlier scenario"
    if not context.source.has_levels:  # variants of one trace always look alike
        return ""
    near = diversity(description, state["standing"].known) < NEAR_DUPLICATE
    fresh = any(_distance(other.description, description) < NEAR_DUPLICATE for other in accepted)
    return f"near duplicate of an earlier scenario ({scenario.domain})" if near or fresh else ""


def _distance(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return float(np.linalg.norm(np.array(a) - np.array(b)))


def _unsolvable(context: RunContext, encoded: EncodedScenario) -> str:
    """Return why no witness shows that every task can be served; "" if a reference or the solver is one."""
    if not context.source.must_complete:
        return ""
    hopeless = unplaceable(encoded)
    if hopeless:
        return hopeless
    rows = context.measure([encoded], list(context.source.references.values()))
    most = max(summary.completed for ((_, summary),) in rows)
    tasks = len(encoded.scenario.tasks)
    return "" if most == tasks else solver_witness(encoded, most).reason


def _indifferent(context: RunContext, played: PlayedScenario) -> str:
    """Return why a model's scenario is uninformative: all references achieve the same on it; "" otherwise.

    Other scenarios are not checked. A model sees its reward, and an uninformative scenario would still earn the half of
    it that is not for learning.
    """
    if played.prompt_id is None:
        return ""
    rows = context.measure([played.encoded], list(context.source.references.values()))
    achieved = [value for ((value, _),) in rows]
    same = max(achieved) - min(achieved) <= INDIFFERENCE
    return "all policies achieve the same on it, so there is nothing to decide" if same else ""
