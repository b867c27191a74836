"""Data of the page Forecasts."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from aurora.cluster.samples import load_sample, sample_history
from aurora.errors import InputError
from aurora.learning.futures.report import with_what_ifs
from aurora.learning.series.series import Panel, Series
from aurora.sim.scenarios.disturbances import DemandChanges, Disturbance
from aurora.web.views.asked import Asked, read_asked
from aurora.web.views.forecasts import (
    TOGETHER,
    ForecastView,
    FuturesView,
    chosen,
    forecast_view,
    futures_view,
    plan_rows,
    series_rows,
    summed,
)
from aurora.web.views.what_ifs import Sliders, cluster_what_if, demand_what_if

WEB = "shop/Deployment/web/cpu"


@pytest.fixture(scope="module")
def panel() -> Panel:
    whole = sample_history("web-shop")
    return Panel(tuple(s.between(len(s) - 900, len(s)) for s in whole.series))


@pytest.fixture(scope="module")
def forecast(panel: Panel) -> ForecastView:
    return forecast_view(chosen(panel, WEB)[0], 6, ["a gap"])


@pytest.fixture(scope="module")
def futures(panel: Panel) -> FuturesView:
    return futures_view(chosen(panel, WEB), 6)


def test_the_series_of_one_quantity_can_be_taken_together(panel: Panel) -> None:
    rows = series_rows(panel)
    assert rows[0].key == TOGETHER and "12 CPU series" in rows[0].label and "cores" in rows[0].label
    together = chosen(panel, TOGETHER)
    assert {s.labels["metric"] for s in together} == {"cpu"}
    total = summed(together)
    assert total.y[-1] == pytest.approx(sum(s.y[-1] for s in together))
    assert total.labels["unit"] == "cores"


def test_cpu_series_of_several_units_are_not_summed(panel: Panel) -> None:
    cores, other = chosen(panel, WEB)[0], chosen(panel, "shop/Deployment/api/cpu")[0]
    mixed = Panel(
        (
            cores,
            Series("b", other.start, other.step, other.y, other.observed, labels={"metric": "cpu", "unit": "percent"}),
        )
    )
    assert [r.key for r in series_rows(mixed)] == [WEB, "b"]


def test_an_unknown_series_is_refused(panel: Panel) -> None:
    with pytest.raises(InputError, match="no such series"):
        chosen(panel, "x")


def test_a_forecast_has_units_and_intervals_everywhere(forecast: ForecastView) -> None:
    assert forecast.unit == "cores"
    for step in forecast.steps:
        assert step.median.endswith(" cores")
        ends = [[float(v) for v in re.findall(r"[\d.]+", text)] for text in (step.half, step.most, step.nearly_all)]
        lows, highs = zip(*ends, strict=True)
        assert list(lows) == sorted(lows, reverse=True) and list(highs) == sorted(highs)
    assert len(forecast.steps) == 6
    assert [m.name for m in forecast.chart.marks] == ["measured", "95 %", "80 %", "50 %", "median"]
    assert "back-test" in forecast.method or "past moments" in forecast.method
    assert forecast.findings == ("a gap",)


def test_a_short_series_says_that_it_is_short(panel: Panel) -> None:
    with pytest.raises(InputError):
        forecast_view(chosen(panel, WEB)[0].between(0, 20), 6)


def test_tiers_carry_their_promise_and_how_it_held(futures: FuturesView) -> None:
    cores = [float(t.cores.split()[0]) for t in futures.tiers]
    assert cores == sorted(cores) and all(t.cores.endswith(" cores") for t in futures.tiers)
    assert [t.name for t in futures.tiers][:2] == ["50 %, reserved", "80 %, reserved"]
    assert all(re.fullmatch(r"\d+ of \d+: [\d.]+ % \([\d.]+ % to [\d.]+ %, 95 %\)", t.kept) for t in futures.tiers)
    assert {t.verdict for t in futures.tiers} <= {"kept", "not kept", "too few moments to check"}
    assert futures.past is not None and len(futures.past.marks[0].x) == int(futures.tiers[0].kept.split()[2][:-1])


def test_plans_carry_cost_and_lateness_with_intervals(futures: FuturesView) -> None:
    assert futures.plans[0].worse == "best"
    for plan in futures.plans:
        assert re.fullmatch(r"\$[\d.,]+ \(\$[\d.,]+ to \$[\d.,]+\)", plan.cost)
        assert re.fullmatch(r"[\d.]+ % \([\d.]+ % to [\d.]+ %\)", plan.missed)


def test_memory_has_no_tiers_and_the_message_says_what_to_do(panel: Panel) -> None:
    with pytest.raises(InputError, match="choose a series of CPU"):
        futures_view(chosen(panel, "shop/Deployment/web/memory"), 6)


def test_neutral_sliders_change_nothing(futures: FuturesView) -> None:
    cluster = cluster_what_if(load_sample("web-shop"), Sliders())
    assert cluster.changes == () and all(f.before == f.after and not f.is_worse for f in cluster.figures)
    demand = demand_what_if(futures.report, Sliders())
    assert demand.changes == "" and demand.before == demand.after == futures.plans


def test_sliders_change_the_cluster() -> None:
    shop = load_sample("web-shop")
    node = shop.nodes[0].node_id
    view = cluster_what_if(shop, Sliders(2.0, node, 1.5))
    assert len(view.changes) == 3 and f"{node} fails" in view.changes
    figures = {f.name: f for f in view.figures}
    assert figures["Nodes above 100 %"].is_worse and figures["Price of all nodes"].is_worse
    assert view.full and view.waiting_count >= len(view.waiting)
    now, then = (float(figures["Price of all nodes"].before[1:-2]), float(figures["Price of all nodes"].after[1:-2]))
    assert then == pytest.approx(1.5 * now, abs=0.02)


def test_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError):
        cluster_what_if(load_sample("web-shop"), Sliders(node_id="<b>no</b>"))


def test_a_move_of_a_slider_costs_a_fraction_of_a_second(futures: FuturesView) -> None:
    """In units of a loop, which takes a twentieth of a second on a usual machine: slow machines are slow at both."""
    shop, seconds, loops = load_sample("web-shop"), [], []
    for k in range(6):
        began = time.process_time()
        cluster_what_if(shop, Sliders(1.1 + k / 10, shop.nodes[3].node_id, 1.2))
        demand_what_if(futures.report, Sliders(1.1 + k / 10, shop.nodes[3].node_id, 1.2))
        seconds.append(time.process_time() - began)
        began = time.process_time()
        for _ in range(1_000_000):
            began += 0.0
        loops.append(time.process_time() - began)
    assert np.median(seconds) < 8 * np.median(loops)


def test_plans_under_the_sliders_are_ranked_by_them_alone(futures: FuturesView) -> None:
    view = demand_what_if(futures.report, Sliders(1.5, "any", 2.0))
    assert view.changes == "demand times 1.5, one node of each plan fails at a random time, prices times 2"
    assert view.after[0].worse == "best" and {p.name for p in view.after} == {p.name for p in view.before}
    flood = Disturbance(name="flood", changes=(DemandChanges(factor=3.0, start=0.0),))
    ranked = plan_rows(with_what_ifs(futures.report, [flood]), "flood")
    assert [p.name for p in ranked] == [
        s.plan_id for s in with_what_ifs(futures.report, [flood]).standings_with("flood")
    ]


def test_an_address_says_what_is_shown_and_nothing_else() -> None:
    asked = Asked("runs/a b.csv", "web/cpu", 24, 0.08, Sliders(1.25, "node-a", 0.5))
    assert (
        asked.address
        == "/forecasts?source=runs%2Fa+b.csv&series=web%2Fcpu&horizon=24&cores=0.08&load=1.25&node=node-a&price=0.5"
    )
    assert Asked().address == "/forecasts"
    from urllib.parse import parse_qsl

    assert read_asked(dict(parse_qsl(asked.address.partition("?")[2]))) == asked


@pytest.mark.parametrize("wrong", ["", "x", "nan", "inf", "-1e999", "<script>"])
def test_numbers_that_are_none_become_the_default(wrong: str) -> None:
    assert read_asked(dict.fromkeys(("horizon", "load", "price", "cores"), wrong)) == Asked()


def test_numbers_out_of_range_are_moved_into_it() -> None:
    asked = read_asked({"horizon": "-3", "load": "99", "price": "-1"})
    assert (asked.horizon, asked.sliders.load, asked.sliders.price) == (2, 3.0, 0.0)
    assert np.isfinite(asked.sliders.load)
