"""The smallest change of one quantity that would have given a task to another candidate.

The quantity is one of the world (a load, a price, a latency); every feature that follows from it changes too, as
the kernel would compute it. It stays within what the world allows: a load leaves room for the task, a latency is not
below that of the links that the winner uses too, a price is above 0. Where the decision reads something else that
would change in a way that is not known, the quantity is not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from aurora.sim.explain.decision import Decision, Option, features_read, is_level, names_read, would_win
from aurora.sim.explain.queue_features import OVERVIEW

SAMPLES_PER_SIDE = 64
"""Number of values at which a lever is tried on either side of the present one."""
MAX_FACTOR = 10.0
"""Multiple of its present value up to which a lever without a natural end is tried."""
THRESHOLD_STEP = 1e-6
"""Distance from a threshold at which it is tested on either side, relative to its distance from the present value."""
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
        disturbs: Features that change with it in a way that is not known.
        disturbs_idle: Those that change so on a node without tasks, which gets its first.
    """

    feature: str
    follows: frozenset[str]
    limits: Callable[[Features], tuple[float, float]]
    moved: Callable[[Features, float], Features]
    disturbs: frozenset[str] = frozenset()
    disturbs_idle: frozenset[str] = frozenset()


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


_FOR_THE_MIX = (
    *("node.fragmentation", "fit.fragmentation_increase", "fit.next_device_left"),
    *(f"fit.{what}_{when}" for what in ("typical", "placements", "usable") for when in ("left", "lost")),
    *(f"fit.stranded_{what}{more}" for what in ("accelerators", "cpu") for more in ("", "_increase")),
)
"""Features of what the typical mix of tasks can use, which follow from loads in a way that is not computed here."""
_FOR_OTHERS = ("task.room", "node.next_release", *sorted(OVERVIEW))
"""Features that follow from what runs where."""
_FIRST_TASK = frozenset(
    ("node.tasks", "node.active", "node.last_placement", "fit.energy", "fit.carbon", "cluster.running")
)
LEVERS: tuple[Lever, ...] = (
    Lever(
        "node.cpu_load",
        frozenset(("node.cpu_load", "node.cpu_free", "fit.cpu_left")),
        _room("task.cpu", "node.cpu_total"),
        _cpu_load,
        frozenset((*_FOR_THE_MIX, *_FOR_OTHERS, "fit.rank_cpu_left", "cluster.cpu_load")),
        _FIRST_TASK,
    ),
    Lever(
        "node.memory_load",
        frozenset(("node.memory_load", "node.memory_free", "fit.memory_left")),
        _room("task.memory", "node.memory_total"),
        _memory_load,
        frozenset((*_FOR_THE_MIX, *_FOR_OTHERS, "cluster.memory_load")),
        _FIRST_TASK,
    ),
    Lever(
        "fit.latency",
        frozenset(("fit.latency",)),
        _positive("fit.latency"),
        _latency,
        frozenset(("fit.rank_latency",)),
    ),
    Lever(
        "node.price",
        frozenset(("node.price", "fit.cost")),
        _positive("node.price"),
        _price,
        frozenset(("fit.rank_cost",)),
    ),
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
        frozenset(("fit.rank_cost", "fit.rank_energy", "node.next_release", "cluster.next_release")),
    ),
)


def range_of(decision: Decision, option: Option, lever: Lever) -> tuple[float, float] | None:
    """Return the lowest and the highest value that a quantity of an option alone can have; None if it can't be moved.

    Links that the winner's path has too keep their latency, and data take as long to transfer.
    """
    low, high = lever.limits(option.features)
    disturbed = lever.disturbs | (frozenset() if option.features["node.tasks"] > 0 else lever.disturbs_idle)
    if disturbed & names_read(decision):
        return None
    if lever.feature == "fit.latency":
        own = [d for link, d in zip(option.path, option.delays, strict=False) if link not in decision.chosen.path]
        if not own:
            return None
        low = max(low, option.features["fit.latency"] - sum(own))
    return (low, high) if high > low else None


def tried(decision: Decision, option: Option) -> tuple[str, ...]:
    """Return the quantities of an option that the score reads and that can be moved, by the feature that shows each."""
    read = set(features_read(decision))
    return tuple(l.feature for l in LEVERS if l.follows & read and range_of(decision, option, l) is not None)


def flips(decision: Decision, option: Option) -> tuple[Flip, ...]:
    """Return the nearest value at which an option would have won, for each lever whose features the score reads.

    Only values from which on it wins up to the end of the range are returned. The smallest change comes first, relative
    to the lever's range. Empty if the option drew: any change would do.
    """
    if is_level(decision, option.features):
        return ()
    usable = tried(decision, option)
    by_size: list[tuple[float, Flip]] = []
    for lever in LEVERS:
        limits = range_of(decision, option, lever)
        if lever.feature not in usable or limits is None:
            continue
        now = option.features[lever.feature]
        nearest = [
            Flip(lever.feature, now, threshold, threshold < now)
            for end in limits
            if (threshold := crossing(decision, option, lever, end)) is not None
            and is_one_sided(decision, option, lever.feature, threshold)
        ]
        if nearest:
            flip = min(nearest, key=lambda f: abs(f.threshold - now))
            by_size.append((abs(flip.threshold - now) / (limits[1] - limits[0]), flip))
    return tuple(flip for _, flip in sorted(by_size, key=lambda pair: pair[0]))


def flipped(decision: Decision, option: Option, feature: str, value: float) -> bool:
    """Test whether an option would have won with a lever at this value; False where that value is not possible."""
    lever = next((l for l in LEVERS if l.feature == feature), None)
    limits = None if lever is None else range_of(decision, option, lever)
    if lever is None or limits is None or not limits[0] <= value <= limits[1]:
        return False
    return would_win(decision, option, lever.moved(option.features, value))


def would_flip(decision: Decision, option: Option) -> bool:
    """Test whether a value of one of the tried quantities would have let an option win, on one side or in between."""
    limits = ((l, range_of(decision, option, l)) for l in LEVERS if l.feature in tried(decision, option))
    return any(crossing(decision, option, l, end) is not None for l, ends in limits for end in ends or ())


def is_one_sided(decision: Decision, option: Option, feature: str, threshold: float) -> bool:
    """Test whether an option wins with a lever at every value beyond a threshold, of which there are some."""
    lever = next(l for l in LEVERS if l.feature == feature)
    limits, now = range_of(decision, option, lever), option.features[feature]
    if limits is None:
        return False
    end = limits[0] if threshold < now else limits[1]
    if abs(end - threshold) <= THRESHOLD_STEP * abs(threshold - now):
        return False
    # The end itself is left out: a price, a speed or a latency of nothing is no candidate's.
    beyond = np.linspace(threshold, end, SAMPLES_PER_SIDE + 2)[1:-1]
    return all(would_win(decision, option, lever.moved(option.features, float(v))) for v in beyond)


def crossing(decision: Decision, option: Option, lever: Lever, end: float) -> float | None:
    """Return the value nearest to the present one, towards `end`, from which on the option wins; None if there is none.

    Args:
        decision: The decision.
        option: An option that lost it.
        lever: Quantity that is moved.
        end: Value up to which it is moved.
    """
    now = before = option.features[lever.feature]
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
