"""Coverage of the intervals that forecasts state, on traces whose machines no choice rests on, and on stated laws.

Each row is a data set. Series are cut at random moments; what came later is compared with what was stated then. The
column "before" has the intervals as they were: for the peak of an hour that of the step with the highest median, for a
step that of the baseline itself, for a spike the quantiles of earlier durations. A width is new over before, both means
over the moments.

    AURORA_DATA=TRACES python benchmarks/interval_coverage.py [--moments 1200] [--tuned]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.cluster.explanation.load import HORIZON, MAX_READ, forecast_of, spike_of
from aurora.cluster.samples import sample_history
from aurora.evals.rightsizing_data import group_of, split
from aurora.learning.forecasting.metrics import ENDS, MEDIAN
from aurora.learning.forecasting.models.inputs import inputs_of
from aurora.learning.forecasting.models.members import untrained
from aurora.learning.forecasting.windows import latest
from aurora.learning.forecasting.zero_shot import forecast_by_best_baseline
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Series
from aurora.types import FloatArray

CONTEXT, OLD_CONTEXT = 144, 288
LEAST = 156
"""Fewest values before a moment: context and one horizon."""
LENGTHS = (300, 700, 3000)
"""Lengths of series of stated laws."""
COLUMNS = ("data", "statement", "moments", "stated %", "before %", "now %", "interval", "width")


class Stated(NamedTuple):
    """A stated interval and what came: whether it held, as it was and as it is, and its widths."""

    series: int
    was: float
    now: float
    old_width: float
    width: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AURORA_DATA", "traces")))
    parser.add_argument("--moments", type=int, default=1200)
    parser.add_argument("--tuned", action="store_true", help="use the machines set aside for development")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("\t".join(COLUMNS))
    for name, panel in {**traces(options.data, tuned=options.tuned), **laws(options.seed)}.items():
        rng = np.random.default_rng([options.seed, len(name)])
        rows: dict[tuple[str, int], list[Stated]] = {}
        for number, past, after in moments(panel, options.moments, rng):
            for key, row in statements(number, past, after):
                rows.setdefault(key, []).append(row)
        for number, past, after in spiking(panel, options.moments, rng):
            for row in spike(number, past, after):
                rows.setdefault(("spike lasts", 80), []).append(row)
        for (statement, stated), members in sorted(rows.items()):
            print("\t".join((name, statement, *summary(members, stated))), flush=True)


def traces(data: Path, *, tuned: bool) -> Mapping[str, Sequence[Series]]:
    """Return the series of each data set: those set aside for development, or all others."""
    set_aside, panels = split(), dict[str, Sequence[Series]]()
    days = {d: _read(data / "planetlab" / f"planetlab_{d}.csv.gz") for d in ("20110303", "20110306")}
    tune = [s for day in days.values() for s in day]
    known = {group_of(s.unique_id) for s in tune}
    judged = [s for d in ("20110309", "20110322") for s in _read(data / "planetlab" / f"planetlab_{d}.csv.gz")]
    panels["PlanetLab"] = tune if tuned else [s for s in judged if group_of(s.unique_id) not in known]
    jobs = _read(data / "dc_util" / "google2011_vm_cpu_mem.csv.gz")
    google = [s for s in jobs if (group_of(s.unique_id) in set_aside.google_jobs) == tuned]
    panels |= {f"Google 2011, {m}": [s for s in google if s.labels.get("metric") == m] for m in ("cpu", "memory")}
    if not tuned:
        panels["NAB"] = [s for path in sorted((data / "nab").glob("*.csv.gz")) for s in _read(path)]
        weeks = [f"{n}_week{w}" for n in ("azure_v2", "google2019") for w in (1, 2)]
        names = [n if n.startswith("azure") else f"{n}_300s" for n in weeks]
        panels["Azure, Google 2019"] = [s for n in names for s in _read(data / "dc_util" / f"{n}.csv.gz")]
        panels["web shop (sample)"] = [s for s in sample_history("web-shop").series if s.labels["metric"] == "cpu"]
    return panels


def _read(path: Path) -> tuple[Series, ...]:
    return read_panel([path], detect=False).series


def laws(seed: int, each: int = 30) -> Mapping[str, Sequence[Series]]:
    """Return series with known laws, of several lengths."""
    made: dict[str, Sequence[Series]] = {}
    for place, (name, law) in enumerate(LAWS.items()):
        rng = np.random.default_rng([seed, place])
        ys = [law(rng, n) for n in LENGTHS for _ in range(each)]
        made[name] = [Series(name, 0, 300, y, np.ones(len(y), dtype=np.bool_)) for y in ys]
    return made


def _autoregressive(share: float) -> Callable[[np.random.Generator, int], FloatArray]:
    def draw(rng: np.random.Generator, n: int) -> FloatArray:
        shocks = rng.normal(0.0, (1 - share**2) ** 0.5, n)
        y = np.empty(n)
        y[0] = rng.normal()
        for k in range(1, n):
            y[k] = share * y[k - 1] + shocks[k]
        return y

    return draw


def _daily(rng: np.random.Generator, n: int) -> FloatArray:
    course = 5 + 2 * np.sin(2 * np.pi * (np.arange(n) + rng.uniform(0, 288)) / 288)
    return np.asarray(course * (1 + 0.1 * _autoregressive(0.8)(rng, n)))


def _bursts(rng: np.random.Generator, n: int) -> FloatArray:
    y, start = 1 + 0.1 * np.abs(rng.normal(size=n)), int(rng.exponential(40))
    while start < n:
        length = int(rng.geometric(0.25))
        y[start : start + length] += rng.exponential(5)
        start += length + 1 + int(rng.exponential(40))
    return y


LAWS: Mapping[str, Callable[[np.random.Generator, int], FloatArray]] = {
    "independent": lambda rng, n: 5 + rng.normal(size=n),
    "autoregressive, 0.9": lambda rng, n: 5 + _autoregressive(0.9)(rng, n),
    "autoregressive, 0.98": lambda rng, n: 5 + _autoregressive(0.98)(rng, n),
    "random walk": lambda rng, n: 50 + 0.3 * np.cumsum(rng.normal(size=n)),
    "lognormal": lambda rng, n: np.exp(0.6 * _autoregressive(0.9)(rng, n)),
    "daily course": _daily,
    "bursts": _bursts,
    "whole numbers": lambda rng, n: np.maximum(np.round(3 + 1.2 * _autoregressive(0.9)(rng, n)), 0),
}
"""Laws of the made series, steps of five minutes."""


def moments(panel: Sequence[Series], count: int, rng: np.random.Generator) -> Iterator[tuple[int, Series, FloatArray]]:
    """Yield the number, the past and the next hour of series at random moments."""
    order = np.concatenate([rng.permutation(len(panel)) for _ in range(count // len(panel) + 1)])[:count]
    for number in order.tolist():
        one = panel[number]
        steps = max(1, HORIZON // one.step)
        origin = int(rng.integers(LEAST, len(one) - steps + 1))
        yield number, one.between(max(0, origin - MAX_READ), origin), one.y[origin : origin + steps]


def spiking(panel: Sequence[Series], count: int, rng: np.random.Generator) -> Iterator[tuple[int, Series, FloatArray]]:
    """Yield the same at moments at which a series is high, and all that followed."""
    for number in rng.integers(len(panel), size=count).tolist():
        one = panel[number]
        high = np.flatnonzero(one.y > np.quantile(one.y, 0.95))
        high = high[(high >= LEAST) & (high < len(one) - 1)]
        if len(high):
            origin = int(rng.choice(high)) + 1
            yield number, one.between(0, origin), one.y[origin:]


def statements(number: int, past: Series, after: FloatArray) -> Iterator[tuple[tuple[str, int], Stated]]:
    """Yield what the forecasts of an hour state, beside what they stated before."""
    peak, made = float(after.max()), forecast_of(past)
    if made is not None:
        was = _uncalibrated(past, min(OLD_CONTEXT, len(past) // 2), len(after))
        ends = was[int(np.argmax(was[:, MEDIAN]))][list(ENDS[80])]
        old, new = (float(low <= peak <= high) for low, high in (ends, (made.low, made.high)))
        yield ("peak of the hour", 80), Stated(number, old, new, float(ends[1] - ends[0]), made.high - made.low)
    was = _uncalibrated(past, CONTEXT, len(after))
    now = forecast_by_best_baseline(past, context=CONTEXT, horizon=len(after), with_ets=False).forecast.quantiles
    for percent in (50, 80, 95):
        held, widths = [], []
        for quantiles in (was, now):
            low, high = (quantiles[:, k] for k in ENDS[percent])
            held.append(float(np.mean((low <= after) & (after <= high))))
            widths.append(float(np.mean(high - low)))
        yield ("each step", percent), Stated(number, held[0], held[1], widths[0], widths[1])


def _uncalibrated(past: Series, context: int, horizon: int) -> FloatArray:
    """Return the quantiles of the baseline that the forecast uses, as they are without calibration."""
    model = forecast_by_best_baseline(past, context=context, horizon=horizon, with_ets=False).forecast.model
    windows = latest(past, 0, context, horizon, 0)
    return np.asarray(untrained()[model].quantiles(inputs_of([past], windows, ()))[-1])


def spike(number: int, past: Series, after: FloatArray) -> Iterator[Stated]:
    """Yield the stated duration of a spike that is on, if it ended within the series."""
    made = spike_of(past)
    if made is None or (after > made.level).all():
        return
    ended = np.flatnonzero(after <= made.level)
    duration = made.so_far + int(ended[0]) * past.step
    is_high = past.y > made.level
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_high.astype(np.int8), [0]]))).reshape(-1, 2)
    earlier = [end - start for start, end in edges[:-1] if end - start >= made.so_far // past.step and start > 0]
    low, high = (float(q) * past.step for q in np.quantile(earlier, [0.1, 0.9]))
    was, now = (float(a <= duration <= b) for a, b in ((low, high), (made.low, made.high)))
    yield Stated(number, was, now, high - low, made.high - made.low)


def summary(rows: Sequence[Stated], stated: int) -> tuple[str, ...]:
    """Return the cells of a row; the interval is a 95 % bootstrap by series."""
    was, now = (100 * float(np.mean([getattr(r, name) for r in rows])) for name in ("was", "now"))
    by_series: dict[int, list[float]] = {}
    for r in rows:
        by_series.setdefault(r.series, []).append(r.now)
    sums = np.array([(sum(v), len(v)) for v in by_series.values()])
    rng = np.random.default_rng(0)
    drawn = sums[rng.integers(len(sums), size=(2000, len(sums)))].sum(axis=1)
    low, high = 100 * np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    old_width = sum(r.old_width for r in rows)
    width = f"{sum(r.width for r in rows) / old_width:.2f}" if old_width else "-"
    return f"{len(rows)}", f"{stated}", f"{was:.1f}", f"{now:.1f}", f"{low:.1f} to {high:.1f}", width


if __name__ == "__main__":
    main()
