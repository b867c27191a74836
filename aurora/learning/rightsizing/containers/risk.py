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

from aurora.learning.rightsizing.containers.features import DAY, features
from aurora.learning.rightsizing.containers.learned import PRIOR_TESTS, fitted, learned
from aurora.learning.rightsizing.containers.outlook import Outlook, outlook_of
from aurora.learning.rightsizing.containers.use import Demand, Resource
from aurora.types import FloatArray, IntArray

LARGEST_SHARE = 4.0
"""Most risk of one container, in multiples of the mean."""
WORKING = np.geomspace(2e-4, 0.5, 28)
"""Working risks of which the realised loss is measured."""
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
        share: How much it counts, above 0 to 1; see `back_tests`.
    """

    before: Demand
    after: FloatArray
    horizon: float
    container: int
    share: float = 1.0


def horizon_of(demand: Demand, horizon: float) -> float:
    """Return the seconds of a back-test: a third of the past, or the horizon."""
    return min(horizon, (demand.end - demand.start) / 3)


def look_ahead(demand: Demand, horizon: float) -> float:
    """Return the seconds of which a container's distribution is: for CPU at most half of the past.

    A share of the time is much the same for a longer time. A peak is not, so that memory has the whole horizon.
    """
    return horizon if demand.resource == "memory" else min(horizon, (demand.end - demand.start) / 2)


def same_hours(begin: float, seconds: float, end: float, horizon: float) -> float:
    """Return the share of a time that is at times of day that the horizon to come has too, 0 to 1.

    Args:
        begin: Unix time at which the time begins.
        seconds: Its length, at most that of the horizon.
        end: Unix time at which the horizon begins.
        horizon: Seconds of the horizon.
    """
    if horizon >= DAY:
        return 1.0
    offset = (begin - end) % DAY
    last = offset + seconds
    today = max(min(last, horizon) - offset, 0.0)
    tomorrow = max(min(last, DAY + horizon) - max(offset, DAY), 0.0)
    return min((today + tomorrow) / seconds, 1.0)


def back_tests(demands: Sequence[Demand], horizon: float, *, seed: int = 0) -> tuple[BackTest, ...]:
    """Return past moments one horizon apart, as far back as a horizon was measured before them.

    Parts of a day differ: where the horizon is less than a day, a test counts by its share at the horizon's own times
    of day. Tests of one container are much alike: together they count as one.

    Args:
        demands: Measured demand of each container.
        horizon: Seconds to look ahead.
        seed: Random seed of the choice among more than `MAX_TESTS`.
    """
    tests: list[BackTest] = []
    for k, demand in enumerate(demands):
        own: list[BackTest] = []
        ahead = horizon_of(demand, horizon)
        for origin in range(1, MAX_ORIGINS + 1):
            moment = demand.end - origin * ahead
            if moment - demand.start < ahead - demand.step:
                break
            share = same_hours(moment, ahead, demand.end, horizon)
            before, pods = demand.until(moment), demand.within(moment, moment + ahead)
            if share > 0 and before is not None and pods:
                own.append(BackTest(before, np.sort(np.concatenate([p.values for p in pods])), ahead, k, share))
        tests += [test._replace(share=test.share / len(own)) for test in own]
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
        weights: Weights of the features; see `features.NAMES`.
        losses: Realised loss of each back-test at each working risk, float64 [len(WORKING), tests]: share of time above
            the size for CPU, 1 for a peak above it for memory.
        shares: How much each back-test counts, float64 [tests].
        containers: Number of containers tested.
    """

    resource: Resource
    weights: FloatArray
    losses: FloatArray
    shares: FloatArray
    containers: int

    @property
    def tests(self) -> int:
        """Number of back-tests."""
        return int(self.losses.shape[1])

    @property
    def expected(self) -> FloatArray:
        """Mean loss to expect at each working risk, rising, float64 [len(WORKING)]."""
        total = self.losses @ self.shares + PRIOR_TESTS[self.resource] * WORKING
        return np.asarray(np.maximum.accumulate(total / (self.shares.sum() + PRIOR_TESTS[self.resource])))

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
        """Return the distributions of demand to come; see `outlook_of`."""
        return outlook_of(demands, horizons, self.weights)


def calibrate(resource: Resource, tests: Sequence[BackTest]) -> Calibration:
    """Update the learned weights on back-tests, and measure the loss of each working risk.

    Args:
        resource: The resource of all tests.
        tests: Past moments; without any the learned weights stand.
    """
    prior = learned(resource)
    if not tests:
        return Calibration(resource, prior.weights, np.zeros((len(WORKING), 0)), np.zeros(0), 0)
    shares = np.array([t.share for t in tests])
    first = outlook_of([t.before for t in tests], [t.horizon for t in tests], prior.weights)
    realised = realised_losses(first.sizes, [t.after for t in tests], resource)
    rows = np.concatenate([features(t.before, t.horizon, s) for t, s in zip(tests, first.sizes, strict=True)])
    counts = np.repeat(shares, first.sizes.shape[1])
    weights = fitted(rows, realised.ravel(), counts, prior.weights, PRIOR_TESTS[resource] * prior.information)
    above = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
    outlook = Outlook(first.sizes, np.minimum.accumulate(above.reshape(first.sizes.shape), axis=1))
    chosen = _places(outlook, WORKING.tolist())
    losses = np.stack([np.take_along_axis(realised, k[:, None], 1)[:, 0] for k in chosen])
    return Calibration(resource, weights, losses, shares, len({t.container for t in tests}))


def realised_losses(sizes: FloatArray, after: Sequence[FloatArray], resource: Resource) -> FloatArray:
    """Return the loss of each size in what followed, float64 [containers, sizes]; see `Calibration`.

    Args:
        sizes: Sizes to try for each container, float64 [containers, sizes].
        after: Values that followed, ascending, for each container.
        resource: The resource.
    """
    losses = np.empty(sizes.shape)
    for k, values in enumerate(after):
        bounds = sizes[k] * (1 + 1e-9)
        if resource == "memory":
            losses[k] = values[-1] > bounds
        else:
            losses[k] = 1 - np.searchsorted(values, bounds, side="right") / len(values)
    return losses
