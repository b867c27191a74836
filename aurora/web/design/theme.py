"""Puts the design system into every page: colours, styles and keys. Nothing comes from outside."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nicegui import ui

from aurora import __version__
from aurora.web.design.palette import variables

ASSETS = Path(__file__).parent / "assets"


@cache
def favicon() -> str:
    """Return the mark of the pages as SVG."""
    return (ASSETS / "mark.svg").read_text(encoding="utf-8").strip()


def install() -> None:
    """Add styles and keys to the head of all pages; called once a process, before pages are shown."""
    ui.add_head_html(
        f"<style>{variables()}</style>"
        f'<link rel="stylesheet" href="/assets/desk.css?v={__version__}">'
        f'<script defer src="/assets/desk.js?v={__version__}"></script>',
        shared=True,
    )
