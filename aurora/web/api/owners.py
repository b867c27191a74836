"""Whose a request is: the visitor that the checks before the application named."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from aurora.web.security.visitors import visitor_of


def owner_of(request: Request) -> str:
    """Return whose a request is: a browser by its cookie, a program by its token.

    Args:
        request: The request.
    """
    return visitor_of(request)


Owner = Annotated[str, Depends(owner_of)]
