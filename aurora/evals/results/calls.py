"""The model of an evaluation: its calls are kept in the folder, so that no answer is paid for twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from aurora.agents.models.budget import Budget, Purse, Spent
from aurora.evals.results.result import Table
from aurora.files import locked, writing
from aurora.tools.recording import Exchange, Recording

if TYPE_CHECKING:  # slow to import
    from langchain_core.language_models import BaseChatModel

    from aurora.agents.models.metered import MeteredModel

CALLS_FILE = "calls.jsonl"
"""Name of the recording of calls in the folder of an evaluation."""
LOCK_FILE = ".calls.lock"
CONCURRENT = 4
"""Questions that are asked at once."""

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class EvalModel(NamedTuple):
    """The model of an evaluation, and the limits of its calls.

    Attributes:
        name: `PROVIDER:MODEL`; empty: the one that the environment names.
        budget: Limits of the whole evaluation, over all of its processes.
        timeout: Most seconds for an answer; None: the environment's limit.
        answer_tokens: Most tokens of an answer; None: the environment's limit.
        client: Client to use; None: that of the provider.
    """

    name: str
    budget: Budget = Budget()
    timeout: float | None = None
    answer_tokens: int | None = None
    client: BaseChatModel | None = None


@contextmanager
def opened(
    folder: Path, model: EvalModel, *, tell: Callable[[str], None] | None = None, in_prose: bool = False
) -> Iterator[MeteredModel]:
    """Open the model of an evaluation; what its folder has recorded is not asked again.

    Args:
        folder: Folder of the evaluation; it is created.
        model: The model, and the limits of its calls.
        tell: Callback for notes to a person.
        in_prose: True: answers may be prose; see `MeteredModel`.

    Raises:
        FileError: The folder can't be created, or another process asks a model for it.
        ModelError: The model can't be called on this machine, or has no price where dollars are limited.
        RunError: The folder's recording can't be used.
    """
    from aurora.agents.models.metered import metered  # noqa: PLC0415  # slow to import
    from aurora.agents.models.model import call_limits, model_name  # noqa: PLC0415  # likewise

    name, limits = model_name(model.name), call_limits(model.timeout, model.answer_tokens)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    busy = f"asks a model for {folder}; wait for it, or name another folder"
    with locked(folder / LOCK_FILE, busy=busy), Recording(folder / CALLS_FILE) as recording:
        yield metered(
            name,
            budget=model.budget,
            recording=recording,
            limits=limits,
            tell=tell,
            inner=model.client,
            in_prose=in_prose,
        )


def side_by_side(items: Sequence[Asked], ask: Callable[[Asked], Answered]) -> list[Answered]:
    """Return what a function makes of each item, several at once, in the order of the items.

    If one fails, those in progress are waited for, as they are paid for and recorded, and no other begins.

    Args:
        items: Arguments.
        ask: Function that asks a model.
    """
    pool = ThreadPoolExecutor(CONCURRENT)
    try:
        return list(pool.map(ask, items))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def cost_of(exchanges: Sequence[Exchange]) -> Spent:
    """Return the cost of exchanges, as if none had come from a recording."""
    return Purse(Budget(), exchanges).spent


def usage_table(name: str, spent: Spent, title: str) -> Table:
    """Return the calls, tokens and dollars of a model as a table.

    Args:
        name: `PROVIDER:MODEL`.
        spent: What the evaluation has used, over all of its processes.
        title: Title of the table.
    """
    faults = sum(spent.faults.values())
    return Table(
        title=title,
        columns=("model", "answers", "requests", "faults", "tokens in", "of them cached", "tokens out", "dollars"),
        rows=(
            (
                name,
                spent.calls,
                spent.requests,
                faults,
                spent.tokens_in,
                spent.tokens_cached,
                spent.tokens_out,
                spent.dollars,
            ),
        ),
    )
