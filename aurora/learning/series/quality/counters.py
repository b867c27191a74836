"""Turns counters into rates: quantities that only rise, and restart at zero with their process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aurora.learning.series.quality.defects import Findings
from aurora.learning.series.samples import Samples, known_unit
from aurora.types import FloatArray

MAX_REGULAR_SPREAD = 0.05
"""Largest spread of the heights of regular falls, and of the times between them, relative to the means."""


def stated_as_counter(samples: Samples) -> bool | None:
    """Return whether `kind` or a metric named `..._total` declares a counter; None without a declaration."""
    kind = samples.labels.get("kind", "").strip().lower()
    if kind:
        return kind == "counter"
    return True if samples.labels.get("metric", "").endswith("_total") else None


def is_counter(samples: Samples, y: FloatArray, findings: Findings) -> bool:
    """Return whether the values are those of a counter, by declaration or by their shape.

    Without a declaration, a series with a counter's name that mostly rises is a counter. So is a non-negative quantity
    in a countable unit that rises most of the time and falls only to near zero. Regular falls from the same height
    indicate a level, such as a queue that is drained every hour; they are reported.
    """
    stated = stated_as_counter(samples)
    if stated is not None:
        return stated
    if not known_unit(samples.labels.get("unit", "unstated")).can_count:
        return False
    valid = y[np.isfinite(y)]
    if _is_named_so(samples.unique_id) and _mostly_rises(valid):
        return True
    if len(valid) < 20 or valid.min() < 0:  # noqa: PLR2004  # fewer values can rise by chance
        return False
    changes = np.diff(valid)
    falls = changes < 0
    if not falls.any() or falls.mean() > 0.05 or (changes > 0).mean() < 0.6:  # noqa: PLR2004  # stated above
        return False
    rise = np.median(changes[changes > 0])
    to_zero = valid[1:][falls] <= 5 * rise
    from_height = valid[:-1][falls] >= 10 * rise
    if not to_zero.all() or from_height.mean() < 0.5:  # noqa: PLR2004  # a reset may soon follow another
        return False
    apart = np.diff(np.flatnonzero(falls))
    if len(apart) > 1 and _is_even(apart) and _is_even(valid[:-1][falls]):
        message = "rises and falls to 0 at regular times: left as a level; say kind=counter if it is one"
        findings.add("notation", int(falls.sum()), float(samples.times.min()), message)
        return False
    return True


def _is_named_so(name: str) -> bool:
    """Return whether a series is named as Prometheus names counters, such as `http_requests_total{code="200"}`."""
    return name.partition("{")[0].rpartition("/")[2].endswith("_total")


def _mostly_rises(values: FloatArray) -> bool:
    """Return whether the values of a series with a counter's name mostly rise; a total of memory hardly changes."""
    changes = np.diff(values)
    return bool(len(changes) and values.min() >= 0 and (changes > 0).mean() > 0.5 and (changes < 0).mean() < 0.2)  # noqa: PLR2004


def _is_even(values: FloatArray | NDArray[np.int64]) -> bool:
    return bool(values.std() <= MAX_REGULAR_SPREAD * values.mean())


def rates(times: FloatArray, y: FloatArray, findings: Findings, *, is_guess: bool = False) -> FloatArray:
    """Return the increase per second since the previous value; after a reset the counter starts at 0.

    Args:
        times: Unix seconds, rising.
        y: Counts, NaN where there is no value.
        findings: Receives the defects.
        is_guess: True if the counter was recognised by its shape, without a declaration.
    """
    valid = np.flatnonzero(np.isfinite(y))
    increases = np.full(len(y), np.nan)
    rise, seconds = np.diff(y[valid]), np.diff(times[valid])
    resets = rise < 0
    rise[resets] = y[valid][1:][resets]
    increases[valid[1:]] = rise / seconds
    count = int(resets.sum())
    first = times[valid[1:]][resets][0] if count else times[0]
    remark = " (it looks like one; say kind=gauge if it is a level)" if is_guess else ""
    findings.add("reset", count, first, f"a counter, turned to its rate a second; it began again {count} times{remark}")
    return increases
