"""Power of an experiment, by simulation on days like those of the accounts' past."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from aurora.errors import DataError
from aurora.learning.experiments.analysis import apply_rules
from aurora.learning.experiments.registration import Rules, assign, block_members
from aurora.learning.experiments.sequential import resample
from aurora.types import FloatArray

SIMULATIONS, RESAMPLES = 200, 500
"""Simulated experiments, and assignments that each is compared with."""
POWER = 0.8
"""Power that the smallest detectable effect has."""
SEARCH_STEPS = 6
"""Bisections of the search for that effect."""
MEMORIES = tuple(np.linspace(0.05, 0.8, 16))
"""Correlations of neighbouring days that are tried; what fades more slowly counts as drift, to be on the safe side."""


@dataclass(frozen=True, slots=True)
class DayModel:
    """Daily values of accounts: a level of the account, and three kinds of movement around it.

    Attributes:
        level: Standard deviation of the accounts' levels.
        noise: Standard deviation of the part that is new every day.
        swing: Standard deviation of the part that fades by the factor `memory` each day.
        memory: Factor, 0 to 1.
        drift: Standard deviation of a day's step of a random walk.
    """

    level: float
    noise: float
    swing: float
    memory: float
    drift: float

    def draw(self, rng: np.random.Generator, accounts: int, days: int) -> FloatArray:
        """float64 [accounts, days]."""
        fading = rng.normal(size=(accounts, days))
        for d in range(1, days):
            fading[:, d] = self.memory * fading[:, d - 1] + np.sqrt(1 - self.memory**2) * fading[:, d]
        walk = np.cumsum(rng.normal(size=(accounts, days)), axis=1)
        values = self.noise * rng.normal(size=(accounts, days)) + self.swing * fading + self.drift * walk
        return self.level * rng.normal(size=(accounts, 1)) + values


def day_model(values: FloatArray) -> DayModel:
    """Fit it to the variogram, half the mean squared difference of days at each distance (Matheron 1963).

    Unlike autocorrelations it needs no account's mean, which a short past gives badly; noise, swing and drift make it
    jump, bend and rise, which is how they are told apart.

    Args:
        values: float64 [accounts, days], at least three days; NaN where missing, which may be whole days.
    """
    days = values.shape[1]
    measured = np.isfinite(values).any(axis=0)
    centred = np.full(values.shape, np.nan)
    centred[:, measured] = values[:, measured] - np.nanmean(values[:, measured], axis=0)
    squares = {h: (centred[:, h:] - centred[:, :-h]) ** 2 for h in range(1, days)}
    lags = np.array([h for h, found in squares.items() if np.isfinite(found).any()])
    variogram = np.array([np.nanmean(squares[h]) / 2 for h in lags])
    weights = np.sqrt(days - lags)  # as there are pairs
    best = np.inf
    found = DayModel(0.0, 0.0, 0.0, 0.0, 0.0)
    for memory in MEMORIES:
        parts = np.column_stack([np.ones(len(lags)), 1 - memory**lags, lags / 2])
        variances, error = nnls(parts * weights[:, None], variogram * weights)
        if error < best:
            best = error
            noise, swing, drift = variances
            around = noise + swing + drift * (days + 1) / 2
            level = max(0.0, float(np.nanmean(np.nanvar(centred[:, measured], axis=0))) - around)
            level, noise, swing, drift = np.sqrt([level, noise, swing, drift]).tolist()
            found = DayModel(level, noise, swing, float(memory), drift)
    return found


@dataclass(frozen=True, slots=True)
class Expected:
    """Expected result of an experiment, by simulation.

    Attributes:
        power: Probability that it stops for benefit if the effect is `effect`.
        days: Median day of that stop; NaN if it never did.
        effect: True effect.
    """

    power: float
    days: float
    effect: float


def expected(
    metric: DayModel,
    accounts: int,
    days_before: int,
    rules: Rules,
    *,
    seed: int = 0,
    simulations: int = SIMULATIONS,
) -> Expected:
    """Simulate the experiment with an effect of `rules.effect` and a guardrail that is not affected."""
    stops = []
    quick = replace(rules, resamples=max(RESAMPLES, int(np.ceil(2 / rules.guardrail_alpha))))
    names = [str(i) for i in range(accounts)]
    sign = 1.0 if rules.direction == "higher" else -1.0
    drawn: dict[bytes, NDArray[np.bool_]] = {}  # a block of an odd size has one treated more or less
    for k in range(simulations):
        rng = np.random.default_rng((seed, k))
        values = metric.draw(rng, accounts, days_before + rules.days)
        guardrail = rng.normal(size=(accounts, rules.days))
        means = values[:, :days_before].mean(axis=1)
        subjects = assign(
            {n: (float(m), 0.0) for n, m in zip(names, means, strict=True)},
            dict.fromkeys(names, ""),
            experiment_id="power",
            seed=k,
            block_size=rules.block_size,
        )
        order = np.array([int(s.account) for s in subjects])
        treated = np.array([s.treated for s in subjects])
        blocks = block_members(subjects)
        counts = np.array([treated[b].sum() for b in blocks]).tobytes()
        if counts not in drawn:
            drawn[counts] = resample(treated, blocks, quick.resamples, seed)
        assignments = drawn[counts]
        assignments[:, 0] = treated
        after = values[order, days_before:] + sign * rules.effect * treated[:, None]
        verdict = apply_rules(after, guardrail, means[order, None], assignments, blocks, quick)
        stops.append(verdict.day if verdict.decision == "stop_benefit" else 0)
    found = [s for s in stops if s]
    return Expected(len(found) / simulations, float(np.median(found)) if found else float("nan"), rules.effect)


def detectable(metric: DayModel, accounts: int, days_before: int, rules: Rules, *, seed: int = 0) -> Expected:
    """Find the smallest effect that the experiment detects with a power of 0.8, by bisection.

    Raises:
        DataError: The metric does not vary.
    """
    scale = float(np.sqrt(metric.level**2 + metric.noise**2 + metric.swing**2 + metric.drift**2))
    if scale == 0:
        raise DataError("the metric is the same for all accounts on all days before the start; choose another one")
    low, high = scale / 100, scale * 2
    for _ in range(SEARCH_STEPS):
        middle = float(np.sqrt(low * high))
        tried = replace(rules, effect=middle)
        if expected(metric, accounts, days_before, tried, seed=seed, simulations=SIMULATIONS // 2).power >= POWER:
            high = middle
        else:
            low = middle
    return expected(metric, accounts, days_before, replace(rules, effect=high), seed=seed)
