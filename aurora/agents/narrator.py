"""The explainer with a model: it words claims that were checked, and its words are checked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aurora.agents.agent import run_agent
from aurora.agents.answers import ExplanationAnswer
from aurora.agents.explainer import Explanation, Level, PlanExplanation, shown_values
from aurora.agents.metered import MeteredModel
from aurora.agents.naming import shown
from aurora.agents.rewording import Reworded, hold
from aurora.agents.wording import Audience, sentence
from aurora.prompts.loader import Prompt
from aurora.sim.claims import Claim, ComparisonClaim
from aurora.sim.decision import Decision
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
    model: MeteredModel,
    prompt: Prompt,
    told: Explanation | PlanExplanation,
    scenario: Scenario,
    level: Level,
    audience: Audience,
) -> Narration:
    """Have a model word an explanation.

    Args:
        model: Who is asked.
        prompt: Of the explainer.
        told: The explanation of a decision or of a whole run, with its checked claims.
        scenario: Whose names may be used.
        level: How much to say.
        audience: For whom.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    claims = [c.claim for c in told.checked if c.holds]
    decision = told.decision if isinstance(told, Explanation) else None
    filled = prompt.fill(
        audience=AUDIENCES[audience],
        length=LENGTHS[level],
        subject=_subject(told),
        claims=_listed(claims, decision, audience),
    )

    def accept(answer: ExplanationAnswer) -> Reworded:
        return hold([(s.text, s.claims) for s in answer.sentences], claims, decision, scenario)

    held = run_agent(model, filled, ExplanationAnswer, accept, temperature=TEMPERATURE).value
    return Narration(held.text or told.text, bool(held.text), held.struck, prompt.prompt_id)


def _subject(told: Explanation | PlanExplanation) -> str:
    if isinstance(told, PlanExplanation):
        return f"a whole run, {told.policy_id} on {told.scenario_id}"
    decision = told.decision
    if decision is None:
        return f"why task {shown(told.task_id)} was never placed"
    where = shown(decision.chosen.name)
    return f"the decision that placed task {shown(decision.task_id)} on {where} at {decision.time:.6g} s"


def _listed(claims: Sequence[Claim], decision: Decision | None, audience: Audience) -> str:
    """The claims by number, as clauses, with who they are about."""
    values = shown_values(decision)
    lines = []
    for number, claim in enumerate(claims, 1):
        about = f"{shown(claim.option)}: " if isinstance(claim, ComparisonClaim) else ""
        lines.append(f"{number}. {about}{sentence(claim, values, audience)}")
    return "\n".join(lines)
