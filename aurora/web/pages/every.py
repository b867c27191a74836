"""Registers every page of the desk."""

from __future__ import annotations

from aurora.web.context import WebContext
from aurora.web.pages import (
    chat,
    cluster,
    composition,
    decisions,
    experiments,
    forecasts,
    plans,
    policies,
    problems,
    rating,
    recommendations,
    selfplay,
    studies,
)

PAGES = (
    cluster,
    chat,
    decisions,
    plans,
    forecasts,
    recommendations,
    experiments,
    selfplay,
    policies,
    composition,
    studies,
    rating,
)
"""Each has `add(context)`."""


def add_pages(context: WebContext) -> None:
    """Register every page, and those for addresses without one and for failures.

    Args:
        context: What pages share.
    """
    problems.add()
    for page in PAGES:
        page.add(context)
