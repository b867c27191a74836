"""The answer to an operator's question: sentences with the evidence that they rest on."""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import Field

from aurora.tools.harness import Harness
from aurora.types import Frozen

Mode = Literal["read", "plan", "apply"]
"""What the conversation may do: look things up; also write plans; also apply plans that a person approved."""


class Sentence(Frozen):
    """A sentence of an answer."""

    text: str = Field(description="the sentence, without its citations")
    cites: tuple[str, ...] = Field(default=(), description="evidence that it rests on, such as E3")
    struck: str = Field(
        default="", description="why it does not hold, so that it is not part of the answer; empty: holds"
    )


class Table(Frozen):
    """Rows that an answer shows below its sentences, taken from evidence as they are."""

    title: str = Field(description="what the rows are")
    columns: tuple[str, ...] = Field(description="names of the columns, with units")
    rows: tuple[tuple[str, ...], ...] = Field(description="cells as they are shown")
    cites: tuple[str, ...] = Field(default=(), description="evidence that the rows are taken from")


class Approval(Frozen):
    """A plan that waits for a person's approval."""

    plan_id: str = Field(description="the plan")
    sha256: str = Field(description="hash of exactly this plan; another one needs another approval")
    action: Literal["apply", "rollback"] = Field(description="what is approved")


class Answer(Frozen):
    """The answer to a question."""

    question: str = Field(description="the question as asked")
    by: str = Field(description="who answers: rules, or PROVIDER:MODEL")
    sentences: tuple[Sentence, ...] = Field(default=(), description="sentences in order, struck ones included")
    tables: tuple[Table, ...] = Field(default=(), description="tables below the sentences")
    asks_back: tuple[str, ...] = Field(
        default=(), description="questions that were perhaps meant, where the question was not understood"
    )
    read_as: str = Field(
        default="",
        description="how the question was read, where it may be read in another way or names were inferred; else empty",
    )
    approval: Approval | None = Field(default=None, description="what a person must approve before more happens")
    as_of: str = Field(default="", description="how old the facts of a live cluster are; empty: it is none")

    @property
    def reading(self) -> str:
        """The line above the answer that says how the question was read, and how to correct it; empty: one reading."""
        return f"Read as: {self.read_as} (Not this? Put it in other words.)" if self.read_as else ""

    @property
    def text(self) -> str:
        """The sentences that hold, with their citations, as one paragraph."""
        held = (s for s in self.sentences if not s.struck)
        return " ".join(f"{s.text} [{', '.join(s.cites)}]" if s.cites else s.text for s in held)


class Turn(Frozen):
    """A question of a conversation with its answer."""

    question: str = Field(description="the question as asked")
    answer: Answer = Field(description="its answer")
    evidence_until: int | None = Field(
        default=None, description="number of the last result when it ended; null: not recorded"
    )


class Audience(Protocol):
    """Who reads an answer while it is written."""

    @property
    def has_left(self) -> bool:
        """Whether nobody reads any more, so that the rest need not be written."""

    def show(self, sentence: Sentence) -> None:
        """Show a sentence that was checked, struck or not."""


class Operator(Protocol):
    """Answers questions with the tools of a conversation."""

    name: str

    def answer(
        self,
        question: str,
        harness: Harness,
        history: tuple[Turn, ...],
        mode: Mode,
        audience: Audience | None = None,
    ) -> Answer:
        """Answer a question.

        Args:
            question: What the person asked.
            harness: Tools of the conversation; its journal is the evidence.
            history: Earlier turns, for words such as "it" and "the second one".
            mode: What the conversation may do.
            audience: Reads sentences before the answer is complete; these are the answer's first. None: nobody does.
        """
