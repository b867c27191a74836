"""What a target of plans has to do: steps, the state of each, and making or undoing one."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from pydantic import Field

from aurora.cluster.plans.plan import Plan
from aurora.cluster.snapshot import Snapshot
from aurora.types import Frozen

Direction = Literal["apply", "rollback"]
StepState = Literal["old", "new"]


class Step(Frozen):
    """One change of the outside world, as it is and as it shall be.

    All that is needed to make or to undo it is here, and is in the journal before the first step is made.
    """

    change: int = Field(ge=0, description="number of the plan's change; 0: of the plan as a whole")
    text: str = Field(description="what is done")
    action: str = Field(description="kind of the step, for the target")
    data: dict[str, Any] = Field(description="the object, and its fields before and after")
    can_undo: bool = Field(default=True, description="whether a rollback undoes it")


class Target(Protocol):
    """A place where plans are applied. Every error of a method is a surprise that stops the application."""

    name: str

    def where(self) -> dict[str, str]:
        """Return what identifies the place; an application goes on only at the same one."""

    def prepare(self, plan: Plan, snapshot: Snapshot) -> tuple[Step, ...]:
        """Return the steps of a plan, after all that can be checked without a change was checked.

        Raises:
            PlanError: The plan can't be applied here; nothing was changed.
        """

    def state(self, step: Step) -> StepState:
        """Return whether a step's object is as before or as afterwards.

        Raises:
            PlanError: It is neither.
        """

    def make(self, step: Step, direction: Direction) -> None:
        """Make a step, or undo it; its object is known to be in the state before that.

        Raises:
            PlanError: It was refused.
        """

    def settle(self, step: Step, direction: Direction) -> str:
        """Wait until all is well after a step; return what is worth knowing, such as where a pod went.

        Raises:
            PlanError: It does not get well.
        """
