"""Chooses sizes of a fleet for a risk, and calibrates the risk on back-tests.

The risk is a mean over all containers. It is spent where it saves most: a core is taken from the container whose risk
rises least by it (the condition of Lagrange for the least total size at a given mean risk). No container bears more
than `LARGEST_SHARE` times the mean.

What the distributions promise is compared with what back-tests gave, and the working risk is chosen so that the mean
realised loss meets the promise (conformal risk control: Angelopoulos, Bates, Fisch, Lei & Schuster 2024, section 2.1;
in place of their worst case, `PRIOR_TESTS` tests are assumed to have gone as predicted).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.outlook import (
    CPU_SETTINGS,
    MEMORY_SETTINGS,
    PRIOR_TESTS,
    CpuSettings,
    MemorySettings,
    Outlook,
    base_and_unit,
    cpu_outlook,
    drift_of,
    drifts_with_prior,
    memory_outlook,
)
from aurora.learning.rightsizing.containers.use import Demand, Resource
from aurora.types import FloatArray, IntArray

LARGEST_SHARE = 4.0
"""Most risk of one container, in multiples of the mean."""
WORKING = np.geomspace(2e-4, 0.5, 28)
"""Working risks of which the realised loss is measured."""
REFERENCE_RISKS = (0.1, 0.05, 0.02, 0.01)
"""Risks at which settings are compared."""
MAX_ORIGINS = 4
"""Most back-tests of a container."""
MAX_TESTS = 1000
"""Most back-tests in all; more add little."""
PRICES = np.geomspace(1e-4, 1e7, 160)
"""Prices of a certain violation that are tried, in multiples of the largest size."""


class BackTest(NamedTuple):
    """A past moment: what was measured before it, and what followed.

    Attributes:
        before: Demand before the moment.
        after: Values that followed, of all pods, ascending, float64 [n].
        horizon: Seconds of which `after` is.
        container: Position of the container.
    """

    before: Demand
    after: FloatArray
    horizon: float
    container: int


def horizon_of(demand: Demand, horizon: float) -> float:
    """Return how far a container's past allows to look ahead, seconds: a third of the past, or the horizon."""
    return min(horizon, (demand.end - demand.start) / 3)


def back_tests(demands: Sequence[Demand], horizon: float, *, seed: int = 0) -> tuple[BackTest, ...]:
    """Return past moments one horizon apart, as far back as a horizon was measured before them.

    Args:
        demands: Measured demand of each container.
        horizon: Seconds to look ahead.
        seed: Random seed of the choice among more than `MAX_TESTS`.
    """
    tests = []
    for k, demand in enumerate(demands):
        ahead = horizon_of(demand, horizon)
        for origin in range(1, MAX_ORIGINS + 1):
            moment = demand.end - origin * ahead
            if moment - demand.start < ahead - demand.step:
                break
            before, pods = demand.until(moment), demand.within(moment, moment + ahead)
            if before is not None and pods:
                tests.append(BackTest(before, np.sort(np.concatenate([p.values for p in pods])), ahead, k))
    if len(tests) > MAX_TESTS:
        chosen = np.random.default_rng(seed).choice(len(tests), MAX_TESTS, replace=False)
        tests = [tests[k] for k in np.sort(chosen)]
    return tuple(tests)


def allocate(outlook: Outlook, risk: float) -> FloatArray:
    """Return the sizes of least total with a mean predicted risk, float64 [containers]; see the module.

    No size is smaller at a smaller risk.

    Args:
        outlook: Distributions of the containers.
        risk: Mean probability of demand above the size, above 0 and below 1, before the cap on each container.
    """
    return np.take_along_axis(outlook.sizes, next(_places(outlook, [risk]))[:, None], axis=1)[:, 0]


