"""Tiers keep their coverage, also with a wrong forecast and drifting demand."""

from dataclasses import replace

import numpy as np
import pytest

from aurora.errors import AuroraError
from aurora.learning.futures.demand_forecast import Aim, forecast_demand
from aurora.learning.futures.tiers import (
    CONFIDENCES,
    best_reserve,
    chance_above,
    cores_at,
    critical_ratio,
    proposed_plans,
    recalibration,
    tiers_of,
    unadjusted,
)
from aurora.sim.capacity.capacity import CapacityPlan, JobClass
from aurora.sim.capacity.futures import Futures, simulate_futures
from tests.learning.forecasting.forecasters import NORMAL, gaussian, last_values, series

LIKE = CapacityPlan(plan_id="like", reserved_nodes=1, node_cores=1.0)


def test_recalibrated_tiers_keep_their_coverage_with_any_forecast():
    rng = np.random.default_rng(0)
    said = np.tile(10 + 0.3 * NORMAL, (4000, 4, 1))  # far too sure, and too low
    came = rng.normal(10.5, np.array([1.0, 1.2, 1.4, 1.6]), (4000, 4))
    past = recalibration(said[:2000], came[:2000])
    for promised in CONFIDENCES:
        inside = (came[2000:] <= cores_at(said[2000:], promised, past)).mean(axis=0)
        assert np.abs(inside - promised).max() < 0.03
        assert (came[2000:] <= cores_at(said[2000:], promised)).mean() < max(0.65, promised - 0.1)


def test_the_chance_of_exceeding_a_tier_is_one_minus_its_confidence():
    rng = np.random.default_rng(1)
    said, came = np.tile(10 + NORMAL, (1000, 3, 1)), rng.normal(11, 2, (1000, 3))
    past = recalibration(said, came)
    for promised in CONFIDENCES:
        cores = cores_at(said[0], promised, past)
        above = [chance_above(said[0], float(c), past)[k] for k, c in enumerate(cores)]
        assert above == pytest.approx([1 - promised] * 3, abs=2e-3)
    assert chance_above(said[0], 1e9, past) == pytest.approx(0, abs=1e-3)
    assert chance_above(said[0], -1e9, past) == pytest.approx(1, abs=1e-3)


def test_too_few_scores_give_no_certainty():
    past = recalibration(np.tile(NORMAL, (10, 1, 1)), np.zeros((10, 1)))
    assert past.at(0.9) == pytest.approx(0) and past.at(0.95) == pytest.approx(np.log(19))
    assert past.backs(0.9) and not past.backs(0.95)


def test_adaptive_tiers_follow_a_drift():
    rng = np.random.default_rng(2)
    came = rng.normal(10 + np.arange(600)[:, None] / 100, 1.0, (600, 12))  # ever more, unknown to the forecast
    said = np.tile(10 + NORMAL, (12, 1))
    past = recalibration(np.tile(10 + NORMAL, (100, 12, 1)), rng.normal(10, 1, (100, 12)))
    adaptive = unadjusted(CONFIDENCES).steps
    inside, still = [], []
    for row in came:
        shares = [float((row <= cores_at(said, adaptive.asked(p), past)).mean()) for p in CONFIDENCES]
        still.append([float((row <= cores_at(said, p, past)).mean()) for p in CONFIDENCES])
        inside.append(shares)
        adaptive = adaptive.after(shares)
    assert np.abs(np.mean(inside, axis=0) - CONFIDENCES).max() < 0.03
    assert np.abs(np.mean(still, axis=0) - CONFIDENCES).max() > 0.3


def test_the_cheapest_reserve_is_cheapest_in_simulation():
    rng = np.random.default_rng(3)
    demand = np.clip(rng.normal(20, 6, (200, 1, 1)) + rng.normal(0, 1, (200, 1, 12)), 0, None)
    reserved, burst = 0.10, 0.25
    assert critical_ratio(reserved, burst) == pytest.approx(0.6)
    like = CapacityPlan(plan_id="0", reserved_nodes=0, node_cores=1, reserved_price=reserved, burst_price=burst)
    plans = [
        like.model_copy(update={"plan_id": str(n), "reserved_nodes": n, "burst_nodes": 60 - n}) for n in range(15, 29)
    ]
    job = JobClass(cores=1.0, seconds=60.0)
    cost = simulate_futures(Futures(demand, ("a",), 300.0), plans, job).measured["cost"][:, 0].mean(axis=1)
    cheapest = plans[int(cost.argmin())].reserved_nodes
    assert abs(cheapest - best_reserve(demand[:, 0], reserved, burst)) <= 1
    assert critical_ratio(0.3, 0.2) == 0 and critical_ratio(0.1, 0.0) == 0 and critical_ratio(0.0, 0.2) == 1


