"""A person rates explanations with the keyboard alone, stops, and comes back."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.web.browser.conftest import Visit
from tests.web.browser.served import Served

PATIENCE = 60_000


def _kept(desk: Served, rater: str) -> dict[str, list[str]]:
    (path,) = (desk.folder / "runs/eval/ratings/given").glob(f"{rater}-*.csv")
    with Path(path).open(encoding="utf-8-sig") as file:
        return {row["item"]: [row["completeness"], row["correctness"], row["clarity"]] for row in csv.DictReader(file)}


def test_explanations_are_rated_by_keyboard_and_gone_on_with(page: Page, desk: Served) -> None:
    page.goto("/rating")
    page.get_by_label("Your name").fill("ada")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Explanation 1 of 3; 0 finished by ada")).to_be_visible(timeout=PATIENCE)
    assert "planted" not in page.content()
    for criterion, key in zip(("completeness", "correctness", "clarity"), "421", strict=True):
        page.keyboard.press(key)
        pressed = page.get_by_role("button", name=f"{criterion}: {key} of 5")
        expect(pressed).to_have_attribute("aria-pressed", "true", timeout=PATIENCE)
    expect(page.get_by_text("Kept.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Explanation 2 of 3; 1 finished by ada")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("5")
    expect(page.get_by_text("Kept.")).to_be_visible(timeout=PATIENCE)
    assert sorted(map(tuple, _kept(desk, "ada").values())) == [("4", "2", "1"), ("5", "", "")]
    page.reload()  # in the middle of an explanation
    expect(page.get_by_text("Explanation 2 of 3; 1 finished by ada")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="completeness: 5 of 5, entirely")).to_have_attribute("aria-pressed", "true")
    for place in (2, 3):
        expect(page.get_by_text(f"Explanation {place} of 3")).to_be_visible(timeout=PATIENCE)
        for key in "333"[1 if place == 2 else 0 :]:
            page.keyboard.press(key)
            page.wait_for_timeout(200)
        expect(page.locator("button[aria-pressed=true]")).to_have_count(3, timeout=PATIENCE)
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All explanations are rated")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Show how people agree").click()
    expect(page.get_by_text("Krippendorff's alpha").first).to_be_visible(timeout=PATIENCE)
    assert len(_kept(desk, "ada")) == 3


def test_a_remark_takes_digits_and_another_rater_is_apart(visit: Visit, desk: Served) -> None:
    page = visit("/rating/eval/ratings?rater=ben", narrow=True, dark=True)
    remark = page.get_by_label("Remark, if you like")
    remark.click(timeout=PATIENCE)
    page.keyboard.type("45 is <b>wrong</b>")
    remark.blur()
    expect(page.get_by_text("Kept.")).to_be_visible(timeout=PATIENCE)
    assert list(_kept(desk, "ben").values()) == [["", "", ""]]
    page.reload()
    expect(page.get_by_label("Remark, if you like")).to_have_value("45 is <b>wrong</b>", timeout=PATIENCE)


def test_a_name_that_is_none_is_refused(page: Page) -> None:
    page.goto("/rating/eval/ratings?rater=")
    expect(page.get_by_role("alert")).to_contain_text("a name has 1 to 60", timeout=PATIENCE)
    page.goto("/rating/..%2F..?rater=ada")
    expect(page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)
