"""Slack against violations of strategies for requests, on public traces.

Violations: for CPU the share of the time with demand above the request, for memory the share of containers with a peak
above it. Slack: the unused part of the requests, in multiples of the use. Both are means over all containers. A
strategy is a curve, drawn by its own knob. Intervals are percentile bootstraps over the groups of series, paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.charts import Chart, Line
from aurora.evals.rightsizing_data import Case, Moment, cases
from aurora.learning.rightsizing.containers.risk import allocate, calibrate, look_ahead, realised_losses
from aurora.learning.rightsizing.containers.rivals import KRR_HISTORY, vpa_histogram, vpa_target
from aurora.learning.rightsizing.containers.strategies import STRATEGIES
from aurora.learning.rightsizing.containers.use import Demand, Resource
from aurora.types import FloatArray, Progress, no_progress

RESAMPLES = 1000
LEVELS: dict[Resource, tuple[float, ...]] = {"cpu": (0.1, 0.05, 0.02, 0.01), "memory": (0.1, 0.05, 0.02)}
"""Violations at which curves are compared."""
BINS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Ends of the rows of stated probabilities."""
PROMISES = (0.05, 0.02, 0.01)
"""Risks whose realised share is reported."""


class Curve(NamedTuple):
    """A strategy over all values of its knob.

    Attributes:
        knob: Name of the knob.
        values: Its values, float64 [k].
        violations: Of each series, float64 [k, series].
        slack: Mean unused amount of each series, float64 [k, series].
        default: Position of the value that the tool has by default.
    """

    knob: str
    values: FloatArray
    violations: FloatArray
    slack: FloatArray
    default: int


class Comparison(NamedTuple):
    """AURORA against a rival at one point; a row of `aurora bench rightsizing`.

    Attributes:
        data: Name of the data and the split.
        resource: The resource.
        rival: Name of the rival and its knob.
        at: The point: the rival's default, or a share of violations.
        violations: Violations of the rival there.
        rival_slack: Its slack.
        slack: AURORA's slack at the same violations.
        less_slack: Relative difference of the slacks, below 0 where AURORA has less.
        less_slack_low: Lower end of its 95 % interval.
        less_slack_high: Upper end.
        violations_at_slack: AURORA's violations at the rival's slack.
        fewer_violations: Relative difference of the violations at equal slack, below 0 where AURORA has fewer.
        fewer_violations_low: Lower end of its 95 % interval.
        fewer_violations_high: Upper end.
        n: Number of series.
    """

    data: str
    resource: str
    rival: str
    at: str
    violations: float | None
    rival_slack: float | None
    slack: float | None
    less_slack: float | None
    less_slack_low: float | None
    less_slack_high: float | None
    violations_at_slack: float | None
    fewer_violations: float | None
    fewer_violations_low: float | None
    fewer_violations_high: float | None
    n: int


def bench_rightsizing(data: Path, *, seed: int = 0, progress: Progress = no_progress) -> dict[str, Any]:
    """Compare AURORA's sizes with KRR's and VPA's; the result has the keys of `aurora bench rightsizing --json`.

    Args:
        data: Folder with the traces; see `rightsizing_data.cases`.
        seed: Random seed of the bootstrap.
        progress: Receives how many cases are done.

    Raises:
        FileError: The folder has no known trace.
    """
    every = cases(data)
    comparisons: list[Comparison] = []
    promises: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    reliability: list[dict[str, Any]] = []
    for k, case in enumerate(every):
        judged = curves_of(case)
        use = _mean_use(case)
        comparisons += compare(case, judged, use, seed=seed)
        ours = judged["aurora"]
        mean = ours.violations.mean(axis=1)
        for risk in PROMISES:
            realised = float(np.interp(risk, ours.values, mean))
            promises.append({"data": case.name, "resource": case.resource, "promised": risk, "realised": realised})
        reliability += [row._asdict() for row in reliability_of(case, seed=seed)]
        for name, curve in judged.items():
            curves.append(
                {
                    "data": case.name,
                    "resource": case.resource,
                    "strategy": name,
                    "knob": curve.knob,
                    "values": curve.values.tolist(),
                    "violations": curve.violations.mean(axis=1).tolist(),
                    "slack": (curve.slack.sum(axis=1) / use.sum()).tolist(),
                    "default": curve.default,
                }
            )
        progress("data sets", k + 1, len(every), case.name)
    return {
        "comparisons": [c._asdict() for c in comparisons],
        "promises": promises,
        "reliability": reliability,
        "curves": curves,
    }


