"""Notes on stderr of what happens in self-play: a line for every iteration, remarks, and why a run stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora.cli.terminal.output import note

if TYPE_CHECKING:  # heavy at run time
    from aurora.graphs.events import Event

_ENDS = {"time limit": "time is up", "budget spent": "the model's budget is spent"}


def note_event(event: Event, iterations: int | None) -> None:
    """Print the line of an event, if it has one.

    Args:
        event: Event of a run.
        iterations: Number of iterations at the end of the run; None without a limit.
    """
    if event["event"] == "iteration":
        of = "" if iterations is None else f" of {iterations}"
        note(
            f"iteration {event['iteration'] + 1}{of}  level {event['level']}  champion {event['champion']}  "
            f"Elo {event['champion_elo']:.0f}  validation {event['validation_advantage']:+.4f}  "
            f"gap {event['gap']:+.4f}  attacker {event['learnable_share']:.0%} learnable, "
            f"{event['attacker_simulations']} of {event['evaluations']} simulations"
        )
    elif event["event"] == "forgetting":
        shares = ", ".join(f"level {k}: {v:.0%}" for k, v in event["success"].items())
        note(f"now level {event['level']}; success on earlier levels: {shares}")
    elif event["event"] == "prompts":
        for role, text in event["judged"].items():
            note(f"prompt of the {role}: {text}")
    elif event["event"] == "remark":
        note(event["text"])
    elif event["event"] == "stopped" and event["reason"] in _ENDS:
        note(f"{_ENDS[event['reason']]}; an unfinished iteration is left for --resume")
