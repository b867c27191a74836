"""What a conversation is held in: the open data, who answers, who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from aurora.agents.operator.answer import Mode, Operator
from aurora.graphs.chat.archive import Archive
from aurora.tools.desk import Desk
from aurora.tools.harness import Limits
from aurora.tools.registry import ROWS

LIMITS = Limits()
"""Limits of a turn."""
_SCENARIOS = ("simulation", "rl", "language", "archive")
_SERIES = ("forecasting", "futures")
_ACCOUNTS = ("recommendation",)
_NOT_OF_A_CLUSTER = ("composition",)


def now() -> datetime:
    """Return the time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Surroundings:
    """What a conversation is held in.

    Attributes:
        desk: Data that is open, and the folder of plans.
        operator: Who answers.
        who: Person who approves.
        clock: Returns the time now.
        limits: Limits of a turn.
        archive: Where evidence goes that the state no longer carries; None: it carries all.
        most: What a conversation may do at most, whatever a person chooses in it.
        has_left: Returns whether nobody reads the answer any more; None: nobody reads before it is complete, and
            models are asked for whole answers.
    """

    desk: Desk
    operator: Operator
    who: str = "operator"
    clock: Callable[[], datetime] = now
    limits: Limits = LIMITS
    archive: Archive | None = None
    has_left: Callable[[], bool] | None = None
    most: Mode = "apply"

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools that what is open allows."""
        return tools_for(self.desk)


def tools_for(desk: Desk) -> tuple[str, ...]:
    """Return the names of the tools for which a desk has data.

    Trainings and compositions are not a cluster's: they run for minutes, and no approval of a plan covers them.
    """
    absent = {
        *_NOT_OF_A_CLUSTER,
        *(_SCENARIOS if not desk.scenario_ids else ()),
        *(_SERIES if not desk.series_ids else ()),
        *(_ACCOUNTS if not desk.account_ids else ()),
    }
    return tuple(name for name, row in ROWS.items() if row.module not in absent and name != "train")
