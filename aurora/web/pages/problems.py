"""Pages for what can't be shown: one that is not there, and one that failed."""

from __future__ import annotations

import logging

from fastapi import Request, Response
from nicegui import Client, app, ui
from nicegui.page import page as nicegui_page

from aurora.errors import AuroraError
from aurora.web.design.components import empty_state, error_state, link
from aurora.web.design.frame import frame

LOG = logging.getLogger(__name__)
NOT_FOUND = 404


def add() -> None:
    """Register both pages."""
    app.exception_handlers[NOT_FOUND] = _not_found
    app.on_page_exception(_failed)


async def _not_found(request: Request, _error: Exception) -> Response:
    if request.method != "GET" or "text/html" not in request.headers.get("accept", "text/html,*/*"):
        return Response("not found", NOT_FOUND, media_type="text/plain")
    with Client(nicegui_page(""), request=request) as client, frame("There is no such page", active=""):
        empty_state(
            "Nothing is under this address",
            "It may have been moved or deleted; the navigation names all pages.",
            icon="search_off",
        )
        link("To the cluster", "/", is_button=True)
    return client.build_response(request, NOT_FOUND)


def _failed(error: Exception) -> None:
    """Show why a page could not be built; what is no error of the library is a fault, and goes to the log."""
    if isinstance(error, AuroraError):
        message = str(error)
    else:
        LOG.error("a page failed", exc_info=error)
        message = "This is a fault of AURORA; the log of the server has its traceback."
    with frame("This page could not be shown", active=""):
        error_state("It failed", message, retry=lambda: ui.navigate.reload())  # noqa: PLW0108  # needs a client
