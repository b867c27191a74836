"""The rubric of ratings from 1 to 5, and the form of a judge's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from aurora.evals.ratings.items import CRITERIA, LEAST, MOST, QUESTIONS, Criterion
from aurora.types import Frozen

RUBRIC: Mapping[Criterion, tuple[str, ...]] = {
    "completeness": (
        "no reason that mattered is given",
        "a minor reason is given, the deciding one is not",
        "the deciding reason is given, most others that mattered are not",
        "the deciding reason is given and one that mattered is left out",
        "every reason that mattered is given",
    ),
    "correctness": (
        "what it says of the outcome or of the deciding reason is contradicted by the facts",
        "several statements are contradicted, none about what decided",
        "one statement is contradicted, such as a wrong number, name or comparison",
        "nothing is contradicted, but a statement misleads",
        "everything agrees with the facts",
    ),
    "clarity": (
        "it can't be understood",
        "it needs several readings, or knowledge that its reader lacks",
        "it is understood with effort: long sentences, jargon, or a confusing order",
        "it is clear, with a phrase that could be simpler",
        "it is clear at the first reading",
    ),
}
"""Criterion -> the meaning of each rating from 1 to 5."""
MOST_TOGETHER = 8
"""Most explanations of a question."""

_Rating = Annotated[int, Field(ge=LEAST, le=MOST)]


class ExplanationRating(Frozen):
    """The rating of an explanation."""

    explanation: str = Field(description="its letter")
    reason: str = Field(max_length=500, description="what is missing, wrong or unclear, in a sentence or two")
    completeness: _Rating = Field(description="1 to 5 by the rubric")
    correctness: _Rating = Field(description="1 to 5 by the rubric")
    clarity: _Rating = Field(description="1 to 5 by the rubric")

    @property
    def scores(self) -> dict[Criterion, int]:
        """Criterion -> rating."""
        return {c: getattr(self, c) for c in CRITERIA}


class JudgeAnswer(Frozen):
    """A rating of each explanation."""

    ratings: list[ExplanationRating] = Field(
        min_length=1, max_length=MOST_TOGETHER, description="one for each letter, in their order"
    )


def rubric_text() -> str:
    """Return the rubric as the judge reads it."""
    return "\n".join(
        "\n".join([f"{c}: {QUESTIONS[c]}", *(f"  {level}: {text}" for level, text in enumerate(RUBRIC[c], LEAST))])
        for c in CRITERIA
    )
