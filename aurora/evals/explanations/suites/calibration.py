"""Calibration: probabilities and intervals that explanations state, against what happened afterwards.

Forecasts and spikes of the web shop's workloads are stated at a random moment of its history and compared with the
rest of it. The intervals of a plan's effect are compared with hours of that future, simulated with the plan made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aurora.cluster.explanation.claims import ExpectedClaim
from aurora.cluster.explanation.gathering import gather
from aurora.cluster.explanation.load import forecast_of, spike_of
from aurora.cluster.plans.effect import simulate_effect
from aurora.evals.explanations.sampling import SampledPlan, divided_history
from aurora.evals.explanations.suites.suite import Measured, Suite
from aurora.evals.results.result import Metric, Table
from aurora.learning.series.series import Series
from aurora.statistics.calibration import calibration

FUTURES = 10
"""Simulated hours of the future of a plan."""
LEVEL = 0.8
"""Stated probability of every interval."""
STATED: Mapping[str, float] = {
    "forecast: peak of the hour within the interval": LEVEL,
    "forecast: peak of the hour at most the median": 0.5,
    "spike: duration within the interval": LEVEL,
    "spike: duration at most the median": 0.5,
    "effect of the plan: within the interval": LEVEL,
}
"""Statement -> stated probability."""


def _of_plan(plan: SampledPlan, rng: np.random.Generator) -> Measured:
    happened: dict[str, list[bool]] = {}
    past, future = divided_history(rng)
    for series, later in zip(past, future, strict=True):
        if series.labels.get("metric") == "cpu":
            for name, is_true in _of_series(series, later):
                happened.setdefault(name, []).append(is_true)
    for name, is_true in _of_effect(plan, rng):
        happened.setdefault(name, []).append(is_true)
    return Measured({name: (float(sum(hits)), len(hits)) for name, hits in happened.items()})


def _of_series(series: Series, later: Series) -> Iterator[tuple[str, bool]]:
    forecast = forecast_of(series)
    if forecast is not None:
        peak = float(later.y[: forecast.ahead // series.step].max())
        yield "forecast: peak of the hour within the interval", forecast.low <= peak <= forecast.high
        yield "forecast: peak of the hour at most the median", peak <= forecast.median
    spike = spike_of(series)
    if spike is None:
        return
    below = np.flatnonzero(later.y <= spike.level)
    if len(below):
        duration = float(spike.so_far + below[0] * series.step)
        yield "spike: duration within the interval", spike.low <= duration <= spike.high
        yield "spike: duration at most the median", duration <= spike.median


def _of_effect(plan: SampledPlan, rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """Yield whether simulated hours of the future lie in the intervals of the plan's effect that have a width."""
    case = plan.case
    stated = {c.measure: c for c in gather(case) if isinstance(c, ExpectedClaim) and c.low < c.high}
    if not stated or not plan.future:
        return
    for _ in range(FUTURES):
        seed = int(rng.integers(2**31))
        made = simulate_effect(case.snapshot, case.changes, case.policy, history=plan.future, runs=1, seed=seed)
        for name, claim in stated.items():
            measure = made.measure(name)
            if measure is not None:
                is_within = claim.low <= measure.after.expected <= claim.high
                yield "effect of the plan: within the interval", is_within


def _tables(metrics: Sequence[Metric]) -> Iterator[Table]:
    """Yield the measured shares beside the stated probabilities, and the calibration over all of them."""
    rows = sorted(metrics, key=lambda m: list(STATED).index(m.name))
    yield Table(
        title="calibration: stated probability, and share that happened",
        columns=("statement", "stated", "happened", "low", "high", "number"),
        rows=tuple((m.name, STATED[m.name], m.value, m.low, m.high, m.samples) for m in rows),
        note=_note(rows),
    )


def _note(rows: Sequence[Metric]) -> str:
    stated = np.concatenate([np.full(m.samples, STATED[m.name]) for m in rows])
    happened = np.concatenate([np.arange(m.samples) < round(m.value * m.samples) for m in rows])
    found = calibration(stated, happened)
    return f"Brier score {found.brier:.3f}, calibration error {found.error:.3f} over {len(stated):,} statements."


SUITE = Suite(
    "calibration",
    "stated probabilities against what happened",
    of_plan=_of_plan,
    better=dict.fromkeys(STATED, "neither"),
    tables=_tables,
)
