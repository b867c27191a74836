"""The pages on self-play: the list of runs, and one run live."""

from __future__ import annotations

from nicegui import ui

from aurora.web.context import WebContext
from aurora.web.design.frame import frame
from aurora.web.pages.selfplay.listing import RunList
from aurora.web.pages.selfplay.run import RunPage


def add(context: WebContext) -> None:
    """Register the pages.

    Args:
        context: What the pages share.
    """
    control = context.control

    @ui.page("/selfplay")
    def runs() -> None:
        lead = "An attacker makes hard scenarios, a defender learns policies for them. Start a run, or look at one."
        with frame("Self-play", active="selfplay", lead=lead):
            RunList(context, control).build()

    @ui.page("/selfplay/{name:path}")
    def run(name: str) -> None:
        with frame(f"Run {name}", active="selfplay", lead="What a run of self-play does now, and what it has found."):
            RunPage(context, control, name).build()
