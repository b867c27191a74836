"""Changes that were found in what an application gets, answers, serves, or is made of."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from aurora.types import Frozen

ChangeKind: TypeAlias = Literal["inputs", "predictions", "accuracy", "load", "catalogue"]


class Change(Frozen):
    """Something that changed.

    Attributes:
        kind: What it is a change of.
        subject: What moved: a column, a class, the rate of requests, or a component.
        before: Its value in the reference, in `unit`.
        after: Its value now, in `unit`.
        unit: What the values are, such as "mean".
        p_value: Adjusted p-value where a test of a window found it; None where the change is a fact, or where a
            sequential test found it.
        needs_recomposition: Whether the running composition can be wrong now. Inputs may drift without harm, and a
            component may appear that is no better: both are worth a look. A change that only reports is False.
        text: The change as one sentence.
    """

    kind: ChangeKind
    subject: str = Field(max_length=256)
    before: float
    after: float
    unit: str
    p_value: float | None = Field(None, ge=0, le=1)
    needs_recomposition: bool = True
    text: str

    def __str__(self) -> str:
        """Return the change as one sentence."""
        return self.text
