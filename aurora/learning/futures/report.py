"""Reports on the future: demand to come, capacity tiers, and plans compared in the same futures.

`report_futures` is `aurora futures` and the agents' tool of that name; `to_json` has the keys of `--json`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from aurora.champions.named import named_policy
from aurora.errors import DataError, InputError, ScenarioError
from aurora.learning.futures.demand import CORES, CoresPerUnit, Running, check_one_quantity, cores_per_unit, running
from aurora.learning.futures.demand_forecast import Aim, DemandForecast, forecast_demand
from aurora.learning.futures.predictors import Predictor, predictor
from aurora.learning.futures.tiers import CONFIDENCES, Adjustment, Tier, proposed_plans
from aurora.learning.futures.tracking import (
    Comparison,
    Tracking,
    check_same,
    compared,
    expecting,
    new_tracking,
    read_tracking,
    steps_come,
    write_tracking,
)
from aurora.learning.series.series import QUANTILES, Series
from aurora.quantities import duration
from aurora.sim.capacity.capacity import CapacityPlan, JobClass, job_for
from aurora.sim.capacity.choice import DEFAULT_WEIGHTS, Standing, losses, scales, standings
from aurora.sim.capacity.futures import Futures, Simulated, simulate_futures
from aurora.sim.scenarios.disturbances import AS_FORECAST, Disturbance, disturbed
from aurora.types import FloatArray, Progress, no_progress

MAX_PAST_VALUES = 144
"""Most measured values before the forecast that a report keeps for charts."""

PERCENTILES = (5, 50, 95)
"""Percentiles of a measure over all futures."""

QUEUED_JOBS = 2000
"""Jobs of a future with which each costs twice as much as without a queue (measured: 0.9 us, and 0.4 us a thousand)."""

FUTURES_SAMPLED = 16
"""Futures by which the number of jobs is estimated."""


@dataclass(frozen=True, slots=True)
class FuturesRequest:
    """What to look ahead to, and what to compare.

    Attributes:
        horizon: Steps ahead.
        futures: Number of futures for each what-if.
        what_ifs: Disturbances, each simulated besides the forecast itself.
        weights: Weight of each measure in a plan's loss.
        confidences: Confidences of the tiers, ascending, each above 0 and below 1.
        plans: Plans to compare; empty for plans that follow from the tiers.
        cores_per_unit: Cores that one unit of the series needs; None for series in cores.
        node_cores: Cores of a node, in plans that follow from the tiers.
        reserved_price: Dollars per hour of a reserved node, in the same plans.
        burst_price: Dollars per hour of an on-demand node, in the same plans.
        job_cores: Cores of a job; None for a job that is small compared with the demand.
        job_seconds: Seconds that a job runs; None for a third of a step.
        sla: Longest acceptable wait of a job, seconds.
        seed: Random seed of the futures.
        threads: Threads that simulate.
    """

    horizon: int = 12
    futures: int = 1000
    what_ifs: tuple[Disturbance, ...] = ()
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    confidences: tuple[float, ...] = CONFIDENCES
    plans: tuple[CapacityPlan, ...] = ()
    cores_per_unit: float | None = None
    node_cores: float = 4.0
    reserved_price: float = 0.10
    burst_price: float = 0.25
    job_cores: float | None = None
    job_seconds: float | None = None
    sla: float = 60.0
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True, slots=True)
class RealisedReport:
    """Measured demand compared with what an earlier report simulated.

    Attributes:
        comparison: The horizon that has come.
        tracking: All horizons so far, this one included.
    """

    comparison: Comparison
    tracking: Tracking

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `compared` in `aurora futures --json`."""
        comparison, tracking = self.comparison, self.tracking
        adjusted = tracking.adjustment.steps
        return {
            "start": comparison.start,
            "rounds": tracking.rounds,
            "steps": tracking.steps,
            "realised": comparison.realised.tolist(),
            "places": comparison.places.tolist(),
            "nearest": comparison.nearest,
            "nearest_all": dict(tracking.nearest or {}),
            "histogram": list(tracking.histogram),
            "tiers": [
                {
                    "confidence": confidence,
                    "inside": comparison.inside[k],
                    "inside_all": tracking.inside[k] / tracking.steps,
                    "peak_inside": comparison.peak_inside[k],
                    "peaks_all": tracking.peaks_inside[k] / tracking.rounds,
                    "asked": adjusted.asked(confidence),
                }
                for k, confidence in enumerate(tracking.confidences)
            ],
        }


