"""Visitors of a server: contexts of Chromium, each with its own cookies, all watched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page

from tests.web.browser.canary import set_trap
from tests.web.browser.served import Served
from tests.web.browser.watching import Watch

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
TIMEOUT = 60_000.0
"""Milliseconds that a test waits for what it expects, on a busy machine."""


class Visits:
    """Visitors of a server.

    Args:
        browser: Chromium.
        server: The server.

    Attributes:
        watch: What went wrong in their pages.
    """

    def __init__(self, browser: Browser, server: Served) -> None:
        self.server = server
        self.watch = Watch(server.host)
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def context(self, *, narrow: bool = False, dark: bool = False) -> BrowserContext:
        """Return the context of another visitor."""
        made = self._browser.new_context(
            base_url=self.server.url,
            viewport=NARROW if narrow else WIDE,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            has_touch=narrow,
            locale="en-GB",
        )
        self._contexts.append(made)
        made.set_default_timeout(TIMEOUT)
        self.watch.attach(made)
        set_trap(made)
        return made

    def open(self, path: str, *, narrow: bool = False, dark: bool = False) -> Page:
        """Open a path as another visitor, and wait until the page is shown and alive."""
        page = self.context(narrow=narrow, dark=dark).new_page()
        go(page, path)
        return page

    def close(self) -> None:
        """Close all contexts."""
        for made in self._contexts:
            made.close()


def go(page: Page, path: str) -> None:
    """Open a path in a page, and wait until it is shown and its socket is connected."""
    page.goto(path)
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_function("window.socket === undefined || window.socket.connected")


@contextmanager
def visits(browser: Browser, server: Served) -> Iterator[Visits]:
    """Visit a server for the duration of a block, and fail if anything went wrong in a page."""
    made = Visits(browser, server)
    try:
        yield made
    finally:
        made.close()
    made.watch.check()
