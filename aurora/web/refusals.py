"""Requests that the web desk refuses though they are well formed; each has a status of HTTP of its own."""

from __future__ import annotations

from aurora.errors import BudgetExceeded, InputError, RunError


class AbsentError(InputError):
    """What is asked for is not there, or belongs to someone else (404)."""


class ConflictError(RunError):
    """It can't be done in the present state: something else is at work, or nothing waits for it (409)."""


class ForbiddenError(InputError):
    """The server was started so that nobody may do it (403)."""


class TooLargeError(InputError):
    """It is more than one request may ask for (413)."""


class BusyError(BudgetExceeded):
    """As much is at work as may be; the same request may succeed later (429).

    Args:
        message: What is at its limit, and what to do.
        retry_after: Seconds after which to try again.
    """

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(message)


def not_allowed(mode: str) -> str:
    """Return what is said to whoever wants more than a server allows.

    Args:
        mode: What it allows at most.
    """
    return f"this server allows up to mode {mode}; whoever starts it says so with --mode"
