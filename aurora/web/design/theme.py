"""Puts the design system into every page: colours, styles and keys. Nothing comes from outside."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from nicegui import app, ui

from aurora.web.design.palette import variables

ASSETS = Path(__file__).parent / "assets"


@cache
def favicon() -> str:
    """Return the mark of the pages as SVG."""
    return (ASSETS / "mark.svg").read_text(encoding="utf-8").strip()


@cache
def address(name: str) -> str:
    """Return the address of a file of the design; it changes with its content, so that browsers may keep it.

    Args:
        name: Name of the file.
    """
    content = (ASSETS / name).read_bytes()
    return f"/assets/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def install() -> None:
    """Add styles and keys to the head of all pages; called once a process, before pages are shown.

    Each sheet of the assets is loaded, the general one first.
    """
    app.config.quasar_config["loadingBar"] = {"skipHijack": True}  # the bar over requests has no name for readers
    names = sorted((p.name for p in ASSETS.glob("*.css")), key=lambda name: (name != "desk.css", name))
    sheets = "".join(f'<link rel="stylesheet" href="{address(name)}">' for name in names)
    ui.add_head_html(
        f'<style>{variables()}</style>{sheets}<script defer src="{address("desk.js")}"></script>',
        shared=True,
    )
