"""Reads a line from a person: with history and completion on a terminal, plainly elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aurora.errors import FileError
from aurora.files import writing

MAX_LINE = 20_000
"""Most characters of a line."""
Read = Callable[[str], str | None]


def line_reader(history: Path, words: Callable[[], Iterable[str]]) -> Read:
    """Return what reads a line for a prompt; it returns None at the end of the input.

    Args:
        history: File of earlier lines.
        words: Returns what may be completed: commands and names.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _plain
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory

    class Words(Completer):
        """Completes a command at the start of a line, and names anywhere."""

        def get_completions(self, document: Any, complete_event: Any) -> Iterable[Completion]:
            """Yield what the word before the cursor may become."""
            before = document.text_before_cursor
            part = before.split(" ")[-1]
            if not part:
                return
            for word in words():
                is_command = word.startswith("/") and " " not in before
                if word.startswith(part) and (is_command or not word.startswith("/")):
                    yield Completion(word, start_position=-len(part))

    kept: History
    try:
        with writing(history.parent):
            history.parent.mkdir(parents=True, exist_ok=True)
        kept = FileHistory(str(history))
    except FileError:
        kept = InMemoryHistory()
    session: PromptSession[str] = PromptSession(
        history=kept, completer=Words(), complete_while_typing=False, enable_history_search=True
    )

    def read(prompt: str) -> str | None:
        try:
            return session.prompt(prompt)[:MAX_LINE]
        except EOFError:
            return None

    return read


def _plain(prompt: str) -> str | None:
    del prompt
    line = sys.stdin.readline(MAX_LINE)
    return line.rstrip("\n") if line else None
