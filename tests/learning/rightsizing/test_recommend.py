"""Recommendations follow from measurements, agree with the true demand, and are refused without enough data."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from aurora.errors import DataError
from aurora.learning.accounts import Configuration, check_configuration, generate, simulate, synthetic_catalogue
from aurora.learning.accounts.workload import demand
from aurora.learning.experts.precedents import Precedents, experts_among
from aurora.learning.rightsizing.projection import Outcome, Projector, next_months
from aurora.learning.rightsizing.reasons import disagreement
from aurora.learning.rightsizing.recommend import Basis, applicable, recommend_account
from aurora.learning.rightsizing.rightsizing import Goals, candidates, choose
from aurora.learning.rightsizing.savings import Case, covered, fit, risk_level, shipped_calibration
from aurora.learning.rightsizing.sensitivity import flips
from aurora.learning.rightsizing.usage import STEPS_A_DAY, fine_demand, growth_of, usage_of
from aurora.learning.rightsizing.utilisation import by_workload, ended_early, parse_entry, usage_of_series
from aurora.learning.series.samples import known_unit, unit_name
from aurora.learning.series.series import Series

CATALOGUE = synthetic_catalogue()
BASIS = Basis(CATALOGUE, shipped_calibration(), with_flips=False)


@cache
def pairs():
    return list(zip(*generate(31, 12), strict=True))


@cache
def found_of(number):
    return recommend_account(pairs()[number][0], BASIS)


def one(finding):
    return next((a, t, found_of(k)) for k, (a, t) in enumerate(pairs()) if found_of(k).finding == finding)


def test_recovered_demand_equals_the_true_demand_where_it_was_served():
    for account, truth in pairs():
        if account.metric("misses").mean() < 0.01:
            usage = usage_of(account, CATALOGUE)
            real = demand(truth.workload, truth.start, len(account) * 48 + 6 * 48, truth.seed, origin=truth.start)
            assert usage.demand.sum() == pytest.approx(real[: len(usage.demand)].sum(), rel=0.03)
            assert usage.needs.service == pytest.approx(truth.workload.service, rel=0.05)


def test_proposals_are_in_the_catalogue_and_name_their_reasons():
    assert {found_of(k).finding for k in range(12)} >= {"over", "under"}
    for k, (account, _) in enumerate(pairs()):
        found = found_of(k)
        assert found.now == account.configurations[-1]
        assert found.reasons
        if found.proposed is not None:
            check_configuration(found.proposed, CATALOGUE, account.account_id)
            assert found.savings.low <= found.savings.expected <= found.savings.high
            assert found.savings.price_source == CATALOGUE.source


def test_an_oversized_account_realises_the_promised_savings():
    account, truth, found = one("over")
    stay, move = (simulate(truth, c, 180, 5) for c in (found.now, found.proposed))
    saved = stay.metric("cost").sum() - move.metric("cost").sum()
    assert saved == pytest.approx(found.savings.expected, rel=0.25)
    assert move.metric("misses").mean() < 0.01
    assert found.is_applicable
    assert applicable([found]) == [found]
    assert account.account_id == found.account


def test_too_few_periods_are_refused_with_the_count():
    found = recommend_account(pairs()[0][0].between(0, 20), BASIS)
    assert (found.finding, found.have, found.need) == ("no_data", 20, 42)
    assert found.reasons == ("have 20 of 42 values",)
    assert found.proposed is None


def test_a_change_forbidden_by_a_tag_is_a_conflict_and_in_no_plan():
    account, _, free = one("over")
    frozen = recommend_account(replace(account, tags=("do-not-resize",)), BASIS)
    assert (frozen.finding, frozen.is_applicable) == ("conflict", False)
    assert frozen.proposed == free.proposed
    least = recommend_account(replace(account, tags=("minimum=40",)), BASIS)
    assert least.proposed is None or least.proposed.minimum >= 40
    assert least.finding in ("conflict", "optimised")


def test_opposite_demands_of_cpu_and_memory_are_a_contradiction():
    account, _, found = one("over")
    projector = Projector(usage_of(account, CATALOGUE), CATALOGUE, next_months(usage_of(account, CATALOGUE)))
    choice = choose(projector, Goals(), candidates(projector))
    used = replace(found.utilisation_now, p95={**found.utilisation_now.p95, "cpu": 0.1, "memory": 1.2})
    assert "memory says under" in disagreement(used, choice)
    assert not disagreement(replace(used, p95={**used.p95, "memory": 0.5}), choice)


def test_a_flip_changes_the_finding_exactly_at_its_threshold():
    account, _, _ = one("over")
    usage = usage_of(account, CATALOGUE)
    projector = Projector(usage, CATALOGUE, next_months(usage))
    choice = choose(projector, Goals(), candidates(projector))
    found = {f.quantity: f for f in flips(projector, Goals(), choice)}
    if "demand" in found:
        flip = found["demand"]
        assert (
            choose(projector.scaled(flip.factor), Goals(), candidates(projector.scaled(flip.factor))).side
            == flip.finding
        )
        nearer = projector.scaled(flip.factor**0.9)
        assert choose(nearer, Goals(), candidates(nearer)).side == choice.side
    if "price" in found:
        factor = found["price"].factor
        now = choice.now.cost.mean() + (factor - 1) * choice.now.machines.mean()
        assert choice.outcome.cost.mean() == pytest.approx(0.95 * now)
    assert found


def test_futures_are_reproducible_and_follow_the_measured_days():
    usage = usage_of(pairs()[0][0], CATALOGUE)
    one_, two = (next_months(usage, futures=3, seed=1) for _ in range(2))
    assert np.array_equal(one_, two)
    assert one_.shape == (3, 30 * STEPS_A_DAY)
    assert np.quantile(one_, 0.5) == pytest.approx(np.quantile(usage.demand, 0.5), rel=0.4)


def test_refined_demand_keeps_every_mean_and_peak():
    rng = np.random.default_rng(0)
    mean = rng.uniform(1, 5, 30)
    peak = mean * rng.uniform(1, 1.5, 30)
    fine = fine_demand(mean, peak, 48).reshape(30, 48)
    assert fine.mean(axis=1) == pytest.approx(mean)
    assert fine.max(axis=1) == pytest.approx(peak)


def test_growth_is_detected_and_weekends_are_not_growth():
    days = np.arange(28)
    weekly = np.where((days + 3) % 7 >= 5, 0.5, 1.0)  # day 0 is a Thursday
    still, error = growth_of(weekly, 0, 86_400)
    assert abs(still) < 0.005
    rising, _ = growth_of(weekly * (1 + 0.05 * days / 7), 0, 86_400)
    assert rising == pytest.approx(0.046, abs=0.01)
    assert growth_of(weekly[:10], 0, 86_400) == (0.0, 0.04)
    assert error < 0.04


def test_risk_is_a_smoothed_share_of_futures_and_never_zero():
    outcome = Outcome(np.ones(40), np.zeros(40), np.ones(40))
    assert outcome.exceeds(0.01) == pytest.approx(0.5 / 41)
    assert [risk_level(p) for p in (0.0, 0.03, 0.1, 0.3, 0.9)] == [0, 1, 2, 3, 4]


def test_fitted_intervals_keep_their_coverage_on_similar_cases():
    rng = np.random.default_rng(0)

    def cases(count):
        return [
            Case(s, 100.0, 10.0, 100.0 + 20 * rng.standard_t(3) - 5, 500.0, 0.01, False, True)
            for s in ("over", "under")
            for _ in range(count)
        ]

    calibration = fit(cases(300), "test")
    assert 0.75 <= np.mean(covered(cases(2000), calibration)) <= 0.85
    with pytest.raises(DataError, match="20 are needed"):
        fit(cases(5), "test")


def test_precedents_come_from_experts_and_are_absent_without_them():
    none, told = experts_among([a for a, _ in pairs()[:3]], CATALOGUE)
    assert none is None
    assert "no experts" in told
    crowd = generate(3, 24, 0.3)
    experts, told = experts_among(crowd.accounts, CATALOGUE)
    assert experts is not None, told
    found = recommend_account(crowd.accounts[0], replace(BASIS, experts=experts)).precedents
    assert isinstance(found, Precedents)
    assert 0 <= found.same <= found.looked_at == 50
    assert all(s.account_id != crowd.accounts[0].account_id for s in found.nearest)


ENTRY = {
    "instance": "general-4",
    "storage": "standard",
    "network": "1g",
    "minimum": 4,
    "maximum": 4,
    "target": 0.6,
    "cooldown": 300,
}


def series(name, y, unit="percent", step=300):
    y = np.asarray(y, dtype=float)
    return Series(name, 0, step, y, np.ones(len(y), bool), labels={"unit": unit})


def test_a_series_of_utilisation_becomes_demand():
    entry = parse_entry("web", ENTRY, CATALOGUE)
    cpu, memory = series("web/cpu", np.full(2016, 50.0)), series("web/memory", np.full(2016, 25.0))
    metrics = by_workload([cpu, memory])["web"]
    usage = usage_of_series("web", metrics, entry, CATALOGUE)
    assert usage.demand == pytest.approx(np.full(2016, 8.0))
    assert usage.needs.memory_base + usage.needs.memory_per_core * 2 == pytest.approx(4.0)
    cores = usage_of_series("web", {"cpu": series("web/cpu", np.full(2016, 8.0), "cores")}, entry, CATALOGUE)
    assert cores.demand == pytest.approx(usage.demand)
    with pytest.raises(DataError, match="web/running"):
        usage_of_series("web", metrics, parse_entry("web", {**ENTRY, "minimum": 1}, CATALOGUE), CATALOGUE)
    with pytest.raises(DataError, match="unit 'bytes'"):
        usage_of_series("web", {"cpu": series("web/cpu", np.ones(2016), "bytes")}, entry, CATALOGUE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instance": "huge"}, "not in the catalogue"),
        ({"minimum": "two"}, "minimum"),
        ({"tags": "web"}, "tags"),
        ({"limit": -1}, "limit"),
        ({"limit": 0}, "'limit' must be above 0"),
    ],
)
def test_a_bad_inventory_is_refused_with_the_field(change, message):
    with pytest.raises(DataError, match=message):
        parse_entry("web", {**ENTRY, **change}, CATALOGUE)
    with pytest.raises(DataError, match="lacks cooldown"):
        parse_entry("web", {k: v for k, v in ENTRY.items() if k != "cooldown"}, CATALOGUE)
    assert isinstance(parse_entry("web", ENTRY, CATALOGUE).configuration, Configuration)


def test_inconsistent_periods_are_refused():
    account = pairs()[0][0]
    with pytest.raises(DataError, match="multiple of 300 s"):
        usage_of(replace(account, period=1000), CATALOGUE)


def test_missing_values_of_a_series_affect_no_other_values():
    entry = parse_entry("web", ENTRY, CATALOGUE)
    cpu = series("web/cpu", 50 + 20 * np.sin(np.arange(2304) / 46))
    cpu.observed[5::50] = False
    usage = usage_of_series("web", {"cpu": cpu}, entry, CATALOGUE)
    assert np.isfinite(usage.demand).all() and usage.demand == pytest.approx(cpu.y[-2304:] * 16 / 100)
    assert len(usage.seen["cpu"]) == cpu.observed.sum()


def test_units_are_read_in_every_notation_and_unknown_ones_reported():
    entry = parse_entry("web", ENTRY, CATALOGUE)

    def read(values, unit):
        return usage_of_series("web", {"cpu": series("web/cpu", np.full(2016, values), unit)}, entry, CATALOGUE)

    for unit in ("percent", "Percent", "%", "pct"):
        assert read(50.0, unit).demand == pytest.approx(read(0.5, "fraction").demand)
    assert any("never above 0.5 %" in text for text in read(0.5, "percent").assumptions)
    assert not any("never above" in text for text in read(50.0, "percent").assumptions)
    for name, unit in (
        ("Kilobytes/Second", "kb/s"),
        ("%/s", "percent/s"),
        ("Bytes/Second", "bytes/s"),
        ("S", "seconds"),
    ):
        assert unit_name(name) == unit
        known_unit(name)
    for name, text in (("MiB", "divide by 1024 and call it gib"), ("millicores", "divide by 1000 and call it cores")):
        with pytest.raises(DataError, match=text):
            known_unit(name)


def test_workloads_that_ended_early_are_named():
    long, short = series("db/cpu", np.ones(2016)), series("web/cpu", np.ones(1000))
    assert ended_early(by_workload([long, short])) == {"web": pytest.approx(1016 / 288)}
    assert ended_early(by_workload([long, series("web/cpu", np.ones(1900))])) == {} == ended_early({})
