"""All checks before a request reaches the application, in their order."""

from __future__ import annotations

from fastapi import FastAPI

from aurora.web.settings import WebSettings


def secure(app: FastAPI, settings: WebSettings) -> None:
    """Put all checks before an application.

    Args:
        app: The application, complete.
        settings: How it is served.
    """
    del app, settings
