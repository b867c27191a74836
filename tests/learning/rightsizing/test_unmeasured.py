"""Unmeasured resources stay unchanged and unmentioned, for histories and for series of utilisation."""

import re
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from aurora.errors import DataError, InputError
from aurora.learning.accounts import generate, synthetic_catalogue
from aurora.learning.accounts.history import COLUMN
from aurora.learning.rightsizing.projection import Projector, measured_utilisation, next_months
from aurora.learning.rightsizing.reasons import reasons_for
from aurora.learning.rightsizing.recommend import Basis, recommend_account, recommend_workload
from aurora.learning.rightsizing.rightsizing import Goals, candidates, choose, differing, keeps_unmeasured
from aurora.learning.rightsizing.savings import shipped_calibration
from aurora.learning.rightsizing.usage import usage_of
from aurora.learning.rightsizing.utilisation import parse_entry, renamed
from aurora.learning.series.series import Series

CATALOGUE = synthetic_catalogue()
BASIS = Basis(CATALOGUE, shipped_calibration(), with_flips=False)
DROPPED = [d for k in (1, 2, 3) for d in combinations(("memory", "io", "bandwidth"), k)]
FIGURES = {"memory": r"memory (is |at |\d)|GiB", "io": r"storage \d|operations", "bandwidth": r"network \d|Gbit"}


@cache
def accounts():
    return generate(77, 4).accounts


def without(account, columns):
    values = account.values.copy()
    for column in columns:
        values[:, COLUMN[column]] = np.nan
    return replace(account, values=values, incomplete=frozenset(columns))


def has_no_less(now, new, columns):
    """Return whether a proposal reduces nothing; independent of the library's own check."""
    if "io" in columns and CATALOGUE.storage_class[new.storage].iops < CATALOGUE.storage_class[now.storage].iops:
        return False
    if "bandwidth" in columns and CATALOGUE.network_tier[new.network].gbit < CATALOGUE.network_tier[now.network].gbit:
        return False
    if "memory" in columns:
        old, kind = CATALOGUE.instance[now.instance], CATALOGUE.instance[new.instance]
        for demand in (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0):
            before, after = (
                np.clip(demand / (k.cores * k.speed * c.target), c.minimum, c.maximum) * k.memory
                for k, c in ((old, now), (kind, new))
            )
            if after < before * (1 - 1e-9):
                return False
        return kind.memory >= old.memory
    return True


ONE_EACH = [(columns, (k % 4,)) for k, columns in enumerate(DROPPED)]
EVERY = [pytest.param(columns, range(4), marks=pytest.mark.slow) for columns in DROPPED]


@pytest.mark.parametrize(("columns", "of"), [*ONE_EACH, *EVERY])
def test_an_absent_column_shrinks_no_resource_and_is_not_quoted(columns, of):
    """Every choice of columns with one account, every account with a choice at least; the slow run takes all pairs."""
    for account in (accounts()[k] for k in of):
        found = recommend_account(without(account, columns), BASIS)
        assert found.measured == {r: r not in columns for r in ("cpu", "memory", "io", "bandwidth")}
        if found.proposed is not None:
            assert has_no_less(found.now, found.proposed, columns)
        told = "; ".join((*found.reasons, found.risk_basis, found.confidence.basis))
        assert "not measured" in told
        for column in columns:
            assert not re.search(FIGURES[column], told), told
            for used in (found.utilisation_now, found.utilisation_now_projected, found.utilisation):
                assert used is None or used.p50[column] is used.p95[column] is None


@pytest.mark.parametrize("columns", DROPPED, ids="+".join)
def test_no_candidate_reduces_an_unmeasured_resource(columns):
    account = accounts()[0]
    usage = usage_of(without(account, columns), CATALOGUE)
    found = candidates(Projector(usage, CATALOGUE, next_months(usage, futures=4)))
    assert found
    assert all(has_no_less(usage.configuration, c, columns) for c in found)
    assert all(keeps_unmeasured(usage.configuration, c, columns, CATALOGUE) for c in found)


