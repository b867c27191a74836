"""The page Plans in a browser: made, approved, applied once, resumed, undone and edited."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from aurora.cluster.plans.asks import Ask
from aurora.cluster.plans.journal import read_entries
from aurora.cluster.plans.report import apply_from_folder, approve_in_folder
from aurora.cluster.plans.targets.files import FilesTarget
from aurora.cluster.plans.targets.target import Direction, Step
from aurora.graphs.chat.opening import open_desk
from aurora.web.views.plans.forms import make
from tests.web.browser.served import Served

Visit = Callable[..., Page]
SCALE = Ask("scale", "shop/Deployment/checkout", replicas=6)


def _made(desk: Served, *asks: Ask, name: str) -> str:
    """Make a plan in the folder of the server, as the command line would; `name` makes its hash its own."""
    here = open_desk("sample:web-shop", plans=desk.folder / "runs/plans")
    return make(asks, here, "least_allocated", is_simulated=False, who=name).plan.plan_id


def _press(page: Page, name: str) -> None:
    """Press a button of the page, then the one of its question."""
    page.get_by_role("button", name=f"{name} …").click()
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def _begun(desk: Served, plan_id: str) -> int:
    entries = read_entries(desk.folder / f"runs/plans/{plan_id}.journal.jsonl")
    return sum(e.text.startswith("application begun") for e in entries)


def test_a_plan_is_made_approved_applied_and_rolled_back(visit: Visit, desk: Served) -> None:
    page = visit("/plans?cordon=node-b2")
    page.get_by_role("button", name="Make the plan").click()
    page.wait_for_url(re.compile(r"/plans/[0-9a-f]{12}$"))
    plan_id = page.url.rpartition("/")[2]
    page.get_by_role("button", name="Approve …").click()
    question = page.get_by_role("dialog")
    expect(question.get_by_text(re.compile(f"^{plan_id}[0-9a-f]{{52}}$"))).to_be_visible()
    question.get_by_label("Your name").fill("ada <img src=x onerror=alert(1)>")
    question.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("approval by ada <img").first).to_be_visible()
    _press(page, "Apply")
    expect(page.get_by_role("button", name="Roll back …")).to_be_visible()
    assert (desk.folder / f"runs/plans/{plan_id}.files/nodes/node-b2.yaml").exists()
    page.reload()
    expect(page.get_by_text("applied", exact=True).first).to_be_visible()
    _press(page, "Roll back")
    expect(page.get_by_text("It was rolled back.", exact=False)).to_be_visible()
    assert not list((desk.folder / f"runs/plans/{plan_id}.files").rglob("*.yaml"))


def test_two_tabs_apply_a_plan_once(visit: Visit, desk: Served) -> None:
    plan_id = _made(desk, SCALE, name="two tabs")
    approve_in_folder(plan_id, "ada", desk.folder / "runs/plans")
    pages = [visit(f"/plans/{plan_id}") for _ in range(2)]
    for page in pages:
        page.get_by_role("button", name="Apply …").click()
    for page in pages:
        page.get_by_role("dialog").get_by_role("button", name="Apply", exact=True).dblclick()
    for page in pages:
        expect(page.get_by_role("button", name="Roll back …")).to_be_visible()
    assert _begun(desk, plan_id) == 1


class _Dying(FilesTarget):
    """Files of a process that is killed before the first file of an undo."""

    def make(self, step: Step, direction: Direction) -> None:
        if "undo" in step.text:
            raise KeyboardInterrupt
        super().make(step, direction)


@pytest.mark.parametrize("then", ["Go on", "Roll back"])
def test_an_interrupted_application_goes_on_or_is_undone(visit: Visit, desk: Served, then: str) -> None:
    plans = desk.folder / "runs/plans"
    plan_id = _made(desk, SCALE, name=f"interrupted, then {then}")
    approve_in_folder(plan_id, "ada", plans)
    with pytest.raises(KeyboardInterrupt):
        apply_from_folder(plan_id, _Dying(plans / f"{plan_id}.files"), plans)
    page = visit(f"/plans/{plan_id}")
    expect(page.get_by_text("interrupted", exact=True).first).to_be_visible()
    _press(page, then)
    state = "applied" if then == "Go on" else "rolled back"
    expect(page.get_by_text(state, exact=True).first).to_be_visible()
    assert _begun(desk, plan_id) == 1


def test_an_edit_makes_another_plan_and_another_tab_shows_that(visit: Visit, desk: Served) -> None:
    plan_id = _made(desk, SCALE, Ask("cordon", "node-c1"), name="edited")
    other, page = visit(f"/plans/{plan_id}"), visit(f"/plans/{plan_id}")
    page.get_by_role("button", name="Edit …").click()
    page.get_by_role("checkbox", name=re.compile("cordon node-c1")).click()
    page.get_by_role("button", name="Make another plan").click()
    page.wait_for_url(lambda url: not url.endswith(plan_id))
    expect(page.get_by_role("heading", name="Changes (1)")).to_be_visible()
    expect(other.get_by_role("link", name=re.compile("which replaces it"))).to_be_visible()
    expect(other.get_by_role("button", name="Approve …")).to_have_count(0)


def test_what_is_no_plan_says_so(visit: Visit) -> None:
    for name in ("ffffffffffff", "nonsense", "x.json"):
        page = visit(f"/plans/{name}")
        expect(page.get_by_role("heading", name="There is no such plan")).to_be_visible()


def test_an_incomplete_change_says_what_it_lacks(visit: Visit) -> None:
    page = visit("/plans?new=1")
    page.get_by_role("button", name="Add this change").click()
    expect(page.get_by_text("name a node", exact=False)).to_be_visible()


def test_files_are_shown_before_they_are_written(visit: Visit, desk: Served) -> None:
    plan_id = _made(desk, SCALE, name="files")
    page = visit(f"/plans/{plan_id}", narrow=True, dark=True)
    page.get_by_text("Files", exact=True).click()
    expect(page.get_by_text("replicas: 6")).to_be_visible()
    assert not Path(desk.folder / f"runs/plans/{plan_id}.files").exists()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
