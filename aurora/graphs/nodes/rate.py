"""Nodes of the judge: score scenarios, rate policies, decide the level, and commit the iteration."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from aurora.agents.search.scenario_search import Known, complexity, diversity, target_complexity
from aurora.graphs.checkpoint import checkpoint
from aurora.graphs.context import RunContext
from aurora.graphs.events import Event, Forgetting, IterationDone
from aurora.graphs.lessons import MAX_LESSONS, Lesson, describe_losses
from aurora.graphs.nodes.defend import sums
from aurora.graphs.state import Advanced, Defended, Rated, Scored, Standing, State, Update
from aurora.graphs.validation import Outcome, best_mean, race_candidates
from aurora.memory import elo
from aurora.memory.index import Entry
from aurora.memory.names import BY_MODEL
from aurora.memory.records import Iteration, NewOutcome, NewScenario
from aurora.memory.texts import scenario_text
from aurora.sim.kernel import encode
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import LEARNABLE, attacker_reward, succeeds
from aurora.sim.scenarios.curriculum import LEVELS, SUCCESS_WINDOW, Curriculum

MAX_KNOWN = 60
"""Number of latest scenarios that the attacker remembers."""
FORGETTING_SAMPLE = 20
"""Number of latest archived scenarios of each earlier level on which an advancing champion is tested."""
DRAWN_PER_ITERATION = 10
"""Number of scenarios drawn at random on which the curriculum counts the champion's success in an iteration."""
DRAWN_PART = 22
"""Number of the random stream of an iteration for these scenarios."""


def score(context: RunContext, state: State) -> Update:
    """Compute the attacker's reward for each scenario."""
    attacked, references = state["attacked"], context.source.references
    target = target_complexity(context.source, attacked.level)
    known, rows = list(state["standing"].known), []
    for scenario in attacked.scenarios:
        achieved = state["played"].achieved[scenario.scenario_id]
        marks = [achieved[r] for r in references]
        players = [n for n in achieved if n not in references]
        success = sum(succeeds(achieved[n], marks) for n in players) / len(players)
        description = scenario.description
        reward = attacker_reward(success, diversity(description, known), complexity(description), target)
        family = getattr(scenario.spec, "family", "") or context.source.name
        document = scenario.spec.model_dump_json()
        rows.append(
            NewScenario(scenario.scenario_id, family, attacked.level, document, success, reward, scenario.prompt_id)
        )
        known.append(Known(scenario.spec, reward, description))
    return {"scored": Scored(tuple(rows), tuple(known[-MAX_KNOWN:]))}


def rate(context: RunContext, state: State) -> Update:
    """Rate all players, and choose the champion on validation."""
    standing, rounds = state["standing"], state["played"].rounds
    players = sorted({p for achieved in rounds.values() for p in achieved} | {standing.champion.policy_id})
    before = dict.fromkeys(players, elo.INITIAL_RATING) | context.store.ratings(players)
    ratings, matches = elo.rate_rounds(before, rounds)
    candidates = state["defended"].policies
    champion, value, means, race = _chosen(context, standing, candidates)
    fresh = _lessons(context, state, means, champion, value)
    lessons = (*standing.lessons, *fresh)[-MAX_LESSONS:]
    return {"rated": Rated(ratings, matches, champion, value, means[0], lessons, race)}


def _chosen(context: RunContext, standing: Standing, candidates: Sequence[Policy]) -> Outcome:
    """Return the champion after a race of the candidates on validation, or by the best mean without one."""
    if "race" in context.settings.without:
        champion = standing.champion, standing.champion_value
        return best_mean(context.validation.validation, candidates, champion, context.jobs)
    contenders = () if standing.race is None else standing.race.race.contenders
    archived = {c.policy_id: context.store.policy(c.policy_id) for c in contenders}
    return race_candidates(
        context.validation, standing.race, standing.champion, candidates, archived, context.cache, context.jobs
    )


