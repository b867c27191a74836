"""Builds the application: the API alone, or with the pages."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from aurora import __version__
from aurora.web.context import WebContext
from aurora.web.observability import watch_requests
from aurora.web.security.wall import secure

ASSETS = Path(__file__).parent / "design" / "assets"
TITLE = "AURORA"
RECONNECT_SECONDS = 30.0
"""Time for which a page that lost its connection is kept, so that it goes on where it was."""
ROOMS = (
    ("aurora.web.api", "add_api"),
    ("aurora.web.mounts.mcp", "add_mcp"),
    ("aurora.web.mounts.extender", "add_extender"),
    ("aurora.web.observability", "add_observability"),
)
"""Module and function of each part of the API: `add(app, context)`; a part that is not there yet is left out."""
PAGES = (
    "cluster",
    "chat",
    "decisions",
    "plans",
    "selfplay",
    "forecasts",
    "recommendations",
    "experiments",
    "policies",
    "studies",
    "rating",
)
"""Modules of `aurora.web.pages`, each with `add(context)`."""


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
    from aurora.web.pages import problems  # noqa: PLC0415  # likewise

    app = _new(context)
    theme.install()
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    problems.add()
    for name in PAGES:
        module = f"aurora.web.pages.{name}"
        if find_spec(module) is not None:
            import_module(module).add(context)
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
    for name, function in ROOMS:
        if find_spec(name) is not None:
            add: Callable[[FastAPI, WebContext], object] | None = getattr(import_module(name), function, None)
            if add is not None:
                add(app, context)
    return app
