"""Whether the server is up, and ready: the kernel compiled and its stores open."""

from __future__ import annotations

import logging
import sqlite3
import threading

from aurora.errors import AuroraError
from aurora.web.context import WebContext

_LOG = logging.getLogger(__name__)


class Readiness:
    """Whether requests are answered without a long wait.

    Args:
        context: What the parts of the server share.
    """

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._is_compiled = threading.Event()
        self._fault = ""

    def begin(self) -> None:
        """Compile the kernel where that is not done, in a thread."""
        threading.Thread(target=self._compile, name="compile", daemon=True).start()

    def problem(self) -> str:
        """Return why the server is not ready; "" if it is."""
        if self._fault:
            return self._fault
        if not self._is_compiled.is_set():
            return "the kernel is being compiled; the first time that takes about two minutes"
        try:
            with self._context.sessions.transaction() as connection:
                connection.execute("SELECT 1").fetchone()
        except (AuroraError, sqlite3.Error):
            _LOG.exception("the file of conversations can't be read")
            return "the file of conversations can't be read; the log has more"
        plans = self._context.settings.plans
        return "" if not plans.exists() or plans.is_dir() else "what should be the folder of plans is a file"

    def _compile(self) -> None:
        from aurora.sim.compilation import SIMULATION, compile_kernel, missing  # noqa: PLC0415  # slow to import

        try:
            wanted = [part for part in missing() if part in SIMULATION]
            compile_kernel(wanted)
        except Exception:  # the server goes on; simulations say what is wrong
            _LOG.exception("the kernel can't be compiled")
            self._fault = "the kernel can't be compiled; the log has more"
            return
        self._is_compiled.set()
