"""The page Cluster: search, details, why a task waits, reading again; also with 5,000 nodes, and by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser.served import served
from tests.web.browser.visiting import TIMEOUT, go, visits
from tests.web.clusters import large_cluster

expect.set_options(timeout=TIMEOUT)

FILTER = """async (word) => {
  const field = document.querySelector(".node-map input");
  field.value = word;
  field.dispatchEvent(new Event("input"));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
MOST_MILLISECONDS = 200.0
"""Longest time of the page's thread for a filter, waits for other processes left out."""


def found(page: Page):
    return page.locator(".node-map [role=status]")


def test_from_the_cluster_to_why_a_task_waits_and_the_chat(visit):
    page = visit("/")
    page.get_by_role("button", name="shop/search-index-0").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("heading", name="shop/search-index-0")).to_be_visible()
    expect(sheet.get_by_text("0 of 12 nodes fit:").first).to_be_visible()
    expect(sheet.get_by_text("label it with topology.kubernetes.io/zone=eu-1c")).to_be_visible()
    ask = sheet.get_by_role("link", name="Ask in the chat")
    assert ask.get_attribute("href") == "/chat?ask=why%20is%20shop%2Fsearch-index-0%20pending%3F"


@pytest.mark.parametrize("narrow", [False, True])
def test_keys_alone_find_a_node_and_open_it(visit, narrow):
    page = visit("/", narrow=narrow)
    expect(found(page)).to_have_text("12 of 12 nodes")
    page.keyboard.press("/")
    page.keyboard.type("eu-1b general-8")
    expect(found(page)).to_have_text("2 of 12 nodes")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('tile')"):
            break
    page.keyboard.press("ArrowRight")
    name = page.evaluate("document.activeElement.querySelector('.name').textContent")
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("heading", name=name)).to_be_visible()
    expect(sheet.get_by_role("link", name="What if it fails?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    assert page.evaluate("document.activeElement.querySelector('.name')?.textContent") == name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_scale_filters_and_is_counted(visit):
    page = visit("/")
    page.get_by_role("button", name="in trouble").click()
    expect(found(page)).to_have_text("1 of 12 nodes")
    expect(page.locator(".tile")).to_contain_text("cordoned")
    page.get_by_role("button", name="Show all").click()
    expect(found(page)).to_have_text("12 of 12 nodes")
    page.get_by_label("Colour by").select_option(label="cores used")
    page.get_by_label("Order").select_option("fullest")
    shares = [int(re.match(r"\d+", t)[0]) for t in page.locator(".tile .figures b").all_inner_texts()]
    assert len(shares) == 12
    assert shares == sorted(shares, reverse=True)


def test_reading_again_says_what_changed(visit):
    page = visit("/")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text("Nothing but measured use.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nothing but measured use.")).to_be_visible()


def test_links_open_a_node_a_task_and_say_where_there_is_none(visit):
    page = visit("/?node=node-a1")
    expect(page.get_by_role("dialog").get_by_role("heading", name="node-a1")).to_be_visible()
    go(page, "/?task=shop%2Fsearch-index-0")
    expect(page.get_by_text("0 of 12 nodes fit:").first).to_be_visible()
    go(page, "/?node=no-such-node")
    expect(page.get_by_text("There is no such node")).to_be_visible()
    go(page, "/?task=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    expect(page.get_by_role("alert")).to_contain_text("no task")


def test_the_skip_link_leads_to_the_content(visit):
    page = visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_page_that_is_not_there_leads_back(visit, watch):
    watch.expected.append("404")
    page = visit("/no-such-page")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.get_by_role("link", name="To the cluster", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cluster")


def test_five_thousand_nodes_are_filtered_at_once(browser, tmp_path):
    (tmp_path / "large.json").write_text(large_cluster().model_dump_json())
    with served(tmp_path, "--snapshot", "large.json") as server, visits(browser, server) as visitors:
        page = visitors.open("/")
        expect(found(page)).to_have_text("5,000 of 5,000 nodes")
        measured = page.context.new_cdp_session(page)
        measured.send("Performance.enable", {"timeDomain": "threadTicks"})

        def milliseconds() -> float:
            metrics = measured.send("Performance.getMetrics")["metrics"]
            return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")

        for word, count in (("zone-3", "625"), ("rack-17 pool-4", "4"), ("diskpressure", "16"), ("", "5,000")):
            before = milliseconds()
            page.evaluate(FILTER, word)
            assert milliseconds() - before < MOST_MILLISECONDS
            expect(found(page)).to_have_text(f"{count} of 5,000 nodes")
        page.locator(".node-map .field").press("End")
        page.locator(".tile").first.focus()
        page.keyboard.press("End")
        assert page.evaluate("document.activeElement.querySelector('.name').textContent").startswith("node-04999")
        assert page.locator(".tile").count() < 150
        page.get_by_label("Search waiting tasks").fill("waiting-299")
        page.get_by_role("button", name="batch/waiting-299").click()
        expect(page.get_by_text("0 of 5000 nodes fit:").first).to_be_visible()
