"""Benchmark of explanations: checks claims about many decisions, and plants errors that must be caught.

Decisions come from generated scenarios of every domain and, where its trace is given, from openb. For each,
every claim that the explainer makes is checked, and errors of each kind are planted among true claims. Those about a
decision are a wrong number, a wrong node, a reversed comparison, a false cause and an impossible prediction. Those
about a task's course are a false wait (its time, its reason, or the tasks that ended it), shortage, attempt or status.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aurora.agents.explain.explainer import claims_of, explain_case
from aurora.sim.explain.claims import (
    KIND_OF_CLAIM,
    Case,
    CauseClaim,
    Claim,
    ComparisonClaim,
    FlipClaim,
    Relation,
    ValueClaim,
    check,
    run_of,
    same,
)
from aurora.sim.explain.decision import Decision, decisions, features_read
from aurora.sim.explain.history import Ending
from aurora.sim.explain.waiting_claims import (
    AttemptClaim,
    HoldClaim,
    InfeasibleClaim,
    StatusClaim,
    TaskStatus,
    WaitClaim,
)
from aurora.sim.explain.waits import Reason
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.traces.openb import openb_scenario, read_nodes, read_pods

POLICIES = (
    "best_fit",
    "worst_fit",
    "balanced_allocation",
    "cheapest",
    "nearest",
    "greenest",
    "fgd",
    "round_robin",
    "sjf",
    "fcfs+easy",
)
A_RUN = 12
"""Largest number of decisions examined in a run, so that many runs are examined."""
NEVER_PLACED = 6
"""Of this many examined tasks, at most one was never placed."""
OPENB_SHARE = 0.2
"""Share of decisions from openb, where its trace is given."""
_REASONS: tuple[Reason, ...] = ("dependency", "room", "queue", "policy")
_ENDINGS: tuple[Ending, ...] = ("completed", "node_failed", "battery_empty")
_REVERSED: Mapping[Relation, Relation] = {
    "lower": "higher",
    "higher": "lower",
    "lowest": "highest",
    "highest": "lowest",
}


def bench_explanations(count: int, seed: int, data: Path | None) -> dict[str, Any]:
    """Explain `count` decisions; keys of `aurora bench explanations --json`.

    Args:
        count: Number of decisions.
        seed: Random seed of scenarios and planted errors.
        data: Folder with `openb/`; None: generated scenarios only.

    Raises:
        DataError: The trace is not valid.
    """
    rng = np.random.default_rng([seed, 5])
    made: Counter[str] = Counter()
    held: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    domains: Counter[str] = Counter()
    seconds: list[float] = []
    for name, task_id, case in cases(count, rng, data):
        started = time.perf_counter()
        explanation = explain_case(case, task_id)
        seconds.append(time.perf_counter() - started)
        domains[name] += 1
        for checked in explanation.checked:
            made[KIND_OF_CLAIM[type(checked.claim)]] += 1
            held[KIND_OF_CLAIM[type(checked.claim)]] += checked.holds
        errors = false_ways([c.claim for c in explanation.checked], rng)
        if explanation.decision is not None:
            errors |= planted_errors(explanation.decision, rng)
        for kind, claims in errors.items():
            planted[kind] += len(claims)
            caught[kind] += sum(not c.holds for c in check(claims, case))
    return {
        "decisions": len(seconds),
        "from": dict(domains),
        "claims": [{"kind": k, "made": made[k], "held": held[k]} for k in made],
        "planted": [{"error": k, "planted": planted[k], "caught": caught[k]} for k in planted],
        "milliseconds_median": float(np.median(seconds) * 1e3),
        "milliseconds_p95": float(np.quantile(seconds, 0.95) * 1e3),
    }


def cases(count: int, rng: np.random.Generator, data: Path | None) -> Iterator[tuple[str, str, Case]]:
    """Yield tasks of many runs: the name of the source, the task's id, and the decision about it if there is one."""
    from_openb = round(OPENB_SHARE * count) if data is not None else 0
    families = list(FAMILIES)
    left, number = count - from_openb, 0
    while left > 0:
        family, policy = families[number % len(families)], POLICIES[int(rng.integers(len(POLICIES)))]
        scenario = expand(sample_spec(family, 1 + number % 4, rng))
        number += 1
        for task_id, case in _some(scenario, policy, min(A_RUN, left), rng):
            left -= 1
            yield scenario.domain, task_id, case
    if data is None:
        return
    nodes = read_nodes(next((data / "openb").glob("openb_node_list_gpu_node.csv*")))
    pods = read_pods(next((data / "openb").glob("openb_pod_list_default.csv*")))
    while from_openb > 0:
        for policy in ("fgd", "gpu_packing", "best_fit", "dot_product"):
            scenario = openb_scenario(nodes, pods, seed=int(rng.integers(2**31)), node_order=0)
            for task_id, case in _some(scenario, policy, min(50, from_openb), rng):
                from_openb -= 1
                yield "openb", task_id, case


