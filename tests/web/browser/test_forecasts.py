"""Forecasts, recommendations and experiments in a browser: what is shown, moved, chosen, and kept over a reload."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from aurora.learning.rightsizing.savings_ledger import Promise, record_promises
from tests.web.browser.conftest import Visit
from tests.web.browser.served import Served
from tests.web.browser.test_accessibility import QUICK, check
from tests.web.browser.visiting import TIMEOUT

WEB = "shop/Deployment/web/cpu"
FORECAST = f"/forecasts?series={WEB}&horizon=6"
DAYS = 14
"""Days of the experiment that the desk has."""


@pytest.fixture(scope="module", autouse=True)
def ledger(desk: Served) -> Path:
    """Record a promise, unless the desk has a ledger; its experiment `runs/trial` is made with the desk."""
    path = desk.folder / "runs" / "ledger.jsonl"
    if not path.exists():
        promise = Promise("web@1", "web", "2026-06-01", 100.0, 80.0, 130.0, 0.8, "synthetic")
        record_promises(path, [promise])
    return path


def settled(page: Page) -> Page:
    """Wait until nothing is computed any more."""
    expect(page.locator(".loading")).to_have_count(0, timeout=TIMEOUT)
    expect(page.locator(".card, .state").first).to_be_visible()
    return page


def test_a_forecast_has_a_chart_a_table_and_tiers_with_their_promise(visit: Visit) -> None:
    page = settled(visit(FORECAST))
    expect(page.locator("figure svg").first).to_be_visible()
    expect(page.get_by_role("table").filter(has_text="held at past moments")).to_contain_text("95 %")
    expect(page.locator(".metric").first).to_contain_text(re.compile(r"[\d.]+\sto\s[\d.]+\scores,\s80\s%\sinterval"))
    page.get_by_text("The same as a table").first.click()
    expect(page.get_by_role("columnheader", name="median, cores").first).to_be_visible()
    check(page, QUICK)


def test_a_slider_changes_the_cluster_and_a_reload_shows_the_same(visit: Visit) -> None:
    page = settled(visit(FORECAST))
    figures = page.get_by_role("region", name="The cluster before and after")
    expect(figures.get_by_role("row").filter(has_text="Nodes above 80 %")).to_contain_text("0")
    slider = page.get_by_role("slider", name="Load, times").locator("[tabindex='0']")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("load=1.5"), timeout=TIMEOUT)
    if page.get_by_role("button", name="Simulate").is_visible():  # the machine is too busy for every move
        page.get_by_role("button", name="Simulate").click()
    worse = figures.get_by_role("row").filter(has_text="Nodes above 100 %")
    expect(worse).to_contain_text("worse", timeout=TIMEOUT)
    page.reload()
    expect(settled(page).get_by_text("requests and use of every task times 1.5")).to_be_visible()
    expect(worse).to_contain_text("worse")


def test_a_file_elsewhere_is_refused_in_words(visit: Visit) -> None:
    page = settled(visit("/forecasts?source=/etc/passwd"))
    expect(page.get_by_role("alert")).to_contain_text("only files in these folders may be opened")
    page = settled(visit("/recommendations?file=/etc/passwd"))
    expect(page.get_by_role("alert")).to_contain_text("only files in these folders may be opened")


def test_a_recommendation_is_found_by_keyboard_and_becomes_one_plan(visit: Visit, desk: Served) -> None:
    page = settled(visit("/recommendations"))
    check(page, QUICK)
    before = set((desk.folder / "runs" / "plans").glob("*.json"))
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("resizer")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody").get_by_role("button", name="shop/Deployment/images/resizer").press("Enter")
    expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
    expect(page.locator(".metric").filter(has_text="Saves a month").last).to_contain_text(" to ")
    page.get_by_text("Take it into a plan").click()
    expect(page.get_by_text("1 chosen for a plan")).to_be_visible()
    page.get_by_role("button", name="Make a plan").dblclick()
    page.wait_for_url(re.compile("/plans/"), timeout=TIMEOUT)
    made = set((desk.folder / "runs" / "plans").glob("*.json")) - before
    assert len({p.name.partition(".")[0] for p in made}) == 1


def test_an_experiment_shows_its_effect_by_day_and_its_rules(visit: Visit) -> None:
    page = settled(visit("/experiments"))
    expect(page.locator(".badge").first).to_have_text("stop: it is better")
    expect(page.locator("figure svg").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Stop for benefit")).to_contain_text("met")
    expect(page.get_by_role("region", name="Promises of runs/ledger.jsonl")).to_contain_text("$80.00 to $130.00")
    page.get_by_text("Intervals of each day").click()
    days = page.get_by_role("region", name="Effect by day").get_by_role("row")
    expect(days).to_have_count(1 + DAYS)  # with the heading
    check(page, QUICK)