def _lessons(
    context: RunContext, state: State, validation: Sequence[float], champion: Policy, champion_value: float
) -> list[Lesson]:
    """Return lessons on the candidates that a model wrote, for its next request."""
    attacked, played = state["attacked"], state["played"]

    def describe(policy_id: str) -> str:
        return describe_losses(
            policy_id,
            played.achieved,
            played.outcomes,
            list(context.source.references),
            in_units=context.source.unit == "reward",
            texts={s.scenario_id: scenario_text(s.spec) for s in attacked.scenarios},
        )

    return lessons_of(state["defended"], validation, state["iteration"], (champion, champion_value), describe)


def lessons_of(
    defended: Defended,
    validation: Sequence[float],
    iteration: int,
    champion: tuple[Policy, float],
    describe: Callable[[str], str],
) -> list[Lesson]:
    """Return a lesson for each candidate that a model wrote.

    Args:
        defended: The candidates.
        validation: Each candidate's mean value over the best reference on validation.
        iteration: Iteration in which they were written.
        champion: The champion that was chosen, and its mean on validation.
        describe: Callback that describes the results of a policy on the attacker's scenarios.
    """
    return [
        Lesson(
            policy_id=policy_id,
            iteration=iteration,
            training=defended.training[policy_id],
            validation=value,
            champion=champion[1],
            became_champion=champion[0].policy_id == policy_id,
            on_attack=describe(policy_id),
            weakest=defended.weakest[policy_id],
            idea=candidate.policy.policy_description,
        )
        for candidate, value in zip(defended.candidates, validation, strict=True)
        if candidate.origin == BY_MODEL
        for policy_id in (candidate.policy.policy_id,)
    ]


def advance(context: RunContext, state: State) -> Update:
    """Record the champion's success on scenarios of its level; after an advance, measure what was forgotten.

    They are drawn at random: the attacker's are chosen so that about half of the players fail.
    """
    curriculum, passed = state["standing"].curriculum, dict(state["standing"].passed)
    if not context.source.has_levels or "curriculum" in context.settings.without:
        return {"advanced": Advanced(curriculum, passed)}
    champion, level = state["rated"].champion, curriculum.level
    for success in _drawn_successes(context, state["iteration"], champion, level):
        window = (*curriculum.recent, success)[-SUCCESS_WINDOW:]
        curriculum = curriculum.record(success)
        if curriculum.level > level:
            passed[str(level)] = sum(window) / len(window)
            # The remaining scenarios are of the old level, so they don't count.
            return {"advanced": _forgetting(context, state["iteration"], champion, curriculum, passed)}
    return {"advanced": Advanced(curriculum, passed)}


def _drawn_successes(context: RunContext, iteration: int, champion: Policy, level: int) -> list[bool]:
    """Return the champion's success on scenarios of a level that are drawn at random, and that nobody trained on.

    There are none of the last level, which no other follows.
    """
    if level == len(LEVELS):
        return []
    source, rng = context.source, context.rng(iteration, DRAWN_PART)
    families = [source.training[int(i)] for i in rng.integers(len(source.training), size=DRAWN_PER_ITERATION)]
    scenarios = [encode(source.expand(source.sample(family, level, rng))) for family in families]
    marks = context.measure(scenarios, list(source.references.values()))
    (achieved,) = context.measure(scenarios, [champion])
    return [succeeds(value, [row[i][0] for row in marks]) for i, (value, _) in enumerate(achieved)]


def _forgetting(
    context: RunContext, iteration: int, champion: Policy, curriculum: Curriculum, passed: dict[str, float]
) -> Advanced:
    """Measure the champion on archived scenarios of all earlier levels; new outcomes are archived too."""
    success: dict[str, float] = {}
    outcomes: list[NewOutcome] = []
    references = set(context.source.references)
    for level in range(1, curriculum.level):
        results: list[bool] = []
        for row in context.store.scenarios(level=level)[-FORGETTING_SAMPLE:]:
            values = context.store.values(row["scenario_id"])
            if champion.policy_id not in values:
                encoded = encode(context.source.expand(context.source.parse(row["spec"])))
                value, summary = context.measure([encoded], [champion])[0][0]
                values[champion.policy_id] = value
                outcomes.append(
                    NewOutcome(champion.policy_id, row["scenario_id"], value, sums(summary, encoded.scenario))
                )
            marks = [value for name, value in values.items() if name in references]
            results.append(succeeds(values[champion.policy_id], marks))
        if results:
            success[str(level)] = float(np.mean(results))
    forgetting: Forgetting = {
        "event": "forgetting",
        "iteration": iteration,
        "level": curriculum.level,
        "success": success,
        "passed": dict(passed),
    }
    return Advanced(curriculum, passed, forgetting, tuple(outcomes))


