"""What `aurora futures` does: reads, looks ahead, simulates, compares; its result as plain values and charts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.evals.charts import Band, Chart, Line
from aurora.learning.data import read_panel
from aurora.learning.forecasters import forecaster
from aurora.learning.outlook import Aim, Outlook, aligned, look_ahead
from aurora.learning.series import LEVELS, Finding, Panel
from aurora.learning.tiers import proposed_plans
from aurora.learning.tracking import (
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
from aurora.sim.capacity import CapacityPlan, JobClass, job_for, read_plans
from aurora.sim.choice import WEIGHTS, losses, parse_weights, scales, standings
from aurora.sim.disturbances import Disturbance, disturbed, parse_disturbance, read_disturbances
from aurora.sim.futures import Futures, Simulated, simulate_futures

PERCENTILES = (5, 50, 95)
SHOWN = 144
"""Measured values that a plot begins with."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's arguments; see its help."""

    data: tuple[Path, ...]
    series: str
    plans: Path | None
    horizon: int
    count: int
    what_if: tuple[str, ...]
    weights: str | None
    tiers: str
    cores_per_unit: float
    node_cores: float
    reserved_price: float
    burst_price: float
    job_cores: float | None
    job_seconds: float | None
    sla: float
    seed: int
    threads: int
    state: Path | None
    model: Path | None


class Answer(NamedTuple):
    """What came of it.

    Attributes:
        result: The keys of `aurora futures --json`.
        findings: What was wrong with the data.
        outlook: The demand to come.
        simulated: What became of the plans in it.
        past: Measured demand, cores, up to the outlook.
    """

    result: dict[str, Any]
    findings: tuple[Finding, ...]
    outlook: Outlook
    simulated: Simulated
    past: NDArray[np.float64]


def answer(asked: Asked, tell: Callable[[str, int, int], None], *, pending_only: bool = False) -> Answer | None:
    """Look ahead once.

    Args:
        asked: What for.
        tell: Told of progress.
        pending_only: Whether to do nothing while what the state waits for has not come.

    Returns:
        None if there is nothing to do yet.
    """
    weights = dict(WEIGHTS) if asked.weights is None else parse_weights(asked.weights)
    what_ifs = [d for text in asked.what_if for d in _disturbances(text)]
    confidences = parse_confidences(asked.tiers)
    given = None if asked.plans is None else read_plans(asked.plans)
    panel = chosen(read_panel(asked.data, detect=False), asked.series)
    tracking = None
    if asked.state is not None and asked.state.exists():
        tracking = read_tracking(asked.state)
        if tracking.confidences != confidences:
            raise DataError(f"--tiers: the state is of {tracking.confidences}, not {confidences}; use another file")
        check_same(tracking, [s.unique_id for s in panel.series], panel.series[0].step, asked.cores_per_unit)
    seen: Comparison | None = None
    if tracking is not None and tracking.pending is not None:
        come, steps = steps_come(tracking, panel.series)
        if come == steps:
            seen, tracking = compared(tracking, panel.series)
        elif pending_only:
            return None
    chosen_one = forecaster(asked.model)
    trained = max((chosen_one.learned.get(s.unique_id, -np.inf) for s in panel.series), default=-np.inf)
    aim = Aim(asked.horizon, asked.count, asked.cores_per_unit, confidences, chosen_one.context, asked.seed, trained)
    outlook = look_ahead(panel.series, chosen_one.predict, aim, None if tracking is None else tracking.adjustment)
    like = CapacityPlan(
        plan_id="like",
        reserved_nodes=1,
        node_cores=asked.node_cores,
        reserved_price=asked.reserved_price,
        burst_price=asked.burst_price,
    )
    plans = given or proposed_plans(outlook.tiers, outlook.totals, like)
    job = _job(asked, plans, outlook)
    futures = Futures(outlook.paths, outlook.series, outlook.step, asked.seed)
    started = time.perf_counter()
    simulated = simulate_futures(futures, plans, job, what_ifs, threads=asked.threads, tell=partial(tell, "simulating"))
    seconds = time.perf_counter() - started
    if asked.state is not None:
        tracking = tracking or new_tracking(outlook, asked.cores_per_unit)
        write_tracking(expecting(tracking, outlook, means(simulated)), asked.state)
    result = _result(outlook, simulated, job, weights, seconds)
    result["compared"] = None if seen is None or tracking is None else told(seen, tracking)
    past = np.asarray(sum(s.y[-SHOWN:] for s in aligned(panel.series)), np.float64) * asked.cores_per_unit
    return Answer(result, panel.findings, outlook, simulated, past)


