"""A tool that looks ahead: tiers of capacity for open series, and which of some plans is best in many futures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from aurora.learning.futures.demand import check_one_quantity
from aurora.learning.futures.report import FuturesReport, FuturesRequest, report_futures
from aurora.learning.futures.tiers import CONFIDENCES, Tier
from aurora.learning.series.series import Series
from aurora.sim.capacity.capacity import CapacityPlan
from aurora.sim.capacity.choice import DEFAULT_WEIGHTS, Standing
from aurora.sim.capacity.futures import MEASURES
from aurora.sim.scenarios.disturbances import NAMED_DISTURBANCES, parse_disturbance
from aurora.tools.desk import Desk
from aurora.types import Frozen, NonNegative, Positive, Progress, no_progress

MAX_STEPS = 200_000
"""Most plans times futures times what-ifs times steps of one call: a few seconds."""

MAX_EFFORT = 12_000_000
"""Most jobs of one call, those of long queues counted more: about 12 seconds of one core."""


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
        description=f"NAME[:AMOUNT][@START][/DURATION], NAME of {', '.join(NAMED_DISTURBANCES)}; "
        "such as spike, spike:+20%@20m/30m, node_loss:2, dos:x5@1h",
    )
    weights: dict[str, float] = Field(
        default_factory=lambda: dict(DEFAULT_WEIGHTS), description=f"what counts: {', '.join(DEFAULT_WEIGHTS)}"
    )
    job_cores: Positive | None = Field(default=None, description="cores of a job; null: small beside the demand")
    sla: float = Field(default=60.0, ge=0, le=1e9, description="longest acceptable wait of a job, seconds")
    seed: int = Field(default=0, ge=0, lt=2**31, description="of the futures")

    @model_validator(mode="after")
    def _check(self) -> Self:
        steps = max(len(self.plans), len(CONFIDENCES)) * self.futures * (1 + len(self.what_ifs)) * self.horizon
        if steps > MAX_STEPS:
            raise ValueError(
                f"futures: {steps} steps (plans x futures x what-ifs x horizon), at most {MAX_STEPS}; ask for fewer"
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


def futures(desk: Desk, arguments: FuturesArguments) -> FuturesFound:
    """Capacity that covers the demand to come by confidence, and the best plan over many futures and what-ifs."""
    report = look_ahead([desk.series(name) for name in arguments.series_ids or desk.series_ids], arguments)
    assumed = ("y is taken for cores, as its unit is not stated",) if report.scale.is_assumed else ()
    return FuturesFound(
        tiers=tuple(_tier(tier) for tier in report.demand.tiers),
        best=report.best,
        best_by_what_if=report.best_by_what_if,
        plans=tuple(_plan(report, standing) for standing in report.standings),
        backtests=report.demand.dependence.origins,
        notes=(*report.data_notes, *assumed),
    )


def look_ahead(
    series: Sequence[Series], arguments: FuturesArguments, progress: Progress = no_progress
) -> FuturesReport:
    """Return tiers and plans for the demand of series, within the limits of a call.

    Args:
        series: The demand; its ids of `arguments` are not looked at.
        arguments: What to look ahead to.
        progress: Receives the progress of back-tests and of the simulation.

    Raises:
        InputError: The series don't fit together, or the arguments don't.
        DataError: A series is damaged.
        ScenarioError: A plan or a what-if is not valid, or there would be too many jobs.
        FileError: A forecaster can't be read.
    """
    check_one_quantity(series, "name those of one in series_ids")
    request = FuturesRequest(
        horizon=arguments.horizon,
        futures=arguments.futures,
        what_ifs=tuple(parse_disturbance(text) for text in arguments.what_ifs),
        weights=arguments.weights,
        plans=arguments.plans,
        cores_per_unit=arguments.cores_per_unit,
        node_cores=arguments.node_cores,
        reserved_price=arguments.reserved_price,
        burst_price=arguments.burst_price,
        job_cores=arguments.job_cores,
        sla=arguments.sla,
        seed=arguments.seed,
    )
    return report_futures(series, request, max_effort=MAX_EFFORT, progress=progress)


def _tier(tier: Tier) -> TierFound:
    return TierFound(
        kind=tier.kind,
        confidence=tier.confidence,
        cores=tier.cores,
        above_step=tier.above_step,
        is_backed=tier.is_backed,
    )


def _plan(report: FuturesReport, standing: Standing) -> PlanFound:
    plan = report.plan(standing.plan_id)
    return PlanFound(
        plan_id=plan.plan_id,
        reserved_nodes=plan.reserved_nodes,
        burst_nodes=plan.burst_nodes,
        worse=standing.worse,
        low=standing.low,
        high=standing.high,
        probability_best=standing.probability_best,
        means={
            what_if: {name: float(measures[name].mean()) for name in MEASURES}
            for what_if, measures in report.measures(plan.plan_id).items()
        },
    )
