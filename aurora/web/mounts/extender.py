"""The scheduler extender at `/extender`, where `aurora serve` has a policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse

from aurora.cluster.opening import live_context
from aurora.web.context import WebContext
from aurora.web.lifespan import run_with

PATH = "/extender"


def add_extender(app: FastAPI, context: WebContext) -> None:
    """Add the extender of the open cluster, with what `aurora schedule serve` answers; bindings are not made here.

    A live cluster is followed; another one is served as it was read.

    Args:
        app: The application.
        context: What its parts share.

    Raises:
        InputError: There is no such policy.
        PolicyError: The policy is invalid.
        FileError: The policy's file can't be read.
        DataError: The cluster can't be reached.
    """
    settings = context.settings
    if not settings.policy:
        return
    # Heavy, used with a policy only
    from aurora.champions.named import load_policy  # noqa: PLC0415
    from aurora.cluster.scheduler.cluster import LiveCluster  # noqa: PLC0415
    from aurora.cluster.scheduler.extender import Extender  # noqa: PLC0415
    from aurora.cluster.scheduler.metrics import Metrics  # noqa: PLC0415
    from aurora.cluster.scheduler.routes import VERBS, Routes  # noqa: PLC0415
    from aurora.http.connection import Later  # noqa: PLC0415
    from aurora.http.requests import Request  # noqa: PLC0415

    policy, follower, live = load_policy(settings.policy), None, live_context(settings.snapshot)
    if live is None:
        cluster = LiveCluster(context.desk.cluster, policy)
    else:
        from aurora.cluster.readers.kubernetes.connection import connect  # noqa: PLC0415
        from aurora.cluster.scheduler.watch import Follower, read_start  # noqa: PLC0415

        connection = connect(live or None)
        start = read_start(connection)
        cluster = LiveCluster(start.snapshot, policy)
        follower = Follower(connection, cluster, start)
    routes = Routes(Extender(cluster, is_watched=live is not None), Metrics(VERBS), settings.token or None)

    async def answer(request: HttpRequest) -> HttpResponse:
        path = f"/{request.path_params['verb']}"
        asked = Request(request.method, path, request.headers.get("authorization", ""), await request.body(), False)
        found = routes.respond(asked)  # here: a decision takes less time than handing it to a thread
        response = await anyio.to_thread.run_sync(found.work) if isinstance(found, Later) else found
        challenge = {"WWW-Authenticate": response.challenge} if response.challenge else None
        return HttpResponse(response.body, response.status, challenge, media_type=response.kind)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        if follower is not None:
            follower.start()
        await anyio.to_thread.run_sync(cluster.warm_up)
        yield
        routes.is_ending = True

    methods = ["GET", "HEAD", "POST"]
    app.router.add_route(f"{PATH}/{{verb}}", answer, methods=methods, include_in_schema=False)
    run_with(app, running)
