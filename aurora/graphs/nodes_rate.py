"""Nodes of the judge: scenarios are scored, policies rated, the level decided, the iteration committed."""

from __future__ import annotations

import numpy as np

from aurora.agents.arena.evaluation import measurements, values
from aurora.agents.arena.sources import difficulty
from aurora.agents.search.scenario_search import Known, complexity, diversity
from aurora.graphs.events import Forgetting, IterationDone
from aurora.graphs.nodes_defend import sums
from aurora.graphs.nodes_model import learn, prompt_of, prompts_used
from aurora.graphs.state import State, Update
from aurora.graphs.workbench import Workbench, checkpoint
from aurora.memory import elo
from aurora.memory.index import Entry
from aurora.memory.store import Iteration, NewOutcome, NewScenario
from aurora.sim.kernel import encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.rewards import LEARNABLE, attacker_reward, succeeds
from aurora.sim.scenarios.curriculum import WINDOW

KNOWN_LIMIT = 60
"""Earlier scenarios that the attacker keeps in mind."""
FORGETTING_SAMPLE = 20
"""Latest archived scenarios of each earlier level on which an advancing champion is run again."""
NO_LEVELS_TARGET = 0.5
"""Complexity that is asked of a source without levels."""


def score(bench: Workbench, state: State) -> Update:
    """What each scenario was worth to the attacker."""
    draft, references = bench.draft, bench.source.references
    target = difficulty(state["level"]) if bench.source.has_levels else NO_LEVELS_TARGET
    for scenario_id in state["scenario_ids"]:
        achieved = draft.achieved[scenario_id]
        marks = [achieved[r] for r in references]
        players = [n for n in achieved if n not in references]
        success = sum(succeeds(achieved[n], marks) for n in players) / len(players)
        description = draft.descriptions[scenario_id]
        reward = attacker_reward(success, diversity(description, bench.known), complexity(description), target)
        spec = draft.specs[scenario_id]
        family = getattr(spec, "family", "") or bench.source.name
        draft.scenarios.append(
            NewScenario(
                scenario_id,
                family,
                state["level"],
                spec.model_dump_json(),
                success,
                reward,
                prompt_of(bench, spec),
            )
        )
        bench.known.append(Known(spec, reward, description))
    del bench.known[:-KNOWN_LIMIT]
    return {}


def rate(bench: Workbench, state: State) -> Update:
    """Elo after the matches, and the champion: the candidate that is ahead on validation."""
    draft = bench.draft
    players = {p for achieved in draft.rounds.values() for p in achieved}
    draft.ratings = dict.fromkeys(sorted(players | {bench.champion.policy_id}), elo.START)
    draft.ratings |= bench.store.ratings(draft.ratings)
    for scenario_id in sorted(draft.rounds):  # in the order in which the archive will rate them
        achieved = draft.rounds[scenario_id]
        draft.ratings |= elo.round_robin({p: draft.ratings[p] for p in achieved}, achieved)
    candidates = [draft.policies[n].policy for n in state["candidate_ids"]]
    where = bench.validation
    programs = [compile_policy(p) for p in candidates]
    ahead = (values(where.source, where.scenarios, programs, bench.jobs) - where.mark).mean(axis=1)
    draft.candidate_validation = float(ahead[0])
    for policy, value in zip(candidates, ahead.tolist(), strict=True):
        if value > bench.champion_value:
            bench.champion, bench.champion_value = policy, value
    if bench.authors is not None:
        learn(bench, state["iteration"], dict(zip(state["candidate_ids"], ahead.tolist(), strict=True)))
    return {}


def advance(bench: Workbench, state: State) -> Update:
    """Record the champion's success on each scenario; perhaps move up, and see what was forgotten."""
    if not bench.source.has_levels:
        return {}
    champion, references = bench.champion.policy_id, bench.source.references
    level = bench.curriculum.level
    for scenario_id in state["scenario_ids"]:
        achieved = bench.draft.achieved[scenario_id]
        success = succeeds(achieved[champion], [achieved[r] for r in references])
        window = (*bench.curriculum.recent, success)[-WINDOW:]
        bench.curriculum = bench.curriculum.record(success)
        if bench.curriculum.level > level:
            bench.passed[str(level)] = sum(window) / len(window)
            bench.draft.forgetting = _forgetting(bench, state["iteration"])
            break  # the scenarios that are left were of the old level
    return {}


