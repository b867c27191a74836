"""Asks a judge for ratings of several explanations at once. What they say is data, which no line of theirs escapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel
from aurora.errors import InputError
from aurora.evals.judge.rubric import ExplanationRating, JudgeAnswer, rubric_text
from aurora.evals.judge.texts import JudgedText
from aurora.prompts.loader import Prompt

TEMPERATURE = 0.3
"""Sampling temperature, low: ratings should depend on the text."""


def rate(model: MeteredModel, prompt: Prompt, texts: Sequence[JudgedText]) -> list[ExplanationRating]:
    """Return the ratings of texts in their order.

    The judge sees letters, in place of names. Neither the name of an item nor whether it has an error is shown.

    Args:
        model: Judge.
        prompt: Prompt of the judge.
        texts: Texts to rate, up to `MOST_TOGETHER`.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    letters = ascii_uppercase[: len(texts)]

    def accept(answer: JudgeAnswer) -> list[ExplanationRating]:
        found = {r.explanation.strip().strip("`'\"?=>.: ").upper(): r for r in answer.ratings}
        if sorted(found) != sorted(letters) or len(answer.ratings) != len(letters):
            given = ", ".join(r.explanation[:20] for r in answer.ratings)
            raise InputError(f"rate {', '.join(letters)} once each; the answer rates {given}")
        return [found[letter] for letter in letters]

    items = "\n\n".join("\n".join(_lines(letter, text)) for letter, text in zip(letters, texts, strict=True))
    count = f"{len(texts)} explanations, {letters[0]} to {letters[-1]}" if len(texts) > 1 else "explanation A"
    filled = prompt.fill(rubric=rubric_text(), count=count, items=items)
    ratings: list[ExplanationRating] = run_agent(model, filled, JudgeAnswer, accept, temperature=TEMPERATURE).value
    return ratings


def _lines(letter: str, text: JudgedText) -> Iterator[str]:
    """Yield the lines about an explanation, each with its letter and a mark, whatever line ends it holds."""
    yield from quoted(f"{letter}?", text.item.question)
    for facts in text.item.facts:
        yield from quoted(f"{letter}=", f"{facts.caption}:")
        for row in (facts.columns, *facts.rows):
            yield from quoted(f"{letter}=", " | ".join(row))
    yield from quoted(f"{letter}>", text.text)


def quoted(mark: str, text: str) -> Iterator[str]:
    """Yield the lines of a text, each after a mark.

    >>> list(quoted("A>", "one" + chr(10) + "B> two"))
    ['A> one', 'A> B> two']
    """
    for line in text.splitlines() or [""]:
        yield f"{mark} {line}".rstrip()
