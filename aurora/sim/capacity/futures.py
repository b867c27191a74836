"""Capacity plans simulated in thousands of futures, every plan in the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import ScenarioError
from aurora.sim.capacity.arrivals import jobs_of
from aurora.sim.capacity.capacity import IN_ORDER, CapacityPlan, JobClass, check_plans, template
from aurora.sim.kernel import encode
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.variants import Happenings, evaluate_variants
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Program
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.disturbances import AS_FORECAST, Disturbance, NodesFail, PriceChanges, disturbed, span

HOUR = 3600.0
FUTURES_PER_BLOCK = 128
"""Number of futures that are run together; their jobs fit into the processor's cache."""

_FIELD = {name: k for k, name in enumerate(Summary.__slots__)}


class Measure(NamedTuple):
    """A measure of a plan in a future; lower is better.

    Attributes:
        unit: Unit for people.
        meaning: Description for people.
    """

    unit: str
    meaning: str


MEASURES = {
    "cost": Measure("$", "reserved nodes for the horizon, and what was used of on-demand nodes"),
    "latency": Measure("s", "mean wait of a job"),
    "latency_p95": Measure("s", "wait that 95 % of jobs stay within"),
    "sla": Measure("share", "jobs that waited longer than their SLA allows, or were not completed"),
    "energy": Measure("J", "of nodes that hosted a job"),
}


@dataclass(frozen=True, slots=True)
class Futures:
    """Sampled paths of future demand.

    Attributes:
        demand: float64 [futures, series, steps], cores, not negative.
        series: Ids of the series.
        step: Time step, seconds.
        seed: Random seed of the times and nodes of events.
    """

    demand: NDArray[np.float64]
    series: tuple[str, ...]
    step: float
    seed: int = 0

    def __post_init__(self) -> None:
        shape = self.demand.shape
        if len(shape) != 3 or 0 in shape or shape[1] != len(self.series):  # noqa: PLR2004  # futures, series, steps
            raise ScenarioError(f"demand: expected [futures, {len(self.series)} series, steps], not {list(shape)}")
        if not np.isfinite(self.demand).all() or self.demand.min() < 0:
            raise ScenarioError("demand: every value must be a number of cores from 0 up; repair or clip the paths")
        if not self.step > 0:
            raise ScenarioError(f"step: {self.step} s; it must be above 0")

    @property
    def horizon(self) -> float:
        """Length of a path, seconds."""
        return float(self.demand.shape[2] * self.step)


@dataclass(frozen=True, slots=True)
class Simulated:
    """The outcomes of plans in futures.

    Attributes:
        plans: The plans.
        disturbances: The what-ifs; the first is the forecast as it is.
        futures: The futures.
        measured: Measure to float64 [plans, disturbances, futures].
    """

    plans: tuple[CapacityPlan, ...]
    disturbances: tuple[Disturbance, ...]
    futures: Futures
    measured: dict[str, NDArray[np.float64]]


