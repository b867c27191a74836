"""A page of Chromium that is watched: errors, dialogs, and requests to another host fail a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

CANARY = "aurora-canary.invalid"
"""Host that a payload names; a request to it is a payload that loads."""
HARMLESS = ("data", "blob", "about")
"""Schemes that reach no host."""


@dataclass
class Watch:
    """What went wrong in the pages of a context.

    Attributes:
        host: Host and port that pages may reach.
        faults: Errors of the console and of scripts, dialogs, and requests to other hosts.
        expected: Parts of faults that a test causes on purpose.
    """

    host: str
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Watch every page of a context, and block requests to other hosts."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._fault(f"script: {error.error}"))
        context.on("dialog", self._dialog)
        context.on("request", self._request)
        context.on("page", self._page)
        context.route(lambda url: not self._is_own(url), lambda route: route.abort())

    def check(self) -> None:
        """Fail if anything went wrong.

        Raises:
            AssertionError: With all that went wrong.
        """
        rest = [fault for fault in self.faults if not any(part in fault for part in self.expected)]
        assert not rest, "\n".join(rest)

    def _fault(self, fault: str) -> None:
        self.faults.append(fault[:500])

    def _is_own(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in HARMLESS or parts.netloc == self.host

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._fault(f"console: {message.text} ({message.location.get('url', '')})")

    def _dialog(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self._fault(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._socket(socket.url))

    def _request(self, request: Request) -> None:
        if not self._is_own(request.url):
            self._fault(f"outside: {request.method} {request.url}")

    def _socket(self, url: str) -> None:
        if urlsplit(url).netloc != self.host:
            self._fault(f"outside: {url}")
