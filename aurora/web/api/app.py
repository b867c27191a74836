"""Builds the application of the API and mounts it."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from aurora import __version__
from aurora.web.api import chat, problems
from aurora.web.api.answers import OrjsonResponse
from aurora.web.context import WebContext

PREFIX = "/api"
DESCRIPTION = """What the command line of AURORA does, over HTTP: simulate, explain, look at a cluster, plan, talk.

Errors are problem details (RFC 9457). Lists come in pages: `limit`, and `cursor` for the next one. Long work answers
202 with a job to poll. Keys are those of the command line's `--json`."""


def routers(context: WebContext) -> tuple[APIRouter, ...]:
    """Return the router of each noun.

    Args:
        context: What they share.
    """
    return (chat.router(context),)


def add_api(app: FastAPI, context: WebContext) -> None:
    """Mount the API on an application.

    Args:
        app: The application.
        context: What it shares with pages and MCP.

    Raises:
        ConflictError: Another server holds the same conversations.
        FileError: The file of conversations can't be opened.
        StoreError: It is damaged or held by another process.
    """
    api = FastAPI(
        title="AURORA",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        default_response_class=OrjsonResponse,
        responses={"4XX": problems.RESPONSE, "503": problems.RESPONSE},
        redirect_slashes=False,
    )
    problems.add(api)
    api.state.routers = routers(context)
    for router in api.state.routers:
        api.include_router(router)
    app.mount(PREFIX, api)