def curves_of(case: Case) -> dict[str, Curve]:
    """Return the curve of each strategy on a case; VPA has two, by its percentile and by its margin."""
    count = 1 + max(k for m in case.moments for k in m.series)
    parts: dict[str, list[tuple[Moment, FloatArray]]] = {}
    knobs: dict[str, tuple[str, FloatArray, int]] = {}
    for moment in case.moments:
        for name, (knob, values, default, sizes) in _sized(case, moment).items():
            knobs[name] = (knob, values, default)
            parts.setdefault(name, []).append((moment, sizes))
    return {
        name: Curve(knob, values, *_judged(parts[name], case.resource, count), default)
        for name, (knob, values, default) in knobs.items()
    }


def _sized(case: Case, moment: Moment) -> dict[str, tuple[str, FloatArray, int, FloatArray]]:
    """Return knob, values, position of the default, and sizes [values, containers] of each strategy."""
    strategies = {}
    demands = moment.demands
    for name, strategy in STRATEGIES.items():
        rule = strategy.rule(case.resource)
        values = np.array(sorted({*rule.sweep, rule.default}))
        sizes = _aurora(case, moment, values) if name == "aurora" else _swept(name, demands, values)
        strategies[name] = (rule.knob, values, int(np.searchsorted(values, rule.default)), sizes)
    if case.resource == "cpu":
        rule = STRATEGIES["vpa"].memory  # the same margin
        margins = np.array(sorted({*rule.sweep, rule.default}))
        bare = np.array([vpa_target(d, margin=0.0) for d in demands])
        strategies["vpa, margin"] = (
            rule.knob,
            margins,
            int(np.searchsorted(margins, rule.default)),
            (1 + margins[:, None]) * bare,
        )
    return strategies


def _aurora(case: Case, moment: Moment, risks: FloatArray) -> FloatArray:
    calibration = calibrate(case.resource, moment.tests)
    outlook = calibration.outlook(moment.demands, [look_ahead(d, case.horizon) for d in moment.demands])
    return np.stack([allocate(outlook, calibration.working_risk(float(r))) for r in risks])


def _swept(name: str, demands: Sequence[Demand], values: FloatArray) -> FloatArray:
    """Return a rival's sizes for each value of its knob, as `STRATEGIES` has them, but all values at once."""
    if name == "krr":
        if demands[0].resource == "memory":
            peaks = [max(float(p.values.max()) for p in d.within(d.end - KRR_HISTORY, np.inf)) for d in demands]
            return np.asarray((1 + values[:, None]) * np.array(peaks))
        percentiles = []
        for demand in demands:
            pods = demand.within(demand.end - KRR_HISTORY, np.inf)
            percentiles.append(np.max([np.percentile(p.values, values) for p in pods], axis=0))
        return np.array(percentiles).T
    if demands[0].resource == "memory":
        return np.asarray((1 + values[:, None]) * np.array([vpa_target(d, margin=0.0) for d in demands]))
    margin = 1 + STRATEGIES["vpa"].memory.default
    histograms = [vpa_histogram(d) for d in demands]
    return np.array([[h.percentile(v) * margin for h in histograms] for v in values])


