"""Measures the defender: its policies on scenarios that it was not shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantages, arena, measurements
from aurora.agents.arena.source import Source, Spec
from aurora.agents.models.metered import MeteredModel
from aurora.agents.roles.defender import (
    DEFENDER_TOOLS,
    LUCKY_REFERENCE,
    STANCES,
    DefendBriefing,
    tools_of,
    write_policies,
)
from aurora.agents.roles.programs import program_told
from aurora.graphs.lessons import differences
from aurora.graphs.nodes.defend import sums
from aurora.graphs.prompt_evolution.bench import Case, Measured, case_rng
from aurora.graphs.prompt_evolution.benches.protected import protected_data, protected_labels
from aurora.graphs.proposers.model import MAX_POLICIES_SHOWN
from aurora.memory.measurement_cache import MeasurementCache
from aurora.prompts.loader import Prompt, Role
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness, Limits

LIMITS = Limits(calls=12, calls_a_tool=6)
"""Limits of the tools in a conversation."""
SHOWN, JUDGED = 2, 6
"""Scenarios of a case that the model is shown, and others on which its policy is measured."""
SHOWN_OF_TRACE, JUDGED_OF_TRACE = 1, 4
"""The same for scenarios from a trace, which are large."""


class Drawn(NamedTuple):
    """The scenarios of a case."""

    shown: tuple[Spec, ...]
    judged: tuple[Spec, ...]


@dataclass(frozen=True)
class DefenderBench:
    """Asks for policies on some scenarios of a family, and measures the best of them on others of the family.

    Attributes:
        source: Source of scenarios.
        families: Families of cases.
        seed: Random seed of the scenarios.
        level: Level of the scenarios, where the source has levels.
        cache: Measurements, of the references among others.
    """

    source: Source
    families: tuple[str, ...]
    seed: int = 0
    level: int = 3
    cache: MeasurementCache = field(default_factory=MeasurementCache)

    role: Role = field(default="defender", init=False)
    names: frozenset[str] = field(default=frozenset(DEFENDER_TOOLS), init=False)

    @property
    def unit(self) -> str:
        """Return the unit of the value, which is a lead over the best reference."""
        return f"{self.source.unit} over the best reference"

    def measure(self, model: MeteredModel, prompt: Prompt, case: Case) -> Measured:
        """Measure a prompt on a case; see `Bench`.

        Raises:
            ModelError: The provider failed.
            BudgetExceeded: The budget of the case or of the run is spent.
        """
        shown, judged = self._encoded(case)
        here = arena(self.source, shown, 1, self.cache)
        harnesses: list[Harness] = []

        def harness() -> Harness:
            desk = Desk(shown, {}, value=self.source.value)
            tools = tools_of(with_networks=False, in_units=self._in_units)
            harnesses.append(Harness(desk, tools, limits=LIMITS, recording=model.recording))
            return harnesses[-1]

        written = write_policies(model, prompt, self._briefing(here), harness, len(STANCES))
        drafts = sum(e.tool == "draft_policy" for h in harnesses for e in h.journal)
        if not written.policies:
            return self.unanswered(case)._replace(refusals=written.failures, simulations=drafts * len(shown))
        leads = advantages(here, [compile_policy(p) for p in written.policies], 1).mean(axis=1)
        best = written.policies[int(np.argmax(leads))]
        measured = self._measured(judged, best, float(leads.max()))
        simulations = (drafts + len(written.policies)) * len(shown) + len(judged)
        return measured._replace(refusals=written.failures, simulations=simulations)

    def unanswered(self, case: Case) -> Measured:
        """Return what the reference achieves that is best on the scenarios shown, which a user has without a model."""
        shown, judged = self._encoded(case)
        here = arena(self.source, shown, 1, self.cache)
        name = here.reference_names[int(np.argmax(here.reference_values.mean(axis=1)))]
        there = arena(self.source, judged, 1, self.cache)
        lead = advantages(there, [compile_policy(self.source.references[name])], 1)[0]
        return Measured(float(lead.mean()), len(judged), ("no policy was written",))

    def labels(self, case: Case) -> frozenset[str]:
        """Return the ids of the case's scenarios, their seeds, and the files of the source."""
        drawn = self._drawn(case)
        return protected_labels((*drawn.shown, *drawn.judged), self.source.files)

    def data(self, case: Case) -> tuple[str, ...]:
        """Return the names and descriptions in the case's scenarios."""
        shown, _ = self._encoded(case)
        return protected_data([e.scenario for e in shown], in_units=self._in_units)

    @property
    def _in_units(self) -> bool:
        return self.source.unit == "reward"

    def _drawn(self, case: Case) -> Drawn:
        rng = case_rng(self.seed, case)
        shown, judged = (SHOWN, JUDGED) if self.source.has_levels else (SHOWN_OF_TRACE, JUDGED_OF_TRACE)
        level = self.level if self.source.has_levels else 1
        specs = [self.source.sample(case.family, level, rng) for _ in range(shown + judged)]
        return Drawn(tuple(specs[:shown]), tuple(specs[shown:]))

    def _encoded(self, case: Case) -> tuple[list[EncodedScenario], list[EncodedScenario]]:
        drawn = self._drawn(case)
        shown, judged = ([encode(self.source.expand(s)) for s in part] for part in drawn)
        return shown, judged

    def _briefing(self, here: Arena) -> DefendBriefing:
        means = here.reference_values.mean(axis=1)
        best = [here.reference_names[i] for i in np.argsort(-means, kind="stable")[:MAX_POLICIES_SHOWN]]
        values = dict(zip(here.reference_names, means.tolist(), strict=True))
        return DefendBriefing(
            [e.scenario for e in here.scenarios],
            self.source.measure,
            dict(zip(here.reference_names, here.reference_values.tolist(), strict=True)),
            [(self.source.references[n], values[n]) for n in best],
            (),
            self.source.templates[0].allocation_strategy if self.source.queue_is_given else None,
            in_units=self._in_units,
        )

    def _measured(self, judged: Sequence[EncodedScenario], policy: Policy, shown: float) -> Measured:
        there = arena(self.source, judged, 1, self.cache)
        row = measurements(self.source, judged, [compile_policy(policy)], 1, self.cache)[0]
        leads = np.array([value for value, _ in row]) - there.mark
        mean = float(leads.mean())
        program = " | ".join(line.strip() for line in program_told(policy).splitlines())
        outcome = f"{mean:+.4f} on scenarios not shown, {shown:+.4f} on those shown, by the program {program}"
        return Measured(mean, outcomes=(outcome,), claims=self._losses(there, row, leads))

    def _losses(self, there: Arena, row: Sequence[tuple[float, object]], leads: np.ndarray) -> tuple[str, ...]:
        """Return how the policy differs from the best reference on the scenario where it lost most."""
        worst = int(np.argmin(leads))
        if leads[worst] >= 0:
            return ()
        names = [n for n in there.reference_names if n != LUCKY_REFERENCE]
        values = {n: there.reference_values[there.reference_names.index(n), worst] for n in names}
        best = max(names, key=lambda n: (values[n], n))
        lost = f"{row[worst][0] - values[best]:+.4f} against {best} on a scenario that was not shown"
        if not self._in_units:
            return (lost,)
        encoded = there.scenarios[worst]
        program = compile_policy(self.source.references[best])
        other = measurements(self.source, [encoded], [program], 1, self.cache)[0][0][1]
        own = sums(row[worst][1], encoded.scenario)  # type: ignore[arg-type]  # a summary
        return (f"{lost}: {differences(own, sums(other, encoded.scenario))}",)
