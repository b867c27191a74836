"""No payload runs, loads, or waits for a click on any page, whichever text of the content holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from aurora.evals.testing.scripted_operator import MODEL, Reply, results, scripted_operator
from tests.web.browser import hostile
from tests.web.browser.canary import waiting
from tests.web.browser.paths import PAGES, details
from tests.web.browser.payloads import PAYLOADS
from tests.web.browser.served import Served, served
from tests.web.browser.visiting import Visits, go, visits

SHOWN_PART = "self.aurora_canary="
"""Part of most payloads; a page that shows any has this text."""
SHOWING = ("/", "/plans", "/selfplay", "/chat")
"""Pages that must show payloads; the others may."""
PATIENCE = 180_000.0
"""Milliseconds that an answer may take."""
SCREENS = 6
"""Most screens that are scrolled through."""


@pytest.fixture(scope="module")
def hostile_desk(desk_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile")
    hostile.make(folder, desk_folder)
    options = ("--snapshot", hostile.SNAPSHOT, "--history", hostile.HISTORY, "--data", ".", "--model", MODEL)
    with scripted_operator(say_payloads) as model, served(folder, *options, environment=model.environment) as server:
        yield server


def say_payloads(messages: Sequence[Mapping[str, Any]]) -> Reply:
    """Look at names that are payloads, then answer with all payloads."""
    if not results(messages):
        return Reply(
            calls=(("find_tasks", {"state": "pending", "limit": 50}), ("find_nodes", {"contains": PAYLOADS[0]}))
        )
    return Reply("\n\n".join(f"{p} [E1]." for p in PAYLOADS))


@pytest.fixture
def guests(browser: Browser, hostile_desk: Served) -> Iterator[Visits]:
    with visits(browser, hostile_desk) as made:
        yield made


def look_at_all(page: Page) -> str:
    """Scroll through a page, open what can be opened, and return the text that was shown."""
    for summary in page.locator("summary, [aria-expanded=false]").all()[:10]:
        if summary.is_visible():
            summary.click(timeout=5_000, force=True)
    texts: list[str] = []
    page.mouse.move(800, 400)
    for _ in range(SCREENS):
        texts.append(page.locator("body").inner_text())
        page.mouse.wheel(0, 1400)
        page.wait_for_timeout(60)
    return "\n".join(texts)


@pytest.mark.parametrize("path", PAGES)
def test_payloads_are_text(guests: Visits, path: str) -> None:
    page = guests.open(path)
    text = look_at_all(page)
    assert waiting(page) == []
    if path in SHOWING:
        assert SHOWN_PART in text


def test_payloads_are_text_in_details(guests: Visits, hostile_desk: Served) -> None:
    page = guests.context().new_page()
    for path in details(hostile_desk.folder):
        go(page, path)
        look_at_all(page)
        assert waiting(page) == []


@pytest.mark.slow  # checks 220 sentences against 450 names
def test_payloads_of_a_model_and_of_its_tools_are_text(guests: Visits) -> None:
    page = guests.open("/chat")
    question = page.get_by_label("Ask about this cluster")
    question.fill(f"what waits? {PAYLOADS[0]}")
    question.press("Enter")
    expect(page.locator("summary", has_text="Looked up")).to_be_visible(timeout=PATIENCE)
    page.locator("summary", has_text="Looked up").last.click()
    page.locator("[data-step]").first.click()
    expect(page.get_by_role("complementary", name="Evidence")).to_be_visible()
    look_at_all(page)
    assert waiting(page) == []
