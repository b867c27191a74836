"""The explainer with a model: it words claims that were checked, and its words are checked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aurora.agents.agent import run_agent
from aurora.agents.answers import ExplanationAnswer
from aurora.agents.explainer import Explanation, Level
from aurora.agents.metered import MeteredModel
from aurora.agents.rewording import Reworded, hold
from aurora.agents.wording import Audience, sentence
from aurora.prompts.loader import Prompt
from aurora.sim.claims import SCORE, Claim, ComparisonClaim
from aurora.sim.scenario import Scenario

TEMPERATURE = 0.3
LENGTHS: dict[Level, str] = {
    "line": "in one short sentence",
    "short": "in two or three sentences",
    "full": "in up to eight sentences that tell every claim",
}
AUDIENCES: dict[Audience, str] = {
    "operator": "an operator who runs the system and knows no formulas",
    "engineer": "an engineer who knows the policy language",
}


class Narration(NamedTuple):
    """An explanation in a model's words.

    Attributes:
        text: Its sentences that match the claims; where none does, the text of the templates.
        is_models: Whether any of the model's sentences are in it.
        struck: Sentences that don't match, each with the reason.
        prompt_id: Version of the prompt.
    """

    text: str
    is_models: bool
    struck: tuple[tuple[str, str], ...]
    prompt_id: str


def narrate(
    model: MeteredModel, prompt: Prompt, told: Explanation, scenario: Scenario, level: Level, audience: Audience
) -> Narration:
    """Have a model word an explanation.

    Args:
        model: Who is asked.
        prompt: Of the explainer.
        told: The explanation with its checked claims.
        scenario: Whose names may be used.
        level: How much to say.
        audience: For whom.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    claims = [c.claim for c in told.checked if c.holds]
    filled = prompt.fill(
        audience=AUDIENCES[audience],
        length=LENGTHS[level],
        task=told.decision.task_id,
        chosen=told.decision.chosen.name,
        time=f" at {told.decision.time:.6g} s",
        claims=_listed(claims, told, audience),
    )

    def accept(answer: ExplanationAnswer) -> Reworded:
        return hold([(s.text, s.claims) for s in answer.sentences], claims, told.decision, scenario)

    held = run_agent(model, filled, ExplanationAnswer, accept, temperature=TEMPERATURE).value
    return Narration(held.text or told.text, bool(held.text), held.struck, prompt.prompt_id)


def _listed(claims: Sequence[Claim], told: Explanation, audience: Audience) -> str:
    """The claims by number, as clauses, with who they are about."""
    values = {(o.name, f): v for o in told.decision.options for f, v in {**o.features, SCORE: o.score}.items()}
    lines = []
    for number, claim in enumerate(claims, 1):
        about = f"{claim.option}: " if isinstance(claim, ComparisonClaim) else ""
        lines.append(f"{number}. {about}{sentence(claim, values, audience)}")
    return "\n".join(lines)
