"""Ten tasks of an operator, written down before the desk was looked at, each done by following only what pages show.

Every task begins at the first page, and ends where its answer is read: the figures are checked, not only the page.
Clicks are counted; typing and Enter are not. `docs/guides/web/walk.md` has the paths.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from aurora.champions.shipped import shipped_champions
from aurora.cluster.samples import load_sample
from aurora.quantities import plain
from aurora.tools.cluster_changes import RankArguments, rank_cluster_policies
from aurora.tools.desk import Desk
from tests.web.browser.conftest import Visit
from tests.web.browser.served import Served

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

    def follow(self, name: str) -> None:
        """Follow a link."""
        self.click(self.page.get_by_role("link", name=name).first)

    def see(self, *texts: str, place: Page | Locator | FrameLocator | None = None) -> None:
        """Find texts."""
        for text in texts:
            found = (place or self.page).get_by_text(re.compile(text)).first
            expect(found).to_be_visible(timeout=PATIENCE)

    def agree(self, name: str) -> None:
        """Press a button that asks, and then the one that does it."""
        self.press(f"{name} …")
        self.click(self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True))


def why_is_a_pod_pending(walk: Walk) -> None:
    walk.press("batch/train-ranking-2962b")
    walk.see("5 h 3 min", r"it asks for 12 cores, and the largest node has 7\.92 cores")
    walk.see("It needs a node with 12 cores and a node with 48 GiB")


def what_if_a_node_fails(walk: Walk) -> None:
    walk.press("node-c3")
    walk.follow("What if it fails?")
    expect(walk.page.get_by_label("Ask about this cluster")).to_be_focused(timeout=PATIENCE)
    walk.page.keyboard.press("Enter")
    walk.see("6 tasks lose the node and 4 of them find another", "shop/postgres-0")


def approve_a_plan_and_undo_it(walk: Walk) -> None:
    walk.press("node-a1")
    walk.follow("Drain it")
    walk.press("Make the plan")
    walk.see(r"Changes \(4\)", "move shop/redis-0 to node-a2")
    walk.agree("Approve")
    walk.agree("Apply")
    walk.agree("Roll back")
    walk.see("Rollback: 3 of 3 steps")


def which_policy_is_best(walk: Walk) -> None:
    walk.to("Policies")
    champions = walk.page.get_by_role("group", name="Shipped champions")
    for champion in (c for c in shipped_champions() if not c.weights):
        lead, name = champion.judgement.closest, champion.policy_name
        row = champions.get_by_role("row").filter(has=walk.page.get_by_role("button", name=name, exact=True))
        expect(row).to_contain_text(
            f"{lead.mean:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}] {champion.provenance.unit} over {lead.reference}",
            timeout=PATIENCE,
        )
    walk.follow("Which is best for this cluster?")
    question = walk.page.get_by_role("textbox", name="Ask about this cluster")
    expect(question).to_have_value(re.compile("which policy is best"), timeout=PATIENCE)
    question.press("Enter")
    desk = Desk([], snapshot=load_sample("web-shop"))
    best, *others = rank_cluster_policies(desk, RankArguments(limit=8)).policies
    reward = plain(best.reward)
    walk.see(rf"Policy {re.escape(best.policy_id)} comes first of \d+ policies, with a reward of {reward}\.")
    for level in (r.policy_id for r in others if plain(r.reward) == reward):
        walk.see(rf"{re.escape(level)}.* reach(es)? {reward} too")


def resume_a_run(walk: Walk) -> None:
    walk.to("Self-play")
    walk.press("walked", exact=True)
    walk.press("Resume")
    walk.click(walk.page.get_by_role("dialog").get_by_role("button", name="Resume"))
    expect(walk.page.locator("[data-state=running]")).to_be_visible(timeout=PATIENCE)


def did_the_forecast_keep_its_promise(walk: Walk) -> None:
    walk.to("Forecasts")
    walk.see(r"65 of 80: 81\.2 % \(71\.3 % to 88\.3 %, 95 %\)")
    expect(walk.page.get_by_role("row", name="95 %, on demand")).to_contain_text("kept", timeout=PATIENCE)


def which_recommendation_saves_most(walk: Walk) -> None:
    walk.to("Recommendations")
    walk.see(r"\$109\.61")
    walk.click(walk.page.get_by_text("shop/Deployment/images/resizer").first)
    walk.see(
        r"CPU: measured 0\.17 cores in half of the time, at most 0\.413", r"96\.4 % of back-tests kept the promise"
    )


def is_the_experiment_decided(walk: Walk) -> None:
    walk.to("Experiments")
    walk.see(
        "stop: it is better",
        r"cost got better: -5\.52 \(-7\.036 to -4\.004\)",
        "Decided on day",
        "14 days are measured",
    )


def compare_two_evaluations(walk: Walk) -> None:
    walk.to("Studies")
    for name in ("eval/explanations", "eval/later"):
        walk.click(walk.page.get_by_role("checkbox", name=f"Compare {name}"))
    walk.press("Compare the chosen")
    report = walk.page.frame_locator("iframe")
    walk.see("later compared with explanations", place=report)


def rate_three_explanations(walk: Walk) -> None:
    walk.to("Rating")
    walk.page.get_by_label("Your name").fill("walker")
    walk.page.keyboard.press("Enter")
    for number in range(1, 4):
        walk.see(f"Explanation {number} of 3")
        for criterion in range(3):
            walk.page.keyboard.press("4")
            expect(walk.page.locator("button[aria-pressed=true]")).to_have_count(criterion + 1, timeout=PATIENCE)
        walk.page.keyboard.press("Enter")
    walk.see("3 finished by walker|You have rated all")


@pytest.mark.parametrize(
    ("task", "clicks"),
    [
        (why_is_a_pod_pending, 1),
        (what_if_a_node_fails, 2),
        (approve_a_plan_and_undo_it, 9),
        (which_policy_is_best, 2),
        (resume_a_run, 4),
        (did_the_forecast_keep_its_promise, 1),
        (which_recommendation_saves_most, 2),
        (is_the_experiment_decided, 1),
        (compare_two_evaluations, 4),
        (rate_three_explanations, 1),
    ],
)
def test_a_task_takes_these_clicks(visit: Visit, task: Callable[[Walk], None], clicks: int, walked: None) -> None:
    walk = Walk(visit("/"))
    task(walk)
    assert walk.clicks == clicks


@pytest.fixture
def walked(desk: Served, visit: Visit) -> Iterator[None]:
    """A run of its own to resume, which is paused at the end."""
    folder = desk.folder / "runs/walked"
    if not folder.exists():
        shutil.copytree(desk.folder / "runs/first", folder)
    yield
    page = visit("/selfplay/walked")
    if page.locator("[data-state=running], [data-state=starting]").count():
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("dialog").get_by_role("button", name="Pause").click()
        expect(page.locator("[data-state=stopped]")).to_be_visible(timeout=PATIENCE)
