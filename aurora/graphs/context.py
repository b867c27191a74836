"""The context that the nodes of self-play share, and the initial state of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantage, arena, measurements
from aurora.agents.arena.source import Source
from aurora.agents.models.metered import Call, MeteredModel
from aurora.agents.search.effort import PARTS
from aurora.agents.search.policy_search import first_state
from aurora.graphs.events import Listener, StopReason
from aurora.graphs.proposers.model import (
    BothPolicyProposer,
    BothScenarioProposer,
    ModelPolicyProposer,
    ModelScenarioProposer,
)
from aurora.graphs.proposers.protocols import PolicyProposer, ScenarioProposer
from aurora.graphs.proposers.search import SearchPolicyProposer, SearchScenarioProposer
from aurora.graphs.settings import SelfPlaySettings
from aurora.graphs.start import first_searched
from aurora.graphs.state import Abandoned, Standing
from aurora.graphs.validation import VALIDATION_SEED, Pool
from aurora.memory.index import Index
from aurora.memory.measurement_cache import Measurement, MeasurementCache
from aurora.memory.records import NewPrompt
from aurora.memory.store import Store
from aurora.prompts.loader import Prompt
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import LEVELS, Curriculum


class Authors(NamedTuple):
    """A model that writes scenarios and policies for a run, and the versions of its prompts."""

    model: MeteredModel
    attacker: Prompt
    defender: Prompt

    def begin(self, iteration: int, tell: Listener) -> None:
        """Assign the model's calls from now on to an iteration, and send their events to a listener.

        Args:
            iteration: Number of the iteration, from 0.
            tell: Callback for events.
        """
        self.model.recording.begin(f"iteration {iteration}")
        self.model.watch = partial(_tell_call, iteration, tell)
        self.model.tell = lambda text: tell({"event": "remark", "iteration": iteration, "text": text})

    @property
    def prompts(self) -> list[NewPrompt]:
        """The two prompts as rows of the archive."""
        return [NewPrompt(p.prompt_id, p.role, p.text) for p in (self.attacker, self.defender)]


def _tell_call(iteration: int, tell: Listener, call: Call) -> None:
    spent = call.spent
    tell(
        {
            "event": "model",
            "iteration": iteration,
            "cached": call.cached,
            "calls": spent.calls,
            "tokens_in": spent.tokens_in,
            "tokens_out": spent.tokens_out,
            "dollars": spent.dollars,
            "model_seconds": spent.seconds,
            "retries": spent.retries,
        }
    )


@dataclass(frozen=True)
class RunContext:
    """The context that the nodes share; its fields stay the same throughout a run.

    Attributes:
        settings: Settings that determine the run.
        source: Source of scenarios, which defines values.
        store: Archive of the run.
        index: Index over the archive; None: similar scenarios are found by statistics.
        cache: Measurements of the iteration in progress.
        validation: Scenarios on which the champion is chosen; candidates meet fresh ones where they are close.
        scenario_proposer, policy_proposer: Attacker and defender.
        authors: Model with its prompts; None: no model is used.
        jobs: Number of threads.
        tell: Callback for every event.
        interrupted: Callback that returns True once an interruption is requested.
        deadline: Time on the clock, in seconds, at which the run stops; None: no time limit.
        clock: Monotonic clock, seconds.
    """

    settings: SelfPlaySettings
    source: Source
    store: Store
    index: Index | None
    cache: MeasurementCache
    validation: Pool
    scenario_proposer: ScenarioProposer
    policy_proposer: PolicyProposer
    authors: Authors | None = None
    jobs: int = 1
    tell: Listener = lambda event: None
    interrupted: Callable[[], bool] = lambda: False
    deadline: float | None = None
    clock: Callable[[], float] = time.monotonic

    def rng(self, iteration: int, part: int) -> np.random.Generator:
        """Return random numbers for a part of an iteration.

        They depend only on the seed and these two numbers, so a checkpoint needs no other random state.
        """
        return np.random.default_rng([self.settings.seed, iteration, part])

    def measure(self, scenarios: Sequence[EncodedScenario], policies: Sequence[Policy]) -> list[list[Measurement]]:
        """Measure every policy on every scenario, one row per policy; see `evaluation.measurements`."""
        return measurements(self.source, scenarios, [compile_policy(p) for p in policies], self.jobs, self.cache)

    def stop(self, committed: int) -> StopReason:
        """Return the reason why the run must stop now; "" if it must not.

        A time limit never stops the first iteration of a run, so that there always is a champion.

        Args:
            committed: Iterations that the archive holds.
        """
        if self.interrupted():
            return "interrupted"
        late = self.deadline is not None and self.clock() > self.deadline
        return "time limit" if late and committed else ""

    def go_on(self, committed: int) -> None:
        """Check that the iteration in progress may continue.

        Raises:
            Abandoned: The run must stop now.
        """
        reason = self.stop(committed)
        if reason:
            raise Abandoned(reason)


def proposers(
    settings: SelfPlaySettings, store: Store, index: Index | None, authors: Authors | None
) -> tuple[ScenarioProposer, PolicyProposer]:
    """Return the built-in proposers that the settings name.

    Args:
        settings: Settings of the run.
        store: Archive of the run.
        index: Index over the archive; None: there is none.
        authors: Model with its prompts; None: the search alone, whatever the settings name.
    """
    parts = frozenset(part for part in settings.without if part in PARTS)
    search = SearchPolicyProposer(settings.population, settings.shipped, parts)
    drawn = SearchScenarioProposer("attacker" in settings.without)
    if authors is None or settings.proposer == "search":
        return drawn, search
    level, together = settings.model_from_level, settings.proposer == "both"
    scenarios = ModelScenarioProposer(authors.model, authors.attacker, level)
    policies = ModelPolicyProposer(
        authors.model,
        authors.defender,
        store,
        index,
        level,
        search=search,
        is_tuned=together,
        shipped=settings.shipped,
    )
    attacker: ScenarioProposer = BothScenarioProposer(scenarios) if together else scenarios
    return (
        drawn if "attacker" in settings.without else attacker,
        BothPolicyProposer(policies, search) if together else policies,
    )


def validation_arena(source: Source, seed: int, jobs: int, cache: MeasurementCache) -> Arena:
    """Return the scenarios on which the champion is chosen, with the references' values."""
    rng = np.random.default_rng([seed, VALIDATION_SEED])
    scenarios = [
        encode(source.expand(source.sample(family, 1 + i % len(LEVELS) if source.has_levels else 1, rng)))
        for family in source.validation
        for i in range(source.effort.validation_per_family)
    ]
    cache.begin(0)
    return arena(source, scenarios, jobs, cache)


def first_standing(validation: Arena, start: Policy | None, jobs: int) -> Standing:
    """Return the state of a run before its first iteration.

    The champion is the reference that is best on validation, or the policy that the run starts from if that is better.

    Args:
        validation: Validation scenarios, with a cache.
        start: Policy that the run starts from; None: the source's template.
        jobs: Number of threads.
    """
    source = validation.source
    ahead = (validation.reference_values - validation.mark).mean(axis=1)
    champion, value = source.references[validation.reference_names[int(np.argmax(ahead))]], float(ahead.max())
    if start is not None:
        mean = float(advantage(validation, start, jobs).mean())
        if mean > value:
            champion, value = start, mean
    return Standing(
        curriculum=Curriculum(),
        search=first_state(first_searched(source)),
        champion=champion,
        champion_value=value,
        evaluations=0 if validation.cache is None else len(validation.cache),
    )
