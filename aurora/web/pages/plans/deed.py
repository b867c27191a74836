"""Buttons that do something with a plan which may fail: once, and with what went wrong beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from nicegui import ui

from aurora.errors import AuroraError
from aurora.web.design.components import button, element, error_state, loading

Work = Callable[[], Awaitable[None]]


def place_for_problems() -> ui.element:
    """Show the place, empty at first, where `deed` says what is under way and what went wrong."""
    return element("div", "stack").props("aria-live=polite")


def deed(
    label: str,
    work: Work,
    problem: ui.element,
    *,
    failed: str,
    waiting: str = "",
    kind: Literal["primary", "danger"] = "primary",
) -> ui.button:
    """Show a button that does a work; while it is at work, it can't be pressed again.

    Args:
        label: What it does, as a verb.
        work: Does it; an `AuroraError` is shown, and the button works again.
        problem: Where to say so.
        failed: What could not be done then.
        waiting: What is under way meanwhile, such as `Making the plan`; "": it is quick.
        kind: Its weight.
    """

    async def go() -> None:
        made.disable()
        problem.clear()
        if waiting:
            with problem:
                loading(waiting)
        try:
            await work()
        except AuroraError as error:
            message = str(error)
            made.enable()
            problem.clear()
            with problem:
                error_state(failed, message)

    made = button(label, go, kind=kind)
    return made
