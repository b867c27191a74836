"""Events of a run, and the log that keeps them.

An event is a flat JSON object whose `event` names its kind. `iteration` and `forgetting` are also kept in
the archive, so they hold nothing that depends on the clock; the log adds the seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from typing_extensions import TypedDict

from aurora.errors import RunError

StopReason = Literal["", "done", "time limit", "interrupted", "budget spent"]
"""Why a run ended; "" while it goes on."""


class Started(TypedDict):
    """An iteration begins."""

    event: Literal["started"]
    iteration: int
    level: int


class Generation(TypedDict):
    """A generation of the policy search is evaluated.

    Attributes:
        generation, generations: Number of the generation from 0, and how many an iteration has.
        advantage: Best mean value over the best reference on the training scenarios.
    """

    event: Literal["generation"]
    iteration: int
    generation: int
    generations: int
    advantage: float


class ModelCalled(TypedDict):
    """A model has answered.

    Attributes:
        cached: Whether the answer was known already.
        calls, tokens_in, tokens_out, dollars, model_seconds, retries: Totals of the run so far.
    """

    event: Literal["model"]
    iteration: int
    cached: bool
    calls: int
    tokens_in: int
    tokens_out: int
    dollars: float
    model_seconds: float
    retries: int


class IterationDone(TypedDict):
    """An iteration is committed.

    Attributes:
        level: Level of the curriculum while it was played.
        scenarios, rejected: Attacker's scenarios that were played, and that were sent back.
        success_rates, attacker_rewards: One of each a scenario.
        learnable_share: Share of the scenarios with a success rate of 0.3 to 0.7.
        champion, champion_elo: Best on validation so far, and its rating.
        leader_elo: Highest rating among those who played and are no reference.
        validation_advantage: The champion's mean value over the best reference of each validation scenario.
        training_advantage, candidate_validation: The best candidate's on the scenarios it was tuned on, and
            on validation.
        gap: Their difference: how much of what was gained in training does not carry over.
        evaluations: Simulations of the run so far.
        failures: What was tried and failed in this iteration.
        history: Best advantage of each generation.
    """

    event: Literal["iteration"]
    iteration: int
    level: int
    scenarios: int
    rejected: int
    success_rates: list[float]
    attacker_rewards: list[float]
    learnable_share: float
    champion: str
    champion_elo: float
    leader_elo: float
    validation_advantage: float
    training_advantage: float
    candidate_validation: float
    gap: float
    evaluations: int
    failures: int
    history: list[float]


class Forgetting(TypedDict):
    """After an advance: the champion on archived scenarios of all earlier levels.

    Attributes:
        level: The new one.
        success: The champion's success rate by earlier level.
        passed: The success rate with which that level was left.
    """

    event: Literal["forgetting"]
    iteration: int
    level: int
    success: dict[str, float]
    passed: dict[str, float]


class Stopped(TypedDict):
    """A process is done with the run.

    Attributes:
        iteration: The last committed one; -1 if there is none.
        reason: Why it ends here.
        simulated: Simulations of this process; what a killed one had paid for is not among them.
    """

    event: Literal["stopped"]
    iteration: int
    reason: StopReason
    simulated: int


class Remark(TypedDict):
    """Something that a person should know, such as a setting that the model does not take."""

    event: Literal["remark"]
    iteration: int
    text: str


Event = Started | Generation | ModelCalled | IterationDone | Forgetting | Remark | Stopped
Listener = Callable[[Event], None]


class EventLog:
    """`events.jsonl`: one event a line, with the seconds since the process began.

    Opening it brings it in step with the archive: lines of an iteration that was not committed are cut
    off, and committed events that a kill kept from being written are added.

    Args:
        path: Of the log.
        committed: The archive's events, in order.
    """

    def __init__(self, path: Path, committed: Iterable[Mapping[str, Any]]) -> None:
        self._started = time.monotonic()
        kept = {(e["event"], e["iteration"]): e for e in committed}
        last = max((iteration for _, iteration in kept), default=-1)
        try:
            self._file = path.open("ab+")
            end = _end_of_committed(self._file, last, kept)
            self._file.truncate(end)
            for event in kept.values():
                self._write(event)
        except OSError as error:
            raise RunError(f"{path} can't be used as the log of a run: {error.strerror}") from None

    def __enter__(self) -> Self:
        """The log itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, its content safely on disk where the disk can."""
        with contextlib.suppress(OSError):  # the archive has all that is committed, and the next opening adds it
            os.fsync(self._file.fileno())
        with contextlib.suppress(OSError):
            self._file.close()

    def write(self, event: Event) -> None:
        """Append an event.

        Raises:
            RunError: The log can't be written.
        """
        self._write({"seconds": round(time.monotonic() - self._started, 3), **event})

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise RunError(
                f"the log of the run can't be written: {error.strerror}; free some space and go on with the run"
            ) from None


def _end_of_committed(file: Any, last: int, missing: dict[tuple[str, int], Any]) -> int:
    """Bytes up to the first line that is torn or not committed; what was found is no longer missing."""
    file.seek(0)
    end = 0
    for line in file:
        try:
            event = json.loads(line)
            kind, iteration = str(event["event"]), int(event["iteration"])
        except (ValueError, KeyError, TypeError, RecursionError):
            break
        if not line.endswith(b"\n") or iteration > last:
            break
        missing.pop((kind, iteration), None)
        end += len(line)
    return end