def _judged(
    parts: Sequence[tuple[Moment, FloatArray]], resource: Resource, count: int
) -> tuple[FloatArray, FloatArray]:
    """Return violations and slack of each series, means over its moments, float64 [values, series]."""
    values = len(parts[0][1])
    violations, slack, seen = np.zeros((values, count)), np.zeros((values, count)), np.zeros(count)
    for moment, sizes in parts:
        for c, (k, after) in enumerate(zip(moment.series, moment.after, strict=True)):
            own = sizes[:, c]
            below = np.searchsorted(after, own * (1 + 1e-9), side="right")
            sums = np.concatenate([[0.0], np.cumsum(after)])
            slack[:, k] += (own * below - sums[below]) / len(after)
            violations[:, k] += (below < len(after)) if resource == "memory" else 1 - below / len(after)
            seen[k] += 1
    return violations / seen, np.maximum(slack, 0.0) / seen


def _mean_use(case: Case) -> FloatArray:
    """Return the mean use of each series in what followed, float64 [series]."""
    sums: dict[int, list[float]] = {}
    for moment in case.moments:
        for k, after in zip(moment.series, moment.after, strict=True):
            sums.setdefault(k, []).append(float(after.mean()))
    return np.array([np.mean(sums[k]) for k in sorted(sums)])


def compare(case: Case, curves: Mapping[str, Curve], use: FloatArray, *, seed: int = 0) -> list[Comparison]:
    """Compare AURORA's curve with each other one, at the other's default and at shares of violations.

    Args:
        case: The case.
        curves: Curves by name; `aurora` is one.
        use: Mean use of each series, float64 [series].
        seed: Random seed of the bootstrap.
    """
    count = len(use)
    weights = np.concatenate([np.ones((1, count)), resamples(case.groups or tuple(map(str, range(count))), seed=seed)])
    rows = []
    ours = _weighted(curves["aurora"], weights, use)
    for name, curve in curves.items():
        if name == "aurora":
            continue
        theirs = _weighted(curve, weights, use)
        default = f"its default, {curve.knob} {curve.values[curve.default]:g}"
        # VPA's second curve has the default of its first.
        points = [] if "," in name else [(default, theirs[0][:, curve.default], theirs[1][:, curve.default])]
        for level in LEVELS[case.resource]:
            violations = np.full(len(weights), level)
            points.append((f"{level:g}", violations, _slack_at(theirs, violations)))
        for at, violations, rival_slack in points:
            slack = _slack_at(ours, violations)
            reached = _violations_at(ours, rival_slack)
            less = slack / rival_slack - 1
            with np.errstate(divide="ignore", invalid="ignore"):
                fewer = reached / violations - 1
            rows.append(
                Comparison(
                    case.name,
                    case.resource,
                    name,
                    at,
                    _finite(violations[0]),
                    _finite(rival_slack[0]),
                    _finite(slack[0]),
                    *_interval(less),
                    _finite(reached[0]),
                    *_interval(fewer),
                    count,
                )
            )
    return rows