def _places(outlook: Outlook, risks: Sequence[float]) -> Iterator[IntArray]:
    """Yield the position of each container's size, for each risk."""
    if not len(outlook.sizes):
        yield from (np.zeros(0, np.int64) for _ in risks)
        return
    prices = PRICES * max(float(outlook.sizes.max()), 1e-9)
    rows = np.arange(len(outlook.sizes))
    means = []
    for price in prices:
        free = (outlook.sizes + price * outlook.above).argmin(axis=1)
        means.append(float(outlook.above[rows, free].mean()))
    for risk in risks:
        enough = np.flatnonzero(np.asarray(means) <= risk)
        price = prices[enough[0] if len(enough) else -1]
        # Where no size is within the cap, the largest is chosen.
        allowed = outlook.above <= LARGEST_SHARE * risk
        allowed[:, -1] = True
        yield np.where(allowed, outlook.sizes + price * outlook.above, np.inf).argmin(axis=1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What back-tests of a resource taught.

    Attributes:
        resource: The resource.
        settings: Settings with the least slack on the back-tests.
        errors: Drifts of CPU, or surprises of memory peaks; see `outlook`.
        losses: Realised loss of each back-test at each working risk, float64 [len(WORKING), tests]: share of time above
            the size for CPU, 1 for a peak above it for memory.
        containers: Number of containers tested.
    """

    resource: Resource
    settings: CpuSettings | MemorySettings
    errors: FloatArray
    losses: FloatArray
    containers: int

    @property
    def tests(self) -> int:
        """Number of back-tests."""
        return int(self.losses.shape[1])

    @property
    def expected(self) -> FloatArray:
        """Mean loss to expect at each working risk, rising, float64 [len(WORKING)]."""
        total = self.losses.sum(axis=1) + PRIOR_TESTS * WORKING
        return np.asarray(np.maximum.accumulate(total / (self.tests + PRIOR_TESTS)))

    def working_risk(self, risk: float) -> float:
        """Return the predicted risk at which the realised one is expected to be `risk`."""
        # np.interp wants rising places; equal ones take the largest working risk.
        expected = self.expected + 1e-12 * np.arange(len(WORKING))
        return float(np.exp(np.interp(risk, expected, np.log(WORKING))))

    def realised(self, chance: FloatArray) -> FloatArray:
        """Return the probabilities to expect where the distributions say `chance`."""
        low, high = WORKING[0], WORKING[-1]
        inner = np.interp(np.log(np.clip(chance, low, high)), np.log(WORKING), self.expected)
        below = self.expected[0] * np.minimum(chance / low, 1.0)
        above = self.expected[-1] + (1 - self.expected[-1]) * np.maximum(chance - high, 0.0) / (1 - high)
        return np.asarray(np.where(chance < low, below, np.where(chance > high, above, inner)))

    def kept(self, risk: float) -> float | None:
        """Return the share of back-tests whose loss was within `LARGEST_SHARE` times the risk; None without any.

        A success and a failure are added (Laplace's rule of succession), so that few tests give no certainty.
        """
        if not self.tests:
            return None
        losses = self.losses[int(np.searchsorted(WORKING, self.working_risk(risk), side="right")) - 1]
        return float(((losses <= LARGEST_SHARE * risk).sum() + 1) / (self.tests + 2))

    def outlook(self, demands: Sequence[Demand], horizons: Sequence[float]) -> Outlook:
        """Return the distributions of demand to come; see `cpu_outlook` and `memory_outlook`."""
        return _outlook(demands, horizons, self.settings, self.errors)


def asked_risk(resource: Resource, risk: float, horizons: Sequence[float], horizon: float) -> float:
    """Return the risk to ask of distributions that look less far ahead than the horizon.

    A kill within the horizon is a kill in one of its parts, so each part may have less. A share of the time stays.

    Args:
        resource: The resource.
        risk: Risk for the horizon.
        horizons: Seconds of which the distributions are, at least one.
        horizon: Seconds of the horizon.
    """
    if resource == "cpu" or not len(horizons):
        return risk
    return float(1 - (1 - risk) ** min(float(np.median(horizons)) / horizon, 1.0))


def _outlook(
    demands: Sequence[Demand],
    horizons: Sequence[float],
    settings: CpuSettings | MemorySettings,
    errors: FloatArray,
) -> Outlook:
    if isinstance(settings, CpuSettings):
        return cpu_outlook(demands, horizons, settings, errors)
    return memory_outlook(demands, horizons, settings, errors)


def calibrate(resource: Resource, tests: Sequence[BackTest]) -> Calibration:
    """Choose the settings with the least slack on back-tests, and measure the loss of each working risk.

    Args:
        resource: The resource of all tests.
        tests: Past moments; without any the prior stands alone.
    """
    every: tuple[CpuSettings | MemorySettings, ...] = CPU_SETTINGS if resource == "cpu" else MEMORY_SETTINGS
    if not tests:
        default = every[1] if resource == "cpu" else every[-1]
        return Calibration(resource, default, _errors(tests, default), np.zeros((len(WORKING), 0)), 0)
    best, best_score = None, np.inf
    containers = len({t.container for t in tests})
    for settings in every:
        errors = _errors(tests, settings)
        outlook = _outlook([t.before for t in tests], [t.horizon for t in tests], settings, errors)
        realised = _realised(outlook, tests, resource)
        chosen = list(_places(outlook, WORKING.tolist()))
        losses = np.stack([np.take_along_axis(realised, k[:, None], 1)[:, 0] for k in chosen])
        total = np.array([np.take_along_axis(outlook.sizes, k[:, None], 1).sum() for k in chosen])
        tried = Calibration(resource, settings, errors, losses, containers)
        needed = [
            np.interp(np.log(tried.working_risk(r)), np.log(WORKING), total) * max(tried.expected[0] / r, 1.0)
            for r in REFERENCE_RISKS  # a risk that is out of reach would take a larger size than there is
        ]
        score = float(np.log(np.maximum(needed, 1e-12)).mean())
        if score < best_score - 1e-9:
            best, best_score = tried, score
    assert best is not None
    return best


def _errors(tests: Sequence[BackTest], settings: CpuSettings | MemorySettings) -> FloatArray:
    if isinstance(settings, CpuSettings):
        return drifts_with_prior([drift_of(t.before, t.after, t.horizon, settings) for t in tests])
    surprises = []
    for test in tests:
        base, unit = base_and_unit(test.before, test.horizon, settings)
        surprises.append((float(test.after[-1]) - base) / unit)
    return np.sort(np.asarray(surprises, np.float64))


def _realised(outlook: Outlook, tests: Sequence[BackTest], resource: Resource) -> FloatArray:
    """Return the loss of each size in what followed, float64 [tests, sizes]."""
    losses = np.empty(outlook.sizes.shape)
    for k, test in enumerate(tests):
        sizes = outlook.sizes[k] * (1 + 1e-9)
        if resource == "memory":
            losses[k] = test.after[-1] > sizes
        else:
            losses[k] = 1 - np.searchsorted(test.after, sizes, side="right") / len(test.after)
    return losses
