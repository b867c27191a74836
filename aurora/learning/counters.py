"""Counters: quantities that only rise, and begin again at zero when what counts them restarts."""

from __future__ import annotations

import numpy as np

from aurora.learning.findings import Findings
from aurora.learning.samples import Floats, Samples


def is_counter(samples: Samples, y: Floats) -> bool:
    """Whether the values count up: the source says so (`kind`, or a metric named `..._total`), or they look so.

    They look so where a non-negative quantity that is no share rises most of the time and falls only to near zero.
    """
    kind = samples.labels.get("kind", "")
    if kind:
        return kind == "counter"
    if samples.labels.get("metric", "").endswith("_total"):
        return True
    if samples.labels.get("unit", "").lower() in ("percent", "fraction"):
        return False
    valid = y[np.isfinite(y)]
    if len(valid) < 20 or valid.min() < 0:  # noqa: PLR2004  # fewer rises can be chance
        return False
    changes = np.diff(valid)
    falls = changes < 0
    if not falls.any() or falls.mean() > 0.05 or (changes > 0).mean() < 0.6:  # noqa: PLR2004  # stated above
        return False
    rise = np.median(changes[changes > 0])
    to_zero = valid[1:][falls] <= 5 * rise
    from_height = valid[:-1][falls] >= 10 * rise
    return bool(to_zero.all() and from_height.mean() >= 0.5)  # noqa: PLR2004  # one may soon follow another


def rates(times: Floats, y: Floats, found: Findings) -> Floats:
    """Increase a second since the value before; after a reset the counter is taken to have begun at 0."""
    valid = np.flatnonzero(np.isfinite(y))
    increases = np.full(len(y), np.nan)
    rise, seconds = np.diff(y[valid]), np.diff(times[valid])
    resets = rise < 0
    rise[resets] = y[valid][1:][resets]
    increases[valid[1:]] = rise / seconds
    count = int(resets.sum())
    first = times[valid[1:]][resets][0] if count else times[0]
    found.add("reset", count, first, f"a counter, turned to its rate a second; it began again {count} times")
    return increases
