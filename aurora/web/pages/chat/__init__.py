"""The page Chat: a conversation with answers that stream, evidence that opens, and plans to approve."""

from __future__ import annotations

from nicegui import ui

from aurora.web.context import WebContext
from aurora.web.pages.chat.page import show

PATIENCE = 30.0
"""Seconds in which a page must be built, on a busy machine too."""


def add(context: WebContext) -> None:
    """Register the pages `/chat` and `/chat/{session}`; `?ask=` writes a question that is not sent."""

    @ui.page("/chat", response_timeout=PATIENCE)
    async def begin(ask: str = "") -> None:
        await show(context, "", ask)

    @ui.page("/chat/{session}", response_timeout=PATIENCE)
    async def resume(session: str, ask: str = "") -> None:
        await show(context, session, ask)
