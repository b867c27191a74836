"""Chooses among plans by a weighted loss, with confidence intervals of the comparison."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError, ScenarioError
from aurora.sim.capacity.capacity import JobClass
from aurora.sim.capacity.futures import HOUR, Simulated

RESAMPLES = 2000
NORMAL_95 = 1.959964
MISSED_SCALE = 0.01
"""Share of missed jobs whose loss equals the cost of buying all demand on demand."""

DEFAULT_WEIGHTS = {"cost": 1.0, "latency": 0.0, "sla": 1.0, "energy": 0.0}
"""Default weights of the measures."""


class Standing(NamedTuple):
    """A plan compared with the best one.

    Attributes:
        plan_id: The plan.
        loss: Mean over futures and what-ifs; lower is better.
        worse: Excess over the best plan's loss, mean of paired differences.
        low: Lower bound of the 95 % interval of `worse`.
        high: Upper bound of that interval.
        probability_best: Probability that its mean loss is the lowest, given the number of futures.
        best_share: Share of the futures in which no plan has a lower loss; plans that draw share one.
    """

    plan_id: str
    loss: float
    worse: float
    low: float
    high: float
    probability_best: float
    best_share: float


def parse_weights(text: str) -> dict[str, float]:
    """Parse weights such as `cost=1,sla=2`; measures that are not named get the weight 0.

    Raises:
        InputError: The text has another form, or a weight is refused by `check_weights`.
    """
    weights = dict.fromkeys(DEFAULT_WEIGHTS, 0.0)
    for part in text.split(","):
        name, equals, number = part.partition("=")
        if name.strip() not in DEFAULT_WEIGHTS or not equals:
            raise InputError(
                f"write NAME=NUMBER with a name among {', '.join(DEFAULT_WEIGHTS)}", parameter="weights", value=part
            )
        try:
            weights[name.strip()] = float(number)
        except ValueError:
            raise InputError(f"{number!r} is not a number", parameter="weights", value=part) from None
    check_weights(weights)
    return weights


def check_weights(weights: dict[str, float]) -> None:
    """Refuse weights that rank nothing.

    Raises:
        InputError: A measure is unknown, a weight is negative or not finite, or none is above 0.
    """
    for name, weight in weights.items():
        if name not in DEFAULT_WEIGHTS:
            raise InputError(f"{name!r} is unknown; there are {', '.join(DEFAULT_WEIGHTS)}", parameter="weights")
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(f"{name} is {weight}; give a number from 0 up", parameter="weights")
    if not any(weights.values()):
        raise InputError(
            f"all are 0; give at least one of {', '.join(DEFAULT_WEIGHTS)} a weight above 0", parameter="weights"
        )


def scales(simulated: Simulated, job: JobClass) -> dict[str, float]:
    """Return the scale of each measure, so that weights compare like with like.

    Cost: buying the mean forecast demand on demand, at the mean price of the plans. Latency: the SLA. SLA: one job
    in a hundred missed. Energy: the mean forecast demand at full power. No scale depends on an outcome, so another
    plan does not change the order of the rest.
    """
    futures = simulated.futures
    core_hours = float(futures.demand.sum(axis=1).mean()) * futures.horizon / HOUR
    price = float(np.mean([p.burst_price / p.node_cores for p in simulated.plans]))
    power = float(np.mean([p.full_power / p.node_cores for p in simulated.plans]))
    return {
        "cost": core_hours * price or 1.0,
        "latency": job.sla or 1.0,
        "sla": MISSED_SCALE,
        "energy": core_hours * power * HOUR or 1.0,
    }


def losses(simulated: Simulated, job: JobClass, weights: dict[str, float]) -> NDArray[np.float64]:
    """Return the weighted mean of measures over their `scales`, float64 [plans, disturbances, futures].

    Raises:
        InputError: A weight is refused by `check_weights`.
    """
    check_weights(weights)
    unit, total = scales(simulated, job), sum(weights.values())
    return np.asarray(sum(w / total / unit[m] * simulated.measured[m] for m, w in weights.items()), np.float64)


def standings(plans: tuple[str, ...], loss: NDArray[np.float64], *, seed: int = 0) -> tuple[Standing, ...]:
    """Rank plans, best first, each with its excess loss in the same futures.

    The interval is that of the mean paired difference (normal, over futures); the probability of being best is the
    share of bootstrap resamples of the futures in which the plan's mean is lowest (Efron & Tibshirani 1993, ch. 13).
    Both reflect the limited number of futures, not the error of the forecast.

    Args:
        plans: Ids of the plans.
        loss: float64 [plans, futures].
        seed: Random seed of the resampling.

    Raises:
        ScenarioError: There is a single future.
    """
    futures = loss.shape[1]
    if futures < 2:  # noqa: PLR2004  # one tells nothing of how far it is off
        raise ScenarioError("futures: 1 is too few to compare plans in; ask for at least 2")
    means = loss.mean(axis=1)
    order = np.argsort(means, kind="stable")
    differences = loss - loss[order[0]]
    half = NORMAL_95 * differences.std(axis=1, ddof=1) / np.sqrt(futures)
    rng = np.random.default_rng(seed)
    # One resample at a time: all at once would need an array of resamples x futures.
    winners = np.zeros(len(plans))
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(0, futures, futures), minlength=futures)
        winners += _shared(differences @ drawn)
    lowest = np.apply_along_axis(_shared, 0, loss)
    return tuple(
        Standing(
            plans[k],
            float(means[k]),
            float(differences[k].mean()),
            float(differences[k].mean() - half[k]),
            float(differences[k].mean() + half[k]),
            float(winners[k] / RESAMPLES),
            float(lowest[k].mean()),
        )
        for k in order
    )


def _shared(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 for the lowest value, divided among ties."""
    lowest = values <= values.min() + 1e-12 * max(1.0, abs(float(values.min())))
    return np.asarray(lowest / lowest.sum(), np.float64)
