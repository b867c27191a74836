"""Elo ratings of policies (Elo, 1978) from matches on the same scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

INITIAL_RATING = 1500.0
K_FACTOR = 32.0
RATING_SCALE = 400.0
DRAW_TOLERANCE = 1e-9
"""Relative difference of two values below which a match is a draw."""


class Match(NamedTuple):
    """Rating of a policy before and after the round on a scenario."""

    scenario_id: str
    policy_id: str
    before: float
    after: float


def expected(rating: float, opponent: float) -> float:
    """Return the expected score, 0 to 1, of a player against an opponent."""
    return float(1.0 / (1.0 + 10.0 ** ((opponent - rating) / RATING_SCALE)))


def result(value: float, opponent: float) -> float:
    """Return 1 for the higher value, 0 for the lower, one half for a draw."""
    if abs(value - opponent) <= DRAW_TOLERANCE * max(1.0, abs(value), abs(opponent)):
        return 0.5
    return 1.0 if value > opponent else 0.0


def round_robin(ratings: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """Return the ratings after every pair has met once on one scenario.

    All matches are scored against the ratings from before, so their order doesn't matter. A player's rating changes by
    `K_FACTOR` times its mean surprise over all opponents, so a large field changes it no more than one match can.

    Args:
        ratings: Rating of every player before the round.
        values: Value of each player on the scenario, higher is better.
    """
    players = sorted(values)
    if len(players) < 2:  # noqa: PLR2004  # nobody to meet
        return dict(ratings)
    after = dict(ratings)
    for player in players:
        surprise = sum(
            result(values[player], values[other]) - expected(ratings[player], ratings[other])
            for other in players
            if other != player
        )
        after[player] = ratings[player] + K_FACTOR * surprise / (len(players) - 1)
    return after


def rate_rounds(
    ratings: Mapping[str, float], rounds: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, float], tuple[Match, ...]]:
    """Rate the rounds of an iteration in the order of their scenarios' ids.

    Args:
        ratings: Ratings before; a policy that is not among them starts with `INITIAL_RATING`.
        rounds: Value of each policy, by scenario.

    Returns:
        Ratings afterwards of all policies in `ratings` or `rounds`, and a match for each scenario and policy.
    """
    after = dict(ratings)
    matches: list[Match] = []
    for scenario_id in sorted(rounds):
        before = {player: after.get(player, INITIAL_RATING) for player in rounds[scenario_id]}
        after |= round_robin(before, rounds[scenario_id])
        matches += [Match(scenario_id, player, before[player], after[player]) for player in sorted(before)]
    return after, tuple(matches)
