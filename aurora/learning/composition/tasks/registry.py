"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from aurora.errors import InputError
from aurora.learning.composition.tasks import machines, mnist, sentiment
from aurora.learning.composition.tasks.task import Task

TASKS: Mapping[str, Callable[[], Task]] = {
    machines.NAME: machines.task,
    mnist.NAME: mnist.task,
    sentiment.NAME: sentiment.task,
}
"""Name -> what makes the task. The first needs no file."""
DEFAULT_TASK = machines.NAME


@cache
def load_task(name: str) -> Task:
    """Return a task; it is read once.

    Raises:
        InputError: There is no such task.
        FileError: Its data is absent; the message says how to get it.
        DataError: Its data has changed.
    """
    make = TASKS.get(name)
    if make is None:
        raise InputError(f"there is no such task; there are {', '.join(TASKS)}", parameter="task", value=name)
    return make()
