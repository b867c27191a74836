"""Faithfulness: whether the decision depends on what the explanation names, and on nothing else.

Features are changed and the decision is made again from the expression; a counterfactual is simulated with the world
changed from that moment on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aurora.evals.explanations.interventions import winner_after
from aurora.evals.explanations.sampling import SampledRun
from aurora.evals.explanations.suites.suite import Measured, Suite
from aurora.sim.explain.decision import Decision, Option, cause, features_read, rank
from aurora.sim.explain.flip import LEVERS, Flip, flips

DRAWS = 20
"""Number of times that the other features are drawn anew."""
MARGIN = 0.02
"""Distance from a threshold at which it is simulated on either side, as a share of its distance from the present."""
PLACEBO = (0.8, 1.25)
"""Factors of a quantity that was not named."""

CHANGED = "decision changes without the cause"
KEPT = "decision stays with the cause alone"
CONTROL = "decision stays with other features alone"
UNNAMED = "decision stays without a feature that was not named"
BEYOND = "simulated beyond the threshold: the runner-up wins"
SHORT = "simulated short of the threshold: the winner stays"
PLACEBOS = "simulated change of what was not named: the winner stays"


def _of_decision(run: SampledRun, number: int, rng: np.random.Generator) -> Measured:
    decision = run.decisions[number]
    other = decision.runner_up
    names = () if other is None else cause(decision, other)
    if other is None or not names:
        return Measured()
    rest = tuple(n for n in features_read(decision) if n not in names)
    shares: dict[str, tuple[float, int]] = {CHANGED: (float(not _still_wins(decision, other, names)), 1)}
    if rest:
        pool = [o.features for d in run.decisions for o in d.options]
        shares[KEPT] = float(_kept(decision, other, names, pool, rng)), DRAWS
        shares[UNNAMED] = float(sum(_still_wins(decision, other, (n,)) for n in rest)), len(rest)
        if len(rest) >= len(names):
            control = tuple(rest[k] for k in rng.permutation(len(rest))[: len(names)])
            shares[CONTROL] = float(_kept(decision, other, control, pool, rng)), DRAWS
    nearest = flips(decision, other)
    if nearest:
        shares |= _simulated(run, decision, other, nearest[0])
    stayed = list(_placebos(run, decision, names, rng))
    shares[PLACEBOS] = float(sum(stayed)), len(stayed)
    return Measured(shares)


def _still_wins(decision: Decision, other: Option, names: Sequence[str]) -> bool:
    """Return whether the winner would beat the runner-up with the runner-up's values of some features."""
    without = {**decision.chosen.features, **{n: other.features[n] for n in names}}
    return rank(decision, without) > rank(decision, other.features)


def _kept(
    decision: Decision,
    other: Option,
    names: Sequence[str],
    pool: Sequence[Mapping[str, float]],
    rng: np.random.Generator,
) -> int:
    """Return how often the winner still wins where both keep some features and get all others of random candidates."""
    wins = 0
    varying = [n for n in decision.chosen.features if n.split(".")[0] in ("node", "fit", "path") and n not in names]
    for _ in range(DRAWS):
        sides = []
        for option in (decision.chosen, other):
            drawn = pool[int(rng.integers(len(pool)))]
            sides.append(rank(decision, {**option.features, **{n: drawn[n] for n in varying}}))
        wins += sides[0] >= sides[1]
    return wins


def _simulated(run: SampledRun, decision: Decision, other: Option, flip: Flip) -> dict[str, tuple[float, int]]:
    """Return whether the runner-up wins beyond the threshold, and the winner stays short of it."""
    shares = {}
    lever = next(l for l in LEVERS if l.feature == flip.feature)
    for name, sign, winner in ((BEYOND, 1, other.name), (SHORT, -1, decision.chosen.name)):
        value = flip.now + (1 + sign * MARGIN) * (flip.threshold - flip.now)
        won = winner_after(run, decision, other, lever, value)
        if won is not None:
            shares[name] = float(won == winner), 1
    return shares


def _placebos(run: SampledRun, decision: Decision, names: Sequence[str], rng: np.random.Generator) -> Iterator[bool]:
    """Yield whether the winner stays when a quantity of it changes that the explanation does not name."""
    chosen = decision.chosen
    for lever in LEVERS:
        if lever.follows & set(names):
            continue
        value = chosen.features[lever.feature] * PLACEBO[int(rng.integers(2))]
        low, high = lever.limits(chosen.features)
        won = winner_after(run, decision, chosen, lever, value) if low <= value <= high else None
        if won is not None:
            yield won == chosen.name


SUITE = Suite(
    "faithfulness",
    "the decision depends on what is named, and on nothing else",
    _of_decision,
    better={CONTROL: "neither"},
)