def _forgetting(bench: Workbench, iteration: int) -> Forgetting:
    """The champion on archived scenarios of all earlier levels; what it meets anew is archived too."""
    success: dict[str, float] = {}
    program = compile_policy(bench.champion)
    references = set(bench.source.references)
    for level in range(1, bench.curriculum.level):
        results: list[bool] = []
        for row in bench.store.scenarios(level=level)[-FORGETTING_SAMPLE:]:
            known = bench.store.values(row["scenario_id"])
            if bench.champion.policy_id not in known:
                encoded = encode(bench.source.expand(bench.source.parse(row["spec"])))
                value, summary = measurements(bench.source, [encoded], [program], bench.jobs)[0][0]
                known[bench.champion.policy_id] = value
                bench.draft.outcomes.append(
                    NewOutcome(bench.champion.policy_id, row["scenario_id"], value, sums(summary, encoded.scenario))
                )
            marks = [value for name, value in known.items() if name in references]
            results.append(succeeds(known[bench.champion.policy_id], marks))
        if results:
            success[str(level)] = float(np.mean(results))
    return {
        "event": "forgetting",
        "iteration": iteration,
        "level": bench.curriculum.level,
        "success": success,
        "passed": dict(bench.passed),
    }


def commit(bench: Workbench, state: State) -> Update:
    """Write everything that the iteration found, and where the run stands, in one transaction.

    The index follows: what a kill in between leaves out of it is added when it is opened next.
    """
    draft = bench.draft
    bench.evaluations += len(bench.ledger)
    done = _done(bench, state)
    events = [done] if draft.forgetting is None else [done, draft.forgetting]
    bench.store.commit(
        Iteration(
            number=state["iteration"],
            policies=[draft.policies[n] for n in sorted(draft.policies)],
            scenarios=draft.scenarios,
            outcomes=draft.outcomes,
            failures=draft.failures,
            rounds=draft.rounds,
            fronts=draft.fronts,
            state=checkpoint(bench),
            events=events,
            prompts=prompts_used(bench),
        )
    )
    if bench.index is not None:
        bench.index.add("scenarios", [Entry(s.scenario_id, s.spec) for s in draft.scenarios])
        policies = [draft.policies[n].policy for n in sorted(draft.policies)]
        bench.index.add("policies", [Entry(p.policy_id, p.model_dump_json()) for p in policies])
    bench.committed = state["iteration"] + 1
    for event in events:
        bench.tell(event)
    return {"iteration": bench.committed, "stop": "done" if bench.committed >= state["last"] else bench.stop()}


def go_on(state: State) -> str:
    """Whether another iteration follows."""
    return "stop" if state["stop"] else "curriculum"


def _done(bench: Workbench, state: State) -> IterationDone:
    draft = bench.draft
    rates = [s.success_rate for s in draft.scenarios]
    learnable = sum(LEARNABLE[0] <= r <= LEARNABLE[1] for r in rates)
    contenders = [r for n, r in draft.ratings.items() if n not in bench.source.references]
    assert draft.proposal is not None  # `defend` came before
    return {
        "event": "iteration",
        "iteration": state["iteration"],
        "level": state["level"],
        "scenarios": len(rates),
        "rejected": state["rejected"],
        "success_rates": rates,
        "attacker_rewards": [s.attacker_reward for s in draft.scenarios],
        "learnable_share": learnable / len(rates) if rates else 0.0,
        "champion": bench.champion.policy_id,
        "champion_elo": draft.ratings.get(bench.champion.policy_id, elo.START),
        "leader_elo": max(contenders, default=elo.START),
        "validation_advantage": bench.champion_value,
        "training_advantage": draft.training_advantage,
        "candidate_validation": draft.candidate_validation,
        "gap": draft.training_advantage - draft.candidate_validation,
        "evaluations": bench.evaluations,
        "failures": len(draft.failures),
        "history": list(draft.proposal.history),
    }
