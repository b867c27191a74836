"""Data of the page Recommendations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aurora.cluster.plans.folder import load
from aurora.cluster.resource_prices import resource_prices
from aurora.errors import DataError, FileError, InputError
from aurora.graphs.chat.opening import open_desk
from aurora.learning.accounts import generate
from aurora.learning.accounts.reader import write_accounts
from aurora.learning.rightsizing.containers import Prices, advise
from aurora.learning.rightsizing.containers.files import write_containers
from aurora.learning.rightsizing.containers.samples import made_up_containers
from aurora.tools.desk import Desk
from aurora.web.settings import WebSettings
from aurora.web.views.advice_rows import RANKS, AdviceRow, Money
from aurora.web.views.recommendations import (
    RecommendationsView,
    account_file,
    cluster_recommendations,
    container_file,
    plan_of,
)

RESIZER = "container-shop/Deployment/images/resizer"


@pytest.fixture(scope="module")
def desk() -> Desk:
    return open_desk()


@pytest.fixture(scope="module")
def view(desk: Desk) -> RecommendationsView:
    return cluster_recommendations(desk)


@pytest.fixture
def settings(tmp_path: Path) -> WebSettings:
    (tmp_path / "runs").mkdir()
    return WebSettings(runs=tmp_path / "runs")


def test_the_worst_come_first_then_what_saves_most(view: RecommendationsView) -> None:
    order = [(-RANKS[r.severity], -(r.money.expected if r.money else 0.0)) for r in view.rows]
    assert order == sorted(order)
    assert {r.kind for r in view.rows} == {"cluster", "container"}
    assert len({r.key for r in view.rows}) == len(view.rows)


def test_a_container_that_is_killed_is_an_error_and_waste_is_a_hint(view: RecommendationsView) -> None:
    assert view.row("container-shop/Deployment/recommender/recommender").severity == "error"
    assert view.row(RESIZER).severity == "hint"
    silent = view.row("container-kube-system/Deployment/dns/dns")
    assert silent.severity == "none" and silent.money is None and not silent.can_plan


def test_savings_lie_in_their_interval_and_add_up_to_those_of_the_advice(view: RecommendationsView, desk: Desk) -> None:
    rows = [r for r in view.rows if r.money is not None]
    assert rows and all(r.money.low <= r.money.expected <= r.money.high for r in rows if r.money)
    assert view.advice is not None and view.advice.prices is not None
    prices = resource_prices(desk.cluster)
    assert view.advice.prices == Prices(prices["cpu"], prices["memory"])
    totals = view.advice.totals()
    assert sum(r.money.expected for r in rows if r.money) == pytest.approx(totals["month_now"] - totals["month"])
    assert "25 % to 75 %" in view.money_note


def test_the_sum_counts_only_what_lowers_costs() -> None:
    rows = tuple(
        AdviceRow(str(k), "account", str(k), "hint", "", "", m)
        for k, m in enumerate((Money(5, 2, 8), Money(-9, -10, -8), None))
    )
    assert RecommendationsView("x", rows).savings == Money(5, 2, 8)
    assert RecommendationsView("x", rows).most is rows[0]
    assert RecommendationsView("x", rows[2:]).savings is None and RecommendationsView("x", rows[1:]).most is None


def test_every_row_says_what_it_rests_on(view: RecommendationsView) -> None:
    assert all(r.evidence for r in view.rows)
    row = view.row(RESIZER)
    assert re.search(r"CPU request 2 to [\d.]+ and limit 4 to [\d.]+ cores; memory request 4 to [\d.]+", row.action)
    assert "back-tests" in row.confidence and row.to_row()["rank"] == RANKS["hint"]
    assert any("probability of throttling" in e for e in row.evidence)


def test_a_cluster_without_measurements_says_how_to_get_sizes() -> None:
    view = cluster_recommendations(open_desk("sample:hpc-queue"))
    assert view.advice is None and "--history" in view.remarks[0]
    assert {r.kind for r in view.rows} <= {"cluster"}


def test_a_plan_holds_the_chosen_sizes_only(view: RecommendationsView, tmp_path: Path) -> None:
    desk = open_desk(plans=tmp_path / "plans")
    report = plan_of(view, [RESIZER, "problem-0"], desk, "ada")
    saved = load(tmp_path / "plans", report.plan.plan_id)
    assert [c.change.kind for c in saved.changes] == ["resize"]
    assert saved.changes[0].change.workload_id == "shop/Deployment/images"  # type: ignore[union-attr]
    assert saved.source.endswith(", ada") and saved.effect is not None and saved.provenance is not None
    assert "images/resizer" in saved.provenance.command


def test_a_plan_of_nothing_is_refused(view: RecommendationsView, desk: Desk) -> None:
    for keys in ([], ["problem-0"], ["no such key"]):
        with pytest.raises(InputError, match="choose recommendations"):
            plan_of(view, keys, desk, "ada")
    with pytest.raises(InputError, match="no such recommendation"):
        view.row("no such key")


def test_a_file_of_containers_is_sized_without_money_unless_prices_are_given(settings: WebSettings) -> None:
    uses = made_up_containers()[:3]
    write_containers(uses, settings.runs / "shop.jsonl")
    view = container_file("shop.jsonl", settings)
    assert len(view.rows) == 3 and view.savings is None and not any(r.can_plan for r in view.rows)
    priced = container_file("shop.jsonl", settings, Prices(0.03, 0.004))
    totals = advise(uses, prices=Prices(0.03, 0.004)).totals()
    known = [r.money.expected for r in priced.rows if r.money]
    assert sum(known) == pytest.approx(totals["month_now"] - totals["month"])


def test_a_file_of_accounts_carries_intervals_and_confidence(settings: WebSettings) -> None:
    write_accounts(generate(1, 3).accounts, settings.runs / "accounts.jsonl")
    done: list[int] = []
    view = account_file("accounts.jsonl", settings, lambda _what, number, _whole: done.append(number))
    assert len(view.rows) == 3 and done[-1] == 3
    for row in view.rows:
        if row.money is not None:
            assert row.money.low <= row.money.expected <= row.money.high
            assert "95 %" in row.confidence
    assert "80 % interval" in view.money_note


@pytest.mark.parametrize("name", ["../x.jsonl", "/etc/passwd"])
def test_a_file_elsewhere_is_refused(settings: WebSettings, name: str) -> None:
    for read in (account_file, container_file):
        with pytest.raises(InputError, match="only files in these folders"):
            read(name, settings)


def test_an_absent_or_other_file_says_so(settings: WebSettings) -> None:
    with pytest.raises(FileError):
        account_file("absent.jsonl", settings)
    (settings.runs / "other.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    for read in (account_file, container_file):
        with pytest.raises((DataError, InputError)):
            read("other.jsonl", settings)
