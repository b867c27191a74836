"""Nodes of the attacker: the iteration begins, scenarios are written, checked, and put in context."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aurora.agents.arena.evaluation import measurements
from aurora.agents.search.scenario_search import NEAR_DUPLICATE, describe, diversity, propose
from aurora.graphs.nodes_model import prompt_of, scenarios_asked, write_specs
from aurora.graphs.state import State, Update
from aurora.graphs.workbench import Draft, Workbench
from aurora.memory.store import Failure
from aurora.memory.texts import scenario_text
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.optimum.witness import solver_witness, unplaceable
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.scenarios.scenario import Scenario

SCENARIOS = 5
"""Attacker's scenarios an iteration."""
ROUNDS = 3
"""Times the attacker may write until there are enough that can be used."""
RIVALS = 4
"""Archive champions that the new candidates meet on every scenario."""
INDIFFERENT = 1e-6
"""Difference of the best and the worst reference up to which a scenario teaches nothing."""
SIMILAR = 3
"""Earlier scenarios that are looked up for each new one."""


def curriculum(bench: Workbench, state: State) -> Update:
    """Begin an iteration at the level that the curriculum has reached."""
    bench.draft = Draft()
    bench.ledger.begin(state["iteration"])
    if bench.authors is not None:
        bench.authors.model.recording.begin(f"iteration {state['iteration']}")
    level = bench.curriculum.level
    bench.tell({"event": "started", "iteration": state["iteration"], "level": level})
    return {"level": level, "round": 0, "scenario_ids": [], "rejected": 0, "rival_ids": [], "candidate_ids": []}


def attack(bench: Workbench, state: State) -> Update:
    """The attacker writes as many scenarios as are missing; in its last round, the search does."""
    rng = bench.rng(state["iteration"], 10 + state["round"])
    missing = SCENARIOS - len(state["scenario_ids"])
    by_model = scenarios_asked(bench, state["level"], missing) if state["round"] + 1 < ROUNDS else 0
    specs = propose(bench.source, state["level"], bench.known, missing - by_model, rng)
    if by_model:
        specs += write_specs(bench, state["level"], by_model, rng)
    bench.draft.specs |= {s.spec_id: s for s in specs}
    return {"proposed_ids": sorted({s.spec_id for s in specs}), "round": state["round"] + 1}


def validate(bench: Workbench, state: State) -> Update:
    """Keep what is new and solvable; the reasons against the others go to the archive."""
    kept = list(state["scenario_ids"])
    for name in state["proposed_ids"]:
        scenario = bench.source.expand(bench.draft.specs[name])
        description = describe(scenario)
        encoded = encode(scenario)
        reason = (
            _duplicate(bench, name, scenario, description)
            or _unsolvable(bench, encoded)
            or _indifferent(bench, name, encoded)
        )
        if reason:
            bench.draft.failures.append(Failure("scenario", name, reason))
            continue
        bench.draft.encoded[name] = encoded
        bench.draft.descriptions[name] = description
        kept.append(name)
    rejected = state["rejected"] + len(state["proposed_ids"]) - (len(kept) - len(state["scenario_ids"]))
    return {"scenario_ids": kept, "rejected": rejected}


def enough(state: State) -> str:
    """Return whether the attacker has to write again."""
    return "retrieve" if len(state["scenario_ids"]) >= SCENARIOS or state["round"] >= ROUNDS else "attack"


def retrieve(bench: Workbench, state: State) -> Update:
    """Choose who takes part: those with the highest Elo, and those who did best on the most similar scenarios."""
    names = bench.store.leaders(RIVALS)
    for similar in _similar(bench, state["scenario_ids"]):
        names += bench.store.best_on(similar, 1)
    names = list(dict.fromkeys(names))[: 2 * RIVALS]
    start = bench.settings.start
    own = {} if start is None else {start.policy_id: start}  # what the user began with always takes part
    rivals = sorted({*names, bench.champion.policy_id, *own} - set(bench.source.references))
    bench.draft.rivals = {n: own[n] if n in own else bench.store.policy(n) for n in rivals}
    return {"rival_ids": rivals}


def _similar(bench: Workbench, scenario_ids: Sequence[str]) -> list[str]:
    """Ids of the earlier scenarios nearest to each of the new ones, nearest first.

    By the index they are those of all the archive whose texts are most similar; without one, those of the
    attacker's memory whose statistics are nearest.
    """
    if bench.index is not None:
        asked = [scenario_text(bench.draft.specs[n]) for n in scenario_ids]
        return [near.key for found in bench.index.nearest("scenarios", asked, SIMILAR) for near in found]
    if not bench.known:
        return []
    others = np.array([k.description for k in bench.known])
    found: list[str] = []
    for name in scenario_ids:
        distance = ((others - np.array(bench.draft.descriptions[name])) ** 2).sum(axis=1)
        found += [bench.known[i].spec.spec_id for i in np.argsort(distance, kind="stable")[:SIMILAR]]
    return found


def _duplicate(bench: Workbench, name: str, scenario: Scenario, description: tuple[float, ...]) -> str:
    if name in bench.draft.encoded or bench.store.specs([name]):
        return "its id is taken by an earlier scenario"
    if not bench.source.has_levels:  # variants of one trace always look alike
        return ""
    near = diversity(description, bench.known) < NEAR_DUPLICATE
    fresh = [d for d in bench.draft.descriptions.values() if _distance(d, description) < NEAR_DUPLICATE]
    return f"near duplicate of an earlier scenario ({scenario.domain})" if near or fresh else ""


def _distance(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return float(np.linalg.norm(np.array(a) - np.array(b)))


def _unsolvable(bench: Workbench, encoded: EncodedScenario) -> str:
    """Say why there is no witness that every task can be served; "" if a reference or the solver is one."""
    if not bench.source.must_complete:
        return ""
    hopeless = unplaceable(encoded)
    if hopeless:
        return hopeless
    programs = [compile_policy(p) for p in bench.source.references.values()]
    rows = measurements(bench.source, [encoded], programs, bench.jobs)
    most = max(row[0][1].completed for row in rows)
    tasks = len(encoded.scenario.tasks)
    return "" if most == tasks else solver_witness(encoded, most).reason


def _indifferent(bench: Workbench, name: str, encoded: EncodedScenario) -> str:
    """Say why a model's scenario teaches nothing: all references achieve the same on it; "" otherwise.

    Only a model's: it is told its reward, of which such a scenario would still earn the half that is not for learning.
    """
    if prompt_of(bench, bench.draft.specs[name]) is None:
        return ""
    programs = [compile_policy(p) for p in bench.source.references.values()]
    achieved = [row[0][0] for row in measurements(bench.source, [encoded], programs, bench.jobs)]
    same = max(achieved) - min(achieved) <= INDIFFERENT
    return "all policies achieve the same on it, so there is nothing to decide" if same else ""
