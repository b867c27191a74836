"""What the routes of conversations take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from aurora.agents.operator.answer import Answer, Mode, Turn
from aurora.graphs.chat.sessions import MAX_TITLE
from aurora.tools.harness import Evidence, EvidenceOutcome
from aurora.types import Frozen
from aurora.web.turns.turns import MAX_QUESTION

SHOWN_TURNS = 20
"""Newest turns that come with a conversation; the list of turns has all."""


class Session(Frozen):
    """A conversation."""

    session_id: str = Field(description="its id")
    title: str = Field(description="its name: the first question, until it is given another; empty before that")
    snapshot: str = Field(description="what it is about: a path, a sample, or a live cluster")
    history: str = Field(description="file of measured series; empty: that of the sample, or none")
    model: str = Field(description="PROVIDER:MODEL that answers; empty: rules")
    created_at: str = Field(description="when it began, UTC")
    used_at: str = Field(description="when it was last used, UTC")
    turns: int = Field(description="turns that were told")
    is_busy: bool = Field(description="whether a turn is at work")


class SessionDetail(Frozen):
    """A conversation with what a person sees of it."""

    session: Session = Field(description="the conversation")
    mode: Mode = Field(description="what it may do: look up; also write plans; also apply plans that are approved")
    turns: list[Turn] = Field(description=f"its {SHOWN_TURNS} newest turns, oldest first")
    draft: Answer | None = Field(description="answer of the turn in progress as far as it is kept; null: there is none")
    approval: dict[str, Any] | None = Field(
        description="question to a person in the form of LangChain's human in the loop; null: none waits"
    )
    unfinished: str = Field(description="question of an interrupted turn that nobody goes on with; empty: none")


class NewSession(Frozen):
    """What a conversation begins with."""

    title: str = Field(default="", max_length=MAX_TITLE, description="its name; empty: the first question")


class Rename(Frozen):
    """A new name."""

    title: str = Field(min_length=1, max_length=MAX_TITLE, description="the name")


class Question(Frozen):
    """A question."""

    question: str = Field(min_length=1, max_length=MAX_QUESTION, description="the question in plain words")
    mode: Mode | None = Field(default=None, description="what the conversation may do from now on; null: as before")


class Decision(Frozen):
    """A person's decision about the plan that was shown."""

    type: Literal["approve", "reject", "edit"] = Field(description="what is decided")
    sha256: str = Field(
        pattern="^[0-9a-f]{64}$", description="hash of the plan that the person saw, from the question to them"
    )
    message: str = Field(default="", max_length=500, description="reason of a rejection")
    without: list[Annotated[int, Field(ge=1, le=100_000)]] = Field(
        default_factory=list, max_length=1000, description="numbers of changes to leave out, from 1; of an edit"
    )
    plan_id: str = Field(default="", max_length=64, description="another plan to look at instead; of an edit")

    def as_resumption(self) -> dict[str, Any]:
        """Return the decision in the form of LangChain's human in the loop."""
        decision: dict[str, Any] = {"type": self.type, "sha256": self.sha256}
        if self.type == "reject":
            decision["message"] = self.message
        if self.type == "edit":
            args = {"without": self.without, "plan_id": self.plan_id}
            decision["edited_action"] = {"name": "apply_plan", "args": args}
        return decision


class Started(Frozen):
    """A turn that runs."""

    session_id: str = Field(description="its conversation")
    events: str = Field(description="address of its events")


class Stopped(Frozen):
    """What stopping came to."""

    is_busy: bool = Field(description="whether a turn is still at work: what was approved is never stopped")


class LookUp(Frozen):
    """A tool call with its result."""

    id: str = Field(description="number of the call, such as E3")
    tool: str = Field(description="the tool")
    arguments: Any = Field(description="its arguments as called")
    outcome: EvidenceOutcome = Field(description="kind of result")
    result: str = Field(description="complete result as JSON text, or the fault")
    seconds: float = Field(description="run time")

    @classmethod
    def of(cls, found: Evidence) -> LookUp:
        """Return a tool call of a conversation."""
        return cls(
            id=f"E{found.number}",
            tool=found.tool,
            arguments=found.arguments,
            outcome=found.outcome,
            result=found.text,
            seconds=round(found.seconds, 3),
        )
