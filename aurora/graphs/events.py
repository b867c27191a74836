"""Events of a run, and the log that keeps them.

An event is a JSON object whose `event` names its kind. `iteration` and `forgetting` events are also kept in the
archive, so they contain nothing that depends on the clock; the log adds the seconds.
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
"""Reason why a run stopped; "" while it continues."""


class Started(TypedDict):
    """The beginning of an iteration."""

    event: Literal["started"]
    iteration: int
    level: int


class Generation(TypedDict):
    """An evaluated generation of the policy search.

    Attributes:
        generation, generations: Number of the generation, from 0, and number of generations per iteration.
        advantage: Best mean value over the best reference on the training scenarios.
    """

    event: Literal["generation"]
    iteration: int
    generation: int
    generations: int
    advantage: float


class ModelCalled(TypedDict):
    """An answer of a model.

    Attributes:
        cached: True if the answer came from the recording.
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
    """A committed iteration.

    Attributes:
        level: Level of the curriculum while it was played.
        scenarios, rejected: Numbers of the attacker's scenarios that were played and that were rejected.
        success_rates, attacker_rewards: The policies' success rate and the attacker's reward, per scenario.
        learnable_share: Share of the scenarios with a success rate of 0.3 to 0.7.
        attacker_simulations: Simulations that the attacker's search asked for; absent from earlier versions' runs.
        champion, champion_elo: Policy chosen on validation, and its rating.
        leader_elo: Highest rating among the players of the iteration that are not references.
        validation_advantage: The champion's mean value over the best reference of each validation scenario that it has
            met; their number grows, so this value may fall.
        training_advantage, candidate_validation: The same mean of the best candidate on the training scenarios, and on
            validation; estimated from paired differences where the candidate was out early.
        gap: Training advantage minus the candidate's validation advantage: the gain that does not generalise.
        evaluations: Simulations of the run so far.
        failures: Number of failed attempts in this iteration.
        history: Best mean advantage in each generation.
    """

    event: Literal["iteration"]
    iteration: int
    level: int
    scenarios: int
    rejected: int
    success_rates: list[float]
    attacker_rewards: list[float]
    learnable_share: float
    attacker_simulations: int
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
    """The champion's success on archived scenarios of all earlier levels, after an advance.

    Attributes:
        level: New level of the curriculum.
        success: The champion's success rate by earlier level.
        passed: Success rate with which each level was left.
    """

    event: Literal["forgetting"]
    iteration: int
    level: int
    success: dict[str, float]
    passed: dict[str, float]


class PromptsJudged(TypedDict):
    """The evolution of prompts after an iteration.

    Attributes:
        judged: What came of it, by role, in words.
    """

    event: Literal["prompts"]
    iteration: int
    judged: dict[str, str]


class Stopped(TypedDict):
    """The end of a process's work on the run.

    Attributes:
        iteration: Last committed iteration; -1 if there is none.
        reason: Reason why the process stopped.
        simulated: Simulations of this process, without those of processes that were killed.
    """

    event: Literal["stopped"]
    iteration: int
    reason: StopReason
    simulated: int


class Remark(TypedDict):
    """A note for the user, such as a setting that the model does not accept."""

    event: Literal["remark"]
    iteration: int
    text: str


Event = Started | Generation | ModelCalled | IterationDone | Forgetting | PromptsJudged | Remark | Stopped
Listener = Callable[[Event], None]


class EventLog:
    """The log of a run, `events.jsonl`: one event per line, with the seconds since it was opened.

    Opening it synchronises it with the archive: lines of an uncommitted iteration are cut off, and committed events
    that are missing after a kill are added.

    Args:
        path: Path of the log.
        committed: Events in the archive, in order.
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
        """Return the log itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Sync the file to disk if possible, and close it."""
        with contextlib.suppress(OSError):  # the next opening adds committed events from the archive
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
    """Return the offset of the first incomplete or uncommitted line; remove the events before it from `missing`."""
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
