"""Small panels for tests: noisy daily patterns with known truth."""

import numpy as np

from aurora.learning.forecasting.models.lstm import Lstm
from aurora.learning.forecasting.models.lstm_settings import LstmSettings
from aurora.learning.forecasting.models.members import MEMBERS
from aurora.learning.series.series import Panel, Series

START, STEP = 1_700_000_000 - 1_700_000_000 % 86_400, 300
QUICK = LstmSettings(hidden=8, presentations=600, fewest=2, most=2, batch=64)
QUICK_MEMBERS = {**MEMBERS, "lstm": MEMBERS["lstm"]._replace(member=Lstm(QUICK))}
QUICK_MEMBER = {**MEMBERS, "lstm": MEMBERS["lstm"]._replace(member=Lstm(QUICK, count=1))}
CONTEXT, HORIZON = 24, 4


def series_of(y, unique_id: str = "a", start: int = START, step: int = STEP, **labels: str) -> Series:
    y = np.asarray(y, dtype=float)
    return Series(unique_id, start, step, y, np.ones(len(y), dtype=bool), {}, labels)


def daily(seed: int, count: int = 200, level: float = 30.0, noise: float = 2.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    turn = 2 * np.pi * np.arange(count) * STEP / 86_400
    return np.maximum(level * (1 + 0.5 * np.sin(turn * 8 + random.uniform(0, 6))) + random.normal(0, noise, count), 0)


def panel(count: int = 25, length: int = 120, first: int = 0, **labels: str) -> Panel:
    return Panel(tuple(series_of(daily(k, length), f"s{k}", **labels) for k in range(first, first + count)))
