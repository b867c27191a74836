"""The evolver: from what failed under a prompt, a model writes variants of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import Field

from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.briefing import quote_texts
from aurora.agents.roles.variants import Bounds, problems
from aurora.errors import InputError
from aurora.prompts.loader import Prompt, Role
from aurora.types import Frozen

TEMPERATURE = 0.9
"""Sampling temperature, high so that variants differ."""
MAX_VARIANTS = 3
"""Most variants of one answer."""
MAX_SHOWN = 8
"""Most failures of each kind that the evolver is shown."""
WORK: dict[Role, str] = {
    "attacker": "It writes scenarios on which allocation policies should differ. A case asks for a few scenarios of a "
    "level; its value is the mean reward of those asked for, 0 to 1, and a refused one earns nothing.",
    "defender": "It writes allocation policies. A case shows some scenarios; of the policies written the best one on "
    "these is measured on others of the same family. The value is its lead over the best reference policy there.",
    "explainer": "It arranges facts about an allocation decision for a reader. The value, 0 to 1, is high if every "
    "feature that decided is told, the text opens with because and reasons, a full text tells every fact, a short one "
    "its counterfactual, nothing is repeated, and links fit.",
    "operator": "It answers an operator's questions about a cluster from evidence that tools give. The value, 0 to 1: "
    "0.6 for the facts that the question needs, 0.3 for sentences that hold at once, 0.1 for tool calls that succeed.",
}
"""Work of each role, and how a case is valued."""

_Note = Annotated[str, Field(min_length=1, max_length=600)]


class VariantAnswer(Frozen):
    """A variant of the prompt."""

    changed: _Note = Field(description="what was changed, in a sentence or two")
    why: _Note = Field(description="which failure that should cure, and how")
    text: str = Field(min_length=1, max_length=20_000, description="the whole prompt, with both headings and all slots")


class VariantsAnswer(Frozen):
    """The variants that were asked for."""

    variants: list[VariantAnswer] = Field(min_length=1, max_length=MAX_VARIANTS, description="each with another idea")


class Tried(NamedTuple):
    """An earlier variant, and what became of it."""

    changed: str
    fate: str


class EvolveBriefing(NamedTuple):
    """Facts that the evolver is given.

    Attributes:
        prompt: Present prompt.
        bounds: What a variant must keep to.
        outcomes: What was measured under the prompt, in words.
        refusals: Reasons for which answers under it were sent back.
        claims: Verified facts about where it lost.
        tried: Earlier variants.
        wanted: Number of variants to write.
    """

    prompt: Prompt
    bounds: Bounds
    outcomes: Sequence[str]
    refusals: Sequence[str]
    claims: Sequence[str]
    tried: Sequence[Tried]
    wanted: int


class WrittenVariants(NamedTuple):
    """Variants that may be measured, and the reasons against the others."""

    variants: tuple[VariantAnswer, ...]
    refused: tuple[str, ...]


def write_variants(model: MeteredModel, meta: Prompt, briefing: EvolveBriefing) -> WrittenVariants:
    """Ask a model for variants of a prompt; an answer without an admissible one goes back with the reasons.

    Args:
        model: Model to ask.
        meta: Prompt of the evolver.
        briefing: Facts for it.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    refused: list[str] = []

    def accept(answer: VariantsAnswer) -> tuple[VariantAnswer, ...]:
        accepted, reasons = [], []
        for place, variant in enumerate(answer.variants[: briefing.wanted], 1):
            found = problems(variant.text, briefing.bounds)
            if variant.text.strip() == briefing.prompt.text.strip():
                found.append("it is the present prompt")
            if found:
                reasons.append(f"variant {place}: {'; '.join(found)}")
            else:
                accepted.append(variant)
        if not accepted:
            raise InputError("; ".join(reasons))
        refused.extend(reasons)
        return tuple(accepted)

    finished = run_agent(model, meta.fill(**_slots(briefing)), VariantsAnswer, accept, temperature=TEMPERATURE)
    return WrittenVariants(finished.value, (*finished.rejected, *refused))


def _slots(briefing: EvolveBriefing) -> dict[str, str]:
    role = briefing.prompt.role
    return {
        "role": role,
        "work": WORK[role],
        "prompt": briefing.prompt.text.strip(),
        "characters": str(briefing.bounds.characters),
        "names": ", ".join(sorted(briefing.bounds.names)) or "those in the prompt",
        "outcomes": quote_texts(briefing.outcomes),
        "refusals": quote_texts(briefing.refusals[:MAX_SHOWN]),
        "claims": quote_texts(briefing.claims[:MAX_SHOWN]),
        "tried": quote_texts(f"{t.changed}: {t.fate}" for t in briefing.tried[-MAX_SHOWN:]),
        "count": str(briefing.wanted),
    }
