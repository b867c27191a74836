"""A run that the command line started is watched, paused and resumed in the browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser.served import Served

PATIENCE = 300_000
"""Milliseconds for an iteration of a run beside everything else."""


@pytest.fixture
def live(desk: Served) -> Iterator[subprocess.Popen[bytes]]:
    """Let `aurora selfplay` go on with a run, for more iterations than anyone waits for."""
    shutil.copytree(desk.folder / "runs/first", desk.folder / "runs/live")
    command = [sys.executable, "-m", "aurora", "selfplay", "--resume", "runs/live", "--iterations", "1000"]
    variables = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(
        command, cwd=desk.folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.wait()


def test_a_run_of_the_command_line_is_watched_paused_and_resumed(
    page: Page, desk: Served, live: subprocess.Popen[bytes]
) -> None:
    page.goto("/selfplay/live")
    state = page.locator("[data-state]")
    expect(state).to_have_text("running", timeout=PATIENCE)
    expect(page.get_by_role("region", name="Program of the champion")).to_be_visible(timeout=PATIENCE)
    iterations = page.locator(".metric", has_text="iterations").locator(".value").first
    seen = int(iterations.inner_text())
    expect(iterations).not_to_have_text(str(seen), timeout=PATIENCE)  # it is followed without a reload
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").dblclick()
    expect(state).to_have_text("paused", timeout=PATIENCE)
    assert live.wait(60) == 130
    expect(page.get_by_text("It was paused")).to_be_visible()
    page.reload()
    expect(page.get_by_text("It was paused")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_label("Iterations in all").fill("2000")
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(state).to_have_text("running", timeout=PATIENCE)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(state).to_have_text("paused", timeout=PATIENCE)
    lines = (desk.folder / "runs/live/requests.jsonl").read_text().splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["pause", "resume", "pause"]  # a double click asks once
    assert all(json.loads(line)["who"] and json.loads(line)["when"] for line in lines)


def test_a_run_is_found_in_the_list_and_its_scenarios_searched(page: Page) -> None:
    page.goto("/selfplay")
    page.get_by_role("button", name="first", exact=True).click(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Run first")).to_be_visible()
    expect(page.get_by_role("heading", name="What the attacker found")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("/")
    page.keyboard.type("nothing like this")
    expect(page.get_by_text("No scenario fits")).to_be_visible()
    page.get_by_text("terms of this page").click()
    expect(page.get_by_text("A rating from matches")).to_be_visible()


def test_a_run_that_is_not_there_says_so(page: Page) -> None:
    for path in ("/selfplay/nobody", "/selfplay/..%2F..%2Fetc"):
        page.goto(path)
        expect(page.get_by_role("alert")).to_contain_text("see the list of runs", timeout=PATIENCE)


def test_a_bad_start_is_refused_in_the_dialog(page: Page, desk: Served) -> None:
    page.goto("/selfplay")
    page.get_by_role("button", name="Start a run").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the run").fill("../out")
    dialog.get_by_role("button", name="Start").click()
    expect(dialog.get_by_role("alert")).to_contain_text("letters, digits")
    dialog.get_by_label("Name of the run").fill("first")
    dialog.get_by_role("button", name="Start").click()
    expect(dialog.get_by_role("alert")).to_contain_text("already")
    assert not (desk.folder / "out").exists()


def test_a_champion_is_found_and_told(page: Page) -> None:
    page.goto("/policies")
    page.get_by_role("button", name="champion:gpu", exact=True).first.click(timeout=PATIENCE)
    expect(page.get_by_role("region", name="Program")).to_contain_text("fragmentation", timeout=PATIENCE)
    page.goto("/policies/run%3Afirst")
    expect(page.get_by_role("link", name="The run")).to_have_attribute("href", "/selfplay/first", timeout=PATIENCE)


def test_a_report_is_shown_in_a_frame_that_may_do_nothing(page: Page) -> None:
    page.goto("/studies")
    page.get_by_role("link", name="Open the report").first.click(timeout=PATIENCE)
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("sandbox", "", timeout=PATIENCE)
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_contain_text("report", timeout=PATIENCE)
