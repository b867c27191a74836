"""Which model answers one command, how it is called, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aurora.agents.models.metered import MeteredModel, metered
from aurora.agents.models.model import call_limits, model_name
from aurora.tools.recording import Recording


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """A model, and how it is called.

    Attributes:
        name: PROVIDER:MODEL; None for that of the environment.
        record: File that keeps the model's answers; those it holds are used.
        replay: Recording to answer from; no model is asked.
        timeout: Most seconds for an answer; None for the environment's limit.
        answer_tokens: Most tokens of an answer; None for the environment's limit.
    """

    name: str | None
    record: Path | None = None
    replay: Path | None = None
    timeout: float | None = None
    answer_tokens: int | None = None


@contextmanager
def opened(access: ModelAccess, remark: Callable[[str], None] | None = None) -> Iterator[MeteredModel]:
    """Open a model while the block runs.

    Args:
        access: The model and how it is called.
        remark: Receives what the user should know about the calls, such as a price that is unknown.

    Raises:
        ModelError: The model is not known, or the recording can't be used.
    """
    with Recording(access.replay or access.record, replaying=access.replay is not None) as recording:
        limits = call_limits(access.timeout, access.answer_tokens)
        yield metered(model_name(access.name), recording=recording, limits=limits, tell=remark)
