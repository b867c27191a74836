"""A tool that looks ahead: tiers of capacity for open series, and which of some plans is best in many futures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from aurora.errors import ScenarioError
from aurora.learning.futures.demand import check_one_quantity, cores_per_unit, running
from aurora.learning.futures.outlook import Aim, look_ahead
from aurora.learning.futures.predictors import CONTEXT, recent
from aurora.learning.futures.tiers import CONFIDENCES, proposed_plans
from aurora.sim.capacity.capacity import CapacityPlan, JobClass, job_for
from aurora.sim.capacity.choice import WEIGHTS, losses, standings
from aurora.sim.capacity.futures import MEASURES, Futures, simulate_futures
from aurora.sim.scenarios.disturbances import AS_FORECAST, NAMED, Disturbance, disturbed, parse_disturbance
from aurora.tools.desk import Desk
from aurora.types import Frozen, NonNegative, Positive

MOST_STEPS = 200_000
"""Plans times futures times what-ifs times steps of one call: a few seconds."""


MOST_EFFORT = 12_000_000
"""Jobs of one call, those of long queues counted more: about 12 seconds of one core."""

QUEUED = 2000
"""Jobs of a future with which each costs twice as much as without a queue (measured: 0.9 us, and 0.4 us a thousand)."""

SAMPLED = 16
"""Futures by which the jobs are estimated."""


class FuturesArguments(Frozen):
    """What to look ahead to, and what to compare."""

    series_ids: tuple[str, ...] = Field(default=(), max_length=50, description="demand to sum; empty: all that is open")
    horizon: int = Field(default=12, ge=1, le=288, description="steps")
    futures: int = Field(default=500, ge=10, le=2000, description="how many, for every what-if")
    cores_per_unit: Positive | None = Field(
        default=None, description="cores that one unit of the series needs; null where the series are in cores"
    )
    plans: tuple[CapacityPlan, ...] = Field(default=(), max_length=8, description="empty: plans that follow from tiers")
    node_cores: Positive = Field(default=4.0, description="cores of a node, in plans that follow from tiers")
    reserved_price: NonNegative = Field(default=0.1, description="dollars per hour of a reserved node, likewise")
    burst_price: NonNegative = Field(default=0.25, description="dollars per hour of an on-demand node, likewise")
    what_ifs: tuple[str, ...] = Field(
        default=(),
        max_length=8,
        description=f"NAME[:AMOUNT][@START][/DURATION], NAME of {', '.join(NAMED)}; "
        "such as spike, spike:+20%@20m/30m, node_loss:2, dos:x5@1h",
    )
    weights: dict[str, float] = Field(
        default_factory=lambda: dict(WEIGHTS), description=f"what counts: {', '.join(WEIGHTS)}"
    )
    job_cores: Positive | None = Field(default=None, description="cores of a job; null: small beside the demand")
    sla: float = Field(default=60.0, ge=0, le=1e9, description="longest acceptable wait of a job, seconds")
    seed: int = Field(default=0, ge=0, lt=2**31, description="of the futures")

    @model_validator(mode="after")
    def _check(self) -> Self:
        steps = max(len(self.plans), len(CONFIDENCES)) * self.futures * (1 + len(self.what_ifs)) * self.horizon
        if steps > MOST_STEPS:
            raise ValueError(
                f"futures: {steps} steps (plans x futures x what-ifs x horizon), at most {MOST_STEPS}; ask for fewer"
            )
        return self


class TierFound(Frozen):
    """Capacity that covers demand with a confidence."""

    kind: str = Field(description="reserved, or burst: headroom above what is reserved")
    confidence: float = Field(description="that demand stays within it at all steps")
    cores: float
    above_step: float = Field(description="probability that demand exceeds it at a step")
    is_backed: bool = Field(description="whether there are enough back-tests to check the promise")


class PlanFound(Frozen):
    """How a plan did."""

    plan_id: str
    reserved_nodes: int
    burst_nodes: int
    worse: float = Field(description="loss beyond the best plan's, in the same futures")
    low: float = Field(description="lower bound of its 95 % interval")
    high: float = Field(description="upper bound")
    probability_best: float
    means: dict[str, dict[str, float]] = Field(description="what-if -> cost $, latency s, missed SLA share, energy J")


class FuturesFound(Frozen):
    """Tiers, and plans from the best on."""

    tiers: tuple[TierFound, ...]
    best: str
    best_by_what_if: dict[str, str]
    plans: tuple[PlanFound, ...]
    backtests: int = Field(description="past forecasts that the tiers are recalibrated by")
    notes: tuple[str, ...] = Field(default=(), description="what was assumed, left out or cut off")


def _check_effort(ahead: Futures, plans: int, job: JobClass, what_ifs: Sequence[Disturbance]) -> None:
    """Refuse what would take longer than a conversation waits: a flood makes many jobs, and long queues of them.

    Raises:
        ScenarioError: Says how many there would be and what to do.
    """
    few = ahead.demand[:SAMPLED]
    middle = np.full(len(few), 0.5)
    effort = 0.0
    for what_if in (AS_FORECAST, *what_ifs):
        demand = disturbed(few, ahead.series, what_if, step=ahead.step, chance=middle)
        jobs = float(demand.sum(axis=(1, 2)).mean()) * ahead.step / (job.cores * job.seconds)
        effort += plans * len(ahead.demand) * jobs * (1 + jobs / QUEUED)
    if effort > MOST_EFFORT:
        raise ScenarioError(
            f"about {effort / MOST_EFFORT:.1f} times too many jobs to simulate now; ask for fewer futures, plans or "
            f"what-ifs, a smaller flood, or larger job_cores than {job.cores:g}"
        )


def futures(desk: Desk, arguments: FuturesArguments) -> FuturesFound:
    """Capacity that covers the demand to come by confidence, and the best plan over many futures and what-ifs."""
    series = [desk.series(name) for name in arguments.series_ids or desk.series_ids]
    check_one_quantity(series, "name those of one in series_ids")
    scale = cores_per_unit(series, arguments.cores_per_unit, option="cores_per_unit")
    measured = running(series)
    assumed = ("y is taken for cores, as its unit is not stated",) if scale.is_assumed else ()
    aim = Aim(
        horizon=arguments.horizon,
        futures=arguments.futures,
        cores_per_unit=scale.value,
        least=CONTEXT,
        seed=arguments.seed,
    )
    what_ifs = [parse_disturbance(w) for w in arguments.what_ifs]
    outlook = look_ahead(measured.series, recent, aim)
    like = CapacityPlan(
        plan_id="like",
        reserved_nodes=1,
        node_cores=arguments.node_cores,
        reserved_price=arguments.reserved_price,
        burst_price=arguments.burst_price,
    )
    plans = arguments.plans or proposed_plans(outlook.tiers, outlook.totals, like)
    job = job_for(plans, float(outlook.totals.mean()), outlook.step, arguments.horizon, arguments.sla)
    if arguments.job_cores is not None:
        job = job.model_copy(update={"cores": arguments.job_cores})
    ahead = Futures(outlook.paths, outlook.series, outlook.step, arguments.seed)
    _check_effort(ahead, len(plans), job, what_ifs)
    found = simulate_futures(ahead, plans, job, what_ifs)
    loss = losses(found, job, arguments.weights)
    ids = tuple(p.plan_id for p in found.plans)
    names = [d.name for d in found.disturbances]
    order = standings(ids, loss.mean(axis=1))
    return FuturesFound(
        tiers=tuple(
            TierFound(
                kind=t.kind, confidence=t.confidence, cores=t.cores, above_step=t.above_step, is_backed=t.is_backed
            )
            for t in outlook.tiers
        ),
        best=order[0].plan_id,
        best_by_what_if={n: standings(ids, loss[:, d])[0].plan_id for d, n in enumerate(names)},
        plans=tuple(
            PlanFound(
                plan_id=s.plan_id,
                reserved_nodes=found.plans[p].reserved_nodes,
                burst_nodes=found.plans[p].burst_nodes,
                worse=s.worse,
                low=s.low,
                high=s.high,
                probability_best=s.probability_best,
                means={n: {m: float(found.measured[m][p, d].mean()) for m in MEASURES} for d, n in enumerate(names)},
            )
            for s in order
            for p in (ids.index(s.plan_id),)
        ),
        backtests=outlook.how.origins,
        notes=(*measured.notes, *assumed),
    )
