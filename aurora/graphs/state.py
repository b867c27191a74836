"""What passes between the nodes of self-play."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

StopReason = Literal["", "done", "time limit", "interrupted", "budget spent"]
"""Why a run ended; "" while it goes on."""


class Abandoned(Exception):  # noqa: N818  # not an error: ends an iteration that is not kept
    """The run is to stop within an iteration. What was paid for is in the ledger and the recording."""

    def __init__(self, reason: StopReason) -> None:
        self.reason = reason
        super().__init__(reason)


class State(TypedDict):
    """Ids and small numbers; what they stand for is on the workbench and in the archive.

    Attributes:
        iteration: Of this pass, from 0.
        last: Number of iterations after which the run is done.
        level: Of the curriculum.
        round: Times the attacker has written in this iteration.
        proposed_ids: Scenarios that are not yet checked.
        scenario_ids: Scenarios that are played.
        rejected: Scenarios that were sent back.
        rival_ids: Archived policies that take part.
        candidate_ids: New policies, best on the training scenarios first.
        stop: Why the run ended; "" while it goes on.
    """

    iteration: int
    last: int
    level: int
    round: int
    proposed_ids: list[str]
    scenario_ids: list[str]
    rejected: int
    rival_ids: list[str]
    candidate_ids: list[str]
    stop: StopReason


Update = dict[str, Any]
"""The keys of the state that a node changes."""
