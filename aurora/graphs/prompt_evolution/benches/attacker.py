"""Measures the attacker: the rewards of its scenarios against a fixed panel of policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import measurements
from aurora.agents.arena.source import Source
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.attacker import AttackBriefing, Played, write_scenarios
from aurora.agents.search.scenario_search import NEAR_DUPLICATE, Known, complexity, describe, diversity
from aurora.agents.search.variation import vary
from aurora.graphs.nodes.attack import INDIFFERENCE
from aurora.graphs.prompt_evolution.bench import Case, Measured, case_rng
from aurora.graphs.prompt_evolution.benches.protected import protected_labels, protected_specs
from aurora.memory.measurement_cache import MeasurementCache
from aurora.memory.texts import scenario_text
from aurora.prompts.loader import Prompt, Role
from aurora.sim.kernel import encode
from aurora.sim.optimum.witness import solver_witness, unplaceable
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import attacker_reward, succeeds
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.sim.scenarios.spec import ScenarioSpec

WANTED = 3
"""Scenarios of a case."""
EARLIER = 4
"""Earlier scenarios that the model is shown."""
EXPANSIONS = 3
"""Expansions of a written scenario, whose rewards are averaged; the success rate of a single one is mostly chance."""
PANEL = 12
"""Policies that stand for the defender; their share of successes is what the reward depends on."""


class _Scored(NamedTuple):
    """A scenario's reward with its parts, or why it has none."""

    reward: float
    success: float
    refusal: str = ""
    novelty: float = 0.0
    complexity: float = 0.0


@dataclass(frozen=True)
class AttackerBench:
    """Asks for scenarios of a level, and scores them as self-play does.

    Attributes:
        source: Source whose references set the mark; one with levels.
        families: Levels, written `level 2`.
        seed: Random seed of the earlier scenarios and of the panel.
        cache: Measurements.
    """

    source: Source
    families: tuple[str, ...] = ("level 2", "level 3")
    seed: int = 0
    cache: MeasurementCache = field(default_factory=MeasurementCache)

    role: Role = field(default="attacker", init=False)
    names: frozenset[str] = field(default=frozenset(), init=False)
    unit: str = field(default="mean reward", init=False)

    def measure(self, model: MeteredModel, prompt: Prompt, case: Case) -> Measured:
        """Measure a prompt on a case; see `Bench`.

        Raises:
            ModelError: The provider failed.
            BudgetExceeded: The budget of the case or of the run is spent.
        """
        level = _level(case)
        earlier = self._earlier(case)
        known, played = list[Known](), list[Played]()
        for spec in earlier:
            scored = self._score(spec, known, level)
            known.append(Known(spec, scored.reward, describe(self.source.expand(spec))))
            played.append(Played(spec, scored.reward, scored.success))
        seed = int(case_rng(self.seed + 1, case).integers(2**31))
        written = write_scenarios(model, prompt, AttackBriefing(level, WANTED, played, (), seed))
        rewards, outcomes, refusals = [], [], list(written.rejected)
        for spec in written.specs[:WANTED]:
            scored = self._averaged(spec, known, level)
            rewards.append(scored.reward)
            if scored.refusal:
                refusals.append(f"{_text(spec)}: {scored.refusal}")
            else:
                known.append(Known(spec, scored.reward, describe(self.source.expand(spec))))
                told = f"reward {scored.reward:.2f} (success rate {scored.success:.2f}, distance {scored.novelty:.2f}"
                aim = f"complexity {scored.complexity:.2f}, wanted {LEVELS[level - 1].difficulty / 10:.2f})"
                outcomes.append(f"{told}, {aim}: {_text(spec)}")
        panel = len(self._panel) + len(self.source.references)
        simulations = panel * EXPANSIONS * len(written.specs[:WANTED])
        return Measured(sum(rewards) / WANTED, simulations, tuple(outcomes), tuple(refusals))

    def unanswered(self, case: Case) -> Measured:
        """Return no reward."""
        return Measured(0.0, 0, ("no scenario was written",))

    def labels(self, case: Case) -> frozenset[str]:
        """Return the ids and seeds of the earlier scenarios."""
        return protected_labels(self._earlier(case))

    def data(self, case: Case) -> tuple[str, ...]:
        """Return the descriptions of the earlier scenarios."""
        return protected_specs(self._earlier(case))

    def _earlier(self, case: Case) -> list[ScenarioSpec]:
        rng = case_rng(self.seed, case)
        families = self.source.training
        return [
            self.source.sample(families[int(rng.integers(len(families)))], _level(case), rng) for _ in range(EARLIER)
        ]

    @cached_property
    def _panel(self) -> list[Policy]:
        """Variations of the template and of references, the same for every prompt."""
        rng = np.random.default_rng([self.seed, PANEL])
        parents = [self.source.templates[0], *(p for n, p in self.source.references.items() if n != "random")]
        return [vary(parents[k % len(parents)], parents[int(rng.integers(len(parents)))], rng) for k in range(PANEL)]

    def _averaged(self, spec: ScenarioSpec, known: list[Known], level: int) -> _Scored:
        """Score several expansions of a spec, and average; a spec whose first one is refused has no reward."""
        first = self._score(spec, known, level)
        if first.refusal:
            return first
        seeds = [(spec.seed + k) % 2**31 for k in range(1, EXPANSIONS)]
        others = [self._score(spec.model_copy(update={"seed": seed}), known, level) for seed in seeds]
        played = [first, *(s for s in others if not s.refusal)]
        return first._replace(
            reward=sum(s.reward for s in played) / EXPANSIONS,
            success=sum(s.success for s in played) / len(played),
        )

    def _score(self, spec: ScenarioSpec, known: list[Known], level: int) -> _Scored:
        """Score a scenario as self-play does; one that self-play refuses has no reward."""
        scenario = self.source.expand(spec)
        encoded, description = encode(scenario), describe(scenario)
        if known and diversity(description, known) < NEAR_DUPLICATE:
            return _Scored(0.0, 0.0, "near duplicate of an earlier scenario")
        hopeless = unplaceable(encoded)
        if hopeless:
            return _Scored(0.0, 0.0, hopeless)
        references = list(self.source.references.values())
        programs = [compile_policy(p) for p in (*references, *self._panel)]
        rows = [row[0] for row in measurements(self.source, [encoded], programs, 1, self.cache)]
        marks, achieved = ([value for value, _ in part] for part in (rows[: len(references)], rows[len(references) :]))
        most = max(summary.completed for _, summary in rows[: len(references)])
        unsolved = "" if most == len(scenario.tasks) else solver_witness(encoded, most).reason
        if unsolved:
            return _Scored(0.0, 0.0, unsolved)
        if max(marks) - min(marks) <= INDIFFERENCE:
            return _Scored(0.0, 0.0, "all policies achieve the same on it, so there is nothing to decide")
        success = sum(succeeds(value, marks) for value in achieved) / len(achieved)
        target, novelty = LEVELS[level - 1].difficulty / 10, diversity(description, known)
        reward = attacker_reward(success, novelty, complexity(description), target)
        return _Scored(reward, success, "", novelty, complexity(description))


def _level(case: Case) -> int:
    return int(case.family.rpartition(" ")[2])


def _text(spec: ScenarioSpec) -> str:
    """Describe a scenario by its figures, without what its author says about it, which could hold orders."""
    return scenario_text(spec.model_copy(update={"rationale": ""}))
