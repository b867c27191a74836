"""Paths of all pages, and of the details of what the desk of the tests holds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from aurora.graphs.chat.sessions import Sessions
from aurora.web.design.navigation import NAVIGATION

PAGES = tuple(entry.path for entry in NAVIGATION)
"""Paths of the navigation."""


def details(folder: Path) -> tuple[str, ...]:
    """Return the paths of a plan, a run, a deployment and a conversation, as far as there are such pages."""
    found = []
    if find_spec("aurora.web.pages.plans"):
        found += [f"/plans/{p.stem}" for p in sorted((folder / "runs/plans").glob("?" * 12 + ".json"))[:1]]
    if find_spec("aurora.web.pages.selfplay"):
        found.append("/selfplay/first")
    if find_spec("aurora.web.pages.composition"):
        found.append("/composition/films")
    if find_spec("aurora.web.pages.chat"):
        with Sessions(folder / "runs/chat/sessions.sqlite") as sessions:
            found += [f"/chat/{row.session_id}" for row in sessions.list()[:1]]
    return tuple(found)
