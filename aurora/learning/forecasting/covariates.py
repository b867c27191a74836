"""Derives covariates of a series: calendar, rolling statistics, seasonal parts, categories.

All of them are causal: a covariate at a time depends on values up to that time. A filled-in value is replaced by the
last measured one, because a gap is filled along a line to the value after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from aurora.errors import InputError
from aurora.learning.series.series import Series
from aurora.time_zones import time_zone
from aurora.types import FloatArray

HOUR, DAY, WEEK = 3_600, 86_400, 604_800
WORKING_HOURS = (9, 17)
"""First and last hour, Monday to Friday."""
WINDOWS = (HOUR, 6 * HOUR, DAY)
"""Spans of rolling means and deviations, seconds."""
LAGS = (0, HOUR, DAY)
"""Seconds over which rates of change are taken; 0 stands for one step."""
MAX_PERIODS = 14
"""Most periods that a decomposition looks back."""
MIN_PERIODS = 2
"""Fewest periods that a decomposition needs."""
EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; Monday is 0."""

Columns = dict[str, FloatArray]


@dataclass(frozen=True, slots=True)
class CovariateSettings:
    """Settings of the covariates to derive.

    Attributes:
        zone: IANA time zone of the working hours, such as `Europe/Berlin`.
        windows: Spans of rolling means and deviations, seconds.
        lags: Spans of the rates of change, seconds.
        period: Period of the seasonal decomposition, seconds; 0 for none.
        interactions: Pairs of columns whose products are added.
    """

    zone: str = "UTC"
    windows: tuple[int, ...] = WINDOWS
    lags: tuple[int, ...] = LAGS
    period: int = DAY
    interactions: tuple[tuple[str, str], ...] = (
        ("working_hours", "mean_3600"),
        ("time_of_day_sin", "mean_86400"),
        ("time_of_day_cos", "mean_86400"),
    )


def derive(series: Series, wanted: CovariateSettings | None = None) -> Columns:
    """Derive all columns of a series, each float64 [n]: its own covariates, and those of its values and times.

    Raises:
        InputError: The time zone is not known, or an interaction names a column that there is not.
    """
    wanted = wanted or CovariateSettings()
    y = last_measured(series)
    columns: Columns = dict(series.covariates)
    columns["observed"] = series.observed.astype(np.float64)
    columns |= calendar(series, wanted.zone)
    columns |= rolling(y, series.step, wanted.windows)
    columns |= changes(y, series.step, wanted.lags)
    if wanted.period:
        columns |= seasonal(y, series.step, wanted.period)
    return columns | interactions(columns, wanted.interactions)


def last_measured(series: Series) -> FloatArray:
    """Return the values, with each filled-in one replaced by the last measured one before it."""
    if series.observed.all():
        return series.y
    last = np.maximum.accumulate(np.where(series.observed, np.arange(len(series)), 0))
    return series.y[last]


def calendar(series: Series, zone: str = "UTC") -> Columns:
    """Return the time of day and the day of the week as points on a circle, and the working hours.

    A series whose clock is `relative` (a trace without dates) has only the time of day, since its beginning.

    Raises:
        InputError: The time zone is not known.
    """
    times = series.start + series.step * np.arange(len(series), dtype=np.int64)
    relative = series.labels.get("clock") == "relative"
    local = times if relative else times + _offsets(times, zone)
    of_day, of_week = local % DAY / DAY, (local + EPOCH_WEEKDAY * DAY) % WEEK / WEEK
    columns = {"time_of_day_sin": np.sin(2 * np.pi * of_day), "time_of_day_cos": np.cos(2 * np.pi * of_day)}
    if relative:
        return columns
    weekday, hour = of_week * 7 // 1, of_day * 24
    works = (weekday < 5) & (hour >= WORKING_HOURS[0]) & (hour < WORKING_HOURS[1])  # noqa: PLR2004  # Saturday
    return columns | {
        "day_of_week_sin": np.sin(2 * np.pi * of_week),
        "day_of_week_cos": np.cos(2 * np.pi * of_week),
        "working_hours": works.astype(np.float64),
    }


