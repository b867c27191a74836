"""A tool call as it is shown: its name in plain words, arguments, state and time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from aurora.graphs.chat.streaming import LookupEvent
from aurora.tools.harness import Evidence
from aurora.tools.titles import title_of

StepState = Literal["running", "ok", "failed"]
PLANNERS = frozenset({"make_plan", "edit_plan"})
"""Tools whose result is a plan."""
MAX_SUBJECT = 60
"""Most characters of what a step is about."""
_WORDS = {
    "unknown tool": "no such tool",
    "invalid arguments": "arguments were not valid",
    "failed": "failed",
    "timeout": "took too long",
    "limit": "over the limit of calls",
    "refused": "refused",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A tool call.

    Attributes:
        id: Its number, such as E3.
        title: What it does, in plain words.
        subject: What it is about: values of its arguments; "": they have none that is short.
        tool: Name of the tool.
        arguments: Names and values of its arguments.
        state: How far it is.
        outcome: Why it has no result, in words; "": it has one, or runs.
        seconds: Run time, with its unit; "": it runs.
    """

    id: str
    title: str
    subject: str
    tool: str
    arguments: tuple[tuple[str, str], ...]
    state: StepState
    outcome: str = ""
    seconds: str = ""


def step_of_event(event: LookupEvent) -> Step:
    """Return the step of an event: a call that begins, or has its result."""
    return _step(event.id, event.tool, event.arguments, event.outcome, event.seconds)


def step_of_evidence(evidence: Evidence) -> Step:
    """Return the step of a call that has ended."""
    return _step(f"E{evidence.number}", evidence.tool, evidence.arguments, evidence.outcome, evidence.seconds)


def plan_of(evidence: Evidence) -> str:
    """Return the id of the plan in a result; "" if it has none."""
    try:
        value = json.loads(evidence.text)
    except ValueError:
        return ""
    return str(value.get("plan_id") or "") if isinstance(value, dict) else ""


def seconds_text(seconds: float) -> str:
    """Return a run time as it is shown.

    >>> seconds_text(0.004), seconds_text(2.25)
    ('under 0.1 s', '2.2 s')
    """
    return "under 0.1 s" if seconds < 0.05 else f"{seconds:.1f} s"  # noqa: PLR2004  # half of the last digit shown


def _step(number: str, tool: str, arguments: Any, outcome: str, seconds: float) -> Step:
    rows = _rows(arguments)
    state: StepState = "running" if outcome == "running" else "ok" if outcome == "ok" else "failed"
    return Step(
        id=number,
        title=title_of(tool),
        subject=_subject(arguments),
        tool=tool,
        arguments=rows,
        state=state,
        outcome=_WORDS.get(outcome, outcome) if state == "failed" else "",
        seconds="" if state == "running" else seconds_text(seconds),
    )


def _rows(arguments: Any) -> tuple[tuple[str, str], ...]:
    items = arguments.items() if isinstance(arguments, dict) else [("arguments", arguments)]
    return tuple((str(k).replace("_", " "), _text(v)) for k, v in items)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _subject(arguments: Any) -> str:
    if not isinstance(arguments, dict):
        return ""
    texts = [v for v in arguments.values() if isinstance(v, str) and v]
    return ", ".join(texts) if texts and len(", ".join(texts)) <= MAX_SUBJECT else ""
