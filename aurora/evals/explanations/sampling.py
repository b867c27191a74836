"""Samples decisions of simulated runs, the runs themselves, and plans for clusters, each from a seed and a number."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from aurora.cluster.explanation.replay import PlanCase
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.making import make_plan
from aurora.cluster.plans.proposals import propose_drain, propose_placements
from aurora.cluster.samples import load_sample, sample_history
from aurora.cluster.samples.load import SAMPLES
from aurora.cluster.snapshot import Snapshot
from aurora.evals.explanations.decisions import POLICIES
from aurora.evals.explanations.strategies import STRATEGIES, policy_of
from aurora.learning.series.series import Series
from aurora.sim.explain.claims import Case, run_of
from aurora.sim.explain.decision import Decision, decisions
from aurora.sim.explain.history import History
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Scenario

DECISIONS_OF_A_RUN = 5
"""Most decisions of a run, so that many runs are examined."""
LEVELS = 4
"""Levels of the generated scenarios, from 1."""
PLAN_POLICIES = ("least_allocated", "cheapest", "best_fit", "balanced_allocation", "worst_fit")
"""Policies by which plans are made and explained."""
SHORTEST_PAST, STEP_OF_PAST = 1152, 24
"""Fewest values of the history that a plan is made from, and the step between two such moments."""
SIMULATIONS = 100
"""Simulations of each side of a plan's effect."""
MOST_WAITING = 8
"""Most tasks that are made to wait for a plan."""


class SampledRun:
    """A simulated run.

    Attributes:
        name: Seed and number.
        history: The run.
    """

    def __init__(self, name: str, history: History) -> None:
        self.name = name
        self.history = history

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision of the run, in the order of time."""
        return tuple(decisions(self.history.scenario, self.history.policy, self.history.outcome))

    @property
    def policy_id(self) -> str:
        """Name of the policy."""
        return self.history.policy.policy_id

    def case(self, number: int) -> Case:
        """Return a decision of the run with what claims about it are checked against."""
        return Case(self.history.scenario, self.history.policy, self.decisions[number], self.history)


class DecisionKey(NamedTuple):
    """A sampled decision.

    Attributes:
        seed: Random seed.
        run: Number of the run.
        decision: Number of the decision in its run.
    """

    seed: int
    run: int
    decision: int

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"{self.seed}/{self.run}/{self.decision}"


@lru_cache(maxsize=2)
def sampled_run(seed: int, number: int) -> SampledRun:
    """Return a run; the same seed and number give the same one."""
    scenario, policy = _asked(seed, number)
    return SampledRun(f"{seed}/{number}", run_of(scenario, policy))


def sampled_decisions(count: int, seed: int) -> Iterator[DecisionKey]:
    """Yield decisions of many runs; a larger count continues a smaller one."""
    number = 0
    while count > 0:
        trace = sampled_run(seed, number).history.outcome.trace
        assert trace is not None  # `run_of` traces
        places = np.random.default_rng([seed, 16, number]).permutation(len(trace.time))[:DECISIONS_OF_A_RUN]
        for place in sorted(int(p) for p in places[:count]):
            yield DecisionKey(seed, number, place)
        count -= len(places)
        number += 1


def _asked(seed: int, number: int) -> tuple[Scenario, Policy]:
    rng = np.random.default_rng([seed, 15, number])
    families = list(FAMILIES)
    policies = [*(REFERENCES[p] for p in POLICIES), *(policy_of(s, breaks_ties=True) for s in STRATEGIES)]
    policy = policies[int(rng.integers(len(policies)))]
    return expand(sample_spec(families[number % len(families)], 1 + number // len(families) % LEVELS, rng)), policy


@cache
def _history() -> tuple[Series, ...]:
    return tuple(sample_history("web-shop").series)


class SampledPlan(NamedTuple):
    """A plan for a cluster.

    Attributes:
        name: Seed and number.
        case: The plan, with what claims about it are checked against.
        future: Measured use after the plan was made, a series for each of the case's history.
    """

    name: str
    case: PlanCase
    future: tuple[Series, ...]


@lru_cache(maxsize=2)
def sampled_plan(seed: int, number: int) -> SampledPlan:
    """Return a plan for a sample cluster in which other tasks wait, or one of whose nodes is drained.

    The web shop's plans know its history up to a random moment; what came later is the future.
    """
    rng = np.random.default_rng([seed, 17, number])
    name = list(SAMPLES)[number % len(SAMPLES)]
    policy = REFERENCES[PLAN_POLICIES[int(rng.integers(len(PLAN_POLICIES)))]]
    past, future = divided_history(rng) if name == "web-shop" else ((), ())
    snapshot = load_sample(name)
    while True:
        asked = snapshot if rng.random() < 1 / 3 else _with_waiting(snapshot, rng)
        if asked is snapshot:
            used = sorted({t.node_id for t in snapshot.tasks if t.node_id is not None and t.state == "running"})
            proposals = propose_drain(asked, used[int(rng.integers(len(used)))], policy).proposals
        else:
            proposals = propose_placements(asked, policy).proposals
        if proposals:
            break
    plan = make_plan(
        asked,
        proposals,
        at=asked.taken_at,
        effect_of=lambda s, c: simulate_effect(s, c, policy, history=past, runs=SIMULATIONS),
    )
    return SampledPlan(f"{seed}/plan {number}", PlanCase(plan, asked, policy, past), future)


def _with_waiting(snapshot: Snapshot, rng: np.random.Generator) -> Snapshot:
    """Return the cluster with some of its running tasks waiting for a node."""
    running = [k for k, t in enumerate(snapshot.tasks) if t.state == "running" and t.node_id is not None]
    chosen = set(rng.choice(running, int(rng.integers(2, MOST_WAITING + 1)), replace=False).tolist())
    tasks = tuple(
        t.model_copy(update={"state": "pending", "node_id": None, "used": {}}) if k in chosen else t
        for k, t in enumerate(snapshot.tasks)
    )
    return snapshot.model_copy(update={"tasks": tasks})


def divided_history(rng: np.random.Generator) -> tuple[tuple[Series, ...], tuple[Series, ...]]:
    """Return the web shop's history before and after a random moment."""
    history = _history()
    length = min(len(s) for s in history)
    moment = int(rng.integers(SHORTEST_PAST // STEP_OF_PAST, length // STEP_OF_PAST - 1)) * STEP_OF_PAST
    return tuple(s.between(0, moment) for s in history), tuple(s.between(moment, length) for s in history)
