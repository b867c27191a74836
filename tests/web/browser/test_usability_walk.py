"""Tasks of an operator, written down before the pages were made, each done by following only what pages show.

Every task begins at the first page. Clicks are counted; typing and Enter are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.browser.conftest import Visit

pytestmark = pytest.mark.slow
PATIENCE = 180_000.0
"""Milliseconds that a page may compute."""


class Walk:
    """A person at a page, whose clicks are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, there: Locator) -> None:
        """Click, and count it."""
        there.click(timeout=PATIENCE)
        self.clicks += 1

    def to(self, entry: str) -> None:
        """Choose an entry of the navigation."""
        self.click(self.page.get_by_role("navigation").get_by_role("link", name=entry))

    def press(self, name: str, *, exact: bool = False) -> None:
        """Press a button."""
        self.click(self.page.get_by_role("button", name=name, exact=exact).first)

    def see(self, text: str) -> None:
        """Find a text."""
        expect(self.page.get_by_text(re.compile(text)).first).to_be_visible(timeout=PATIENCE)


def why_is_a_pod_pending(walk: Walk) -> None:
    walk.to("Chat")
    walk.press("why is batch/train-ranking-2962b waiting?")
    walk.see("12 cores")


def what_if_a_node_fails(walk: Walk) -> None:
    walk.to("Chat")
    walk.press("what if node-c3 fails?")
    walk.see("If node-c3 fails")


def approve_a_plan_and_undo_it(walk: Walk) -> None:
    walk.to("Chat")
    walk.press("drain node-a1")
    walk.press("Ask me to approve it")
    walk.press("Approve …")
    walk.press("Approve and apply")
    walk.press("Ask me to undo it")
    walk.press("Undo it …")
    walk.press("Undo", exact=True)
    walk.see("rolled back")


def which_policy_is_best(walk: Walk) -> None:
    walk.to("Policies")
    walk.see("Which policy is best")


def look_at_a_run(walk: Walk) -> None:
    walk.to("Self-play")
    walk.press("first", exact=True)
    walk.see("reward over the best reference")


def rate_an_explanation(walk: Walk) -> None:
    walk.to("Rating")
    walk.page.get_by_label("Your name").fill("walker")
    walk.page.keyboard.press("Enter")
    walk.see("Explanation 1 of 3")
    for number in range(3):
        walk.page.keyboard.press("4")
        expect(walk.page.locator("button[aria-pressed=true]")).to_have_count(number + 1, timeout=PATIENCE)
    walk.page.keyboard.press("Enter")
    walk.see("1 finished by walker")


def what_does_the_cluster_cost(walk: Walk) -> None:
    walk.see(r"\$2\.81/h")


def which_recommendation_saves_most(walk: Walk) -> None:
    walk.to("Recommendations")
    walk.see(r"\$[\d.,]+")


def how_much_capacity_is_needed(walk: Walk) -> None:
    walk.to("Forecasts")
    walk.see("95 %")


def what_did_an_answer_rest_on(walk: Walk) -> None:
    walk.to("Chat")
    walk.click(walk.page.get_by_text("which pods are pending, an").first)
    walk.press("E1")
    expect(walk.page.get_by_role("complementary", name="Evidence")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("task", "most"),
    [
        (why_is_a_pod_pending, 2),
        (what_if_a_node_fails, 2),
        (approve_a_plan_and_undo_it, 8),
        (which_policy_is_best, 1),
        (look_at_a_run, 2),
        (rate_an_explanation, 1),
        (what_does_the_cluster_cost, 0),
        (which_recommendation_saves_most, 1),
        (how_much_capacity_is_needed, 1),
        (what_did_an_answer_rest_on, 3),
    ],
)
def test_a_task_takes_few_clicks(visit: Visit, task: Callable[[Walk], None], most: int) -> None:
    walk = Walk(visit("/"))
    task(walk)
    assert walk.clicks <= most
