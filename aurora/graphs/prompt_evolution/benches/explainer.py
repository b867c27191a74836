"""Measures the explainer: which facts it tells about a decision, in which order, and what is sent back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

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
CASES_KEPT = 64
"""Cases that are kept once drawn: several variants and trials meet the same ones."""
_DRAWING = Lock()
REASONS, OPENING, SCOPE, ONCE, LINKS, SENT_BACK = 0.35, 0.2, 0.2, 0.15, 0.1, 0.1
"""Value of the parts of an explanation, see `_parts`; cost of an answer sent back."""


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
        facts = known_of(explanation, scenario, audience).facts
        parts = _parts(facts, narration, detail)
        value = sum(part.weight * part.share for part in parts) - SENT_BACK * len(narration.rejected)
        if not narration.is_models:
            value = 0.0
        return Measured(
            max(0.0, value),
            0,
            (f"{detail} text: " + ", ".join(f"{part.what} {part.share:.0%}" for part in parts),),
            (*narration.rejected, *(f"struck: {reason}" for _, reason in narration.struck)),
            tuple(dict.fromkeys(part.lacking for part in parts if part.share < 1)),
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
        with _DRAWING:  # drawing takes longer than asking, and trials of a case run side by side
            return _drawn_once(self, case)

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


class Part(NamedTuple):
    """A part of an explanation's value.

    Attributes:
        what: The part in words.
        weight: Most that it is worth.
        share: Share of it that was reached, 0 to 1.
        lacking: What is wrong where the share is below 1.
    """

    what: str
    weight: float
    share: float
    lacking: str


def _parts(facts: Sequence[Fact], narration: Narration, detail: Level) -> tuple[Part, ...]:
    """Value an arrangement by its parts, each a share."""
    chosen, told = narration.chosen, set(narration.chosen)
    reasons = {n for n, fact in enumerate(facts, 1) if fact.role == "reason"}
    limits = {n for n, fact in enumerate(facts, 1) if fact.role in ("counterfactual", "shortfall")}
    wanted = set(range(1, len(facts) + 1)) if detail == "full" else limits
    deciding = _features(facts[n - 1] for n in reasons)
    given = deciding & _features(facts[n - 1] for n in reasons & told)
    new = sum(_adds(facts, chosen[:k], chosen[k], by_fact=detail == "full") for k in range(len(chosen)))
    scope = "all facts told" if detail == "full" else "counterfactual and shortfall told"
    missing = "a full text left facts out" if detail == "full" else "a counterfactual or a shortfall was not told"
    return (
        Part(
            "features that decided told",
            REASONS,
            len(given) / len(deciding),
            "a feature that decided, in a fact marked reason, was not told",
        ),
        Part(
            "opens with because and reasons only",
            OPENING,
            float(bool(chosen) and _opens(narration, reasons)),
            "the first sentence had no link because, or a fact in it that is not marked reason",
        ),
        Part(scope, SCOPE, len(wanted & told) / len(wanted) if wanted else 1.0, missing),
        Part(
            "facts that add something",
            ONCE,
            new / len(chosen) if chosen else 0.0,
            "a fact was told that repeats what facts before it say",
        ),
        Part("links that fit", LINKS, _fitting(narration, facts), "a link did not fit its facts and was left out"),
    )


def _opens(narration: Narration, reasons: set[int]) -> bool:
    first = narration.arranged[0]
    return first.link == "because" and all(number in reasons for number, _ in first.claims)


def _adds(facts: Sequence[Fact], before: Sequence[int], number: int, *, by_fact: bool) -> bool:
    """Return whether a fact adds to those before it.

    In a short text one on features that are told already adds nothing, unless it is the first with their figures.
    """
    if number in before:
        return False
    fact = facts[number - 1]
    if by_fact or fact.role not in ("reason", "setting"):
        return True
    told = [facts[n - 1] for n in before if facts[n - 1].role in ("reason", "setting")]
    return not _features([fact]) <= _features(told if _is_list(fact) else [f for f in told if not _is_list(f)])


def _is_list(fact: Fact) -> bool:
    """Return whether a fact lists features without their figures."""
    return isinstance(fact.readings[0].slots.get("features"), frozenset)


def _fitting(narration: Narration, facts: Sequence[Fact]) -> float:
    """Return the share of links that the text keeps."""
    kept = []
    for place, sentence in enumerate(narration.arranged):
        if sentence.link == "because":
            kept.append(place == 0)
        elif sentence.link == "but":
            kept.append(place > 0 and facts[sentence.claims[0][0] - 1].role in ("counterfactual", "shortfall"))
        elif sentence.link == "also":
            kept.append(place > 0)
    return sum(kept) / len(kept) if kept else 1.0


@lru_cache(maxsize=CASES_KEPT)
def _drawn_once(bench: ExplainerBench, case: Case) -> tuple[Scenario, Explanation, Level, Audience]:
    _, explanation, scenario, rng = bench._with_reasons(case)  # its own
    detail = LEVELS_OF_TEXT[int(rng.integers(len(LEVELS_OF_TEXT)))]
    return scenario, explanation, detail, AUDIENCES[int(rng.integers(len(AUDIENCES)))]


def _features(facts: Iterable[Fact]) -> set[str]:
    """Return the features that facts are about; the kind of a fact that is about none."""
    found: set[str] = set()
    for fact in facts:
        slots = fact.readings[0].slots
        several = slots.get("features")
        own = {str(f) for f in several} if isinstance(several, frozenset) else set()
        found |= own | {str(slots["feature"])} if "feature" in slots else own or {fact.readings[0].kind}
    return found