def test_tiers_and_plans_rise_with_confidence():
    said = np.tile(30 + 5 * NORMAL, (6, 1))
    tiers = tiers_of(said, (34 + 4 * NORMAL)[None])
    assert [t.kind for t in tiers] == ["reserved", "reserved", "burst", "burst"]
    assert (np.diff([t.cores for t in tiers]) > 0).all() and (np.diff([t.above_step for t in tiers]) < 0).all()
    assert [t.above_horizon for t in tiers] == pytest.approx([1 - c for c in CONFIDENCES])
    plans = proposed_plans(tiers, np.random.default_rng(0).normal(30, 5, (100, 6)), LIKE)
    assert len({p.nodes for p in plans}) == 1 and plans[-1].burst_nodes == 0
    assert (np.diff([p.reserved_nodes for p in plans]) > 0).all()
    with pytest.raises(AuroraError, match="node_cores="):
        proposed_plans(tiers, np.full((3, 6), 30.0), LIKE.model_copy(update={"node_cores": 1e-3}))


def test_a_demand_forecast_keeps_its_coverage():
    rng = np.random.default_rng(4)
    common = rng.normal(0, 1, 4000)
    all_series = [series(n, np.abs(20 + 2 * common + rng.normal(0, 1, 4000))) for n in "abc"]
    inside, peaks = [], []
    for end in range(1000, 3900, 250):
        past = [s.between(end - 1000, end) for s in all_series]
        found = forecast_demand(past, last_values, Aim(horizon=6, futures=400))
        came = sum(s.y[end : end + 6] for s in all_series)
        inside.append([(came <= t.by_step).mean() for t in found.tiers])
        peaks.append([came.max() <= t.cores for t in found.tiers])
        assert found.start == past[0].start + 1000 * 300
        # Simulated demand has the distribution of the tiers.
        within = [(found.totals <= t.by_step).mean() for t in found.tiers[:3]]
        assert within == pytest.approx(CONFIDENCES[:3], abs=0.04)
    assert np.mean(inside, axis=0) == pytest.approx(CONFIDENCES, abs=0.1)
    assert np.mean(peaks, axis=0) == pytest.approx(CONFIDENCES, abs=0.25)
    assert found.dependence.series[0, 1] > 0.6


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ([], "no series"),
        ([series("a", [])], "empty"),
        ([series("a", [5.0])], "1 values, but"),
        ([series("a", np.ones(100))], "100 values, but 175 are needed"),
        ([series("a", np.full(300, np.nan))], "not finite"),
        ([series("a", np.full(300, -1.0))], "below 0"),
        ([series("a", np.ones(300)), series("b", np.ones(300), step=60)], "one step"),
        ([series("a", np.ones(300)), series("b", np.ones(300), start=300 * 300)], "no time in common"),
        ([series("a", np.ones(300)), series("b", np.ones(300), start=17)], "same times"),
        ([replace(series("a", np.ones(300)), observed=np.arange(300) % 20 > 0)], "gaps"),
    ],
)
def test_series_unsuitable_for_forecasting_are_refused(changed, part):
    with pytest.raises(AuroraError, match=part):
        forecast_demand(changed, gaussian(1, 1), Aim(horizon=24))


@pytest.mark.parametrize(
    ("aim", "part"),
    [
        (Aim(horizon=0), "horizon"),
        (Aim(since=290 * 300.0), "300 values, but 309 are needed: 290 to forecast from or trained on"),
        (Aim(futures=0), "futures"),
        (Aim(cores_per_unit=0.0), "cores_per_unit"),
        (Aim(confidences=()), "no confidence"),
        (Aim(confidences=(0.5, 1.0)), "confidences: 1 is not"),
        (Aim(confidences=(0.8, 0.5)), "rise"),
    ],
)
def test_invalid_aims_are_refused(aim, part):
    with pytest.raises(AuroraError, match=part):
        forecast_demand([series("a", np.ones(300))], gaussian(1, 1), aim)
