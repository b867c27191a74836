"""Builds the application: the API alone, or with the pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from aurora import __version__
from aurora.web.api import add_api
from aurora.web.context import WebContext
from aurora.web.mounts.extender import add_extender
from aurora.web.mounts.mcp import add_mcp
from aurora.web.observability import add_observability, watch_requests
from aurora.web.security.wall import secure

ASSETS = Path(__file__).parent / "design" / "assets"
TITLE = "AURORA"
RECONNECT_SECONDS = 30.0
"""Time for which a page that lost its connection is kept, so that it goes on where it was."""


def create_api(context: WebContext) -> FastAPI:
    """Return the application without pages: API, MCP, extender, probes and metrics, behind all checks.

    Args:
        context: What its parts share.
    """
    app = _new(context)
    secure(app, context.settings)
    watch_requests(app)
    return app


def create_app(context: WebContext) -> FastAPI:
    """Return the whole application. NiceGUI is global to a process, so there is one of it.

    Args:
        context: What its parts share.
    """
    from nicegui import ui  # noqa: PLC0415  # global to the process

    from aurora.web.design import theme  # noqa: PLC0415  # likewise
    from aurora.web.pages.every import add_pages  # noqa: PLC0415  # likewise

    app = _new(context)
    theme.install()
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    add_pages(context)
    ui.run_with(
        app,
        title=TITLE,
        favicon=theme.favicon(),
        dark=None,
        language="en-US",
        reconnect_timeout=RECONNECT_SECONDS,
        tailwind=False,
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )
    secure(app, context.settings)
    watch_requests(app)
    return app


def _new(context: WebContext) -> FastAPI:
    app = FastAPI(
        title=TITLE,
        version=__version__,
        description="Resource allocation: what the command line does, over HTTP.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # the API has its own
    )
    app.state.context = context
    for add in (add_api, add_mcp, add_extender, add_observability):
        add(app, context)
    return app
