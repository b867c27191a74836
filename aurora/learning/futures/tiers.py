"""Derives capacity tiers from demand forecasts, recalibrated on the outcomes of earlier forecasts.

A tier is a one-sided promise: demand stays within its cores with probability p. The forecast's own quantiles are not
used as they are. Each realised value has a score, the log odds of the value in its forecast, and the tier is the
forecast's value at the score that the share p of the scores does not exceed (split conformal prediction on the
probability scale: Vovk, Gammerman & Shafer 2005, section 4.2; Chernozhukov, Wüthrich & Zhu 2021). One set of scores
serves series of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.learning.futures.paths import (
    MAX_LOG_ODDS,
    MIN_PROBABILITY,
    Tails,
    odds_of,
    probabilities,
    quantile_at,
    tails_of,
    value_at,
)
from aurora.learning.series.series import QUANTILES
from aurora.sim.capacity.capacity import MAX_NODES, CapacityPlan

CONFIDENCES = (0.5, 0.8, 0.95, 0.99)
RESERVED_UP_TO = 0.8
"""Highest confidence of a reserved tier; higher tiers are headroom that is bought on demand."""

ADAPTATION = 0.1
"""Learning rate of adaptive tiers; chosen on the first 70 % of NAB's CPU series, which no report uses."""

MIN_SCORES_PER_STEP = 200
"""Fewest scores for a step to have scores of its own; with fewer, the steps of a horizon share them."""


class Tier(NamedTuple):
    """Capacity that covers demand with a confidence.

    Attributes:
        kind: `reserved`, or `burst` for headroom above the reserved capacity.
        confidence: Probability that demand stays within `cores` at all steps of the horizon.
        cores: Capacity for the whole horizon.
        by_step: float64 [steps], capacity that covers each step alone with this confidence.
        above_step: Probability that demand exceeds `cores` at a step, mean over steps.
        above_horizon: Probability that demand exceeds `cores` at some step.
        is_backed: True if there are enough past forecasts to check the promise for the horizon.
    """

    kind: Literal["reserved", "burst"]
    confidence: float
    cores: float
    by_step: NDArray[np.float64]
    above_step: float
    above_horizon: float
    is_backed: bool


