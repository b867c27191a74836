"""Shows what a page reads: that it is read, then the thing itself, or why it could not be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from nicegui import ui

from aurora.errors import AuroraError
from aurora.web.design.components import element, error_state, link, loading
from aurora.web.design.working import compute

Found = TypeVar("Found")


class Words(NamedTuple):
    """What is said while something is read, and where it could not be.

    Attributes:
        reading: What is under way, such as `Reading policies`.
        failed: What could not be done.
        back: Title of a page to go to then; "": none.
        path: Path of that page.
    """

    reading: str
    failed: str
    back: str = ""
    path: str = ""


def show_read(read: Callable[[], Found], show: Callable[[Found], None], words: Words) -> None:
    """Read something beside the event loop and show it; a failure is shown in words and can be tried again.

    Args:
        read: Reads it, in a thread; it touches no element of the page.
        show: Shows it.
        words: What is said meanwhile, and if it fails.
    """
    place = element("div", "stack sections")
    with place:
        loading(words.reading)

    async def run() -> None:
        try:
            found = await compute(read)
        except AuroraError as error:
            place.clear()
            with place:
                error_state(words.failed, str(error), retry=run)
                if words.back:
                    link(words.back, words.path)
            return
        place.clear()
        with place:
            show(found)

    ui.timer(0, run, once=True)
