"""The journal of a plan's application: what was intended and what was done, on disk before and after each step.

Its first record holds all steps with their inverses, so that what was begun can be undone whatever happens later.
Every record has its time, and all but those of outcomes have who made it so. A step is written as `intent`, made, and
written as `done`. A process that is killed in between leaves an intent without an outcome; the state of the step's
object then says whether it was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

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


class Entry(NamedTuple):
    """A line of a journal, for people.

    Attributes:
        at: Time; None in journals that were written before times were kept.
        who: Person or program; empty: not recorded, or a step of what was begun before.
        text: What was done.
    """

    at: datetime | None
    who: str
    text: str


def start(
    path: Path, plan_sha256: str, target: dict[str, str], steps: Sequence[Step], who: str, *, by: str = ""
) -> None:
    """Write the first record: the plan, the target, and all steps with their inverses.

    Args:
        path: File of the journal.
        plan_sha256: Hash of the plan.
        target: Name of the target and what identifies it.
        steps: Steps with their inverses.
        who: Person who approved.
        by: Person or program that applies; empty: not known.

    Raises:
        FileError: The file can't be written.
    """
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    dumped = [s.model_dump(mode="json") for s in steps]
    _append(path, event="start", plan_sha256=plan_sha256, target=target, steps=dumped, approved_by=who, by=by)


def intend(path: Path, step: int, direction: Direction, *, by: str = "") -> None:
    """Write that a step is about to be made or undone; `by` says who makes it so.

    Raises:
        FileError: The file can't be written.
    """
    _append(path, event="intent", step=step, direction=direction, by=by)


def finish(path: Path, step: int, direction: Direction, *, found: bool = False, remark: str = "") -> None:
    """Write that a step was made or undone, or that nothing had to be done for it.

    Raises:
        FileError: The file can't be written.
    """
    _append(path, event="done", step=step, direction=direction, found=found, remark=remark)


def note_state(path: Path, state: ApplicationState, direction: Direction, reason: str = "", *, by: str = "") -> None:
    """Write that the application stopped, ended, went on, or turned to its rollback; `by` says who made it so.

    Raises:
        FileError: The file can't be written.
    """
    _append(path, event="state", state=state, direction=direction, reason=reason, by=by)


def _append(path: Path, **record: Any) -> None:
    journal.append(path, [{"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **record}])


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


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Return the lines of a journal for people, oldest first; none where there is no journal.

    Raises:
        FileError: The file can't be read.
        DataError: It is damaged.
    """
    records = journal.read(path)
    try:
        texts = [str(s["text"]) for s in records[0]["steps"]] if records else []
        return tuple(Entry(_time(r), str(r.get("by", "")), _text(r, texts)) for r in records)
    except (IndexError, KeyError, TypeError, ValueError):
        raise DataError(f"{path} is damaged; compare the system with the plan by hand") from None


def _time(record: Mapping[str, Any]) -> datetime | None:
    return datetime.fromisoformat(record["at"]) if "at" in record else None


def _text(record: Mapping[str, Any], steps: Sequence[str]) -> str:
    """Return what a record says."""
    is_rollback = record.get("direction") == "rollback"
    match record["event"]:
        case "start":
            where = ", ".join(f"{k} {v}" for k, v in record["target"].items())
            return f"application begun, {len(steps)} steps, approved by {record['approved_by']}, target: {where}"
        case "state":
            what = "rollback begun" if record["state"] == "in progress" and is_rollback else record["state"]
            return f"{what}: {record['reason']}" if record["reason"] else what
        case "intent":
            return (
                f"step {record['step'] + 1} {'to be undone' if is_rollback else 'to be made'}: {steps[record['step']]}"
            )
        case _:
            verb = (
                ("needs no undoing" if is_rollback else "was so already")
                if record["found"]
                else ("undone" if is_rollback else "made")
            )
            return f"step {record['step'] + 1} {verb}: {record['remark'] or steps[record['step']]}"