@dataclass(frozen=True)
class FuturesReport:
    """Demand to come, and how plans do in it.

    Attributes:
        demand: Forecast of the demand, with the tiers.
        simulated: Measures of every plan under every what-if in every future.
        job: The unit in which demand comes.
        weights: Weight of each measure in a plan's loss.
        scale: Cores in a unit of the series.
        past: float64 [steps], measured demand before the forecast, cores.
        data_notes: Series that were left out or cut, and what makes a future trivial; sentences.
        what_if_notes: What-ifs without effect; sentences.
        seconds: Duration of the simulation.
        realised: Comparison with the report before, where its horizon has come.
    """

    demand: DemandForecast
    simulated: Simulated
    job: JobClass
    weights: Mapping[str, float]
    scale: CoresPerUnit
    past: FloatArray
    data_notes: tuple[str, ...]
    what_if_notes: tuple[str, ...]
    seconds: float
    realised: RealisedReport | None = None

    @cached_property
    def losses(self) -> FloatArray:
        """Loss of every plan under every what-if in every future, float64 [plans, what-ifs, futures]."""
        return losses(self.simulated, self.job, dict(self.weights))

    @property
    def what_ifs(self) -> tuple[str, ...]:
        """Names of the what-ifs; the first is the forecast itself."""
        return tuple(d.name for d in self.simulated.disturbances)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """The plans over all what-ifs, best first."""
        return tuple(standings(self._plan_ids, self.losses.mean(axis=1)))

    @property
    def best(self) -> str:
        """Id of the plan with the lowest mean loss."""
        return self.standings[0].plan_id

    @cached_property
    def best_by_what_if(self) -> dict[str, str]:
        """Id of the best plan under each what-if alone."""
        return {name: self.standings_with(name)[0].plan_id for name in self.what_ifs}

    def standings_with(self, what_if: str) -> tuple[Standing, ...]:
        """Return the plans under one what-if alone, best first."""
        return tuple(standings(self._plan_ids, self.losses[:, self.what_ifs.index(what_if)]))

    def plan(self, plan_id: str) -> CapacityPlan:
        """Return a plan by its id."""
        return self.simulated.plans[self._plan_ids.index(plan_id)]

    def measures(self, plan_id: str) -> dict[str, dict[str, FloatArray]]:
        """Return the measures of a plan in every future, float64 [futures], by what-if and by name."""
        position = self._plan_ids.index(plan_id)
        return {
            what_if: {name: values[position, k] for name, values in self.simulated.measured.items()}
            for k, what_if in enumerate(self.what_ifs)
        }

    @property
    def _plan_ids(self) -> tuple[str, ...]:
        return tuple(p.plan_id for p in self.simulated.plans)

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora futures --json`."""
        demand, runs = self.demand, int(self.losses.size)
        return {
            "series": list(demand.series),
            "model": demand.model,
            "start": demand.start,
            "end": demand.start + len(demand.by_step) * demand.step,
            "step": demand.step,
            "horizon": len(demand.by_step),
            "futures": len(demand.paths),
            "backtests": demand.dependence.origins,
            "now": demand.now,
            "what_ifs": list(self.what_ifs),
            "tiers": [_tier_json(tier) for tier in demand.tiers],
            "job": self.job.model_dump(),
            "weights": dict(self.weights),
            "scales": scales(self.simulated, self.job),
            "best": self.best,
            "best_by_what_if": self.best_by_what_if,
            "plans": [self._plan_json(standing) for standing in self.standings],
            "runs": runs,
            "seconds": self.seconds,
            "runs_per_second": runs / self.seconds,
            "demand": {str(q): np.quantile(demand.totals, q, axis=0).tolist() for q in QUANTILES},
            "compared": None if self.realised is None else self.realised.to_json(),
            "unit": self.scale.unit or None,
            "cores_per_unit": self.scale.value,
            "assumed_unit": CORES if self.scale.is_assumed else None,
            "notes": [*self.data_notes, *self.what_if_notes],
        }

    def _plan_json(self, standing: Standing) -> dict[str, Any]:
        spread = {
            what_if: {name: _spread(values) for name, values in measures.items()}
            for what_if, measures in self.measures(standing.plan_id).items()
        }
        terms = {name: value for name, value in standing._asdict().items() if name != "plan_id"}
        return self.plan(standing.plan_id).model_dump() | terms | {"measures": spread}


def _tier_json(tier: Tier) -> dict[str, Any]:
    return {
        "kind": tier.kind,
        "confidence": tier.confidence,
        "cores": tier.cores,
        "cores_by_step": tier.by_step.tolist(),
        "above_step": tier.above_step,
        "above_horizon": tier.above_horizon,
        "is_backed": tier.is_backed,
    }


def _spread(values: FloatArray) -> dict[str, float]:
    return {"mean": float(values.mean())} | {f"p{p}": float(np.percentile(values, p)) for p in PERCENTILES}


def report_futures(
    series: Sequence[Series],
    request: FuturesRequest,
    *,
    model: Path | None = None,
    state: Path | None = None,
    max_effort: float | None = None,
    progress: Progress = no_progress,
) -> FuturesReport:
    """Forecast demand, derive tiers and plans, and simulate the plans in the same futures.

    Args:
        series: Measured demand of one quantity; see `demand.select`.
        request: What to look ahead to.
        model: Folder of a trained forecaster; None for the quantiles of the latest past.
        state: File of continuous mode: what it expected is compared once it has come, and what is expected now is
            written to it. None compares nothing.
        max_effort: Most jobs to simulate, those of long queues counted more; None for no limit.
        progress: Receives the progress of back-tests and of the simulation.

    Raises:
        InputError: Series and arguments don't fit together.
        DataError: The state, or the forecaster, is damaged or of other data.
        ScenarioError: A plan or a what-if is not valid, or there would be too many jobs.
        FileError: The folder holds no forecaster, or the state can't be written.
    """
    check_one_quantity(series)
    scale = cores_per_unit(series, request.cores_per_unit)
    measured = running(series)
    tracking = _tracking(state, request, measured, scale)
    realised = None
    if tracking is not None and _has_come(tracking, measured):
        comparison, tracking = compared(tracking, measured.series)
        realised = RealisedReport(comparison, tracking)
    adjustment = None if tracking is None else tracking.adjustment
    demand = _forecast(request, predictor(model), measured, scale, adjustment, progress)
    plans = request.plans or proposed_plans(demand.tiers, demand.totals, _plan_terms(request))
    job = _job(request, plans, demand)
    futures = Futures(demand.paths, demand.series, demand.step, request.seed)
    if max_effort is not None:
        _check_effort(futures, len(plans), job, request.what_ifs, max_effort)
    simulated, seconds = _simulated(futures, plans, job, request.what_ifs, request.threads, progress)
    if state is not None:
        tracking = tracking or new_tracking(demand, scale.value)
        write_tracking(expecting(tracking, demand, mean_demand(simulated)), state)
    return FuturesReport(
        demand=demand,
        simulated=simulated,
        job=job,
        weights=request.weights,
        scale=scale,
        past=np.asarray(sum(s.y[-MAX_PAST_VALUES:] for s in measured.series), np.float64) * scale.value,
        data_notes=measured.notes,
        what_if_notes=_without_effect(request.what_ifs, demand),
        seconds=seconds,
        realised=realised,
    )


def with_what_ifs(report: FuturesReport, what_ifs: Sequence[Disturbance], *, threads: int = 1) -> FuturesReport:
    """Simulate the plans of a report anew, in the same futures under other what-ifs.

    Args:
        report: The report; its demand, tiers, plans and jobs stay.
        what_ifs: Disturbances in place of the report's.
        threads: Threads that simulate.

    Raises:
        ScenarioError: A what-if is not valid.
    """
    before = report.simulated
    simulated, seconds = _simulated(before.futures, before.plans, report.job, what_ifs, threads, no_progress)
    notes = _without_effect(what_ifs, report.demand)
    return replace(report, simulated=simulated, what_if_notes=notes, seconds=seconds)


def _simulated(
    futures: Futures,
    plans: Sequence[CapacityPlan],
    job: JobClass,
    what_ifs: Sequence[Disturbance],
    threads: int,
    progress: Progress,
) -> tuple[Simulated, float]:
    """Simulate plans by the policies that they name; return the outcomes, and the seconds that it took."""
    started = time.perf_counter()
    known = {p.policy_id: policy for p in plans if (policy := named_policy(p.policy_id)) is not None}
    tell = partial(progress, "simulating")
    simulated = simulate_futures(futures, plans, job, what_ifs, policies=known, threads=threads, tell=tell)
    return simulated, time.perf_counter() - started


def report_realised(series: Sequence[Series], state: Path) -> RealisedReport:
    """Compare measured demand with what the report that wrote the state simulated; the state learns from it.

    Raises:
        InputError: The series are others, or not all of the horizon has come.
        DataError: The state is damaged, or expects nothing.
        FileError: The state is absent, or can't be written.
    """
    check_one_quantity(series)
    comparison, tracking = compared(read_tracking(state), running(series).series)
    write_tracking(tracking, state)
    return RealisedReport(comparison, tracking)


def is_waiting(series: Sequence[Series], request: FuturesRequest, state: Path) -> bool:
    """Return whether part of what the state expects has not been measured yet.

    Raises:
        InputError: The series, or their unit, don't fit the request or the state.
        DataError: The state is damaged.
    """
    measured = running(series)
    tracking = _tracking(state, request, measured, cores_per_unit(series, request.cores_per_unit))
    return tracking is not None and tracking.pending is not None and not _has_come(tracking, measured)


def mean_demand(simulated: Simulated) -> dict[str, FloatArray]:
    """Return the mean total demand at each step under every what-if, float64 [steps]."""
    futures = simulated.futures
    chance = np.random.default_rng(futures.seed).random(len(futures.demand))
    return {
        d.name: disturbed(futures.demand, futures.series, d, step=futures.step, chance=chance).sum(axis=1).mean(axis=0)
        for d in simulated.disturbances
    }


def _has_come(tracking: Tracking, measured: Running) -> bool:
    """Return whether something is expected, and all of it has been measured."""
    come, steps = steps_come(tracking, measured.series)
    return tracking.pending is not None and come == steps


def _tracking(state: Path | None, request: FuturesRequest, measured: Running, scale: CoresPerUnit) -> Tracking | None:
    """Read the state, if there is one yet, and check that it is of the same series, units and tiers."""
    if state is None or not state.exists():
        return None
    tracking = read_tracking(state)
    if tracking.confidences != request.confidences:
        raise InputError(
            f"the state is of {tracking.confidences}, not {request.confidences}; use another file",
            parameter="confidences",
        )
    check_same(tracking, [s.unique_id for s in measured.series], measured.series[0].step, scale.value)
    return tracking


def _forecast(
    request: FuturesRequest,
    predictor: Predictor,
    measured: Running,
    scale: CoresPerUnit,
    adjustment: Adjustment | None,
    progress: Progress,
) -> DemandForecast:
    trained = max((predictor.learned.get(s.unique_id, -np.inf) for s in measured.series), default=-np.inf)
    aim = Aim(
        request.horizon, request.futures, scale.value, request.confidences, predictor.context, request.seed, trained
    )
    try:
        return forecast_demand(measured.series, predictor.predict, aim, adjustment, progress)
    except (DataError, InputError) as error:  # the part that was cut off may be why there is too little
        raise type(error)("; ".join([str(error), *measured.notes])) from None


def _plan_terms(request: FuturesRequest) -> CapacityPlan:
    """Return a plan with the terms that all plans from tiers share."""
    return CapacityPlan(
        plan_id="like",
        reserved_nodes=1,
        node_cores=request.node_cores,
        reserved_price=request.reserved_price,
        burst_price=request.burst_price,
    )


def _job(request: FuturesRequest, plans: Sequence[CapacityPlan], demand: DemandForecast) -> JobClass:
    job = job_for(plans, float(demand.totals.mean()), demand.step, request.horizon, request.sla)
    update = {"cores": request.job_cores, "seconds": request.job_seconds}
    return job.model_copy(update={name: value for name, value in update.items() if value is not None})


def _check_effort(
    futures: Futures, plans: int, job: JobClass, what_ifs: Sequence[Disturbance], max_effort: float
) -> None:
    """Refuse to simulate too many jobs: a flood makes many of them, and long queues.

    Raises:
        ScenarioError: There would be too many; says by how much.
    """
    sample = futures.demand[:FUTURES_SAMPLED]
    chance = np.full(len(sample), 0.5)
    effort = 0.0
    for what_if in (AS_FORECAST, *what_ifs):
        demand = disturbed(sample, futures.series, what_if, step=futures.step, chance=chance)
        jobs = float(demand.sum(axis=(1, 2)).mean()) * futures.step / (job.cores * job.seconds)
        effort += plans * len(futures.demand) * jobs * (1 + jobs / QUEUED_JOBS)
    if effort > max_effort:
        raise ScenarioError(
            f"about {effort / max_effort:.1f} times too many jobs to simulate now; ask for fewer futures, plans or "
            f"what-ifs, a smaller flood, or larger job_cores than {job.cores:g}"
        )


def _without_effect(what_ifs: Sequence[Disturbance], demand: DemandForecast) -> tuple[str, ...]:
    """Return a sentence for each what-if that begins after the horizon."""
    horizon = len(demand.by_step) * demand.step
    notes = []
    for what_if in what_ifs:
        starts = [c.start for c in what_if.changes if c.start is not None and c.start >= horizon]
        if starts:
            needed = int(np.ceil((min(starts) + 1) / demand.step))
            notes.append(
                f"what-if {what_if.name} begins in {duration(min(starts))} and the horizon is {duration(horizon)}: it "
                f"changes nothing; look further ahead (horizon={needed} or more), or let it begin sooner"
            )
    return tuple(notes)
