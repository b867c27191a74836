"""What a plan's workloads are forecast to need: the highest demand of the next hour, and how long a spike lasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.cluster.changes import Move, Place, Resize, Scale
from aurora.cluster.explanation.claims import ForecastClaim, SpikeClaim
from aurora.cluster.explanation.replay import PlanCase
from aurora.learning.forecasting.peak import forecast_peak
from aurora.learning.series.series import Series

HORIZON = 3600
"""Seconds ahead that are forecast."""
MAX_READ = 11_520
"""Most values of the past that are read."""
MAX_SERIES = 4
"""Most workloads whose load is forecast, those with most tasks in the plan first."""
SPIKE_LEVEL = 0.95
"""Quantile of a series above which it is in a spike."""
MIN_EPISODES = 9
"""Fewest earlier spikes from which a duration is forecast: of fewer none is at the ends of an 80 % interval."""


def series_of(case: PlanCase) -> tuple[Series, ...]:
    """Return the measured cores of the workloads that the plan is about, those with most changes first."""
    counts: dict[str, int] = {}
    for change in case.changes:
        name = change.workload_id if isinstance(change, Scale | Resize) else None
        if isinstance(change, Place | Move) and change.task_id in case.snapshot.tasks_by_id:
            name = case.snapshot.tasks_by_id[change.task_id].workload_id
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    known = {s.labels.get("workload", ""): s for s in case.history if s.labels.get("metric") == "cpu"}
    ranked = sorted((w for w in counts if w in known), key=lambda w: -counts[w])
    return tuple(known[w] for w in ranked[:MAX_SERIES])


def forecast_of(series: Series) -> ForecastClaim | None:
    """Return the forecast of a series' highest demand within the hour; None if it is too short."""
    recent = series.between(max(0, len(series) - MAX_READ), len(series))
    steps = max(1, HORIZON // series.step)
    peak = forecast_peak(recent, steps)
    if peak is None:
        return None
    ahead, now = steps * series.step, float(series.y[-1])
    return ForecastClaim(series.unique_id, peak.rule, ahead, now, peak.median, peak.low, peak.high)


def spike_of(series: Series) -> SpikeClaim | None:
    """Return how long a spike that goes on will last; None if there is none, or too few earlier ones.

    A spike is a stretch above the series' 95 % quantile. Counted are earlier ones that lasted at least as long. Of n
    the interval has the (n + 1) / 10-th shortest and longest, between ranks by interpolation.
    """
    level = float(np.quantile(series.y, SPIKE_LEVEL))
    runs = _runs_above(series.y > level)
    if not runs or runs[-1][1] != len(series):
        return None
    so_far = runs[-1][1] - runs[-1][0]
    earlier = [end - start for start, end in runs[:-1] if end - start >= so_far and start > 0]
    if len(earlier) < MIN_EPISODES:
        return None
    low, median, high = (float(q) * series.step for q in np.quantile(earlier, [0.1, 0.5, 0.9], method="weibull"))
    return SpikeClaim(series.unique_id, level, so_far * series.step, median, low, high, len(earlier))


def _runs_above(is_above: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and end of each stretch of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(is_above, np.int8), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