def _some(scenario: Scenario, name: str, most: int, rng: np.random.Generator) -> Iterator[tuple[str, Case]]:
    """Sample decisions of a run, and of its unplaced tasks up to a sixth as many."""
    run = run_of(scenario, REFERENCES[name])
    every = list(decisions(scenario, run.policy, run.outcome))
    never = np.flatnonzero(run.outcome.tasks.attempts == 0)
    chosen = never[: most // NEVER_PLACED] if every else never[:most]
    for place in sorted(rng.permutation(len(every))[: most - len(chosen)]):
        yield every[place].task_id, Case(scenario, run.policy, every[place], run)
    for t in chosen:
        yield scenario.tasks[t].task_id, Case(scenario, run.policy, None, run)


def planted_errors(decision: Decision, rng: np.random.Generator) -> dict[str, list[Claim]]:
    """Plant false claims about a decision, by kind of error, derived from true ones where there are any."""
    chosen, other = decision.chosen, decision.runner_up
    errors: dict[str, list[Claim]] = defaultdict(list)
    read = features_read(decision)
    for name in read:
        value = chosen.features[name]
        factor = float(rng.uniform(1.05, 2.0))
        errors["wrong number"].append(ValueClaim(chosen.name, name, value * factor if value else factor))
        for rival in decision.options[1:3]:
            if not same(rival.features[name], value):
                errors["wrong node"].append(ValueClaim(rival.name, name, value))
    errors["wrong node"].append(ValueClaim("no-such-node", "node.cpu_free", 1.0))
    for claim in claims_of(decision):
        match claim:
            case ComparisonClaim(relation="lower" | "higher" | "lowest" | "highest"):
                errors["reversed comparison"].append(claim._replace(relation=_REVERSED[claim.relation]))
            case CauseClaim():
                unread = "node.failures" if "node.failures" not in read else "node.index"
                errors["false cause"].append(claim._replace(features=(unread,)))
                errors["false cause"].append(claim._replace(features=(*claim.features, unread)))
                errors["false cause"].append(claim._replace(other=chosen.name))
            case FlipClaim():
                assert other is not None  # it would have won
                now = other.features[claim.feature]
                errors["impossible prediction"] += [
                    claim._replace(threshold=now + share * (claim.threshold - now)) for share in (0.5, 1.5)
                ]
                errors["impossible prediction"].append(claim._replace(is_below=not claim.is_below))
    return errors


def false_ways(claims: Sequence[Claim], rng: np.random.Generator) -> dict[str, list[Claim]]:
    """Plant false claims about a task's course, by kind of error, derived from true ones."""
    errors: dict[str, list[Claim]] = defaultdict(list)
    factor = float(rng.uniform(1.05, 2.0))
    for claim in claims:
        match claim:
            case WaitClaim():
                end = claim.start + 1.0 if claim.end is None else claim.start + factor * (claim.end - claim.start)
                others = [r for r in _REASONS if r != claim.reason]
                errors["false wait"] += [
                    claim._replace(end=end),
                    claim._replace(reason=others[int(rng.integers(len(others)))]),
                    claim._replace(on=(*claim.on, "no-such-task")),
                ]
                if claim.on:
                    errors["false wait"].append(claim._replace(on=claim.on[1:]))
            case HoldClaim():
                errors["false wait"] += [
                    claim._replace(amount=claim.amount * factor),
                    claim._replace(where="no-such-node"),
                    claim._replace(end=claim.start + factor * (claim.end - claim.start)),
                ]
            case InfeasibleClaim():
                errors["false shortage"] += [
                    claim._replace(lacking=claim.lacking + 1),
                    claim._replace(candidates=claim.candidates + 1),
                    claim._replace(most=claim.most * factor if claim.most else factor),
                    claim._replace(asked=claim.asked * factor if claim.asked else factor),
                ]
            case AttemptClaim():
                endings = [e for e in _ENDINGS if e != claim.ending]
                errors["false attempt"] += [
                    claim._replace(where="no-such-node"),
                    claim._replace(number=claim.number + 1),
                    claim._replace(ending=endings[int(rng.integers(len(endings)))]),
                ]
            case StatusClaim():
                status: TaskStatus = "completed" if claim.status != "completed" else "late"
                errors["false status"] += [claim._replace(status=status), claim._replace(late=claim.late + factor)]
    return errors
