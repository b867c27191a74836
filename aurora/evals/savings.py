"""Promised against realised savings and safety, on generated accounts whose future is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from aurora.learning.accounts import generate, synthetic_catalogue
from aurora.learning.rightsizing.projection import Projector, next_months
from aurora.learning.rightsizing.rightsizing import Goals, candidates, choose
from aurora.learning.rightsizing.savings import RISK_BOUNDS, Case, SavingsCalibration, case_of, covered, fit, risk_level
from aurora.learning.rightsizing.usage import usage_of
from aurora.statistics import wilson

CALIBRATION_SEEDS, FIRST_TEST_SEED = range(1000, 1010), 2000
"""Seeds of populations; results are reported on other populations than those of the calibration."""
ACCOUNTS = 40
Told = Callable[[str, int, int], None]


def cases(seeds: Sequence[int], what: str, told: Told | None = None, accounts: int = ACCOUNTS) -> list[Case]:
    """Recommendations for generated populations, and what came of them in the month after."""
    catalogue, goals = synthetic_catalogue(), Goals()
    found = []
    for number, seed in enumerate(seeds):
        population = generate(seed, accounts)
        for k, (account, truth) in enumerate(zip(population.accounts, population.truth, strict=True)):
            usage = usage_of(account, catalogue)
            projector = Projector(usage, catalogue, next_months(usage))
            choice = choose(projector, goals, candidates(projector, goals))
            found.append(case_of(truth, usage, choice, goals, seed=1, catalogue=catalogue))
            if told is not None:
                told(what, number * accounts + k + 1, len(seeds) * accounts)
    return found


def calibrate_savings(command: str, told: Told | None = None) -> SavingsCalibration:
    """Measure on the calibration seeds what intervals and recommendations are worth."""
    return fit(cases(CALIBRATION_SEEDS, "calibration", told), command)


def bench_savings(calibration: SavingsCalibration, populations: int, told: Told | None = None) -> dict[str, Any]:
    """On other seeds than those of the calibration: coverage, reliability, what was saved.

    Args:
        calibration: Calibration to test.
        populations: Number of populations of `ACCOUNTS` accounts each.
        told: Called with what is done, how far it is, and how far it goes.
    """
    found = cases(range(FIRST_TEST_SEED, FIRST_TEST_SEED + populations), "savings", told)
    inside = covered(found, calibration)
    low, high = wilson(sum(inside), len(inside))
    moved = [c for c in found if c.expected or c.realised]
    return {
        "accounts": len(found),
        "findings": {s: sum(c.side == s for c in found) for s in ("under", "over", "optimised")},
        "coverage": {"stated": calibration.level, "rate": sum(inside) / len(inside), "low": low, "high": high},
        "by_finding": {s: _coverage([c for c in moved if c.side == s], calibration) for s in ("under", "over")},
        "predicted": sum(c.expected for c in moved),
        "realised": sum(c.realised for c in moved),
        "risk": [_reliability(found, calibration, k) for k in range(len(RISK_BOUNDS) + 1)],
        "confidence": _calibration_of_confidence(found, calibration),
    }


def _coverage(found: list[Case], calibration: SavingsCalibration) -> dict[str, float]:
    inside = covered(found, calibration)
    width = [np.subtract(*calibration.interval(c.side, c.expected, c.scale)[::-1]) / c.cost for c in found]
    return {
        "cases": len(inside),
        "rate": sum(inside) / max(1, len(inside)),
        "width_of_cost_median": float(np.median(width)) if width else 0.0,
    }


def _reliability(found: list[Case], calibration: SavingsCalibration, level: int) -> dict[str, float]:
    stated = [(calibration.probability(c.side, c.probability), c) for c in found]
    told = [p for p, _ in stated if risk_level(p) == level]
    own = [c for p, c in stated if risk_level(p) == level]
    count = max(1, len(own))
    low, high = wilson(sum(c.is_broken for c in own), len(own))
    return {
        "risk": level,
        "cases": len(own),
        "stated": sum(told) / count,
        "broken": sum(c.is_broken for c in own) / count,
        "low": low,
        "high": high,
    }


def _calibration_of_confidence(found: list[Case], calibration: SavingsCalibration) -> dict[str, float]:
    stated = [calibration.rate(c.side, c.probability).share for c in found]
    right = [c.is_right for c in found]
    low, high = wilson(sum(right), len(right))
    return {"stated": sum(stated) / len(stated), "right": sum(right) / len(right), "low": low, "high": high}
