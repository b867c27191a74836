"""The desk without a mouse: find a pod, decide about a plan on its page and in a conversation, and undo it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Mouse, Page, expect

from tests.web.browser.conftest import Visit
from tests.web.browser.keyboard import PATIENCE, Keyboard

NODE = "node-b2"


@pytest.fixture(autouse=True)
def _no_mouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test of this file use the mouse."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the mouse was used")

    for name in ("click", "dblclick", "hover", "check", "uncheck", "tap"):
        monkeypatch.setattr(f"playwright.sync_api.Locator.{name}", refuse)
    for name in ("click", "move", "down"):
        monkeypatch.setattr(Mouse, name, refuse)


def status(page: Page, word: str) -> None:
    expect(page.locator(".badge").filter(has_text=re.compile(f"^{word}$")).first).to_be_visible(timeout=PATIENCE)


def test_a_pod_is_found_and_told_why_it_waits(visit: Visit) -> None:
    page = visit("/")
    keys = Keyboard(page)
    page.keyboard.press("/")
    keys.write("train-ranking")
    keys.press(page.get_by_role("button", name="batch/train-ranking-2962b, waits"))
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("it asks for 12 cores, and the largest node has 7.92 cores", timeout=PATIENCE)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    keys.look()


def test_a_plan_is_made_from_a_node_read_approved_applied_and_rolled_back(visit: Visit) -> None:
    page = visit("/")
    keys = Keyboard(page)
    page.keyboard.press("/")
    keys.write(NODE)
    expect(page.get_by_text("1 of 12 nodes")).to_be_visible(timeout=PATIENCE)
    keys.press(page.locator("[data-place]"))
    keys.press(page.get_by_role("dialog").get_by_role("link", name="Drain it"))
    form = page.get_by_role("dialog")
    expect(form.get_by_text(f"Drain a node: {NODE}")).to_be_visible(timeout=PATIENCE)
    keys.press(form.get_by_role("checkbox", name="Simulate the effect"), "Space")
    keys.button("Make the plan", lambda: page.get_by_role("dialog"))
    expect(page.get_by_role("heading", name=re.compile("^Plan [0-9a-f]{12}$"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(f"cordon {NODE}").first).to_be_visible(timeout=PATIENCE)
    keys.button("Approve …")
    expect(page.get_by_role("dialog")).to_contain_text("Hash")
    keys.button("Approve", lambda: page.get_by_role("dialog"))
    status(page, "approved")
    keys.button("Apply …")
    keys.button("Apply", lambda: page.get_by_role("dialog"))
    status(page, "applied")
    keys.button("Roll back …")
    keys.button("Roll back", lambda: page.get_by_role("dialog"))
    status(page, "rolled back")


def test_the_list_of_plans_is_searched_and_a_plan_opened(visit: Visit) -> None:
    page = visit("/")
    keys = Keyboard(page)
    keys.entry("Plans")
    expect(page.get_by_role("heading", name="Plans", level=1)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Search plans")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("/")
    keys.write("checkout to 5")
    keys.press(page.get_by_role("table").get_by_role("button").first)
    expect(page.get_by_text("scale shop/Deployment/checkout to 5").first).to_be_visible(timeout=PATIENCE)


def test_a_question_is_asked_and_a_card_edited_and_approved(visit: Visit) -> None:
    page = visit("/")
    keys = Keyboard(page)
    keys.entry("Chat")
    keys.to(page.get_by_label("Ask about this cluster"))
    keys.write("drain node-c1")
    page.keyboard.press("Enter")
    keys.button("Ask me to approve it")
    card = page.locator("[data-plan]")
    expect(card).to_contain_text("May be applied until", timeout=PATIENCE)
    first = card.get_attribute("data-plan")
    keys.button("Edit …")
    keys.press(page.get_by_text("Add a change"))
    keys.press(page.get_by_label("Change", exact=True), "Enter")
    keys.choose("Close a node")
    keys.to(page.get_by_label("Node", exact=True).last)
    keys.write("node-b3")
    keys.button("Make the other plan")
    other = page.locator(f"[data-plan]:not([data-plan='{first}'])")
    expect(other).to_contain_text("cordon node-b3", timeout=PATIENCE)
    keys.button("Approve …")
    keys.button("Approve and apply", lambda: page.get_by_role("dialog"))
    expect(page.get_by_role("log")).to_contain_text("is applied", timeout=PATIENCE)
    keys.button("Ask me to undo it")
    keys.button("Undo it …")
    keys.button("Undo", lambda: page.get_by_role("dialog"))
    expect(page.get_by_role("log")).to_contain_text("is rolled back", timeout=PATIENCE)