@dataclass(frozen=True, slots=True)
class Recalibration:
    """Scores of past forecasts.

    Attributes:
        scores: float64 [steps or 1, n], ascending: the least log odds of a realised value in its forecast.
        tails: Scales of the tails of every forecast, float64 [steps]; None: each forecast has its own.
    """

    scores: NDArray[np.float64]
    tails: Tails | None = None

    def at(self, promised: float) -> NDArray[np.float64]:
        """Return the log odds at which a forecast keeps the promise, float64 [steps or 1].

        The ceil((n + 1) p)-th score of n: a new one that is exchangeable with them lies at or below it with
        probability p at least. With too few scores it is the highest score, or the log odds of the promise itself if
        those are higher; see `backs`.
        """
        promised = min(max(promised, MIN_PROBABILITY), 1 - MIN_PROBABILITY)
        count = self.scores.shape[1]
        rank = int(np.ceil((count + 1) * promised - 1e-9))
        if rank > count:
            return np.asarray(np.maximum(self.scores[:, -1], np.log(promised) - np.log1p(-promised)), np.float64)
        return np.asarray(self.scores[:, max(rank, 1) - 1], np.float64)

    def backs(self, promised: float) -> bool:
        """Return whether there are enough scores to check the promise."""
        return bool(np.ceil((self.scores.shape[1] + 1) * promised - 1e-9) <= self.scores.shape[1])

    def share_within(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that demand stays within a forecast's value at log odds, float64 [..., steps]."""
        count = self.scores.shape[1]
        rows = np.broadcast_to(self.scores, (odds.shape[-1], count))
        ranks = [np.searchsorted(row, odds[..., k], side="right") for k, row in enumerate(rows)]
        return np.asarray(np.minimum((np.stack(ranks, axis=-1) + 0.5) / (count + 1), 1.0), np.float64)


def recalibration(
    quantiles: NDArray[np.float64], realised: NDArray[np.float64], *, alike: bool = False
) -> Recalibration:
    """Score past forecasts, to recalibrate the next ones.

    Args:
        quantiles: float64 [forecasts, steps, len(QUANTILES)].
        realised: float64 [forecasts, steps].
        alike: Whether all are of one quantity and size. Tails then have their mean width, so that a surprise after a
            calm hour counts in cores, not in multiples of that hour's tail.

    Raises:
        InputError: There are none, or shapes differ.
    """
    if quantiles.shape != (*realised.shape, len(QUANTILES)) or not realised.size:
        raise InputError(
            f"recalibration: forecasts {quantiles.shape} and realised values {realised.shape} do not match"
        )
    tails = Tails(*(scale.mean(axis=0) for scale in tails_of(quantiles))) if alike else None
    scores = np.clip(odds_of(quantiles, realised, tails)[0], -MAX_LOG_ODDS, MAX_LOG_ODDS)
    if len(scores) < MIN_SCORES_PER_STEP:
        scores = scores.reshape(-1, 1)
    return Recalibration(np.sort(scores.T, axis=1), tails)


def cores_at(quantiles: NDArray[np.float64], promised: float, past: Recalibration | None = None) -> NDArray[np.float64]:
    """Return the capacity that covers each step with a confidence, float64 [..., steps].

    Args:
        quantiles: float64 [..., steps, len(QUANTILES)].
        promised: The confidence, above 0 and below 1.
        past: Scores of earlier forecasts; None for the forecast's own quantile.
    """
    if past is None:
        return quantile_at(quantiles, np.full(quantiles.shape[:-1], promised))
    return value_at(quantiles, np.broadcast_to(past.at(promised), quantiles.shape[:-1]), past.tails)


def chance_above(
    quantiles: NDArray[np.float64], cores: float, past: Recalibration | None = None
) -> NDArray[np.float64]:
    """Return the probability that demand exceeds a capacity at each step, float64 [..., steps]."""
    capacity = np.full(quantiles.shape[:-1], cores)
    if past is None:
        return 1.0 - probabilities(quantiles, capacity)[1]
    return 1.0 - past.share_within(odds_of(quantiles, capacity, past.tails)[1])


class Past(NamedTuple):
    """Scores of earlier forecasts of a total.

    Attributes:
        steps: Scores of each step.
        peaks: Scores of the highest of all steps.
    """

    steps: Recalibration
    peaks: Recalibration


class Adaptive(NamedTuple):
    """Adapted confidences, with which tiers keep the promised ones under drift too.

    Adaptive conformal inference (Gibbs & Candès 2021, equation 2): the adapted confidence rises after demand was
    outside a tier and falls after it was inside. Over T rounds the share inside differs from the promised one by
    (1 + rate) / (rate T) at most, for any demand.

    Attributes:
        promised: The promised confidences.
        offsets: Difference of each adapted confidence from the promised one.
        rate: Learning rate of the offsets.
    """

    promised: tuple[float, ...]
    offsets: tuple[float, ...]
    rate: float = ADAPTATION

    def asked(self, promised: float) -> float:
        """Return the adapted confidence, 0 to 1."""
        if promised not in self.promised:
            return promised
        return float(np.clip(promised + self.offsets[self.promised.index(promised)], 0.0, 1.0))

    def after(self, inside: Sequence[float]) -> Adaptive:
        """Return the confidences after a round in which a share `inside` of the steps was inside each tier."""
        moved = zip(self.offsets, self.promised, inside, strict=True)
        return self._replace(offsets=tuple(o + self.rate * (p - share) for o, p, share in moved))


class Adjustment(NamedTuple):
    """Adapted confidences by step and for peaks.

    Attributes:
        steps: Learned from each step of a round.
        peaks: Learned from the highest step of a round; a single yes or no, so the rate is halved.
    """

    steps: Adaptive
    peaks: Adaptive


def unadjusted(confidences: Sequence[float]) -> Adjustment:
    """Return the promised confidences, not yet adapted."""
    promised, none = tuple(confidences), (0.0,) * len(confidences)
    return Adjustment(Adaptive(promised, none), Adaptive(promised, none, ADAPTATION / 2))


def tiers_of(
    by_step: NDArray[np.float64],
    peak: NDArray[np.float64],
    confidences: Sequence[float] = CONFIDENCES,
    past: Past | None = None,
    adjusted: Adjustment | None = None,
) -> tuple[Tier, ...]:
    """Derive the tiers of a demand forecast.

    Args:
        by_step: float64 [steps, len(QUANTILES)], quantiles of the demand at each step, cores.
        peak: float64 [1, len(QUANTILES)], quantiles of the highest of all steps.
        confidences: The confidences, ascending.
        past: Scores of earlier forecasts; None for the forecast's own quantiles.
        adjusted: Adapted confidences; None for the promised ones.

    Raises:
        InputError: A confidence is not between 0 and 1, or they do not rise.
    """
    check_confidences(confidences)
    steps, peaks = (None, None) if past is None else past
    tiers = []
    for confidence in confidences:
        at_step = confidence if adjusted is None else adjusted.steps.asked(confidence)
        at_peak = confidence if adjusted is None else adjusted.peaks.asked(confidence)
        cores = max(0.0, float(cores_at(peak, at_peak, peaks)[0]))
        tiers.append(
            Tier(
                "reserved" if confidence <= RESERVED_UP_TO else "burst",
                confidence,
                cores,
                np.maximum(0.0, cores_at(by_step, at_step, steps)),
                float(chance_above(by_step, cores, steps).mean()),
                float(chance_above(peak, cores, peaks)[0]),
                peaks is None or peaks.backs(confidence),
            )
        )
    return tuple(tiers)


def check_confidences(confidences: Sequence[float]) -> None:
    """Refuse confidences that make no tiers.

    Raises:
        InputError: There are none, one is not between 0 and 1, or they do not rise.
    """
    if not confidences:
        raise InputError("no confidence was given; give for example 0.5, 0.8, 0.95, 0.99", parameter="confidences")
    for confidence in confidences:
        if not 0 < confidence < 1:
            raise InputError(f"{confidence:g} is not a probability above 0 and below 1", parameter="confidences")
    if any(b <= a for a, b in pairwise(confidences)):
        raise InputError("the confidences must rise", parameter="confidences")


def critical_ratio(reserved_price: float, burst_price: float) -> float:
    """Return the confidence up to which reserving is cheaper than buying on demand (newsvendor: Arrow et al. 1951).

    The last reserved core is always paid, and saves its on-demand price when demand exceeds the others: it is worth
    it while P(demand > reserved) * burst_price > reserved_price.

    Args:
        reserved_price: Dollars per core and hour.
        burst_price: Dollars per core and hour, paid for use only.

    Raises:
        InputError: A price is negative or not a number.
    """
    if not (reserved_price >= 0 and burst_price >= 0 and np.isfinite([reserved_price, burst_price]).all()):
        raise InputError(f"{reserved_price=} and {burst_price=}: both must be finite numbers from 0 up")
    if burst_price == 0:
        return 0.0
    return max(0.0, 1.0 - reserved_price / burst_price)


def best_reserve(totals: NDArray[np.float64], reserved_price: float, burst_price: float) -> float:
    """Return the cores to reserve at the least expected cost, where all demand above is bought on demand.

    Args:
        totals: float64 [futures, steps], demand in cores; a reserved core is paid at every step alike.
        reserved_price: Dollars per core and hour.
        burst_price: Dollars per core and hour.
    """
    return float(np.quantile(totals, critical_ratio(reserved_price, burst_price)))


def proposed_plans(tiers: Sequence[Tier], totals: NDArray[np.float64], like: CapacityPlan) -> tuple[CapacityPlan, ...]:
    """Propose plans: each reserved tier with headroom up to the highest tier, and the cheapest reserve.

    Args:
        tiers: The tiers, ascending.
        totals: float64 [futures, steps], demand in cores.
        like: A plan with the node size, prices, power and policy of all plans.

    Raises:
        InputError: More nodes would be needed than can be simulated.
    """
    top = tiers[-1].cores
    cheapest = best_reserve(totals, like.reserved_price / like.node_cores, like.burst_price / like.node_cores)
    wanted = [(f"reserve-{100 * t.confidence:g}", t.cores) for t in tiers if t.kind == "reserved"]
    wanted += [("cheapest-reserve", cheapest), (f"all-reserved-{100 * tiers[-1].confidence:g}", top)]
    most = int(np.ceil(top / like.node_cores - 1e-9))
    if most > MAX_NODES:
        raise InputError(
            f"{top:.4g} cores would be {most} nodes of {like.node_cores:g} cores, at most {MAX_NODES} are simulated; "
            f"give larger nodes (node_cores={np.ceil(top / MAX_NODES):g}), or a smaller cores_per_unit"
        )
    plans: dict[int, CapacityPlan] = {}
    for name, cores in wanted:
        reserved = min(most, int(np.ceil(cores / like.node_cores - 1e-9)))
        update = {"plan_id": name, "reserved_nodes": reserved, "burst_nodes": max(most, 1) - reserved}
        plans.setdefault(reserved, CapacityPlan.model_validate(like.model_dump() | update))
    return tuple(plans[n] for n in sorted(plans))
