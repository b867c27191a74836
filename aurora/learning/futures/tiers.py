"""How much capacity covers demand with which confidence, kept honest by what came of earlier forecasts.

A tier is a one-sided promise: demand stays within so many cores with probability p. What forecasts say is not
taken at its word. Each realised value has a score, the log odds at which its forecast had it, and the tier is read
off at the score below which the share p of those lies (split conformal prediction on the probability scale:
Vovk, Gammerman & Shafer 2005, section 4.2; Chernozhukov, Wüthrich & Zhu 2021). So one set of scores serves series of
any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.futures.paths import EDGE, FARTHEST, Tails, odds_of, probabilities, quantile_at, tails_of, value_at
from aurora.learning.series.series import LEVELS
from aurora.sim.capacity.capacity import MAX_NODES, CapacityPlan

CONFIDENCES = (0.5, 0.8, 0.95, 0.99)
RESERVED_UP_TO = 0.8
"""Tiers up to this confidence are reserved, those above it headroom that is bought when it is needed."""

ADAPTATION = 0.1
"""How fast adaptive tiers learn; chosen on the first 70 % of NAB's CPU series, of which none is reported."""

SCORES_PER_STEP = 200
"""With fewer scores a step, the steps of a horizon share theirs."""


class Tier(NamedTuple):
    """Capacity that covers demand with a confidence.

    Attributes:
        kind: Whether it is to be reserved or headroom above what is.
        confidence: That demand stays within `cores` at all steps of the horizon.
        cores: One capacity for the whole horizon.
        by_step: float64 [steps], what covers each step alone with this confidence.
        above_step: Probability that demand exceeds `cores` at a step, mean over steps.
        above_horizon: Probability that it does so at some step.
        is_backed: Whether there are enough past forecasts to check the promise for the horizon.
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
        scores: float64 [steps or 1, n], ascending: the least log odds at which a forecast had what came.
        tails: Of every forecast, float64 [steps]; None: each has its own.
    """

    scores: NDArray[np.float64]
    tails: Tails | None = None

    def at(self, promised: float) -> NDArray[np.float64]:
        """Log odds at which to read a forecast so that the promise holds, float64 [steps or 1].

        The ceil((n + 1) p)-th score of n: a new one that is exchangeable with them lies at or below it with
        probability p at least. Where scores are too few for that, the highest of them, or where the forecast itself
        has the promise if that is higher; see `backs`.
        """
        promised = min(max(promised, EDGE), 1 - EDGE)
        count = self.scores.shape[1]
        rank = int(np.ceil((count + 1) * promised - 1e-9))
        if rank > count:
            return np.asarray(np.maximum(self.scores[:, -1], np.log(promised) - np.log1p(-promised)), np.float64)
        return np.asarray(self.scores[:, max(rank, 1) - 1], np.float64)

    def backs(self, promised: float) -> bool:
        """Whether there are enough scores to tell whether the promise holds."""
        return bool(np.ceil((self.scores.shape[1] + 1) * promised - 1e-9) <= self.scores.shape[1])

    def share_within(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that demand stays within what a forecast has at log odds, float64 [..., steps]."""
        count = self.scores.shape[1]
        rows = np.broadcast_to(self.scores, (odds.shape[-1], count))
        found = [np.searchsorted(row, odds[..., k], side="right") for k, row in enumerate(rows)]
        return np.asarray(np.minimum((np.stack(found, axis=-1) + 0.5) / (count + 1), 1.0), np.float64)


def recalibration(
    quantiles: NDArray[np.float64], realised: NDArray[np.float64], *, alike: bool = False
) -> Recalibration:
    """What past forecasts teach about the next ones.

    Args:
        quantiles: float64 [forecasts, steps, len(LEVELS)].
        realised: float64 [forecasts, steps].
        alike: Whether all are of one quantity and size. Tails are then as wide as they are in the mean: what once came
            after a calm hour counts in cores, not in multiples of that hour's tail.

    Raises:
        DataError: There are none, or shapes differ.
    """
    if quantiles.shape != (*realised.shape, len(LEVELS)) or not realised.size:
        raise DataError(f"recalibration: forecasts {quantiles.shape} and realised values {realised.shape} do not match")
    tails = Tails(*(scale.mean(axis=0) for scale in tails_of(quantiles))) if alike else None
    scores = np.clip(odds_of(quantiles, realised, tails)[0], -FARTHEST, FARTHEST)
    if len(scores) < SCORES_PER_STEP:
        scores = scores.reshape(-1, 1)
    return Recalibration(np.sort(scores.T, axis=1), tails)


def cores_at(quantiles: NDArray[np.float64], promised: float, past: Recalibration | None = None) -> NDArray[np.float64]:
    """Capacity that covers each step with a confidence, float64 [..., steps].

    Args:
        quantiles: float64 [..., steps, len(LEVELS)].
        promised: The confidence, above 0 and below 1.
        past: Scores of earlier forecasts; None: the forecast is taken at its word.
    """
    if past is None:
        return quantile_at(quantiles, np.full(quantiles.shape[:-1], promised))
    return value_at(quantiles, np.broadcast_to(past.at(promised), quantiles.shape[:-1]), past.tails)


def chance_above(
    quantiles: NDArray[np.float64], cores: float, past: Recalibration | None = None
) -> NDArray[np.float64]:
    """The probability that demand exceeds a capacity at each step, float64 [..., steps]."""
    capacity = np.full(quantiles.shape[:-1], cores)
    if past is None:
        return 1.0 - probabilities(quantiles, capacity)[1]
    return 1.0 - past.share_within(odds_of(quantiles, capacity, past.tails)[1])


class Past(NamedTuple):
    """How earlier forecasts of a total fared.

    Attributes:
        steps: Of each step.
        peaks: Of the highest of all steps.
    """

    steps: Recalibration
    peaks: Recalibration


class Adaptive(NamedTuple):
    """Confidences that are asked for so that those that were promised come true, under drift too.

    Adaptive conformal inference (Gibbs & Candès 2021, equation 2): what is asked for rises after demand was
    outside a tier and falls after it was inside, so that over time the share inside comes to what was promised,
    whatever the demand does: over T rounds it is off by (1 + rate) / (rate T) at most.

    Attributes:
        promised: The confidences.
        offsets: What is added to each when it is asked for.
        rate: How fast offsets move.
    """

    promised: tuple[float, ...]
    offsets: tuple[float, ...]
    rate: float = ADAPTATION

    def asked(self, promised: float) -> float:
        """The confidence to ask for, 0 to 1."""
        if promised not in self.promised:
            return promised
        return float(np.clip(promised + self.offsets[self.promised.index(promised)], 0.0, 1.0))

    def after(self, inside: Sequence[float]) -> Adaptive:
        """What is asked for after a round in which those shares of the steps were inside the tiers."""
        moved = zip(self.offsets, self.promised, inside, strict=True)
        return self._replace(offsets=tuple(o + self.rate * (p - share) for o, p, share in moved))


class Adjustment(NamedTuple):
    """What to ask for, by step and for peaks.

    Attributes:
        steps: Learned from each step of a round.
        peaks: Learned from a round's highest step: a single yes or no, so it moves half as fast.
    """

    steps: Adaptive
    peaks: Adaptive


def unadjusted(confidences: Sequence[float]) -> Adjustment:
    """What is promised is asked for."""
    promised, none = tuple(confidences), (0.0,) * len(confidences)
    return Adjustment(Adaptive(promised, none), Adaptive(promised, none, ADAPTATION / 2))


def tiers_of(
    by_step: NDArray[np.float64],
    peak: NDArray[np.float64],
    confidences: Sequence[float] = CONFIDENCES,
    past: Past | None = None,
    adjusted: Adjustment | None = None,
) -> tuple[Tier, ...]:
    """Tiers of a demand to come.

    Args:
        by_step: float64 [steps, len(LEVELS)], quantiles of the demand at each step, cores.
        peak: float64 [1, len(LEVELS)], of the highest of all steps.
        confidences: Ascending.
        past: How earlier forecasts fared; None: this one is taken at its word.
        adjusted: What to ask for instead of each confidence.

    Raises:
        DataError: A confidence is not between 0 and 1, or they do not rise.
    """
    check_confidences(confidences)
    steps, peaks = (None, None) if past is None else past
    found = []
    for confidence in confidences:
        at_step = confidence if adjusted is None else adjusted.steps.asked(confidence)
        at_peak = confidence if adjusted is None else adjusted.peaks.asked(confidence)
        cores = max(0.0, float(cores_at(peak, at_peak, peaks)[0]))
        found.append(
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
    return tuple(found)


def check_confidences(confidences: Sequence[float]) -> None:
    """Refuse confidences that make no tiers.

    Raises:
        DataError: Says what is wrong with them.
    """
    if not confidences:
        raise DataError("tiers: no confidence was given; write for example 50,80,95,99")
    for confidence in confidences:
        if not 0 < confidence < 1:
            raise DataError(f"tiers: {100 * confidence:g} % is no confidence; give percentages above 0 and below 100")
    if any(b <= a for a, b in pairwise(confidences)):
        raise DataError("tiers: the confidences must rise, as in 50,80,95,99")


def critical_ratio(reserved_price: float, burst_price: float) -> float:
    """The confidence up to which reserving is cheaper than buying on demand (newsvendor: Arrow et al. 1951).

    The last reserved core is paid always, and spares its on-demand price when demand exceeds the rest: it is worth
    it while P(demand > reserved) * burst_price > reserved_price.

    Args:
        reserved_price: Dollars per core and hour.
        burst_price: Likewise; what is used is paid.

    Raises:
        DataError: A price is negative or not a number.
    """
    if not (reserved_price >= 0 and burst_price >= 0 and np.isfinite([reserved_price, burst_price]).all()):
        raise DataError(f"prices: {reserved_price} and {burst_price}; both must be numbers from 0 up")
    if burst_price == 0:
        return 0.0
    return max(0.0, 1.0 - reserved_price / burst_price)


def best_reserve(totals: NDArray[np.float64], reserved_price: float, burst_price: float) -> float:
    """Cores to reserve at the least expected cost, where all beyond is bought on demand.

    Args:
        totals: float64 [futures, steps], demand in cores; a reserved core is paid at every step alike.
        reserved_price: Dollars per core and hour.
        burst_price: Likewise.
    """
    return float(np.quantile(totals, critical_ratio(reserved_price, burst_price)))


def proposed_plans(tiers: Sequence[Tier], totals: NDArray[np.float64], like: CapacityPlan) -> tuple[CapacityPlan, ...]:
    """Plans that follow from tiers: each reserved tier with headroom up to the highest tier, and the cheapest reserve.

    Args:
        tiers: Ascending.
        totals: float64 [futures, steps], cores.
        like: Node size, prices, power and policy of all of them.

    Raises:
        DataError: More nodes would be needed than can be simulated.
    """
    top = tiers[-1].cores
    cheapest = best_reserve(totals, like.reserved_price / like.node_cores, like.burst_price / like.node_cores)
    wanted = [(f"reserve-{100 * t.confidence:g}", t.cores) for t in tiers if t.kind == "reserved"]
    wanted += [("cheapest-reserve", cheapest), (f"all-reserved-{100 * tiers[-1].confidence:g}", top)]
    most = int(np.ceil(top / like.node_cores - 1e-9))
    if most > MAX_NODES:
        raise DataError(
            f"{top:.4g} cores would be {most} nodes of {like.node_cores:g} cores, at most {MAX_NODES} are simulated; "
            "give larger nodes (--node-cores) or fewer cores per unit of the series (--cores-per-unit)"
        )
    plans: dict[int, CapacityPlan] = {}
    for name, cores in wanted:
        reserved = min(most, int(np.ceil(cores / like.node_cores - 1e-9)))
        update = {"plan_id": name, "reserved_nodes": reserved, "burst_nodes": max(most, 1) - reserved}
        plans.setdefault(reserved, CapacityPlan.model_validate(like.model_dump() | update))
    return tuple(plans[n] for n in sorted(plans))
