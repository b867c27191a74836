"""The OpenAPI description: problems, who may call, and what follows from what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from aurora.web.api.problems import Problem

SECURITY: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of the server, where it has one."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "For changes without a bearer token: from GET /api/csrf, with the cookie that it sets.",
    },
}
SOURCES: Mapping[str, tuple[str, str, str]] = {
    "begin_session": ("201", "session_id", "$response.body#/session_id"),
    "make_plan": ("201", "plan_id", "$response.body#/plan/plan_id"),
}
"""Operation whose answer names something: its status, the parameter that takes the name, and where it stands."""


def describe(api: FastAPI, prefix: str) -> Callable[[], dict[str, Any]]:
    """Return what writes the description of an application, once.

    Args:
        api: The application, complete.
        prefix: Where it is mounted.
    """

    def written() -> dict[str, Any]:
        if api.openapi_schema is None:
            found = get_openapi(
                title=api.title,
                version=api.version,
                description=api.description,
                routes=api.routes,
                servers=[{"url": prefix}],
            )
            _add(found)
            api.openapi_schema = found
        return api.openapi_schema

    return written


def _add(found: dict[str, Any]) -> None:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = found["components"]["schemas"]
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    found["components"]["securitySchemes"] = SECURITY
    found["security"] = [{}, {"bearer": []}, {"csrf": []}]
    operations = [o for path in found["paths"].values() for o in path.values()]
    for operation in operations:
        operation["responses"].pop("422", None)  # part of 4XX
        source = SOURCES.get(operation["operationId"])
        if source is not None:
            status, name, place = source
            links = {
                other["operationId"]: {"operationId": other["operationId"], "parameters": {name: place}}
                for other in operations
                if any(p["name"] == name for p in other.get("parameters", ()))
            }
            operation["responses"][status]["links"] = links