def compare_only(data: Sequence[Path], pattern: str, state: Path) -> dict[str, Any]:
    """Compare what came with what the run that wrote the state simulated; the state learns from it."""
    panel = chosen(read_panel(data, detect=False), pattern)
    seen, tracking = compared(read_tracking(state), panel.series)
    write_tracking(tracking, state)
    return {"compared": told(seen, tracking)}


def told(seen: Comparison, tracking: Tracking) -> dict[str, Any]:
    """A comparison and all before it, as plain values."""
    asked = tracking.adjustment.steps
    return {
        "start": seen.start,
        "rounds": tracking.rounds,
        "steps": tracking.steps,
        "realised": seen.realised.tolist(),
        "places": seen.places.tolist(),
        "nearest": seen.nearest,
        "nearest_all": dict(tracking.nearest or {}),
        "histogram": list(tracking.histogram),
        "tiers": [
            {
                "confidence": confidence,
                "inside": seen.inside[k],
                "inside_all": tracking.inside[k] / tracking.steps,
                "peak_inside": seen.peak_inside[k],
                "peaks_all": tracking.peaks_inside[k] / tracking.rounds,
                "asked": asked.asked(confidence),
            }
            for k, confidence in enumerate(tracking.confidences)
        ],
    }


def chosen(panel: Panel, pattern: str) -> Panel:
    """The series whose ids match, of one quantity.

    Raises:
        DataError: None matches, or those that do can't be summed.
    """
    series = tuple(s for s in panel.series if fnmatch(s.unique_id, pattern))
    if not series:
        raise DataError(f"--series {pattern!r}: none matches; there are {_some([s.unique_id for s in panel.series])}")
    kinds = {(s.labels.get("metric", ""), s.labels.get("unit", "")) for s in series}
    if len(kinds) > 1:
        raise DataError(
            f"--series {pattern!r}: the series are of {_some(sorted(' in '.join(k) for k in kinds))} and "
            "can't be summed; choose those of one, for example --series '*/cpu'"
        )
    ids = {s.unique_id for s in series}
    return Panel(series, tuple(f for f in panel.findings if f.unique_id in ids))


def parse_confidences(text: str) -> tuple[float, ...]:
    """Confidences from `50,80,95,99`.

    Raises:
        DataError: It is no list of numbers; what they must be is checked where they are used.
    """
    try:
        return tuple(round(float(part) / 100, 12) for part in text.split(","))
    except ValueError:
        raise DataError(f"--tiers {text!r}: write percentages such as 50,80,95,99") from None


def means(simulated: Simulated) -> dict[str, NDArray[np.float64]]:
    """Mean total demand at each step under every what-if, float64 [steps]."""
    futures = simulated.futures
    chance = np.random.default_rng(futures.seed).random(len(futures.demand))
    return {
        d.name: disturbed(futures.demand, futures.series, d, step=futures.step, chance=chance).sum(axis=1).mean(axis=0)
        for d in simulated.disturbances
    }


