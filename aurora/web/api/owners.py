"""Whose a request is: the name that the checks before the application gave it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request


def owner_of(request: Request) -> str:
    """Return whose a request is; "" for whoever works at this machine without a token.

    Args:
        request: The request; the checks before the application set `scope["aurora.owner"]`.
    """
    return str(request.scope.get("aurora.owner", ""))


Owner = Annotated[str, Depends(owner_of)]