def _offsets(times: np.ndarray, zone: str) -> np.ndarray:
    """Return the seconds that local time is ahead of UTC, with summer time."""
    if zone == "UTC":
        return np.zeros_like(times)
    where = time_zone(zone)
    quarters, positions = np.unique(times // 900, return_inverse=True)  # offsets change on quarters of an hour
    ahead = [datetime.fromtimestamp(int(q) * 900, where).utcoffset() for q in quarters]
    return np.array([0 if a is None else int(a.total_seconds()) for a in ahead], dtype=np.int64)[positions]


def rolling(y: FloatArray, step: int, windows: Iterable[int]) -> Columns:
    """Return the mean and standard deviation of the values in each window that ends with a value.

    Windows at the beginning are shorter. Running sums make long windows as cheap as short ones; a deviation below the
    rounding error of the sums is 0.
    """
    columns: Columns = {}
    shifted = y - y[0]  # sums of squares far from zero would lose their digits
    sums, squares = (np.concatenate([[0.0], np.cumsum(x)]) for x in (shifted, shifted**2))
    ends = np.arange(1, len(y) + 1)
    for window in windows:
        begins = np.maximum(ends - max(2, round(window / step)), 0)
        counts = ends - begins
        mean = (sums[ends] - sums[begins]) / counts
        square = (squares[ends] - squares[begins]) / counts
        variance = square - mean**2
        rounding = 1e-12 * np.maximum(squares[ends], 1e-300)
        columns[f"mean_{window}"] = mean + y[0]
        columns[f"deviation_{window}"] = np.sqrt(np.where(variance > rounding, variance, 0.0))
    return columns


def changes(y: FloatArray, step: int, lags: Iterable[int]) -> Columns:
    """Return the rise of the value over each lag, per hour; 0 where the lag reaches before the beginning."""
    columns: Columns = {}
    for lag in lags:
        back = max(1, round(lag / step))
        change = np.zeros(len(y))
        change[back:] = (y[back:] - y[:-back]) * (HOUR / (back * step))
        columns[f"change_{lag}"] = change
    return columns


def seasonal(y: FloatArray, step: int, period: int = DAY) -> Columns:
    """Split each value into seasonal part, trend and remainder, as known at its time.

    At the end of every period an STL decomposition (Cleveland et al., Journal of Official Statistics 6, 1990) is fitted
    to the last 14 of them, and the course of its last period stands for the next one. The trend is the mean, over a
    period back, of what is left. Before two periods have passed there is no seasonal part.

    Raises:
        InputError: The period is no whole number of steps, or less than two.
    """
    length = period // step
    if period % step or length < 2:  # noqa: PLR2004  # a course has two values
        raise InputError(f"a period of {period} s is no whole number of steps of {step} s, two or more; set another")
    course = np.zeros(len(y))
    for now in range(MIN_PERIODS * length, len(y), length):
        ahead = min(length, len(y) - now)
        course[now : now + ahead] = _last_course(y[max(0, now - MAX_PERIODS * length) : now], length)[:ahead]
    rest = y - course
    trend = rolling(rest, step, (period,))[f"mean_{period}"]
    return {"seasonal": course, "trend": trend, "remainder": rest - trend}


def _last_course(y: FloatArray, length: int) -> FloatArray:
    """Return the seasonal part of the last period."""
    from statsmodels.tsa.seasonal import STL  # noqa: PLC0415  # heavy, used here only

    jump = max(1, length // 10)  # between points the smoothers are interpolated: ten times as fast, and as good
    fit = STL(y, period=length, seasonal_jump=jump, trend_jump=jump, low_pass_jump=jump).fit()
    return np.asarray(fit.seasonal[-length:], dtype=np.float64)


def interactions(columns: Mapping[str, FloatArray], pairs: Iterable[tuple[str, str]]) -> Columns:
    """Multiply pairs of columns; a pair is left out if a relative clock lacks one of them.

    Raises:
        InputError: A pair names a column that there is not.
    """
    clock = ("working_hours", "day_of_week_sin", "day_of_week_cos")
    products: Columns = {}
    for one, other in pairs:
        absent = [name for name in (one, other) if name not in columns]
        if any(name not in clock for name in absent):
            raise InputError(
                f"interaction {one} × {other}: there is no column {absent[0]!r}; there are {', '.join(columns)}"
            )
        if not absent:
            products[f"{one}*{other}"] = columns[one] * columns[other]
    return products


@dataclass(frozen=True, slots=True)
class Categories:
    """Codes for the values of labels, as an embedding takes them; 0 is an unknown value.

    Attributes:
        values: Values of each label in the order of their codes, which begin at 1.
    """

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, panel: Sequence[Series], labels: Iterable[str]) -> Categories:
        """Collect the values of labels in some series, sorted, so that codes don't depend on the order of series.

        Raises:
            InputError: No series has the label.
        """
        values_of: dict[str, tuple[str, ...]] = {}
        for label in labels:
            values = sorted({s.labels[label] for s in panel if label in s.labels})
            if not values:
                known = sorted({name for s in panel for name in s.labels})
                raise InputError(f"no series has a label {label!r}; there are {', '.join(known) or 'none'}")
            values_of[label] = tuple(values)
        return cls(values_of)

    def codes(self, series: Series) -> dict[str, int]:
        """Return the code of each label of a series; 0 where it is absent or its value unknown."""
        return {
            label: values.index(series.labels[label]) + 1 if series.labels.get(label) in values else 0
            for label, values in self.values.items()
        }

    def sizes(self) -> dict[str, int]:
        """Return the number of codes of each label, with 0."""
        return {label: len(values) + 1 for label, values in self.values.items()}
