"""The page Decisions in a browser: from the picture to a task, its reasons, and what would have changed them."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

Visit = Callable[..., Page]
ANEW = "/decisions?scenario=snapshot%3Aanew&policy=champion%3Ageneral"


def test_a_task_is_found_and_a_link_shows_the_same(visit: Visit) -> None:
    page = visit(ANEW)
    page.get_by_label("Search tasks").fill("redis")
    page.get_by_role("button", name="shop/redis-0").click()
    heading = page.get_by_role("heading", name="Task shop/redis-0")
    expect(heading).to_be_visible()
    expect(page.get_by_text("Candidates: ", exact=False)).to_be_visible()
    page.wait_for_url(lambda url: "task=shop%2Fredis-0" in url)
    page.reload()
    expect(heading).to_be_visible()
    expect(page.get_by_role("region", name="Terms of the scores").get_by_text("Score", exact=True)).to_be_visible()


def test_a_bar_leads_to_its_decision_and_a_node_to_its_tasks(visit: Visit) -> None:
    page = visit(ANEW)
    canvas = page.locator(".timeline canvas").first
    canvas.wait_for()
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] * 0.4, "y": 40})
    task = page.locator(".task-card h2")
    expect(task).to_be_visible()
    page.locator(".task-card .cell-link").first.click()
    expect(page.get_by_role("heading", name="Tasks on node-", exact=False)).to_be_visible()
    page.wait_for_url(lambda url: "node=" in url)


def test_a_task_that_is_not_placed_says_why_and_what_would_place_it(visit: Visit) -> None:
    page = visit("/decisions?task=batch%2Ftrain-ranking-2962b&against=node-a1")
    expect(page.get_by_text("can never be placed", exact=False).first).to_be_visible()
    expect(page.get_by_text("cores of node-a1 15 instead of 3.92")).to_be_visible()
    expect(page.get_by_role("heading", name="With the change")).to_be_visible()


def test_a_what_if_stands_in_the_address(visit: Visit) -> None:
    page = visit("/decisions?change=fail%3Anode-c1%40100%2F600")
    expect(page.get_by_role("heading", name="Tasks that differ", exact=False)).to_be_visible()
    page.get_by_role("button", name="Remove fail:node-c1@100/600").click()
    expect(page.get_by_role("heading", name="Tasks that differ", exact=False)).to_have_count(0)


def test_a_wrong_address_says_what_to_do(visit: Visit) -> None:
    page = visit("/decisions?scenario=file%3A..%2Fx.json&policy=%3Cscript%3E")
    expect(page.get_by_role("alert")).to_contain_text("--data")
    page = visit("/decisions?policy=nobody")
    expect(page.get_by_role("alert")).to_contain_text("choose one from the list")
    page = visit("/decisions?task=nobody")
    expect(page.get_by_role("alert")).to_contain_text("choose one from the list")


def test_loads_are_shown_narrow_and_dark(visit: Visit) -> None:
    page = visit("/decisions?show=cpu", narrow=True, dark=True)
    expect(page.get_by_role("img", name="Load of cores of 12 nodes", exact=False)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
