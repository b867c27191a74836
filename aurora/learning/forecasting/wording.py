"""Sentences on the back-tests of forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from statistics import median

from aurora.learning.forecasting.zero_shot import BacktestedForecast
from aurora.quantities import duration, percent, plain

NAIVE_RULES = ("seasonal naive", "the last value")
"""Rules with which a forecast is compared, in the order of `_relative_errors`."""
MAX_BACK_TESTS_SHOWN = 5
"""Largest number of series whose back-tests are shown one by one."""


def back_test_lines(forecasts: Sequence[BacktestedForecast]) -> list[str]:
    """Compare the errors of back-tests with those of two naive rules, for each series or in the median of many."""
    tested = [p for p in forecasts if p.forecast.model in p.figures]
    if len(tested) <= MAX_BACK_TESTS_SHOWN:
        return [f"{p.forecast.unique_id}: {back_test_text(p)}" for p in tested]
    lines = []
    for k, name in enumerate(NAIVE_RULES):
        known = [e for p in tested if isfinite(e := _relative_errors(p)[k])]
        if known:
            better = sum(e < 0 for e in known)
            middle = _change(median(known))
            lines.append(f"back-test: on {better} of {len(known)} series better than {name}, in the middle {middle}")
    flat = sum(p.is_flat for p in forecasts)
    return lines + [f"{flat} of {len(forecasts)} forecasts are the same at every step"] * (flat > 0)


def back_test_text(p: BacktestedForecast) -> str:
    """Compare the error of a forecast's back-test with those of two naive rules; the forecast has a back-test."""
    own = p.figures[p.forecast.model]
    if not isfinite(own.wql):
        return "the values of the back-test are all 0, so that errors can't be compared"
    changes = [
        f"{_change(e)} that of {name}" for e, name in zip(_relative_errors(p), NAIVE_RULES, strict=True) if isfinite(e)
    ]
    text = f"on {own.windows} past moments the error (wQL) of {p.forecast.model} was {plain(own.wql)}"
    text += "".join(f", {change}" for change in changes)
    if p.span:
        text += f"; its median is that of the latest {duration(p.span)} at every step: nothing that moves did better"
    elif p.is_flat:
        text += "; its median is the same at every step"
    return text


def _relative_errors(p: BacktestedForecast) -> tuple[float, float]:
    """Return the relative errors of the model: its error over that of each naive rule, minus one, or NaN."""
    own, others = p.figures[p.forecast.model].wql, (p.figures["seasonal_naive"], p.last_value)
    seasonal, last = (own / f.wql - 1 if f is not None and f.wql > 0 else float("nan") for f in others)
    return seasonal, last


def _change(change: float) -> str:
    if round(change, 3) == 0:
        return "like"
    return f"{percent(round(abs(change), 3))} {'below' if change < 0 else 'above'}"
