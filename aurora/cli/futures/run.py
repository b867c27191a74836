"""What `aurora futures` does: reads, looks ahead, simulates, compares."""

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

from aurora.cli.futures.result import result_of, told
from aurora.errors import DataError
from aurora.learning.futures.demand import CORES, CoresPerUnit, Running, check_one_quantity, cores_per_unit, running
from aurora.learning.futures.outlook import Aim, Outlook, look_ahead
from aurora.learning.futures.predictors import forecaster
from aurora.learning.futures.tiers import Adjustment, proposed_plans
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
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Finding, Panel
from aurora.quantities import duration
from aurora.sim.capacity.capacity import CapacityPlan, JobClass, job_for, read_plans
from aurora.sim.capacity.futures import Futures, Simulated, simulate_futures
from aurora.sim.scenarios.disturbances import Disturbance, disturbed

SHOWN = 144
"""Measured values that a plot begins with."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's arguments; see its help. Confidences are shares of 1."""

    data: tuple[Path, ...]
    series: str
    plans: Path | None
    horizon: int
    count: int
    what_ifs: tuple[Disturbance, ...]
    weights: dict[str, float]
    tiers: tuple[float, ...]
    cores_per_unit: float | None
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
    given = None if asked.plans is None else read_plans(asked.plans)
    panel = chosen(read_panel(asked.data, detect=False), asked.series)
    scale = cores_per_unit(panel.series, asked.cores_per_unit)
    measured = running(panel.series)
    tracking = _remembered(asked, measured, scale)
    seen: Comparison | None = None
    if tracking is not None and tracking.pending is not None:
        come, steps = steps_come(tracking, measured.series)
        if come == steps:
            seen, tracking = compared(tracking, measured.series)
        elif pending_only:
            return None
    outlook = _outlook(asked, measured, scale, None if tracking is None else tracking.adjustment, tell)
    plans = given or proposed_plans(outlook.tiers, outlook.totals, _like(asked))
    job = _job(asked, plans, outlook)
    futures = Futures(outlook.paths, outlook.series, outlook.step, asked.seed)
    started = time.perf_counter()
    simulated = simulate_futures(
        futures, plans, job, asked.what_ifs, threads=asked.threads, tell=partial(tell, "simulating")
    )
    seconds = time.perf_counter() - started
    if asked.state is not None:
        tracking = tracking or new_tracking(outlook, scale.value)
        write_tracking(expecting(tracking, outlook, means(simulated)), asked.state)
    result = result_of(outlook, simulated, job, asked.weights, seconds)
    result["compared"] = None if seen is None or tracking is None else told(seen, tracking)
    result |= {
        "unit": scale.unit or None,
        "cores_per_unit": scale.value,
        "assumed_unit": CORES if scale.is_assumed else None,
        "notes": [*measured.notes, *_without_effect(asked.what_ifs, outlook)],
    }
    past = np.asarray(sum(s.y[-SHOWN:] for s in measured.series), np.float64) * scale.value
    return Answer(result, panel.findings, outlook, simulated, past)


def _remembered(asked: Asked, measured: Running, scale: CoresPerUnit) -> Tracking | None:
    """The state, if there is one yet, of the same series, units and tiers."""
    if asked.state is None or not asked.state.exists():
        return None
    tracking = read_tracking(asked.state)
    if tracking.confidences != asked.tiers:
        raise DataError(f"--tiers: the state is of {tracking.confidences}, not {asked.tiers}; use another file")
    check_same(tracking, [s.unique_id for s in measured.series], measured.series[0].step, scale.value)
    return tracking


def _outlook(
    asked: Asked,
    measured: Running,
    scale: CoresPerUnit,
    adjusted: Adjustment | None,
    tell: Callable[[str, int, int], None],
) -> Outlook:
    one = forecaster(asked.model)
    trained = max((one.learned.get(s.unique_id, -np.inf) for s in measured.series), default=-np.inf)
    aim = Aim(asked.horizon, asked.count, scale.value, asked.tiers, one.context, asked.seed, trained)
    try:
        return look_ahead(measured.series, one.predict, aim, adjusted, partial(tell, "back-tests"))
    except DataError as error:  # what was cut off may be why there is too little
        raise DataError("; ".join([str(error), *measured.notes])) from None


def _without_effect(what_ifs: Sequence[Disturbance], outlook: Outlook) -> list[str]:
    """What is to be said of what-ifs that begin after the horizon."""
    horizon = len(outlook.by_step) * outlook.step
    found = []
    for each in what_ifs:
        starts = [c.start for c in each.changes if c.start is not None and c.start >= horizon]
        if starts:
            more = int(np.ceil((min(starts) + 1) / outlook.step))
            found.append(
                f"what-if {each.name} begins in {duration(min(starts))} and the horizon is {duration(horizon)}: it "
                f"changes nothing; look further ahead (--horizon {more} or more), or let it begin sooner"
            )
    return found


def _like(asked: Asked) -> CapacityPlan:
    """What plans that follow from tiers have in common."""
    return CapacityPlan(
        plan_id="like",
        reserved_nodes=1,
        node_cores=asked.node_cores,
        reserved_price=asked.reserved_price,
        burst_price=asked.burst_price,
    )


def compare_only(data: Sequence[Path], pattern: str, state: Path) -> dict[str, Any]:
    """Compare what came with what the run that wrote the state simulated; the state learns from it."""
    panel = chosen(read_panel(data, detect=False), pattern)
    seen, tracking = compared(read_tracking(state), running(panel.series).series)
    write_tracking(tracking, state)
    return {"compared": told(seen, tracking)}


def chosen(panel: Panel, pattern: str) -> Panel:
    """The series whose ids match, of one quantity.

    Raises:
        DataError: None matches, or those that do can't be summed.
    """
    series = tuple(s for s in panel.series if fnmatch(s.unique_id, pattern))
    if not series:
        raise DataError(f"--series {pattern!r}: none matches; there are {_some([s.unique_id for s in panel.series])}")
    check_one_quantity(series, "choose those of one with --series, for example --series '*/cpu'")
    ids = {s.unique_id for s in series}
    return Panel(series, tuple(f for f in panel.findings if f.unique_id in ids or f.defect == "notation"))


def means(simulated: Simulated) -> dict[str, NDArray[np.float64]]:
    """Mean total demand at each step under every what-if, float64 [steps]."""
    futures = simulated.futures
    chance = np.random.default_rng(futures.seed).random(len(futures.demand))
    return {
        d.name: disturbed(futures.demand, futures.series, d, step=futures.step, chance=chance).sum(axis=1).mean(axis=0)
        for d in simulated.disturbances
    }


def _job(asked: Asked, plans: Sequence[CapacityPlan], outlook: Outlook) -> JobClass:
    job = job_for(plans, float(outlook.totals.mean()), outlook.step, asked.horizon, asked.sla)
    update = {"cores": asked.job_cores, "seconds": asked.job_seconds}
    return job.model_copy(update={name: value for name, value in update.items() if value is not None})


def _some(names: Sequence[str], limit: int = 5) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
