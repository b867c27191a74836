"""A person with a keyboard only: Tab, Enter, Space, arrows; what has the focus must show it, and be in view."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

MOST_TABS = 90
"""Most presses of Tab until a control of a page is reached."""
PATIENCE = 120_000.0
"""Milliseconds that a page may compute, on a busy machine."""
HAS_FOCUS = "element => element === document.activeElement || element.contains(document.activeElement)"
FAULT = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return "nothing has the focus";
  const said = element.getAttribute("aria-label") || element.textContent;
  const name = `<${element.tagName.toLowerCase()}> ${said.trim().slice(0, 40)}`;
  const frame = element.closest(".q-field__control, .q-checkbox") || element;
  const seen = [element, frame].some((part) => {
    const style = getComputedStyle(part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1.5;
  });
  if (!seen) return `${name}: its focus can't be seen`;
  const box = element.getBoundingClientRect();
  const isInView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return isInView ? "" : `${name}: it is out of view`;
}"""
"""What is wrong with the element that has the focus; empty: nothing."""


class Keyboard:
    """Keys that are pressed in a page; every stop of Tab is looked at.

    Args:
        page: The page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, there: Locator) -> None:
        """Press Tab until a control has the focus.

        Raises:
            AssertionError: It is not reached, or a control on the way does not show its focus.
        """
        expect(there).to_be_visible(timeout=PATIENCE)
        for _ in range(MOST_TABS):
            if there.evaluate(HAS_FOCUS):
                self.look()
                return
            self.page.keyboard.press("Tab")
            self.look()
        raise AssertionError(f"Tab does not reach {there}")

    def look(self) -> None:
        """Check that what has the focus shows it.

        Raises:
            AssertionError: It does not, or nothing has the focus.
        """
        fault = self.page.evaluate(FAULT)
        if fault.startswith("nothing"):  # the browser's own frame is a stop of Tab, too
            return
        assert not fault, fault

    def press(self, there: Locator, key: str = "Enter") -> None:
        """Go to a control, and press a key there."""
        self.to(there)
        self.page.keyboard.press(key)

    def button(self, name: str, within: Callable[[], Locator] | None = None) -> None:
        """Go to a button by its name, and press it."""
        place = self.page if within is None else within()
        self.press(place.get_by_role("button", name=name, exact=True).first)

    def entry(self, name: str) -> None:
        """Choose an entry of the navigation."""
        self.press(self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True))

    def write(self, text: str) -> None:
        """Write into what has the focus."""
        self.look()
        self.page.keyboard.type(text)

    def choose(self, option: str) -> None:
        """Go down an open list to an option, and take it."""
        wanted = self.page.get_by_role("option", name=option, exact=True)
        expect(wanted).to_be_visible(timeout=PATIENCE)
        for _ in range(self.page.get_by_role("option").count()):
            if "q-manual-focusable--focused" in (wanted.get_attribute("class") or ""):
                break
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")
