"""Fits ratings to the results of matches by the Bradley-Terry model."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError

SCALE = 400 / math.log(10)
"""Points on Elo's scale for one unit of log-odds."""
CENTRE = 1500.0
"""Mean rating of all players."""
PRIOR_DRAWS = 1.0
"""Draws against an average player that are added to each player, so that one who always wins has a finite rating."""
RESAMPLES = 1_000
"""Number of bootstrap samples of the rounds."""
ITERATIONS = 100
CONVERGED = 1e-9


class Rating(NamedTuple):
    """Rating of a player on Elo's scale.

    Attributes:
        player: Name of the player.
        rating: Fitted rating; the mean over players is `CENTRE`.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
        score: Share of its matches won, a draw counting one half.
        matches: Number of its matches.
    """

    player: str
    rating: float
    low: float
    high: float
    score: float
    matches: int


def win_matrix(players: Sequence[str], values: Mapping[str, float], tolerance: float = 1e-9) -> NDArray[np.float64]:
    """Return who beats whom in a round in which everyone meets everyone, float64 [players, players].

    Args:
        players: All players, in the order of the rows.
        values: Player -> value in the round, higher is better; who is absent plays no match.
        tolerance: Relative difference of two values up to which a match is drawn: one half for both.
    """
    value = np.array([values.get(p, math.nan) for p in players])
    difference = value[:, None] - value[None, :]
    size = np.maximum(1.0, np.maximum(np.abs(value)[:, None], np.abs(value)[None, :]))
    wins = np.where(np.abs(difference) <= tolerance * size, 0.5, (difference > 0).astype(float))
    wins[np.isnan(difference)] = 0.0
    np.fill_diagonal(wins, 0.0)
    return wins


def fit(wins: NDArray[np.float64], *, prior_draws: float = PRIOR_DRAWS) -> NDArray[np.float64]:
    """Return the strengths that make the results most likely, in log-odds with a mean of zero, float64 [players].

    The likelihood is maximised by Newton's method (Bradley & Terry 1952; Hunter 2004 for uniqueness).

    Args:
        wins: Number of matches that the row's player won against the column's, float64 [players, players].
        prior_draws: Draws against an average player that are added to each player.
    """
    count = len(wins)
    games = wins + wins.T
    strength = np.zeros(count)
    for _ in range(ITERATIONS):
        p = 1 / (1 + np.exp(-(strength[:, None] - strength[None, :])))
        q = 1 / (1 + np.exp(-strength))
        gradient = wins.sum(axis=1) - (games * p).sum(axis=1) + prior_draws * (0.5 - q)
        weights = games * p * (1 - p)
        hessian = np.diag(weights.sum(axis=1) + prior_draws * q * (1 - q)) - weights
        step = np.linalg.solve(hessian + 1e-12 * np.eye(count), gradient)
        strength += np.clip(step, -2.0, 2.0)  # a long step may overshoot where probabilities are near 0 or 1
        if np.abs(step).max() < CONVERGED:
            break
    return np.asarray(strength - strength.mean(), dtype=np.float64)


def bradley_terry(
    rounds: Sequence[Mapping[str, float]],
    clusters: Sequence[Hashable] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Rating]:
    """Rate players from rounds in which everyone meets everyone, the best first.

    The intervals resample whole clusters of rounds, because the matches of a round are not independent.

    Args:
        rounds: Player -> value in each round, higher is better; a player may be absent from some rounds.
        clusters: Cluster of each round, such as its scenario; None: each round is one.
        seed: Random seed of the bootstrap.
        resamples: Number of bootstrap samples.

    Raises:
        InputError: There is no round, fewer than two players, or not a cluster for each round.
    """
    players = sorted({player for values in rounds for player in values})
    if len(players) < 2:  # noqa: PLR2004  # nobody to meet
        raise InputError("ratings need rounds with at least two players")
    names = list(range(len(rounds))) if clusters is None else list(clusters)
    if len(names) != len(rounds):
        raise InputError(f"{len(names)} clusters for {len(rounds)} rounds; give one cluster for each round")
    by_cluster: dict[Hashable, NDArray[np.float64]] = {}
    for cluster, values in zip(names, rounds, strict=True):
        wins = win_matrix(players, values)
        by_cluster[cluster] = by_cluster[cluster] + wins if cluster in by_cluster else wins
    each = np.stack(list(by_cluster.values()))
    total = each.sum(axis=0)
    points = CENTRE + SCALE * fit(total)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(each), np.full(len(each), 1 / len(each)), resamples).astype(np.float64)
    resampled = CENTRE + SCALE * np.stack([fit(np.tensordot(d, each, 1)) for d in draws])
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    games = (total + total.T).sum(axis=1)
    ratings = [
        Rating(
            player,
            float(points[k]),
            float(min(low[k], points[k])),
            float(max(high[k], points[k])),
            float(total[k].sum() / games[k]) if games[k] else 0.5,
            round(games[k]),
        )
        for k, player in enumerate(players)
    ]
    return sorted(ratings, key=lambda r: (-r.rating, r.player))
