"""Promises of tiers at past moments, and what-ifs in the futures of a report."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.learning.futures.ahead import look_ahead
from aurora.learning.futures.demand_forecast import PastTotals
from aurora.learning.futures.promises import MIN_BEFORE, kept_promises, past_tiers
from aurora.learning.futures.report import FuturesReport, FuturesRequest, report_futures, with_what_ifs
from aurora.learning.futures.tiers import CONFIDENCES
from aurora.learning.made_up import made_up_series
from aurora.learning.series.series import QUANTILES, Series
from aurora.sim.scenarios.disturbances import DemandChanges, Disturbance, NodesFail, PriceChanges

MOMENTS, STEPS, STEP = 60, 4, 300


def past(realised: np.ndarray) -> PastTotals:
    """Return the same forecast at every moment, of a demand between 0 and 1."""
    levels = np.broadcast_to(np.array(QUANTILES), (len(realised), STEPS, len(QUANTILES))).copy()
    starts = tuple(STEP * STEPS * k for k in range(len(realised)))
    return PastTotals(starts, levels, levels[:, :1], realised)


@pytest.fixture(scope="module")
def service() -> Series:
    return made_up_series(1, 10, 0).series[0]


@pytest.fixture(scope="module")
def report(service: Series) -> FuturesReport:
    return report_futures([service], FuturesRequest(futures=64))


def test_a_past_tier_rests_on_nothing_that_came_later() -> None:
    realised = np.random.default_rng(0).uniform(0, 1, (MOMENTS, STEPS))
    other = realised.copy()
    other[40:] *= 7
    before, after = (past_tiers(past(values), STEP) for values in (realised, other))
    assert len(before) == MOMENTS - MIN_BEFORE
    assert [m.cores for m in before[: 41 - MIN_BEFORE]] == [m.cores for m in after[: 41 - MIN_BEFORE]]
    assert before[-1].cores[-1] < after[-1].cores[-1]
    assert before[0].start == MIN_BEFORE * STEPS * STEP and before[0].steps == STEPS


def test_promises_that_hold_are_counted_as_kept() -> None:
    rng = np.random.default_rng(1)
    moments = past_tiers(past(rng.uniform(0, 1, (400, STEPS))), STEP)
    for kept in kept_promises(moments):
        assert kept.moments == 380
        assert kept.low <= kept.share <= kept.high
        assert kept.low <= kept.confidence <= kept.high or abs(kept.share - kept.confidence) < 0.03


def test_a_surprise_breaks_every_promise() -> None:
    realised = np.full((MOMENTS, STEPS), 0.4)
    realised[-1] = 50.0
    moments = past_tiers(past(realised), STEP)
    assert all(moments[-1].peak > cores for cores in moments[-1].cores)
    assert all(kept.inside <= kept.moments - 1 for kept in kept_promises(moments))


def test_a_short_past_checks_nothing() -> None:
    assert kept_promises(past_tiers(past(np.full((MIN_BEFORE, STEPS), 0.4)), STEP)) == ()


def test_the_forecast_keeps_its_past_moments(service: Series) -> None:
    demand = look_ahead([service], 6, futures=64)
    totals = demand.past
    assert len(totals.starts) == len(totals.realised) == demand.dependence.origins
    k = (totals.starts[-1] - service.start) // service.step
    assert totals.realised[-1].tolist() == pytest.approx(service.y[k : k + 6].tolist())
    assert [k.confidence for k in kept_promises(past_tiers(totals, demand.step))] == list(CONFIDENCES)


def test_what_ifs_are_simulated_in_the_same_futures(report: FuturesReport, service: Series) -> None:
    what_if = Disturbance(
        name="slider",
        changes=(DemandChanges(factor=1.3, start=0.0), NodesFail(nodes=1), PriceChanges(factor=2.0, reserved=True)),
    )
    again = with_what_ifs(report, [what_if])
    whole = report_futures([service], FuturesRequest(futures=64, what_ifs=(what_if,)))
    assert again.what_ifs == ("as forecast", "slider")
    for plan in (p.plan_id for p in report.simulated.plans):
        for name, values in whole.measures(plan)["slider"].items():
            assert again.measures(plan)["slider"][name].tolist() == values.tolist()
    dearer = again.measures(report.best)
    assert dearer["slider"]["cost"].mean() > 2 * dearer["as forecast"]["cost"].mean() * 0.99


def test_a_what_if_without_changes_is_the_forecast(report: FuturesReport) -> None:
    again = with_what_ifs(report, [Disturbance(name="nothing")]).measures(report.best)
    assert again["nothing"]["cost"].tolist() == again["as forecast"]["cost"].tolist()
