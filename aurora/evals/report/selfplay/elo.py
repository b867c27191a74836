"""Ratings over iterations with intervals, for plots and pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from aurora.memory.names import REFERENCE, policy_name
from aurora.memory.store import Store
from aurora.statistics.intervals import Interval, mean_interval

MAX_CURVES = 5
"""Largest number of policies, besides the champion, whose ratings are drawn over iterations."""
MAX_RATED = 12
"""Largest number of policies whose latest ratings are drawn."""

Role = Literal["champion", "reference", "policy"]


class RatedAt(NamedTuple):
    """The Elo of a policy after an iteration.

    Attributes:
        iteration: Number of the iteration, from 0.
        elo: Rating after the iteration.
        low, high: 95 % interval over the scenarios that the iteration could have met: the rating before it, and the
            sum of the changes. Infinite after a single round.
        rounds: Scenarios on which the policy was rated.
    """

    iteration: int
    elo: float
    low: float
    high: float
    rounds: int


class RatingCurve(NamedTuple):
    """The ratings of a policy over iterations.

    Attributes:
        policy_id: Id of the policy.
        name: Its name for readers.
        role: The champion, a reference, or another policy.
        elo: Latest rating.
        games: Rounds that it took part in.
        points: Ratings after each iteration in which it played.
    """

    policy_id: str
    name: str
    role: Role
    elo: float
    games: int
    points: tuple[RatedAt, ...]


def rating_curves(store: Store, champion: str) -> list[RatingCurve]:
    """Return the ratings of the `MAX_RATED` best policies, and of the champion if it is not among them; best first.

    Args:
        store: Archive of the run.
        champion: Id of the champion.
    """
    top = store.top(MAX_RATED)
    if champion not in {p["policy_id"] for p in top}:
        top += [p for p in store.described([champion]) if p["games"]]
    changes = store.rating_changes([p["policy_id"] for p in top])
    return [
        RatingCurve(
            policy_id=p["policy_id"],
            name=policy_name(p["policy_id"], p["origin"]),
            role=_role(p["policy_id"], p["origin"], champion),
            elo=p["elo"],
            games=p["games"],
            points=tuple(_rated(number, rounds) for number, rounds in changes[p["policy_id"]].items()),
        )
        for p in top
    ]


def drawn(curves: Sequence[RatingCurve]) -> list[RatingCurve]:
    """Return the curves that a plot over iterations shows: champion, references, and the best of the others."""
    others = [c for c in curves if c.role == "policy"][:MAX_CURVES]
    return [c for c in curves if c.points and (c.role != "policy" or c in others)]


def _role(policy_id: str, origin: str, champion: str) -> Role:
    if policy_id == champion:
        return "champion"
    return "reference" if origin == REFERENCE else "policy"


def _rated(iteration: int, rounds: Sequence[tuple[float, float]]) -> RatedAt:
    """Return the rating after an iteration: each round of it was one draw of a scenario."""
    start, elo = rounds[0][0], rounds[-1][1]
    changes: Interval = mean_interval([np.array([after - before for before, after in rounds])])
    count = len(rounds)
    return RatedAt(iteration, elo, start + count * changes.low, start + count * changes.high, count)
