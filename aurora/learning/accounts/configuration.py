"""Configurations of accounts, and the single moves that change them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError, InputError
from aurora.learning.accounts.catalogue import Catalogue, InstanceType

Number = TypeVar("Number", int, float)
Rung = TypeVar("Rung")

COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)
"""Ladder of the least and the most instances."""
TARGETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Ladder of the utilisation that the autoscaler aims at."""
MOST_INSTANCES = 100_000
LONGEST_COOLDOWN = 30 * 86_400
COOLDOWNS = (300, 600, 1200, 2400)
"""Ladder of the cooldown, seconds."""
MAX_NAMES_LISTED = 30
"""Most names that a message lists."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Configuration of an account.

    Attributes:
        instance: Name of an instance type.
        storage: Name of a storage class.
        network: Name of a network tier.
        minimum: Least instances.
        maximum: Most instances.
        target: CPU utilisation that the autoscaler aims at, above 0, at most 1.
        cooldown: Seconds between two actions of the autoscaler.
    """

    instance: str
    storage: str
    network: str
    minimum: int
    maximum: int
    target: float
    cooldown: int


def check_configuration(configuration: Configuration, catalogue: Catalogue, where: str) -> None:
    """Check that a configuration is possible.

    Args:
        configuration: Configuration to check.
        catalogue: Catalogue that it names things from.
        where: Place of the configuration, which the message begins with.

    Raises:
        DataError: It is not; the message names the field and what is allowed.
    """
    for field, value, known in (
        ("instance", configuration.instance, catalogue.instance),
        ("storage", configuration.storage, catalogue.storage_class),
        ("network", configuration.network, catalogue.network_tier),
    ):
        if not isinstance(value, str) or value not in known:
            names = ", ".join([*list(known)[:MAX_NAMES_LISTED], *(["..."] if len(known) > MAX_NAMES_LISTED else [])])
            raise DataError(f"{where}: field {field!r}: {str(value)[:60]!r} is not in the catalogue; it has {names}")
    if configuration.minimum < 1:
        least = "at least 1 (also where it scales to 0)"
        raise DataError(f"{where}: field 'minimum' must be {least}, it is {configuration.minimum}")
    if configuration.maximum > MOST_INSTANCES:
        raise DataError(f"{where}: field 'maximum' must be at most {MOST_INSTANCES}, it is {configuration.maximum}")
    if configuration.maximum < configuration.minimum:
        raise DataError(
            f"{where}: field 'maximum' ({configuration.maximum}) must not be below 'minimum' ({configuration.minimum})"
        )
    if not 0 < configuration.target <= 1:
        raise DataError(f"{where}: field 'target' must be a share above 0, at most 1; it is {configuration.target}")
    if not 0 <= configuration.cooldown <= LONGEST_COOLDOWN:
        raise DataError(
            f"{where}: field 'cooldown' must be seconds from 0 to {LONGEST_COOLDOWN}, it is {configuration.cooldown}"
        )


MOVES = (
    "keep",
    "smaller",
    "larger",
    "previous_family",
    "next_family",
    "storage_down",
    "storage_up",
    "network_down",
    "network_up",
    "minimum_down",
    "minimum_up",
    "maximum_down",
    "maximum_up",
    "target_down",
    "target_up",
    "cooldown_down",
    "cooldown_up",
)
"""The action space: one change at a time, each a step on a ladder. Families follow each other in a circle."""
KEEP = 0


@dataclass(frozen=True, slots=True)
class Change:
    """An action found in a history.

    Attributes:
        period: Period after which it was made.
        move: Name of the move.
        before: Configuration during that period.
        after: Configuration during the next period.
        compound: Whether other moves were made together with it.
    """

    period: int
    move: str
    before: Configuration
    after: Configuration
    compound: bool


def _step(ladder: Sequence[Number], value: Number, up: bool) -> Number | None:
    """Return the next rung; also for a value between two."""
    k = bisect_right(ladder, value) if up else bisect_left(ladder, value) - 1
    return ladder[k] if 0 <= k < len(ladder) else None


