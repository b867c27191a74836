"""Counters: quantities that only rise, and begin again at zero when what counts them restarts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.learning.series.defects import Findings
from aurora.learning.series.samples import Samples, known_unit
from aurora.types import FloatArray

REGULAR = 0.05
"""Spread of heights, and of times between falls, relative to their means, up to which falls are regular."""


def stated_as_counter(samples: Samples) -> bool | None:
    """Return whether the values count up by the source's word: `kind`, or a metric named `..._total`; else None."""
    kind = samples.labels.get("kind", "").strip().lower()
    if kind:
        return kind == "counter"
    return True if samples.labels.get("metric", "").endswith("_total") else None


def is_counter(samples: Samples, y: FloatArray, found: Findings) -> bool:
    """Return whether the values count up: the source says so, or they look so.

    They look so where a series with such a name rises mostly, or where a non-negative quantity, in a unit in which one
    can count, rises most of the time and falls only to near zero. What falls regularly from the same height, such as a
    queue that is drained every hour, is a level, and this is told.
    """
    stated = stated_as_counter(samples)
    if stated is not None:
        return stated
    if not known_unit(samples.labels.get("unit", "unstated")).can_count:
        return False
    valid = y[np.isfinite(y)]
    if _is_named_so(samples.unique_id) and _mostly_rises(valid):
        return True
    if len(valid) < 20 or valid.min() < 0:  # noqa: PLR2004  # fewer rises can be chance
        return False
    changes = np.diff(valid)
    falls = changes < 0
    if not falls.any() or falls.mean() > 0.05 or (changes > 0).mean() < 0.6:  # noqa: PLR2004  # stated above
        return False
    rise = np.median(changes[changes > 0])
    to_zero = valid[1:][falls] <= 5 * rise
    from_height = valid[:-1][falls] >= 10 * rise
    if not to_zero.all() or from_height.mean() < 0.5:  # noqa: PLR2004  # one may soon follow another
        return False
    apart = np.diff(np.flatnonzero(falls))
    if len(apart) > 1 and _is_even(apart) and _is_even(valid[:-1][falls]):
        told = "rises and falls to 0 at regular times: left as a level; say kind=counter if it is one"
        found.add("notation", int(falls.sum()), float(samples.times.min()), told)
        return False
    return True


def _is_named_so(name: str) -> bool:
    """Whether a series is called as Prometheus calls counters, such as `http_requests_total{code="200"}`."""
    return name.partition("{")[0].rpartition("/")[2].endswith("_total")


def _mostly_rises(values: FloatArray) -> bool:
    """Whether values of such a name count: a total of what there is, such as of memory, hardly changes."""
    changes = np.diff(values)
    return bool(len(changes) and values.min() >= 0 and (changes > 0).mean() > 0.5 and (changes < 0).mean() < 0.2)  # noqa: PLR2004


def _is_even(values: FloatArray | NDArray[np.int64]) -> bool:
    return bool(values.std() <= REGULAR * values.mean())


def rates(times: FloatArray, y: FloatArray, found: Findings, *, is_guess: bool = False) -> FloatArray:
    """Increase a second since the value before; after a reset the counter is taken to have begun at 0.

    Args:
        times: Unix seconds, rising.
        y: What was counted, NaN where nothing was.
        found: Takes what is reported.
        is_guess: Whether it looks like a counter, and the source does not say so.
    """
    valid = np.flatnonzero(np.isfinite(y))
    increases = np.full(len(y), np.nan)
    rise, seconds = np.diff(y[valid]), np.diff(times[valid])
    resets = rise < 0
    rise[resets] = y[valid][1:][resets]
    increases[valid[1:]] = rise / seconds
    count = int(resets.sum())
    first = times[valid[1:]][resets][0] if count else times[0]
    told = " (it looks like one; say kind=gauge if it is a level)" if is_guess else ""
    found.add("reset", count, first, f"a counter, turned to its rate a second; it began again {count} times{told}")
    return increases
