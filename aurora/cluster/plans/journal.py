"""The journal of a plan's application: what was intended and what was done, on disk before and after each step.

Its first record holds all steps with their inverses, so that what was begun can be undone whatever happens later.
A step is written as `intent`, made, and written as `done`. A process that is killed in between leaves an intent without
an outcome; the state of the step's object then says whether it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from aurora import journal
from aurora.cluster.plans.targets.target import Direction, Step
from aurora.errors import DataError
from aurora.files import writing

ApplicationState = Literal["not started", "in progress", "stopped", "applied", "rolled back"]


_STATES: TypeAdapter[ApplicationState] = TypeAdapter(ApplicationState)
_DIRECTIONS: TypeAdapter[Direction] = TypeAdapter(Direction)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the application of a plan is.

    Attributes:
        state: How far it is; `in progress` too after a process was killed.
        direction: Whether it is being applied or rolled back.
        plan_sha256: Hash of the plan; empty before the start.
        target: Name of the target and what identifies it; empty before the start.
        steps: Steps with their inverses.
        begun: Numbers (from 0) of steps of which the making was intended.
        done: Steps that were made, or were found made.
        found: Steps that were as proposed already, which a rollback leaves alone.
        undone: Steps that a rollback has dealt with.
        remarks: What was worth knowing, and why the application stopped.
    """

    state: ApplicationState = "not started"
    direction: Direction = "apply"
    plan_sha256: str = ""
    target: dict[str, str] | None = None
    steps: tuple[Step, ...] = ()
    begun: frozenset[int] = frozenset()
    done: frozenset[int] = frozenset()
    found: frozenset[int] = frozenset()
    undone: frozenset[int] = frozenset()
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the progress as JSON values."""
        return {
            "state": self.state,
            "direction": self.direction,
            "target": self.target,
            "steps": [
                {"text": s.text, "change": s.change, "state": self.state_of(k)} for k, s in enumerate(self.steps)
            ],
            "remarks": list(self.remarks),
        }

    def state_of(self, step: int) -> str:
        """Return what is known of a step: `undone`, `done`, `begun`, `found` or `waiting`."""
        if step in self.undone:
            return "undone"
        if step in self.found:
            return "found"
        return "done" if step in self.done else "begun" if step in self.begun else "waiting"


def start(path: Path, plan_sha256: str, target: dict[str, str], steps: Sequence[Step], who: str) -> None:
    """Write the first record: the plan, the target, and all steps with their inverses.

    Raises:
        FileError: The file can't be written.
    """
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    dumped = [s.model_dump(mode="json") for s in steps]
    _append(path, event="start", plan_sha256=plan_sha256, target=target, steps=dumped, approved_by=who)


def intend(path: Path, step: int, direction: Direction) -> None:
    """Write that a step is about to be made or undone.

    Raises:
        FileError: The file can't be written.
    """
    _append(path, event="intent", step=step, direction=direction)


def finish(path: Path, step: int, direction: Direction, *, found: bool = False, remark: str = "") -> None:
    """Write that a step was made or undone, or that nothing had to be done for it.

    Raises:
        FileError: The file can't be written.
    """
    _append(path, event="done", step=step, direction=direction, found=found, remark=remark)


def note_state(path: Path, state: ApplicationState, direction: Direction, reason: str = "") -> None:
    """Write that the application stopped, ended, or turned to its rollback.

    Raises:
        FileError: The file can't be written.
    """
    _append(path, event="state", state=state, direction=direction, reason=reason)


def _append(path: Path, **record: Any) -> None:
    journal.append(path, [record])


def read_progress(path: Path) -> Progress:
    """Return what a journal says; `not started` where there is none.

    Raises:
        FileError: The file can't be read.
        DataError: It is damaged.
    """
    records = journal.read(path)
    if not records:
        return Progress()
    try:
        first = records[0]
        steps = tuple(Step.model_validate(s) for s in first["steps"])
        marks: dict[str, set[int]] = {"begun": set(), "done": set(), "found": set(), "undone": set()}
        state: ApplicationState = "in progress"
        direction: Direction = "apply"
        remarks: list[str] = []
        for record in records[1:]:
            direction = _DIRECTIONS.validate_python(record["direction"])
            if record["event"] == "state":
                state = _STATES.validate_python(record["state"])
                remarks += [record["reason"]] if record["reason"] else []
                continue
            state = "in progress"
            step = int(record["step"])
            if record["event"] == "done":
                marks["undone" if direction == "rollback" else "found" if record["found"] else "done"].add(step)
                remarks += [record["remark"]] if record["remark"] else []
            elif direction == "apply":
                marks["begun"].add(step)
        frozen = {name: frozenset(numbers) for name, numbers in marks.items()}
        return Progress(
            state, direction, first["plan_sha256"], dict(first["target"]), steps, **frozen, remarks=tuple(remarks)
        )
    except (KeyError, TypeError, ValueError, ValidationError):
        raise DataError(f"{path} is damaged; compare the system with the plan by hand") from None
