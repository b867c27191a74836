"""The smallest change of one quantity that would have given a task to another candidate.

The quantity is one of the world (a load, a price, a latency); every feature that follows from it changes too, as
the kernel would compute it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from aurora.sim.explain.decision import Decision, Option, features_read, is_level, would_win

SAMPLES_PER_SIDE = 64
"""Number of values at which a lever is tried on either side of the present one."""
MAX_FACTOR = 10.0
"""Multiple of its present value up to which a lever without a natural end is tried."""
THRESHOLD_PRECISION = 1e-9
"""Precision of a threshold, relative to its distance from the present value."""

Features = Mapping[str, float]


class Lever(NamedTuple):
    """A quantity that a counterfactual may change.

    Attributes:
        feature: Feature that shows its value.
        follows: Features that change with it, itself included.
        limits: Returns the lowest and the highest value at which the task still fits, from the features.
        moved: Returns the features after the quantity takes a new value.
    """

    feature: str
    follows: frozenset[str]
    limits: Callable[[Features], tuple[float, float]]
    moved: Callable[[Features, float], Features]


class Flip(NamedTuple):
    """A change that would have made another option win.

    Attributes:
        feature: Feature that shows the quantity.
        now: Its present value.
        threshold: Value beyond which the option would have won.
        is_below: True if the option wins below the threshold, False if above it.
    """

    feature: str
    now: float
    threshold: float
    is_below: bool


def _cpu_load(features: Features, value: float) -> Features:
    total = features["node.cpu_total"]
    free = (1 - value) * total
    left = (free - features["task.cpu"]) / total
    return {**features, "node.cpu_load": value, "node.cpu_free": free, "fit.cpu_left": left}


def _memory_load(features: Features, value: float) -> Features:
    total = features["node.memory_total"]
    free = (1 - value) * total
    left = (free - features["task.memory"]) / total
    return {**features, "node.memory_load": value, "node.memory_free": free, "fit.memory_left": left}


def _price(features: Features, value: float) -> Features:
    hours = features["fit.duration"] / 3600
    more = (value - features["node.price"]) * _dominant_share(features) * hours
    return {**features, "node.price": value, "fit.cost": features["fit.cost"] + more}


def _dominant_share(features: Features) -> float:
    pairs = (
        ("task.cpu", "node.cpu_total"),
        ("task.memory", "node.memory_total"),
        ("task.accelerator_demand", "node.accelerators_total"),
    )
    return max(features[need] / features[total] if features[total] > 0 else 0.0 for need, total in pairs)


def _speed(features: Features, value: float) -> Features:
    factor = features["node.speed"] / value
    scaled = {name: features[name] * factor for name in ("fit.duration", "fit.cost", "fit.energy", "fit.carbon")}
    return {**features, "node.speed": value, **scaled}


def _carbon_intensity(features: Features, value: float) -> Features:
    grams = features["fit.carbon"] * value / features["node.carbon_intensity"]
    return {**features, "node.carbon_intensity": value, "fit.carbon": grams}


def _latency(features: Features, value: float) -> Features:
    return {**features, "fit.latency": value}


def _room(need: str, total: str) -> Callable[[Features], tuple[float, float]]:
    def limits(features: Features) -> tuple[float, float]:
        return (0.0, 1 - features[need] / features[total]) if features[total] > 0 else (0.0, 0.0)

    return limits


def _positive(name: str) -> Callable[[Features], tuple[float, float]]:
    return lambda features: (0.0, MAX_FACTOR * features[name])


LEVERS: tuple[Lever, ...] = (
    Lever(
        "node.cpu_load",
        frozenset(("node.cpu_load", "node.cpu_free", "fit.cpu_left")),
        _room("task.cpu", "node.cpu_total"),
        _cpu_load,
    ),
    Lever(
        "node.memory_load",
        frozenset(("node.memory_load", "node.memory_free", "fit.memory_left")),
        _room("task.memory", "node.memory_total"),
        _memory_load,
    ),
    Lever("fit.latency", frozenset(("fit.latency",)), _positive("fit.latency"), _latency),
    Lever("node.price", frozenset(("node.price", "fit.cost")), _positive("node.price"), _price),
    Lever(
        "node.carbon_intensity",
        frozenset(("node.carbon_intensity", "fit.carbon")),
        _positive("node.carbon_intensity"),
        _carbon_intensity,
    ),
    Lever(
        "node.speed",
        frozenset(("node.speed", "fit.duration", "fit.cost", "fit.energy", "fit.carbon")),
        lambda features: (features["node.speed"] / MAX_FACTOR, MAX_FACTOR * features["node.speed"]),
        _speed,
    ),
)


def flips(decision: Decision, option: Option) -> tuple[Flip, ...]:
    """Return the nearest value at which an option would have won, for each lever whose features the score reads.

    The smallest change comes first, relative to the lever's range. Empty if the option drew: any change would do.
    """
    if is_level(decision, option.features):
        return ()
    read = set(features_read(decision))
    by_size: list[tuple[float, Flip]] = []
    for lever in LEVERS:
        low, high = lever.limits(option.features)
        if not lever.follows & read or not high > low:
            continue
        now = option.features[lever.feature]
        nearest = [
            Flip(lever.feature, now, threshold, threshold < now)
            for end in (low, high)
            if (threshold := _crossing(decision, option, lever, now, end)) is not None
        ]
        if nearest:
            flip = min(nearest, key=lambda f: abs(f.threshold - now))
            by_size.append((abs(flip.threshold - now) / (high - low), flip))
    return tuple(flip for _, flip in sorted(by_size, key=lambda pair: pair[0]))


def flipped(decision: Decision, option: Option, feature: str, value: float) -> bool:
    """Test whether an option would have won with a lever at this value; False where the task would not fit."""
    lever = next((l for l in LEVERS if l.feature == feature), None)
    if lever is None:
        return False
    low, high = lever.limits(option.features)
    return low <= value <= high and would_win(decision, option, lever.moved(option.features, value))


def _crossing(decision: Decision, option: Option, lever: Lever, now: float, end: float) -> float | None:
    """Return the value nearest to the present one, towards `end`, from which on the option wins."""
    before = now
    for value in np.linspace(now, end, SAMPLES_PER_SIDE + 1)[1:]:
        if would_win(decision, option, lever.moved(option.features, float(value))):
            lost, won = before, float(value)
            while abs(won - lost) > THRESHOLD_PRECISION * abs(won - now):
                middle = (lost + won) / 2
                if middle in (lost, won):  # no float lies between them
                    break
                if would_win(decision, option, lever.moved(option.features, middle)):
                    won = middle
                else:
                    lost = middle
            return won
        before = float(value)
    return None