def charts(answer: Answer) -> list[Chart]:
    """The demand fan with tiers, and the distributions of cost and of missed SLAs by plan."""
    outlook, simulated = answer.outlook, answer.simulated
    hours = np.arange(len(outlook.by_step)) * outlook.step / 3600
    before = (np.arange(len(answer.past)) - len(answer.past)) * outlook.step / 3600
    bands = [np.quantile(outlook.totals, (low, 1 - low), axis=0) for low in (0.01, 0.1, 0.25)]
    marks: list[Any] = [
        Band(name, hours.tolist(), low.tolist(), high.tolist())
        for name, (low, high) in zip(("98 %", "80 %", "50 %"), bands, strict=True)
    ]
    marks.append(Line("median", hours.tolist(), np.median(outlook.totals, axis=0).tolist()))
    marks.append(Line("measured", before.tolist(), answer.past.tolist()))
    for tier in outlook.tiers:
        name = f"{tier.kind} {100 * tier.confidence:g} %"
        marks.append(Line(name, [float(hours[0]), float(hours[-1])], [tier.cores, tier.cores]))
    found = [Chart("Demand to come, and tiers that cover it", "hours from now", "cores", tuple(marks))]
    levels = np.linspace(0, 1, 101)
    for measure, title in (("cost", "Cost, dollars"), ("sla", "Share of jobs that missed their SLA")):
        curves = tuple(
            Line(plan.plan_id, np.quantile(simulated.measured[measure][p], levels).tolist(), levels.tolist())
            for p, plan in enumerate(simulated.plans)
        )
        found.append(Chart(f"{title}, over all futures and what-ifs", title, "share of futures at or below", curves))
    return found


def _disturbances(text: str) -> tuple[Disturbance, ...]:
    path = Path(text)
    return read_disturbances(path) if path.suffix == ".json" else (parse_disturbance(text),)


def _job(asked: Asked, plans: Sequence[CapacityPlan], outlook: Outlook) -> JobClass:
    job = job_for(plans, float(outlook.totals.mean()), outlook.step, asked.horizon, asked.sla)
    update = {"cores": asked.job_cores, "seconds": asked.job_seconds}
    return job.model_copy(update={name: value for name, value in update.items() if value is not None})


def _some(names: Sequence[str], limit: int = 5) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _result(
    outlook: Outlook, simulated: Simulated, job: JobClass, weights: dict[str, float], seconds: float
) -> dict[str, Any]:
    loss = losses(simulated, job, weights)
    ids = tuple(p.plan_id for p in simulated.plans)
    names = [d.name for d in simulated.disturbances]
    runs = int(loss.size)
    order = standings(ids, loss.mean(axis=1))
    return {
        "series": list(outlook.series),
        "model": outlook.model,
        "start": outlook.start,
        "step": outlook.step,
        "horizon": len(outlook.by_step),
        "futures": len(outlook.paths),
        "backtests": outlook.how.origins,
        "now": outlook.now,
        "what_ifs": names,
        "tiers": [
            {
                "kind": t.kind,
                "confidence": t.confidence,
                "cores": t.cores,
                "cores_by_step": t.by_step.tolist(),
                "above_step": t.above_step,
                "above_horizon": t.above_horizon,
                "is_backed": t.is_backed,
            }
            for t in outlook.tiers
        ],
        "job": job.model_dump(),
        "weights": weights,
        "scales": scales(simulated, job),
        "best": order[0].plan_id,
        "best_by_what_if": {n: standings(ids, loss[:, d])[0].plan_id for d, n in enumerate(names)},
        "plans": [
            simulated.plans[p].model_dump()
            | {k: v for k, v in standing._asdict().items() if k != "plan_id"}
            | {
                "measures": {
                    n: {m: _spread(v[p, d]) for m, v in simulated.measured.items()} for d, n in enumerate(names)
                }
            }
            for standing in order
            for p in (ids.index(standing.plan_id),)
        ],
        "runs": runs,
        "seconds": seconds,
        "runs_per_second": runs / seconds,
        "demand": {str(level): row for level, row in _fan(outlook).items()},
    }


def _fan(outlook: Outlook) -> dict[float, list[float]]:
    return {level: np.quantile(outlook.totals, level, axis=0).tolist() for level in LEVELS}


def _spread(values: NDArray[np.float64]) -> dict[str, float]:
    return {"mean": float(values.mean())} | {f"p{p}": float(np.percentile(values, p)) for p in PERCENTILES}
