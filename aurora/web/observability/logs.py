"""Logs as JSON lines on stderr, each with the id of its request. Neither questions nor secrets are written."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TextIO

LogLevel = Literal["warning", "info", "debug"]
REQUEST_ID: ContextVar[str] = ContextVar("request id", default="")
"""Id of the request that is answered."""
MOST = 20_000
"""Most characters of a message or traceback."""
HIDDEN = "***"
FIELDS = ("route", "method", "status", "seconds", "tool", "outcome", "end")
"""What records of AURORA carry beside their message."""


class JsonLines(logging.Formatter):
    """Formats a record as a line of JSON.

    Args:
        secrets: Texts that are never written.
    """

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = tuple(s for s in secrets if s)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage()),
        }
        if REQUEST_ID.get():
            line["request_id"] = REQUEST_ID.get()
        line.update((name, getattr(record, name)) for name in FIELDS if hasattr(record, name))
        if record.exc_info:
            line["traceback"] = self._clean(self.formatException(record.exc_info))
        return json.dumps(line, default=str)

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text if len(text) <= MOST else f"{text[:MOST]}..."


def log_json(level: LogLevel = "warning", *, secrets: tuple[str, ...] = (), stream: TextIO | None = None) -> None:
    """Write the records of this process as JSON lines.

    Args:
        level: Least level of AURORA's own records; of other libraries, warnings are written.
        secrets: Texts that are never written, such as the token.
        stream: Where they go; None: stderr.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("aurora").setLevel(level.upper())
    logging.captureWarnings(capture=True)
