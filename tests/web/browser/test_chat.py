"""The chat page in Chromium: answers that come, evidence that opens, and plans that a person decides about."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.agents.streaming_server import Streamed, streaming
from tests.web.browser.served import Served, served
from tests.web.browser.test_accessibility import faults
from tests.web.browser.visiting import TIMEOUT, Visits, go, visits

DRAIN = "drain node-c1"


@pytest.fixture(scope="module", autouse=True)
def _patience() -> Iterator[None]:
    expect.set_options(timeout=TIMEOUT)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("rules"), "--snapshot", "sample:web-shop") as server:
        yield server


@pytest.fixture
def visitors(browser: Browser, rules: Served) -> Iterator[Visits]:
    with visits(browser, rules) as made:
        yield made


def field(page: Page):
    return page.get_by_label("Ask about this cluster")


def ask(page: Page, question: str) -> None:
    field(page).fill(question)
    field(page).press("Enter")


def asked_to_approve(page: Page) -> str:
    """Have a plan made and be asked about it; return its id."""
    go(page, "/chat")
    ask(page, DRAIN)
    page.get_by_role("button", name="Ask me to approve it").click()
    card = page.locator(".approval")
    expect(card).to_contain_text("May be applied until")
    return card.get_attribute("data-plan")


def test_from_a_first_visit_without_a_key_to_a_correct_answer(visitors: Visits) -> None:
    page = visitors.open("/chat")
    expect(page.get_by_text("Rules answer, without a language model")).to_be_visible()
    page.get_by_role("button", name="why is batch/train-ranking-2962b waiting?").click()
    answer = page.locator(".turn .answer")
    expect(answer).to_contain_text("it asks for 12 cores, and the largest node has 7.92 cores")
    expect(answer).to_contain_text("It has waited 5 hours.")
    expect(page).to_have_url(re.compile(r"/chat/[0-9a-f]{8}$"))
    waited = page.locator(".sentence", has_text="It has waited 5 hours").get_by_role("button")
    waited.click()
    panel = page.get_by_role("complementary", name="Evidence")
    expect(panel.locator("mark")).to_have_text(["303.0"])
    expect(panel).to_contain_text("Why a task waits")
    assert not faults(page)
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    expect(waited).to_be_focused()


def test_a_step_opens_with_arguments_result_and_seconds(visitors: Visits) -> None:
    page = visitors.open("/chat?ask=why%20is%20shop/search-index-0%20waiting%3F")
    expect(field(page)).to_have_value("why is shop/search-index-0 waiting?")
    expect(page.locator(".turn")).to_have_count(0)
    field(page).press("Enter")
    page.get_by_text("Looked up").click()
    page.locator(".lookup", has_text="Why a task waits").first.click()
    panel = page.get_by_role("complementary", name="Evidence")
    expect(panel).to_contain_text("shop/search-index-0")
    expect(panel).to_contain_text(" s")
    expect(panel).to_contain_text("waited minutes: 1260.0")


def test_a_plan_is_edited_and_the_other_one_rejected_with_a_reason(visitors: Visits) -> None:
    page = visitors.context().new_page()
    first = asked_to_approve(page)
    page.get_by_role("button", name="Edit …").click()
    page.get_by_role("checkbox", name="2. move shop/redis-2").click()
    page.get_by_role("button", name="Make the other plan").click()
    card = page.locator(f".approval:not([data-plan='{first}'])")
    expect(card).to_be_visible()
    expect(card).not_to_contain_text("shop/redis-2 to node")
    card.get_by_role("button", name="Reject …").click()
    page.get_by_label("Reason (optional)").fill("not today")
    page.get_by_role("button", name="Reject", exact=True).click()
    expect(page.locator(".turn").last).to_contain_text("was rejected: not today. Nothing was changed.")
    expect(page.locator(".approval")).to_have_count(0)


def test_a_plan_is_approved_with_a_confirmation_in_view_of_both_tabs_and_undone(visitors: Visits) -> None:
    page = visitors.context(narrow=True, dark=True).new_page()
    plan = asked_to_approve(page)
    other = page.context.new_page()
    go(other, page.url)
    expect(other.locator(".approval")).to_be_visible()
    assert not faults(page)
    page.get_by_role("button", name="Approve …").click()
    expect(page.get_by_role("dialog")).to_contain_text(plan)
    page.get_by_role("button", name="Approve and apply").click()
    for tab in (page, other):
        expect(tab.locator(".turn").last).to_contain_text(f"Plan {plan} is applied")
        expect(tab.locator(".approval")).to_have_count(0)
    page.get_by_role("button", name="Ask me to undo it").first.click()
    page.get_by_role("button", name="Undo it …").click()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".turn").last).to_contain_text(f"Plan {plan} is rolled back")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_conversations_are_found_renamed_and_deleted(visitors: Visits) -> None:
    page = visitors.open("/chat")
    ask(page, "which nodes are the fullest?")
    page.get_by_text("Looked up").wait_for()
    rows = page.locator(".session")
    expect(rows.filter(has_text="which nodes are the fullest?")).to_have_count(1)
    page.get_by_label("Rename or delete: which nodes").click()
    page.get_by_text("Rename …").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("full nodes")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(rows.filter(has_text="full nodes")).to_have_count(1)
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("/")
    page.keyboard.type("nothing of this")
    expect(rows).to_have_count(0)
    page.get_by_label("Search conversations").fill("full")
    page.get_by_label("Rename or delete: full nodes").click()
    page.get_by_text("Delete …").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page).to_have_url(re.compile(r"/chat$"))
    expect(page.locator(".session")).to_have_count(0)


def test_another_visitors_conversation_is_not_shown(visitors: Visits) -> None:
    own = visitors.open("/chat")
    ask(own, "which nodes are the fullest?")
    expect(own).to_have_url(re.compile(r"/chat/[0-9a-f]{8}$"))
    visitors.watch.expected.append("404")
    other = visitors.open(own.url)
    expect(other.get_by_role("alert")).to_contain_text("there is no conversation")
    expect(other.get_by_role("link", name="Begin a new conversation")).to_be_visible()


def test_an_answer_of_a_model_survives_a_reload_in_its_middle_and_another_one_is_stopped(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    gate, never = threading.Event(), threading.Event()
    replies = [
        Streamed(["Let me look. "], [("cluster_overview", {})]),
        Streamed(["12 nodes are there [E1]. 14 nodes are there [E1]. And", gate, " 82 pods run and 3 wait [E1]."]),
        Streamed(["82 pods run and 3 wait [E1]."]),
        Streamed(["12 nodes are there [E1]. Next", never, " comes nothing."]),
    ]
    with streaming(*replies) as model:
        variables = {"OPENAI_BASE_URL": f"{model.url}/v1", "OPENAI_API_KEY": "x"}
        options = ("--snapshot", "sample:web-shop", "--model", "openai:gpt-4o")
        folder = tmp_path_factory.mktemp("model")
        with served(folder, *options, environment=variables) as server, visits(browser, server) as visitors:
            page = visitors.open("/chat")
            expect(page.get_by_text("openai:gpt-4o answers")).to_be_visible()
            ask(page, "how full is it?")
            expect(page.locator(".sentence")).to_have_text([re.compile("12 nodes are there")])
            page.reload()
            expect(page.locator(".turn[data-state=running] .sentence")).to_have_text([re.compile("12 nodes are there")])
            expect(page.locator(".struck s")).to_have_text(["14 nodes are there."])
            expect(page.locator(".struck")).to_contain_text("Not supported: 14 is no such figure")
            gate.set()
            expect(page.locator(".turn[data-state=told] .sentence").last).to_contain_text("82 pods run and 3 wait.")
            expect(page.locator(".turn")).to_have_count(1)
            ask(page, "and the nodes?")
            expect(page.locator(".turn").last.locator(".sentence")).to_have_count(1)
            page.keyboard.press("Escape")
            expect(page.locator(".turn").last).to_contain_text("Stopped; nothing was changed.")
            expect(page.get_by_role("button", name="Send")).to_be_visible()
            never.set()
