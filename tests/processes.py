"""Processes of the tests: forked from a server that has done the imports, so that each is quick.

A lazy import that is missing or goes in a circle may show only in a process that starts from nothing:
`tests.cli.command.aurora(..., fresh=True)`.
"""

import multiprocessing
from functools import cache
from multiprocessing.context import ForkServerContext


@cache
def processes() -> ForkServerContext:
    """Return how processes are started; all tests of a pytest worker share one server."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.loaded"])
    return context
