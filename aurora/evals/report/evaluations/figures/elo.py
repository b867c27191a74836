"""Rates the subjects of an evaluation on Elo's scale, from its samples: by suite, and over all suites.

Suites may have different subjects. One that plays in easy company only would look strong in a fit over all suites, so
that fit is of the subjects that every suite has.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aurora.evals.report.evaluations.document import Whisker, Whiskers
from aurora.evals.results.result import Better
from aurora.evals.results.samples import Sample
from aurora.statistics.bradley_terry import RESAMPLES, Rating, bradley_terry

MOST_SUBJECTS = 200
"""Subjects up to which ratings are fitted."""
LEAST_RESAMPLES, MOST_FITS = 200, 20_000
"""Least number of bootstrap samples, and their largest number times players."""


def rounds_of(
    samples: Sequence[Sample], name: str, better: Better, apart: Collection[str]
) -> tuple[list[dict[str, float]], list[str]]:
    """Return a round for each scenario with two subjects or more, and its cluster.

    Args:
        samples: Samples of all suites.
        name: Metric by which a match is won; the mean over trials counts.
        better: Direction in which it improves.
        apart: Subjects that play no match.
    """
    sign = -1.0 if better == "lower" else 1.0
    values: dict[tuple[str, str], dict[str, list[float]]] = {}
    clusters: dict[tuple[str, str], str] = {}
    for s in samples:
        if name in s.values and s.subject not in apart:
            values.setdefault((s.suite, s.sample), {}).setdefault(s.subject, []).append(sign * s.values[name])
            clusters[s.suite, s.sample] = f"{s.suite}/{s.stratum}/{s.cluster_key}"
    met = {key: subjects for key, subjects in values.items() if len(subjects) > 1}
    rounds = [{subject: sum(v) / len(v) for subject, v in subjects.items()} for subjects in met.values()]
    return rounds, [clusters[key] for key in met]


def ratings_of(samples: Sequence[Sample], name: str, better: Better, apart: Collection[str]) -> list[Rating]:
    """Return the ratings of all subjects by a Bradley-Terry fit, best first; none where nobody meets anybody.

    Args:
        samples: See `rounds_of`.
        name: Likewise.
        better: Likewise.
        apart: Likewise.
    """
    rounds, clusters = rounds_of(samples, name, better, apart)
    players = {player for values in rounds for player in values}
    if better == "neither" or not 1 < len(players) <= MOST_SUBJECTS:
        return []
    return bradley_terry(rounds, clusters, resamples=resamples_for(len(players)))


def ratings_by_suite(
    samples: Sequence[Sample], name: str, better: Better, apart: Collection[str]
) -> dict[str, list[Rating]]:
    """Return the ratings within each suite in which two subjects meet, in the order of the samples.

    Args:
        samples: See `rounds_of`.
        name: Likewise.
        better: Likewise.
        apart: Likewise.
    """
    suites: dict[str, list[Sample]] = {}
    for s in samples:
        suites.setdefault(s.suite, []).append(s)
    rated = {suite: ratings_of(members, name, better, apart) for suite, members in suites.items()}
    return {suite: ratings for suite, ratings in rated.items() if ratings}


def ratings_over_suites(samples: Sequence[Sample], name: str, better: Better, apart: Collection[str]) -> list[Rating]:
    """Return the ratings over all suites of the subjects that every suite has; none if there are fewer than two.

    Args:
        samples: See `rounds_of`.
        name: Likewise.
        better: Likewise.
        apart: Likewise.
    """
    subjects: dict[str, set[str]] = {}
    for s in samples:
        if name in s.values and s.subject not in apart:
            subjects.setdefault(s.suite, set()).add(s.subject)
    common = set.intersection(*subjects.values()) if subjects else set()
    return ratings_of([s for s in samples if s.subject in common], name, better, apart)


def resamples_for(players: int) -> int:
    """Return the number of bootstrap samples: fewer for many players, so that a report takes seconds."""
    return min(RESAMPLES, max(LEAST_RESAMPLES, MOST_FITS // players))


def elo_plot(ratings: Sequence[Rating]) -> Whiskers:
    """Plot ratings with their intervals, the best first."""
    return Whiskers("Elo, mean 1500", tuple(Whisker(r.player, r.rating, r.low, r.high) for r in ratings))