def _family(c: Configuration, catalogue: Catalogue, by: int) -> str | None:
    now = catalogue.instance[c.instance]
    families = catalogue.families
    if len(families) == 1:
        return None
    sizes = catalogue.sizes(families[(families.index(now.family) + by) % len(families)])
    return min(sizes, key=lambda i: abs(i.cores - now.cores)).name


def _neighbour(ladder: Sequence[Rung], now: Rung, by: int) -> Rung | None:
    k = ladder.index(now) + by
    return ladder[k] if 0 <= k < len(ladder) else None


def apply_move(configuration: Configuration, move: str, catalogue: Catalogue) -> Configuration | None:
    """Return the configuration after a move; None where there is no further rung, or the least would exceed the most.

    A machine of another size keeps the number of instances: what the autoscaler adds or removes is its own affair.

    Raises:
        InputError: There is no move of that name.
    """
    c = configuration
    if move == "keep":
        return c
    what, _, way = move.partition("_")
    by = 1 if move == "larger" or way in ("up", "family") else -1
    if move in ("smaller", "larger"):
        sizes: Sequence[InstanceType] = catalogue.sizes(catalogue.instance[c.instance].family)
        size = _neighbour(sizes, catalogue.instance[c.instance], by)
        return None if size is None else replace(c, instance=size.name)
    if way == "family":
        family = _family(c, catalogue, 1 if what == "next" else -1)
        return None if family is None else replace(c, instance=family)
    if what == "storage":
        volume = _neighbour(catalogue.storage, catalogue.storage_class[c.storage], by)
        return None if volume is None else replace(c, storage=volume.name)
    if what == "network":
        tier = _neighbour(catalogue.network, catalogue.network_tier[c.network], by)
        return None if tier is None else replace(c, network=tier.name)
    if what == "minimum":
        least = _step(COUNTS, c.minimum, by > 0)
        return None if least is None or least > c.maximum else replace(c, minimum=least)
    if what == "maximum":
        most = _step(COUNTS, c.maximum, by > 0)
        return None if most is None or most < c.minimum else replace(c, maximum=most)
    if what == "target":
        target = _step(TARGETS, c.target, by > 0)
        return None if target is None else replace(c, target=target)
    if what == "cooldown":
        cooldown = _step(COOLDOWNS, c.cooldown, by > 0)
        return None if cooldown is None else replace(c, cooldown=cooldown)
    raise InputError(f"there is no such move; there are {', '.join(MOVES)}", parameter="move", value=move)


def valid_moves(configuration: Configuration, catalogue: Catalogue) -> NDArray[np.bool_]:
    """Return which moves are possible: bool [len(MOVES)]; `keep` always is."""
    return np.array([apply_move(configuration, move, catalogue) is not None for move in MOVES])


def moves_between(before: Configuration, after: Configuration, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the moves whose directions lead from one configuration to another, in the order of `MOVES`.

    A change of family counts as the way round the circle that is shorter, and hides one of size that came with it.
    """
    moves: list[str] = []
    old, new = catalogue.instance[before.instance], catalogue.instance[after.instance]
    families = catalogue.families
    if old.family != new.family:
        ahead = (families.index(new.family) - families.index(old.family)) % len(families)
        moves.append("next_family" if 2 * ahead <= len(families) else "previous_family")
    elif old.cores != new.cores:
        moves.append("larger" if new.cores > old.cores else "smaller")
    storage, network = [s.name for s in catalogue.storage], [n.name for n in catalogue.network]
    for what, was, now in (
        ("storage", storage.index(before.storage), storage.index(after.storage)),
        ("network", network.index(before.network), network.index(after.network)),
        ("minimum", before.minimum, after.minimum),
        ("maximum", before.maximum, after.maximum),
        ("target", before.target, after.target),
        ("cooldown", before.cooldown, after.cooldown),
    ):
        if was != now:
            moves.append(f"{what}_{'up' if now > was else 'down'}")
    return tuple(moves)
