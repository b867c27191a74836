"""Builds the application of the API and mounts it."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException

from aurora import __version__
from aurora.web.api import (
    ahead,
    chat,
    jobs,
    plans,
    policies,
    problems,
    recommendations,
    runs,
    simulation,
    snapshots,
)
from aurora.web.api.answers import OrjsonResponse
from aurora.web.api.description import describe
from aurora.web.context import WebContext

PREFIX = "/api"
DESCRIPTION = """What the command line of AURORA does, over HTTP: simulate, explain, look at a cluster, plan, talk.

Errors are problem details (RFC 9457). Lists come in pages: `limit`, and `cursor` for the next one. Long work answers
202 with a job to poll. Keys are those of the command line's `--json`."""


def routers(context: WebContext, work: jobs.Jobs) -> tuple[APIRouter, ...]:
    """Return the router of each noun.

    Args:
        context: What they share.
        work: Runs what takes longer.
    """
    return (
        chat.router(context),
        snapshots.router(context, work),
        simulation.router(context, work),
        policies.router(),
        ahead.router(context, work),
        recommendations.router(context, work),
        plans.router(context, work),
        runs.router(context),
        jobs.router(work),
    )


def add_api(app: FastAPI, context: WebContext) -> FastAPI:
    """Mount the API on an application, and return it.

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
        responses={"4XX": problems.RESPONSE, "5XX": problems.RESPONSE},
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        root_path_in_servers=False,
    )
    problems.add(api)
    api.state.jobs = jobs.Jobs()
    api.state.routers = routers(context, api.state.jobs)
    for router in api.state.routers:
        api.include_router(router)
    api.openapi = describe(api, PREFIX)  # type: ignore[method-assign]
    if HTTPException not in app.exception_handlers or app.exception_handlers[HTTPException] is http_exception_handler:
        app.add_exception_handler(HTTPException, problems.not_found)
    app.mount(PREFIX, api)
    return api
