"""The result of `aurora futures` as plain values: the keys of its JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aurora.learning.futures.outlook import Outlook
from aurora.learning.futures.tracking import Comparison, Tracking
from aurora.learning.series.series import LEVELS
from aurora.sim.capacity.capacity import JobClass
from aurora.sim.capacity.choice import losses, scales, standings
from aurora.sim.capacity.futures import Simulated

PERCENTILES = (5, 50, 95)


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


def result_of(
    outlook: Outlook, simulated: Simulated, job: JobClass, weights: dict[str, float], seconds: float
) -> dict[str, Any]:
    """What was looked ahead to and how the plans did, as the keys of `aurora futures --json`.

    Args:
        outlook: The demand to come.
        simulated: What became of the plans in it.
        job: The unit of demand.
        weights: What counts how much.
        seconds: That the simulation took.
    """
    loss = losses(simulated, job, weights)
    ids = tuple(p.plan_id for p in simulated.plans)
    names = [d.name for d in simulated.disturbances]
    runs = int(loss.size)
    order = standings(ids, loss.mean(axis=1))
    return {
        "series": list(outlook.series),
        "model": outlook.model,
        "start": outlook.start,
        "end": outlook.start + len(outlook.by_step) * outlook.step,
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
