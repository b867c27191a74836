"""Errors as problem details (RFC 9457): what happened, which field, what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from aurora.errors import (
    AuroraError,
    BudgetExceeded,
    ConstraintError,
    DataError,
    FileError,
    InputError,
    MissingExtraError,
    ModelError,
    PlanError,
    PolicyError,
    RunError,
    ScenarioError,
    StoreError,
)
from aurora.web.api.answers import OrjsonResponse
from aurora.web.refusals import AbsentError, BusyError, ConflictError, ForbiddenError, TooLargeError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 10
"""Most faults of a request that are listed."""

STATUS: Mapping[type[AuroraError], int] = {
    AbsentError: 404,
    ForbiddenError: 403,
    ConflictError: 409,
    TooLargeError: 413,
    BusyError: 429,
    InputError: 422,
    ScenarioError: 422,
    PolicyError: 422,
    ConstraintError: 422,
    DataError: 422,
    PlanError: 409,
    RunError: 409,
    BudgetExceeded: 409,
    MissingExtraError: 503,
    ModelError: 503,
    StoreError: 503,
    FileError: 503,
}
"""Status of each class; a subclass has that of its nearest base."""


class Fault(BaseModel):
    """A part of a request that is not valid."""

    field: str = Field(description="place, such as `body.question` or `query.limit`")
    detail: str = Field(description="what is wrong with it")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="kind of the problem, such as `urn:aurora:problem:conflict`")
    title: str = Field(description="the kind in words")
    status: int = Field(description="status of HTTP")
    detail: str = Field(description="what happened, and what to do")
    field: str | None = Field(default=None, description="part of the request at fault, where it is known")
    remedy: str | None = Field(default=None, description="what to do, where it is known")
    faults: list[Fault] | None = Field(default=None, description="all faults, where the request is not valid")


RESPONSE: dict[str, Any] = {
    "description": "Problem details",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
"""How a refusal is described in OpenAPI."""


def add(api: FastAPI) -> None:
    """Have all errors of an application answered as problem details.

    Args:
        api: The application.
    """
    api.add_exception_handler(AuroraError, _of_ours)
    api.add_exception_handler(RequestValidationError, _of_validation)
    api.add_exception_handler(HTTPException, _of_http)
    api.add_exception_handler(Exception, _of_a_bug)


async def not_found(request: Request, error: Exception) -> Response:
    """Answer an error of routing of the application that the API is mounted on: a name with a line feed is not routed.

    Args:
        request: The request.
        error: The error.
    """
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/") and error.status_code == HTTPStatus.NOT_FOUND:
        return await _of_http(request, error)
    return await http_exception_handler(request, error)


def problem(status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Return a problem as a response.

    Args:
        status: Status of HTTP.
        kind: Last part of its type.
        detail: What happened, and what to do.
        headers: Further headers.
        more: `field`, `remedy` and `faults`, where they are known.
    """
    content = {
        "type": f"urn:aurora:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **{k: v for k, v in more.items() if v},
    }
    return OrjsonResponse(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def status_of(error: AuroraError) -> int:
    """Return the status of HTTP that an error has."""
    return next((STATUS[c] for c in type(error).__mro__ if c in STATUS), 500)


async def _of_ours(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, AuroraError)
    detail = str(error)
    _, _, remedy = detail.partition("; ")
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, BusyError) else {}
    kind = type(error).__name__.removesuffix("Error").lower()
    field = error.parameter if isinstance(error, InputError) else ""
    return problem(status_of(error), kind, detail, headers, field=field, remedy=remedy)


async def _of_validation(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    faults = [{"field": _place(e["loc"]), "detail": _clean(str(e["msg"]), 300)} for e in found[:MOST_FAULTS]]
    first = faults[0]
    more = f"; {len(found) - 1} more faults" if len(found) > 1 else ""
    return problem(422, "invalid", f"{first['field']}: {first['detail']}{more}", field=first["field"], faults=faults)


def _place(loc: Any) -> str:
    return _clean(".".join(map(str, loc)), 200)


def _clean(text: str, most: int) -> str:
    """Return a text of bounded length that UTF-8 can encode."""
    return text.encode(errors="replace").decode()[:most]


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {
        404: f"there is nothing at {_clean(request.url.path, 200)}; /api/openapi.json lists what there is",
        405: f"{request.method} is not possible here; the header Allow says what is",
    }
    detail = details.get(error.status_code, str(error.detail))
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    headers = {"Allow": ", ".join(_methods(request))} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else {}
    return problem(error.status_code, kind, detail, {**(error.headers or {}), **headers})


def _methods(request: Request) -> list[str]:
    """Return the methods of all routes with the path of a request; Starlette names those of the first one."""
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    routes = [r for router in request.app.state.routers for r in router.routes if isinstance(r, APIRoute)]
    return sorted({m for r in routes if r.path_regex.match(path) for m in r.methods or ()})


async def _of_a_bug(request: Request, error: Exception) -> Response:
    logger.error("a request of %s failed", request.url.path, exc_info=error)
    return problem(500, "bug", f"the server failed ({type(error).__name__}); its log has more. Please report it")
