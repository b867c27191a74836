"""The attacker with a model: it writes specs of scenarios that are neither trivial nor unsolvable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError

from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.answers import ScenariosAnswer, sizes, to_spec
from aurora.agents.roles.briefing import quote_texts, weak_areas
from aurora.errors import ScenarioError
from aurora.memory.texts import scenario_text
from aurora.prompts.loader import Prompt
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.spec import ScenarioSpec
from aurora.validation import explain_validation

TEMPERATURE = 0.9
"""Sampling temperature, high so that scenarios differ."""
MAX_SCENARIOS_SHOWN = 6
"""Most earlier scenarios of each kind that the attacker is shown."""


MAX_CHARACTERS_QUOTED = 80
"""Characters of a rationale that identify a refused scenario."""


class Played(NamedTuple):
    """An earlier scenario with its value, and the success rate of the defender's candidates on it."""

    spec: ScenarioSpec
    reward: float
    success: float


class AttackBriefing(NamedTuple):
    """Facts that the attacker is given.

    Attributes:
        level: Level of the curriculum.
        wanted: Number of scenarios to write.
        played: Latest scenarios of the run, oldest first.
        rejected: Scenarios sent back in this iteration, each with the reason.
        seed: Random seed of the first expansion; each scenario gets the next one.
        accepted: Scenarios that this iteration already has.
    """

    level: int
    wanted: int
    played: Sequence[Played]
    rejected: Sequence[str]
    seed: int
    accepted: Sequence[ScenarioSpec] = ()


class Written(NamedTuple):
    """Scenarios that the attacker wrote, and the reasons against earlier answers."""

    specs: tuple[ScenarioSpec, ...]
    rejected: tuple[str, ...]


def write_scenarios(model: MeteredModel, prompt: Prompt, briefing: AttackBriefing) -> Written:
    """Ask a model for scenarios.

    Raises:
        AnswerError: No answer was valid.
        ModelError: The provider failed.
        BudgetExceeded: The budget is spent.
    """
    refused: list[str] = []

    def accept(answer: ScenariosAnswer) -> tuple[ScenarioSpec, ...]:
        """Return the scenarios that can be expanded; an answer without one is sent back."""
        accepted, reasons = [], []
        for place, scenario in enumerate(answer.scenarios[: briefing.wanted]):
            try:
                accepted.append(expandable(to_spec(scenario, briefing.level, (briefing.seed + place) % 2**31)))
            except ScenarioError as error:
                reasons.append(
                    f"scenario {place + 1} ({json.dumps(scenario.rationale[:MAX_CHARACTERS_QUOTED])}): {error}"
                )
        if not accepted:
            raise ScenarioError("; ".join(reasons))
        refused.extend(reasons)
        return tuple(accepted)

    finished = run_agent(model, prompt.fill(**_slots(briefing)), ScenariosAnswer, accept, temperature=TEMPERATURE)
    return Written(finished.value, (*finished.rejected, *refused))


def expandable(spec: ScenarioSpec) -> ScenarioSpec:
    """Return the spec if it can be expanded.

    Raises:
        ScenarioError: The values are valid, but a drawn or summed one is out of range.
    """
    try:
        expand(spec)
    except ValidationError as error:
        raise ScenarioError(f"what is drawn from it is out of range: {explain_validation(error)}") from None
    except (ArithmeticError, ValueError) as error:
        raise ScenarioError(f"what is drawn from it is out of range: {error}; use smaller magnitudes") from None
    return spec


def _slots(briefing: AttackBriefing) -> dict[str, str]:
    level = LEVELS[briefing.level - 1]
    here = [p for p in briefing.played if p.spec.level == briefing.level]
    recent = (
        f"{sum(p.success for p in here) / len(here):.2f} over {len(here)} scenarios" if here else "nothing played yet"
    )
    best = sorted(here or briefing.played, key=lambda p: -p.reward)[:MAX_SCENARIOS_SHOWN]
    others = [p.spec for p in briefing.played if p not in best]
    rewarding = [f"{p.reward:.2f}, {p.success:.2f}: {scenario_text(p.spec)}" for p in best]
    return {
        "level": str(briefing.level),
        "difficulty": str(level.difficulty),
        "tasks": "{} to {}".format(*sizes(level.tasks)),
        "nodes": "{} to {}".format(*sizes(level.nodes)),
        "demand": f"{level.demand:g}",
        "success": recent,
        "weak": weak_areas((p.spec, p.success) for p in briefing.played),
        "rewarding": quote_texts(rewarding),
        "known": quote_texts(scenario_text(spec) for spec in (*others[-MAX_SCENARIOS_SHOWN:], *briefing.accepted)),
        "rejected": quote_texts(briefing.rejected),
        "count": str(briefing.wanted),
    }