def resamples(groups: Sequence[str], *, seed: int = 0) -> FloatArray:
    """Return how often each series is in each resample of whole groups, float64 [RESAMPLES, series]."""
    names, group = np.unique(np.array(groups), return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    return np.asarray(drawn[:, group], np.float64)


def _weighted(curve: Curve, weights: FloatArray, use: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return violations and slack of each resample, float64 [resamples, values]."""
    return weights @ curve.violations.T / weights.sum(axis=1)[:, None], (
        weights @ curve.slack.T / (weights @ use)[:, None]
    )


def _slack_at(curve: tuple[FloatArray, FloatArray], violations: FloatArray) -> FloatArray:
    """Return the slack at a share of violations, along a line between two values of the knob; NaN out of reach."""
    return _interpolated(curve[0], curve[1], violations)


def _violations_at(curve: tuple[FloatArray, FloatArray], slack: FloatArray) -> FloatArray:
    return _interpolated(curve[1], curve[0], slack)


def _interpolated(x: FloatArray, y: FloatArray, at: FloatArray) -> FloatArray:
    values = np.full(len(at), np.nan)
    for row, wanted in enumerate(at):
        if np.isfinite(wanted) and x[row].min() <= wanted <= x[row].max():
            order = np.lexsort((y[row], x[row]))
            # Of several points with the same x the best one counts.
            places, first = np.unique(x[row][order], return_index=True)
            values[row] = np.interp(wanted, places, y[row][order][first])
    return values


def _interval(values: FloatArray) -> tuple[float | None, float | None, float | None]:
    """Return the value of the data and the 95 % interval of the resamples in which it could be measured."""
    kept = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or len(kept) < RESAMPLES / 2:
        return _finite(values[0]), None, None
    low, high = np.percentile(kept, [2.5, 97.5])
    return float(values[0]), float(low), float(high)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


class Reliability(NamedTuple):
    """Stated against seen probabilities; a row of the reliability table of `aurora bench rightsizing`.

    Attributes:
        data: Name of the data and the split.
        resource: The resource.
        horizon: Seconds of which the probabilities are.
        low: Least stated probability of the row.
        high: Largest.
        sizes: Number of sizes whose stated probability is in the row; a series has several.
        series: Number of series that they are of.
        stated: Mean stated probability.
        seen: For memory the share of sizes with a peak above, for CPU the mean share of the time above.
        seen_low: Lower end of its 95 % interval, by groups of series.
        seen_high: Upper end.
    """

    data: str
    resource: str
    horizon: float
    low: float
    high: float
    sizes: int
    series: int
    stated: float
    seen: float
    seen_low: float
    seen_high: float


def reliability_of(case: Case, *, seed: int = 0) -> list[Reliability]:
    """Return stated against seen probabilities of a case, over all sizes to choose from.

    Args:
        case: The case.
        seed: Random seed of the bootstrap.
    """
    stated, seen, series = [], [], []
    for moment in case.moments:
        calibration = calibrate(case.resource, moment.tests)
        outlook = calibration.outlook(moment.demands, [look_ahead(d, case.horizon) for d in moment.demands])
        stated.append(calibration.realised(outlook.above).ravel())
        seen.append(realised_losses(outlook.sizes, moment.after, case.resource).ravel())
        series.append(np.repeat(moment.series, outlook.sizes.shape[1]))
    chance, came, place = np.concatenate(stated), np.concatenate(seen), np.concatenate(series)
    count = int(place.max()) + 1
    drawn = resamples(case.groups or tuple(map(str, range(count))), seed=seed)
    rows = []
    for low, high in pairwise(BINS):
        inside = (chance >= low) & (chance < high if high < 1 else chance <= 1)
        if not inside.any():
            continue
        above = np.bincount(place[inside], came[inside], minlength=count)
        number = np.bincount(place[inside], minlength=count).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = (drawn @ above) / (drawn @ number)
        interval = np.percentile(shares[np.isfinite(shares)], [2.5, 97.5])
        rows.append(
            Reliability(
                case.name,
                case.resource,
                case.horizon,
                low,
                high,
                int(inside.sum()),
                int((number > 0).sum()),
                float(chance[inside].mean()),
                float(came[inside].mean()),
                float(interval[0]),
                float(interval[1]),
            )
        )
    return rows


def curve_charts(result: Mapping[str, Any]) -> list[Chart]:
    """Return a chart of slack against violations for each data set; violations on a scale of powers of ten."""
    charts = []
    for data, resource in dict.fromkeys((c["data"], c["resource"]) for c in result["curves"]):
        lines = []
        for curve in result["curves"]:
            if (curve["data"], curve["resource"]) == (data, resource):
                points = sorted(
                    (np.log10(v), s) for v, s in zip(curve["violations"], curve["slack"], strict=True) if v > 0
                )
                lines.append(Line(curve["strategy"], [p[0] for p in points], [p[1] for p in points]))
        title = f"{resource}, {data}"
        charts.append(Chart(title, "violations, power of ten", "unused, multiples of the use", tuple(lines)))
    return charts
