"""The page of the HTTP API, from its OpenAPI description."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

HEAD = """<!-- Written by `python -m docs.programs.reference`; a test compares. Change the docstrings in the code. -->

# HTTP API

What `aurora serve` answers under `/api`. The description for programs, with every field, is at `/api/openapi.json`.
[The guide](../guides/web/api.md) has examples.
"""


@cache
def page() -> str:
    """Return the page."""
    from fastapi import FastAPI  # noqa: PLC0415  # an extra

    from aurora.web.api.app import add_api  # noqa: PLC0415  # an extra
    from aurora.web.context import WebContext  # noqa: PLC0415  # likewise
    from aurora.web.settings import WebSettings  # noqa: PLC0415  # likewise

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = WebContext(
            WebSettings(sessions=folder / "sessions.sqlite", plans=folder / "plans", runs=folder / "runs")
        )
        try:
            app = FastAPI()
            api = add_api(app, context)
            return HEAD + "".join(_sections(api.openapi()))
        finally:
            context.close()


def _sections(described: dict[str, Any]) -> Iterator[str]:
    schemas = described["components"]["schemas"]
    tags: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, item in described["paths"].items():
        for method, operation in item.items():
            tags.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    for tag, operations in tags.items():
        yield f"\n## {tag.capitalize()}\n\n| request | what it does | takes |\n|---|---|---|\n"
        for method, path, operation in operations:
            yield f"| `{method} /api{path}` | {operation['description']} | {_taken(operation, schemas)} |\n"


def _taken(operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    names = [f"`{p['name']}`" for p in operation.get("parameters", ()) if p["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    references = [body, *body.get("anyOf", ())]
    for reference in (r["$ref"].rpartition("/")[2] for r in references if "$ref" in r):
        names += [f"`{field}`" for field in schemas[reference]["properties"]]
    return ", ".join(names)
