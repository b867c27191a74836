"""Has a model word an explanation: connects, records, and keeps AURORA's own words where the model declines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aurora.agents.explain.explainer import Explanation, Level
from aurora.agents.explain.run_explainer import PlanExplanation
from aurora.agents.explain.wording import Audience
from aurora.agents.models.access import ModelAccess, opened
from aurora.agents.models.faults import DECLINING_FAULTS
from aurora.agents.roles.narrator import narrate
from aurora.errors import DeclinedError
from aurora.prompts.loader import load_prompt
from aurora.sim.scenarios.scenario import Scenario


@dataclass(frozen=True, slots=True)
class NarrationReport:
    """An explanation in a model's words, or the reason why it is in AURORA's own.

    Attributes:
        text: The explanation.
        by_model: True if at least one sentence is the model's.
        struck: Sentences of the model that don't hold, each with the reason.
        prompt_id: Version of the prompt.
        declined: Why the model declined to answer; None if it answered.
    """

    text: str
    by_model: bool
    struck: tuple[tuple[str, str], ...]
    prompt_id: str
    declined: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the keys that `aurora explain --model --json` adds or replaces."""
        declined = {} if self.declined is None else {"declined": self.declined}
        struck = [{"text": text, "reason": reason} for text, reason in self.struck]
        return {"text": self.text, "by_model": self.by_model, **declined, "struck": struck, "prompt_id": self.prompt_id}


def narrate_by(
    model: ModelAccess,
    explanation: Explanation | PlanExplanation,
    scenario: Scenario,
    *,
    level: Level = "short",
    audience: Audience = "operator",
    remark: Callable[[str], None] | None = None,
) -> NarrationReport:
    """Have a model word an explanation.

    Args:
        model: The model and how it is called.
        explanation: Explanation of a task or of a run, with its checked claims.
        scenario: The scenario, whose names may be used.
        level: Amount of detail.
        audience: Reader of the text.
        remark: Receives what the user should know about the calls, such as a price that is unknown.

    Raises:
        ModelError: The model is not known, or the provider failed.
        AnswerError: No answer was valid.
    """
    with opened(model, remark) as asked:
        prompt = load_prompt("explainer")
        try:
            narration = narrate(asked, prompt, explanation, scenario, level, audience)
        except DeclinedError as error:
            if error.fault not in DECLINING_FAULTS:
                raise
            return NarrationReport(explanation.text, False, (), prompt.prompt_id, str(error))
    return NarrationReport(narration.text, narration.is_models, narration.struck, narration.prompt_id)
