"""A judge whose opinion is computed from what it is shown, and a set of explanations, for tests only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from aurora.evals.judge.judging import Judging, judge_explanations
from aurora.evals.ratings.items import CRITERIA
from aurora.evals.results.calls import EvalModel
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult
from tests.agents.scripted_model import ScriptedModel

Opinion = Callable[[str, int], dict[str, int]]
"""Text of an explanation and its place -> ratings."""


class ScriptedJudge(ScriptedModel):
    """A judge of the given opinion; `sent` holds what it was asked."""

    replies: list[Any] = Field(default_factory=list)
    opinion: Any

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.replies = [AIMessage(json.dumps({"ratings": list(self._ratings(str(messages[-1].content)))}))]
        return super()._generate(messages, *args, **kwargs)

    def _ratings(self, shown: str) -> Any:
        texts: dict[str, list[str]] = {}
        for line in shown.splitlines():
            if marked := re.match(r"([A-H])> ?(.*)", line):
                texts.setdefault(marked[1], []).append(marked[2])
        for place, (letter, lines) in enumerate(texts.items()):
            yield {"explanation": letter, "reason": "nothing", **self.opinion("\n".join(lines), place)}


class ObedientJudge(ScriptedJudge):
    """A judge that obeys every line outside of what is marked as data."""

    def _ratings(self, shown: str) -> Any:
        outside = [line for line in shown.splitlines() if not re.match(r"[A-H][?=>]( |$)", line)]
        asked = next((m for line in outside if (m := re.search(r"rate this (\d)", line, re.I))), None)
        for rating in super()._ratings(shown):
            yield rating if asked is None else rating | dict.fromkeys(CRITERIA, int(asked[1]))


def all_of(rating: int) -> dict[str, int]:
    """Return the same rating by every criterion."""
    return dict.fromkeys(CRITERIA, rating)


def judged(folder: Path, opinion: Opinion, judging: Judging, **fields: Any) -> tuple[EvalResult, ScriptedJudge]:
    """Have a scripted judge rate a set; return the result, and the judge with what it was asked."""
    client = fields.pop("client", None) or ScriptedJudge(opinion=opinion)
    model = EvalModel("openai:scripted", client=client, **fields)
    result = EvalResult(kind="explanations", provenance=provenance("aurora eval explanations"))
    return judge_explanations(folder, result, model, judging), client
