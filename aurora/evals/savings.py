"""Comparison of promised with realised savings and safety, on generated accounts with a known future."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aurora.learning.accounts import generate, synthetic_catalogue
from aurora.learning.rightsizing.projection import Projector, next_months
from aurora.learning.rightsizing.rightsizing import Goals, candidates, choose
from aurora.learning.rightsizing.savings import RISK_BOUNDS, Case, SavingsCalibration, case_of, covered, fit, risk_level
from aurora.learning.rightsizing.usage import usage_of
from aurora.statistics.intervals import wilson

CALIBRATION_SEEDS, FIRST_TEST_SEED = range(1000, 1010), 2000
"""Seeds of the populations for calibration, and first seed of the populations for testing."""
POPULATION_SIZE = 40
Progress = Callable[[str, int, int], None]


def cases(
    seeds: Sequence[int], stage: str, progress: Progress | None = None, accounts: int = POPULATION_SIZE
) -> list[Case]:
    """Return recommendations for generated populations, with their results in the following month.

    Args:
        seeds: Random seeds of the populations.
        stage: Name of the stage, for `progress`.
        progress: Function that receives the stage, the number of finished accounts, and their total.
        accounts: Number of accounts of each population.
    """
    catalogue, goals = synthetic_catalogue(), Goals()
    judged = []
    for number, seed in enumerate(seeds):
        population = generate(seed, accounts)
        for k, (account, truth) in enumerate(zip(population.accounts, population.truth, strict=True)):
            usage = usage_of(account, catalogue)
            projector = Projector(usage, catalogue, next_months(usage))
            choice = choose(projector, goals, candidates(projector, goals))
            judged.append(case_of(truth, usage, choice, goals, seed=1, catalogue=catalogue))
            if progress is not None:
                progress(stage, number * accounts + k + 1, len(seeds) * accounts)
    return judged


def calibrate_savings(command: str, progress: Progress | None = None) -> SavingsCalibration:
    """Measure the errors of intervals and recommendations on the calibration seeds."""
    return fit(cases(CALIBRATION_SEEDS, "calibration", progress), command)


def bench_savings(
    calibration: SavingsCalibration, populations: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Measure coverage, reliability and savings on seeds that the calibration didn't use.

    Args:
        calibration: Calibration to test.
        populations: Number of populations of `POPULATION_SIZE` accounts each.
        progress: Function that receives the stage, the number of finished accounts, and their total.
    """
    tested = cases(range(FIRST_TEST_SEED, FIRST_TEST_SEED + populations), "savings", progress)
    inside = covered(tested, calibration)
    low, high = wilson(sum(inside), len(inside))
    moved = [c for c in tested if c.expected or c.realised]
    return {
        "accounts": len(tested),
        "findings": {s: sum(c.side == s for c in tested) for s in ("under", "over", "optimised")},
        "coverage": {"stated": calibration.level, "rate": sum(inside) / len(inside), "low": low, "high": high},
        "by_finding": {s: _coverage([c for c in moved if c.side == s], calibration) for s in ("under", "over")},
        "predicted": sum(c.expected for c in moved),
        "realised": sum(c.realised for c in moved),
        "risk": [_reliability(tested, calibration, k) for k in range(len(RISK_BOUNDS) + 1)],
        "confidence": _calibration_of_confidence(tested, calibration),
    }


def _coverage(own_cases: list[Case], calibration: SavingsCalibration) -> dict[str, float]:
    inside = covered(own_cases, calibration)
    width = [np.subtract(*calibration.interval(c.side, c.expected, c.scale)[::-1]) / c.cost for c in own_cases]
    return {
        "cases": len(inside),
        "rate": sum(inside) / max(1, len(inside)),
        "width_of_cost_median": float(np.median(width)) if width else 0.0,
    }


def _reliability(own_cases: list[Case], calibration: SavingsCalibration, level: int) -> dict[str, float]:
    stated = [(calibration.probability(c.side, c.probability), c) for c in own_cases]
    at_level = [p for p, _ in stated if risk_level(p) == level]
    own = [c for p, c in stated if risk_level(p) == level]
    count = max(1, len(own))
    low, high = wilson(sum(c.is_broken for c in own), len(own))
    return {
        "risk": level,
        "cases": len(own),
        "stated": sum(at_level) / count,
        "broken": sum(c.is_broken for c in own) / count,
        "low": low,
        "high": high,
    }


def _calibration_of_confidence(own_cases: list[Case], calibration: SavingsCalibration) -> dict[str, float]:
    stated = [calibration.rate(c.side, c.probability).share for c in own_cases]
    right = [c.is_right for c in own_cases]
    low, high = wilson(sum(right), len(right))
    return {"stated": sum(stated) / len(stated), "right": sum(right) / len(right), "low": low, "high": high}