def commit(context: RunContext, state: State) -> Update:
    """Write all results of the iteration and the state of the run in one transaction.

    The index is updated afterwards; items that are missing after a kill are added when it is opened next.
    """
    played, scored, advanced, rated = state["played"], state["scored"], state["advanced"], state["rated"]
    evolved = state.get("evolved")  # only where prompts evolve
    standing = Standing(
        curriculum=advanced.curriculum,
        search=state["defended"].search,
        champion=rated.champion,
        champion_value=rated.champion_value,
        evaluations=state["standing"].evaluations + len(context.cache),
        known=scored.known,
        passed=advanced.passed,
        lessons=rated.lessons,
        prompts=state["standing"].prompts if evolved is None else evolved.prompts,
        race=rated.race,
    )
    events: list[Event] = [_done(context, state, standing)]
    if advanced.forgetting is not None:
        events.append(advanced.forgetting)
    if evolved is not None and evolved.judged:
        events.append({"event": "prompts", "iteration": state["iteration"], "judged": dict(evolved.judged)})
    policies = [played.policies[name] for name in sorted(played.policies)]
    context.store.commit(
        Iteration(
            number=state["iteration"],
            policies=policies,
            scenarios=scored.scenarios,
            outcomes=(*played.outcomes, *advanced.outcomes),
            failures=(
                *state["attacked"].failures,
                *state["defended"].failures,
                *(() if evolved is None else evolved.failures),
            ),
            matches=rated.matches,
            fronts=played.fronts,
            state=checkpoint(standing, has_model=context.authors is not None),
            events=events,
            prompts=(
                *(() if context.authors is None else context.authors.prompts),
                *(() if evolved is None else evolved.versions),
            ),
        )
    )
    if context.index is not None:
        context.index.add("scenarios", [Entry(s.scenario_id, s.spec) for s in scored.scenarios])
        context.index.add("policies", [Entry(p.policy.policy_id, p.policy.model_dump_json()) for p in policies])
    for event in events:
        context.tell(event)
    committed = state["iteration"] + 1
    stop = "done" if committed >= state["last"] else context.stop(committed)
    return {"iteration": committed, "standing": standing, "stop": stop}


def go_on(state: State) -> str:
    """Return the next node: `curriculum` for another iteration, or `stop`."""
    return "stop" if state["stop"] else "curriculum"


def _done(context: RunContext, state: State, standing: Standing) -> IterationDone:
    attacked, scored, defended, rated = state["attacked"], state["scored"], state["defended"], state["rated"]
    rates = [s.success_rate for s in scored.scenarios]
    learnable = sum(LEARNABLE[0] <= r <= LEARNABLE[1] for r in rates)
    contenders = [r for n, r in rated.ratings.items() if n not in context.source.references]
    training_advantage = defended.training[defended.policies[0].policy_id]
    return {
        "event": "iteration",
        "iteration": state["iteration"],
        "level": attacked.level,
        "scenarios": len(rates),
        "rejected": sum(r.proposed is not None for r in attacked.rejections),
        "success_rates": rates,
        "attacker_rewards": [s.attacker_reward for s in scored.scenarios],
        "learnable_share": learnable / len(rates) if rates else 0.0,
        "attacker_simulations": attacked.simulations,
        "champion": standing.champion.policy_id,
        "champion_elo": rated.ratings.get(standing.champion.policy_id, elo.INITIAL_RATING),
        "leader_elo": max(contenders, default=elo.INITIAL_RATING),
        "validation_advantage": standing.champion_value,
        "training_advantage": training_advantage,
        "candidate_validation": rated.candidate_validation,
        "gap": training_advantage - rated.candidate_validation,
        "evaluations": standing.evaluations,
        "failures": len(attacked.failures) + len(defended.failures),
        "history": list(defended.history),
    }
