"""The line that shows what an answer waits for, with the seconds; on a terminal only."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aurora.cli.chat.rendering import arguments_text, print_call, print_sentence
from aurora.cli.terminal.output import on_terminal, printable, terminal_width

if TYPE_CHECKING:  # heavy at run time
    from aurora.agents.operator.answer import Sentence
    from aurora.tools.harness import Evidence

EVERY = 0.1
"""Seconds between two drawings."""
WORKING = "working"
"""Shown while nothing is looked up."""


class Progress:
    """Shows what an answer waits for, while the block runs.

    Lookups that have ended are noted on stderr; the line itself is drawn there too, and is gone after the block.
    Sentences of the answer are printed when they come.
    """

    def __init__(self) -> None:
        self._is_drawn = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._started = time.monotonic()
        self._doing: dict[int, str] = {}
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._redraw, daemon=True)

    def __enter__(self) -> Self:
        """Draw the line at once, and again until the block ends."""
        if self._is_drawn:
            self._draw()
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the line away."""
        self._ended.set()
        self._clear()

    @property
    def told(self) -> dict[str, Any]:
        """What a conversation tells of a turn, by the names of its parameters; on a terminal alone, sentences too."""
        show = {"show": self.show} if on_terminal() else {}
        return {"begin": self.begin, "watch": self.end, **show}

    def begin(self, number: int, tool: str, arguments: Any) -> None:
        """Show that a tool is called."""
        with self._lock:
            self._doing[number] = f"looking up {printable(tool)}({printable(arguments_text(arguments))})"
        self._draw()

    def end(self, evidence: Evidence) -> None:
        """Note a tool call that has its result."""
        with self._lock:  # held while it is printed, so that nothing is drawn before it
            self._doing.pop(evidence.number, None)
            self._clear()
            print_call(evidence)

    def show(self, sentence: Sentence) -> None:
        """Print a sentence of the answer."""
        with self._lock:
            self._clear()
            print_sentence(sentence)

    def _redraw(self) -> None:
        while not self._ended.wait(EVERY):
            self._draw()

    def _draw(self) -> None:
        if not self._is_drawn or self._ended.is_set():
            return
        with self._lock:
            doing = list(self._doing.values())
            more = f" and {len(doing) - 1} more" if len(doing) > 1 else ""
            end = f"{more}, {time.monotonic() - self._started:.1f} s"
            text = doing[0] if doing else WORKING
            room = terminal_width() - len(end) - 1
            shown = text if len(text) <= room else text[: max(0, room - 3)] + "..."
            sys.stderr.write(f"\r\x1b[K{shown}{end}")
            sys.stderr.flush()

    def _clear(self) -> None:
        if self._is_drawn:
            with self._lock:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