def test_a_column_of_zeros_or_few_values_counts_as_unmeasured():
    account = accounts()[0]
    zeros, few = account.values.copy(), account.values.copy()
    zeros[:, COLUMN["memory"]] = 0.0
    few[len(account) // 3 :, COLUMN["memory"]] = np.nan
    for values in (zeros, few):
        found = recommend_account(replace(account, values=values, incomplete=frozenset({"memory"})), BASIS)
        assert found.measured["memory"] is False


def test_without_cpu_no_recommendation_is_made():
    found = recommend_account(without(accounts()[0], ("cpu",)), BASIS)
    assert (found.finding, found.proposed) == ("no_data", None)
    assert "CPU was not measured" in found.reasons[0]


ENTRY = {
    "instance": "general-8",
    "storage": "fast",
    "network": "5g",
    "minimum": 2,
    "maximum": 2,
    "target": 0.6,
    "cooldown": 300,
}
DAYS = 14 * 288


def series(name, y, unit="percent", **labels):
    y = np.asarray(y, dtype=float)
    return Series(
        name, 1_767_225_600, 300, y, np.ones(len(y), bool), labels={"unit": unit, **labels} if unit else labels
    )


def idle(level=15.0, trend=0.0):
    time = np.arange(DAYS)
    return level * (1 + trend * time / DAYS) + 2 * np.sin(time * 2 * np.pi / 288)


def told(metrics, goals=BASIS.goals, **entry):
    found = parse_entry("db", {**ENTRY, **entry}, CATALOGUE)
    return recommend_workload("db", metrics, found, replace(BASIS, goals=goals))


def test_a_database_with_only_cpu_measured_keeps_memory_storage_and_network():
    found = told({"cpu": series("db/cpu", idle())})
    assert (found.finding, found.is_applicable) == ("over", True)
    assert CATALOGUE.instance[found.proposed.instance].memory >= 32
    assert found.proposed.minimum >= 2
    assert (found.proposed.storage, found.proposed.network) == ("fast", "5g")
    whole = told({"cpu": series("db/cpu", idle()), "memory": series("db/memory", idle(10.0))})
    assert CATALOGUE.instance[whole.proposed.instance].memory < 32  # measured and idle: it may shrink


def test_a_single_instance_is_recommended_only_on_request():
    metrics = {m: series(f"db/{m}", idle(8.0)) for m in ("cpu", "memory", "io", "bandwidth")}
    kept = told(metrics).proposed
    assert kept.minimum == kept.maximum == 2
    assert told(metrics, Goals(least=1)).proposed.minimum == 1
    assert told(metrics, Goals(least=3)).proposed.minimum == 3


def test_measured_and_projected_figures_are_separate_and_a_falling_trend_removes_nothing():
    cpu = series("db/cpu", idle(40.0, -0.3))
    found = told({"cpu": cpu})
    assert found.utilisation_now.p50["cpu"] == pytest.approx(np.median(cpu.y) / 100)
    assert found.utilisation_now_projected.p50["cpu"] >= 0.97 * found.utilisation_now.p50["cpu"]
    assert found.reasons[0].startswith("measured: median (95th percentile) CPU 34%")
    assert any("not carried on" in r for r in found.reasons)
    rising = told({"cpu": series("db/cpu", idle(20.0, 0.6))})
    assert rising.utilisation_now_projected.p50["cpu"] > 1.1 * rising.utilisation_now.p50["cpu"]


def test_confidence_is_at_most_one_minus_the_risk():
    calibration = shipped_calibration()
    for side in ("under", "over", "optimised"):
        for projected in np.linspace(0.0, 1.0, 41):
            rate = calibration.rate(side, projected)
            assert rate.share <= 1 - calibration.probability(side, projected) + 1e-9
            assert rate.low <= rate.share <= rate.high


@pytest.mark.parametrize("of", [(0, 3), pytest.param((1, 2), marks=pytest.mark.slow)])
def test_every_part_of_a_change_has_a_binding_reason(of):
    for account in (accounts()[k] for k in of):
        usage = usage_of(account, CATALOGUE)
        projector = Projector(usage, CATALOGUE, next_months(usage))
        choice = choose(projector, Goals(), candidates(projector))
        used = projector.utilisation(usage.configuration)
        reasons = reasons_for(projector, choice, Goals(), measured_utilisation(usage), used)
        if choice.best is not None:
            for field in differing(usage.configuration, choice.best):
                (reason,) = (r for r in reasons if r.startswith(f"{field} "))
                assert re.search(r"without it [\d.]+% of requests|saves \$[\d,]+ a month|makes", reason)


def test_nights_without_an_instance_are_accepted():
    day = np.arange(DAYS) % 288
    running = np.where((day > 96) & (day < 240), 3.0, 0.0)
    cpu = np.where(running > 0, 55.0, 0.0)
    metrics = {
        "cpu": series("db/cpu", cpu),
        "running": series("db/running", running, ""),
        "memory": series("db/m", cpu),
    }
    assert told(metrics, minimum=1, maximum=4).finding in ("under", "over", "optimised", "conflict")


@pytest.mark.parametrize(
    ("y", "unit", "message"),
    [
        (idle(0.2) / 100, "", "has no unit"),
        (idle(240.0), "", "has no unit"),
        (idle(240.0), "percent", "of what the inventory has"),
        (idle(), "furlongs", "usable are"),
    ],
)
def test_an_assumed_unit_is_always_reported(y, unit, message):
    with pytest.raises(DataError, match=message):
        told({"cpu": series("db/cpu", y, unit)})
    assert told({"cpu": series("db/cpu", idle(), "")}).assumptions[0] == "db/cpu has no unit: taken as percent"


def test_memory_in_bytes_is_memory():
    share = told({"cpu": series("db/cpu", idle()), "memory": series("db/memory", idle(25.0))})
    bytes_ = 2 * 32 * 2**30 * idle(25.0) / 100  # of both instances
    other = told({"cpu": series("db/cpu", idle()), "memory": series("db/memory", bytes_, "bytes")})
    assert other.proposed == share.proposed
    assert other.utilisation_now == share.utilisation_now


def test_names_of_a_monitoring_system_become_workloads():
    found = [series('node_cpu{instance="a:9100"}', idle(), instance="a:9100", metric="node_cpu")]
    (one,) = renamed(found, "{instance}/{metric}", {"node_cpu": "cpu"})
    assert (one.unique_id, one.labels["metric"]) == ("a:9100/cpu", "cpu")
    with pytest.raises(InputError, match="no label 'job'"):
        renamed(found, "{job}/cpu", {})
    with pytest.raises(InputError, match="as in cpu=node_cpu"):
        renamed(found, "{instance}/{metric}", {})
    with pytest.raises(InputError, match="write WORKLOAD/METRIC"):
        renamed(found, "{instance}", {})
