"""Ctrl-C ends a command with one line that says what is kept and how to go on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 130
"""Exit code of a command that a person stopped, as in shells."""
USUAL = "stopped before the end; run it again"
"""Message of commands that keep nothing on the way."""


class Interrupted(Exception):  # noqa: N818  # no error: a person's wish
    """A person stopped a command; the message says what is kept and how to go on."""


@contextmanager
def explained(kept: Callable[[], str]) -> Iterator[None]:
    """Raise `Interrupted` in place of `KeyboardInterrupt` from the block.

    Args:
        kept: Returns what is kept and how to go on; "" for the usual message.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(kept()) from None


def is_interrupt(error: BaseException) -> bool:
    """Return whether an error came of Ctrl-C: libraries that are interrupted while they load raise errors of theirs."""
    while not isinstance(error, KeyboardInterrupt):
        before = error.__cause__ or error.__context__
        if before is None:
            return False
        error = before
    return True


def tell(message: str) -> None:
    """Print a line on stderr; from now on another Ctrl-C ends the process at once."""
    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    with suppress(OSError, ValueError):  # nobody reads it
        sys.stderr.write(f"aurora: {message or USUAL}\n")
        sys.stderr.flush()
