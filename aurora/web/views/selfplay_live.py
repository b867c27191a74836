"""What the log of a run says while it grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aurora.graphs.following import Reading
from aurora.web.views.selfplay import number_of

MOST_GENERATIONS = 500
"""Largest number of generations of an iteration that are kept for the live curve."""
MOST_REMARKS = 20
"""Largest number of remarks that are kept, the latest ones."""


@dataclass(frozen=True)
class Live:
    """What the log of a run says.

    Attributes:
        iteration: Iteration that is played, or was played last, from 0; -1: none.
        committed: Last finished iteration, from 0; -1: none.
        level: Level of the iteration.
        generation, generations: Generation of the search, from 0, and their number; -1 and 0: not known.
        advantages: Best mean advantage of each generation of the iteration.
        seconds: Seconds since the process of the last event began.
        stopped: Reason why the last process stopped; "": it did not say.
        calls, tokens, dollars: Use of the model over the run.
        remarks: Latest remarks and judgements of prompts.
        unreadable: Lines of the log that are no events.
    """

    iteration: int = -1
    committed: int = -1
    level: int = 0
    generation: int = -1
    generations: int = 0
    advantages: tuple[float, ...] = ()
    seconds: float = 0.0
    stopped: str = ""
    calls: int = 0
    tokens: int = 0
    dollars: float = 0.0
    remarks: tuple[str, ...] = ()
    unreadable: int = 0

    @property
    def now(self) -> str:
        """Return what is played now, in words."""
        if self.iteration < 0:
            return "No iteration has begun."
        if self.committed >= self.iteration:
            return f"Iteration {self.committed + 1} is finished."
        if self.generation < 0:
            return f"Iteration {self.iteration + 1}, level {self.level}: the attacker looks for scenarios."
        return (
            f"Iteration {self.iteration + 1}, level {self.level}: generation {self.generation + 1} of "
            f"{self.generations}."
        )


def heard(before: Live, reading: Reading) -> Live:
    """Return what a log says after a reading.

    Args:
        before: What it said before.
        reading: New events; those of a log that was cut replace all that was known.
    """
    live = Live() if reading.is_anew else before
    live = replace(live, unreadable=live.unreadable + reading.unreadable)
    for event in reading.events:
        live = _with_event(live, event)
    return live


def _with_event(live: Live, event: Mapping[str, Any]) -> Live:
    seconds = number_of(event.get("seconds"))
    if seconds is not None:
        live = replace(live, seconds=seconds)
    number = int(event["iteration"])
    match event["event"]:
        case "started":
            level = int(number_of(event.get("level")) or 0)
            return replace(live, iteration=number, level=level, generation=-1, generations=0, advantages=(), stopped="")
        case "generation":
            advantage = number_of(event.get("advantage"))
            kept = live.advantages if advantage is None else (*live.advantages, advantage)[-MOST_GENERATIONS:]
            return replace(
                live,
                iteration=number,
                generation=int(number_of(event.get("generation")) or 0),
                generations=int(number_of(event.get("generations")) or 0),
                advantages=kept,
            )
        case "model":
            tokens = sum(int(number_of(event.get(k)) or 0) for k in ("tokens_in", "tokens_out"))
            dollars = number_of(event.get("dollars")) or 0.0
            return replace(live, calls=int(number_of(event.get("calls")) or 0), tokens=tokens, dollars=dollars)
        case "iteration":
            level = int(number_of(event.get("level")) or live.level)
            return replace(live, iteration=number, committed=number, level=level)
        case "prompts":
            judged = event.get("judged")
            words = [f"Prompt of the {k}: {v}" for k, v in judged.items()] if isinstance(judged, dict) else []
            return replace(live, remarks=(*live.remarks, *words)[-MOST_REMARKS:])
        case "remark":
            return replace(live, remarks=(*live.remarks, str(event.get("text", "")))[-MOST_REMARKS:])
        case "stopped":
            return replace(live, stopped=str(event.get("reason", "")))
    return live
