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
    """Add styles and keys to the head of all pages; called once a process, before pages are shown.

    Each sheet of the assets is loaded, the general one first.
    """
    names = sorted((p.name for p in ASSETS.glob("*.css")), key=lambda name: (name != "desk.css", name))
    sheets = "".join(f'<link rel="stylesheet" href="/assets/{name}?v={__version__}">' for name in names)
    ui.add_head_html(
        f'<style>{variables()}</style>{sheets}<script defer src="/assets/desk.js?v={__version__}"></script>',
        shared=True,
    )
