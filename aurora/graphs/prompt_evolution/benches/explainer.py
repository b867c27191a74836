"""Measures the explainer: which facts it tells about a decision, in which order, and what is sent back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from aurora.agents.arena.templates import general_template
from aurora.agents.explain.explainer import Explanation, Level, case_of, explain_case
from aurora.agents.explain.telling.readings import Fact
from aurora.agents.explain.wording import Audience
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.narrator import Narration, known_of, narrate
from aurora.graphs.prompt_evolution.bench import Case, Measured, case_rng
from aurora.graphs.prompt_evolution.benches.protected import protected_data, protected_labels
from aurora.prompts.loader import Prompt, Role
from aurora.sim.explain.claims import run_of
from aurora.sim.explain.decision import decisions
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec

POLICIES = (general_template(), REFERENCES["balanced_allocation"], REFERENCES["cheapest"], REFERENCES["fgd"])
"""Policies whose decisions are explained; the first one weighs many features."""
SEVERAL = 2
"""Features that decide, from which a decision is worth an explanation of its own."""
LEVELS_OF_TEXT: tuple[Level, ...] = ("short", "full")
AUDIENCES: tuple[Audience, ...] = ("operator", "engineer")
TRIES = 20
"""Most scenarios that are drawn until one has a decision with a reason."""
REASONS, ORDER, ONCE, SENT_BACK = 0.6, 0.2, 0.2, 0.1
"""Value of telling every feature that decided, of a reason first, and of no fact twice; cost of an answer sent back."""


@dataclass(frozen=True)
class ExplainerBench:
    """Asks for the explanation of a decision in a run of a reference policy.

    Attributes:
        families: Families of scenarios.
        seed: Random seed of scenarios and decisions.
        level: Level of the scenarios.
    """

    families: tuple[str, ...] = ("batch", "services", "video")
    seed: int = 0
    level: int = 2

    role: Role = field(default="explainer", init=False)
    names: frozenset[str] = field(default=frozenset(), init=False)
    unit: str = field(default="points", init=False)

    def measure(self, model: MeteredModel, prompt: Prompt, case: Case) -> Measured:
        """Measure a prompt on a case; see `Bench`.

        Raises:
            ModelError: The provider failed.
            BudgetExceeded: The budget of the case or of the run is spent.
        """
        scenario, explanation, detail, audience = self._drawn(case)
        narration = narrate(model, prompt, explanation, scenario, detail, audience)
        known = known_of(explanation, scenario, audience)
        reasons = {n for n, fact in enumerate(known.facts, 1) if fact.role == "reason"}
        told = set(narration.chosen)
        needed = _features(known.facts[n - 1] for n in reasons)
        given = needed & _features(known.facts[n - 1] for n in reasons & told if n <= len(known.facts))
        value = REASONS * (len(given) / len(needed))
        value += ORDER * (bool(narration.chosen) and narration.chosen[0] in reasons)
        value += ONCE * (bool(told) and len(told) == len(narration.chosen))
        value -= SENT_BACK * len(narration.rejected)
        if not narration.is_models:
            value = 0.0
        missing = len(needed - given)
        return Measured(
            max(0.0, value),
            0,
            (f"{len(given)} of {len(needed)} features that decided told, {_order(narration, reasons)}; {detail} text",),
            (*narration.rejected, *(f"struck: {reason}" for _, reason in narration.struck)),
            (f"{missing} features that decided, each in a fact marked reason, were not told",) if missing else (),
        )

    def unanswered(self, case: Case) -> Measured:
        """Return no points."""
        return Measured(0.0, 0, ("no explanation was arranged",))

    def labels(self, case: Case) -> frozenset[str]:
        """Return the id and the seed of the case's scenario."""
        return protected_labels([self._with_reasons(case)[0]])

    def data(self, case: Case) -> tuple[str, ...]:
        """Return the names and descriptions in the case's scenario."""
        return protected_data([self._drawn(case)[0]])

    def _drawn(self, case: Case) -> tuple[Scenario, Explanation, Level, Audience]:
        _, explanation, scenario, rng = self._with_reasons(case)
        detail = LEVELS_OF_TEXT[int(rng.integers(len(LEVELS_OF_TEXT)))]
        return scenario, explanation, detail, AUDIENCES[int(rng.integers(len(AUDIENCES)))]

    def _with_reasons(self, case: Case) -> tuple[ScenarioSpec, Explanation, Scenario, np.random.Generator]:
        """Draw scenarios until one has a decision that several features decided; else take the one with the most."""
        rng = case_rng(self.seed, case)
        best: tuple[int, tuple[ScenarioSpec, Explanation, Scenario]] | None = None
        for _ in range(TRIES):
            spec = sample_spec(case.family, self.level, rng)
            scenario = expand(spec)
            run = run_of(scenario, POLICIES[int(rng.integers(len(POLICIES)))])
            contested = [d for d in decisions(scenario, run.policy, run.outcome) if d.feasible > 1]
            if not contested:
                continue
            task_id = contested[int(rng.integers(len(contested)))].task_id
            explanation = explain_case(case_of(run, task_id), task_id)
            facts = known_of(explanation, scenario, "operator").facts
            count = len(_features(f for f in facts if f.role == "reason"))
            if count and (best is None or count > best[0]):
                best = count, (spec, explanation, scenario)
            if count >= SEVERAL:
                break
        assert best is not None, f"{case.name}: no decision with a reason in {TRIES} scenarios"
        return *best[1], rng


def _features(facts: Iterable[Fact]) -> set[str]:
    """Return the features that facts are about; the kind of a fact that is about none."""
    found: set[str] = set()
    for fact in facts:
        slots = fact.readings[0].slots
        several = slots.get("features")
        own = {str(f) for f in several} if isinstance(several, frozenset) else set()
        found |= own | {str(slots["feature"])} if "feature" in slots else own or {fact.readings[0].kind}
    return found


def _order(narration: Narration, reasons: set[int]) -> str:
    if not narration.chosen:
        return "nothing chosen"
    begins = "begins with a reason" if narration.chosen[0] in reasons else "does not begin with a reason"
    twice = len(narration.chosen) - len(set(narration.chosen))
    return f"{begins}, {twice} facts told twice" if twice else begins