def simulate_futures(
    futures: Futures,
    plans: Sequence[CapacityPlan],
    job: JobClass,
    disturbances: Sequence[Disturbance] = (),
    *,
    policies: dict[str, Policy] | None = None,
    threads: int = 1,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Simulated:
    """Run every plan in every future under every what-if, and as forecast.

    All plans get the same demand, and the same events at the same times (common random numbers: Law & Kelton 2000,
    section 11.2), so their outcomes differ only because of the plans.

    Args:
        futures: Sampled paths of demand.
        plans: Plans to compare.
        job: Cores and length of each job.
        disturbances: What-ifs in addition to the forecast itself.
        policies: Policies that plans name, in addition to `IN_ORDER` and the references.
        threads: Number of threads; the kernel runs outside Python's lock.
        tell: Callback with the number of runs done and of all runs.

    Raises:
        ScenarioError: A plan or a what-if is not valid, or its name is used twice.
        PolicyError: A plan's policy does not compile.
    """
    check_plans(plans)
    known = {IN_ORDER.policy_id: IN_ORDER, **REFERENCES, **(policies or {})}
    programs: dict[str, Program] = {}
    for plan in plans:
        if plan.policy_id not in known:
            raise ScenarioError(f"plan {plan.plan_id}: no policy {plan.policy_id!r}; there are {', '.join(known)}")
        programs.setdefault(plan.policy_id, compile_policy(known[plan.policy_id]))
    stages = [encode(template(plan, job, futures.horizon)) for plan in plans]
    every = (AS_FORECAST, *disturbances)
    names = [d.name for d in every]
    for name in names:
        if names.count(name) > 1:
            raise ScenarioError(f"what-if {name!r} is there twice; give every one a name of its own")
    count = len(futures.demand)
    rng = np.random.default_rng(futures.seed)
    chance = rng.random(count)
    fate = rng.random((max(p.nodes for p in plans), count)).T  # node by node: more nodes change none of these
    sums = np.empty((len(plans), len(every), count, len(_FIELD)))
    blocks = [slice(k, min(k + FUTURES_PER_BLOCK, count)) for k in range(0, count, FUTURES_PER_BLOCK)]

    def run(d: int, block: slice) -> None:
        demand = disturbed(
            futures.demand[block], futures.series, every[d], step=futures.step, chance=chance[block], mean=mean
        )
        jobs = jobs_of(demand.sum(axis=1), job, futures.step)
        for p, plan in enumerate(plans):
            happened = _happenings(every[d], plan, futures.horizon, chance[block], fate[block])
            sums[p, d, block] = evaluate_variants(stages[p], programs[plan.policy_id], jobs, happened)

    mean = futures.demand.mean(axis=(0, 2))
    work = [(d, block) for d in range(len(every)) for block in blocks]
    with ThreadPoolExecutor(threads) as pool:
        try:
            for done, _ in enumerate(pool.map(lambda args: run(*args), work), 1):
                tell(done * sums.shape[0] * count * len(every) // len(work), len(plans) * len(every) * count)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    fixed = np.array([[_fixed(plan, d, futures.horizon) for d in every] for plan in plans])
    measured = {
        "cost": sums[..., _FIELD["cost"]] + fixed[:, :, None],
        "latency": sums[..., _FIELD["latency_mean"]],
        "latency_p95": sums[..., _FIELD["latency_p95"]],
        "sla": sums[..., _FIELD["sla_violations"]] / sums[..., _FIELD["tasks"]],
        "energy": sums[..., _FIELD["energy"]],
    }
    return Simulated(tuple(plans), every, futures, measured)


def _fixed(plan: CapacityPlan, disturbance: Disturbance, horizon: float) -> float:
    """Return the price of the reserved nodes over the horizon, which is paid in any case, dollars."""
    dollars = plan.reserved_nodes * plan.reserved_price * horizon / HOUR
    marks = [
        (c, c.start, horizon if c.duration is None else min(horizon, c.start + c.duration))
        for c in disturbance.changes
        if isinstance(c, PriceChanges) and c.reserved
    ]
    return dollars + sum(dollars * (c.factor - 1) * max(0.0, end - start) / horizon for c, start, end in marks)


def _happenings(
    disturbance: Disturbance,
    plan: CapacityPlan,
    horizon: float,
    chance: NDArray[np.float64],
    fate: NDArray[np.float64],
) -> Happenings:
    """Return the failures and price changes of a what-if for a plan, in each future."""
    rows: list[tuple[NDArray[np.float64], int, NDArray[np.int64], float]] = []
    futures = len(chance)
    for change in disturbance.changes:
        if isinstance(change, NodesFail):
            held = plan.reserved_nodes or plan.nodes
            down = min(held, change.nodes + int(np.ceil(change.share * held - 1e-9)))
            first, last = span(change.start, change.duration, horizon, chance)
            order = np.argsort(fate[:, :held], axis=1)[:, :down]
            for k in range(down):
                rows.append((first, at.E_FAILURE, order[:, k], 0.0))
                if change.duration is not None:
                    rows.append((last, at.E_RECOVERY, order[:, k], 0.0))
        elif isinstance(change, PriceChanges):
            first, last = span(change.start, change.duration, horizon, chance)
            every = np.full(futures, -1)
            rows.append((first, at.E_PRICE, every, change.factor))
            if change.duration is not None:
                rows.append((last, at.E_PRICE, every, 1.0))
    count = len(rows)
    starts = np.arange(futures + 1) * count
    if not rows:
        none = np.zeros(0, np.int64)
        return Happenings(starts, np.zeros(0), none, none, np.zeros(0))
    time = np.column_stack([r[0] for r in rows])
    kind = np.broadcast_to([r[1] for r in rows], time.shape)
    target = np.column_stack([r[2] for r in rows])
    value = np.broadcast_to([r[3] for r in rows], time.shape)
    order = np.lexsort((kind, time), axis=1)
    time, kind, target, value = (np.take_along_axis(a, order, axis=1).ravel() for a in (time, kind, target, value))
    return Happenings(starts, time, kind.astype(np.int64), target.astype(np.int64), value)
