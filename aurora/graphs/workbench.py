"""What the nodes of self-play work on, and how a run is taken up again where its archive ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, arena, values
from aurora.agents.arena.sources import Source, Spec, open_source
from aurora.agents.models.metered import MeteredModel
from aurora.agents.search.policy_search import Proposal, SearchState, first_state
from aurora.agents.search.scenario_search import Known
from aurora.errors import RunError
from aurora.graphs.events import Event, Listener
from aurora.graphs.lessons import Lesson
from aurora.graphs.start import first_searched, with_start
from aurora.graphs.state import Abandoned, StopReason
from aurora.memory.index import Index
from aurora.memory.ledger import Ledger
from aurora.memory.store import Failure, NewOutcome, NewPolicy, NewScenario, Store
from aurora.prompts.loader import Prompt
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.scenarios.curriculum import LEVELS, Curriculum
from aurora.types import Frozen

VALIDATION_SEED = 1_000_003
"""Keeps validation scenarios apart from all others, whatever the run's seed."""


class SelfPlaySettings(Frozen):
    """What determines a run; two runs with equal settings have equal archives.

    Attributes:
        source: Where scenarios come from.
        data: Folder with the traces, for openb and swf, or with scenario files, for files.
        seed: Of everything random.
        training_families, validation_families: Kinds of scenario; empty: the source's own choice. No
            family may be in both, because the champion is chosen on validation.
        population: Candidates a generation.
        generations, training_per_family, validation_per_family: Generations an iteration, and scenarios of
            each family; None: the source's own choice.
        embedder: Fingerprint of the embedder by whose index similar scenarios are found; empty: by the
            statistics of those that the attacker keeps in mind.
        proposer: Who writes scenarios and policies: the search, a model, or both (the model proposes structures,
            the search tunes their constants and draws half of the scenarios).
        model: As `provider:model`; empty with `search`.
        model_from_level: Level of the curriculum from which on the model is asked; smaller problems are left to
            the search. Sources without levels always ask it.
        prompts: Ids of the prompts' versions.
        start: Policy that the search starts from, as `checked_start` returns it; None: the source's template.
    """

    source: Literal["generated", "openb", "swf", "files"] = "generated"
    data: str | None = None
    seed: int = 0
    training_families: tuple[str, ...] = ()
    validation_families: tuple[str, ...] = ()
    population: int = 16
    generations: int | None = None
    training_per_family: int | None = None
    validation_per_family: int | None = None
    embedder: str = ""
    proposer: Literal["search", "model", "both"] = "search"
    model: str = ""
    model_from_level: int = 2
    prompts: tuple[str, ...] = ()
    start: Policy | None = None


def chosen_source(settings: SelfPlaySettings) -> Source:
    """The source of a run, with the families that its settings name and the policy that it starts from.

    Raises:
        PolicyError: The source can't start from the policy.
        DataError: The trace is not there or not valid.
        RunError: A family is unknown, or named for training and validation.
    """
    source = open_source(settings.source, None if settings.data is None else Path(settings.data))
    source = with_start(source, settings.start)
    known = source.training + source.validation
    training = settings.training_families or tuple(f for f in source.training if f not in settings.validation_families)
    validation = settings.validation_families or tuple(
        f for f in source.validation if f not in settings.training_families
    )
    for name in (*training, *validation):
        if name not in known:
            raise RunError(f"source {source.name} has no family {name!r}; there are {', '.join(known)}")
    both = sorted(set(training) & set(validation))
    if both or not training or not validation:
        what = f"{both[0]!r} is named for both" if both else "one of them has none"
        raise RunError(f"training and validation need families of their own, but {what}")
    effort = source.effort
    chosen = {name: getattr(settings, name) for name in effort._fields if getattr(settings, name) is not None}
    return source._replace(training=training, validation=validation, effort=effort._replace(**chosen))


class Authors(NamedTuple):
    """A model that writes for a run, and the versions of its prompts."""

    model: MeteredModel
    attacker: Prompt
    defender: Prompt


@dataclass(slots=True)
class Draft:
    """What the iteration in progress has found so far; `commit` writes it to the archive as a whole.

    Attributes:
        specs, encoded, descriptions: Of the attacker's scenarios, by id.
        by_model: Ids of the scenarios that the model wrote itself; what the search made of them is not among them.
        rivals: Archived policies that take part in the matches, by id.
        proposal: What the search found.
        policies: New policies by id.
        candidate_training: Each candidate's mean value over the best reference in training, where a model is asked.
        candidate_weakest: The training family on which each of those was weakest, with its mean.
        training_advantage: The best candidate's, on the scenarios it was tuned on.
        candidate_validation: The same candidate's on validation.
        achieved: For each scenario, the value of each policy that takes part.
        scenarios, outcomes, failures, rounds, fronts: Rows for the archive; `rounds` as `achieved`, with the
            Pareto bonus where the source has one.
        ratings: Elo after this iteration's matches, of those who played.
        forgetting: What an advance to the next level found.
    """

    specs: dict[str, Spec] = field(default_factory=dict)
    by_model: set[str] = field(default_factory=set)
    encoded: dict[str, EncodedScenario] = field(default_factory=dict)
    descriptions: dict[str, tuple[float, ...]] = field(default_factory=dict)
    rivals: dict[str, Policy] = field(default_factory=dict)
    proposal: Proposal | None = None
    policies: dict[str, NewPolicy] = field(default_factory=dict)
    candidate_training: dict[str, float] = field(default_factory=dict)
    candidate_weakest: dict[str, str] = field(default_factory=dict)
    training_advantage: float = 0.0
    candidate_validation: float = 0.0
    scenarios: list[NewScenario] = field(default_factory=list)
    outcomes: list[NewOutcome] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    achieved: dict[str, dict[str, float]] = field(default_factory=dict)
    rounds: dict[str, dict[str, float]] = field(default_factory=dict)
    fronts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ratings: dict[str, float] = field(default_factory=dict)
    forgetting: Event | None = None


@dataclass(slots=True)
class Workbench:
    """What the nodes share.

    Attributes:
        source, settings, store, index, ledger, jobs, tell, interrupted: What the run was started with.
        deadline: On the monotonic clock, seconds; None: no time limit.
        authors: The model with its prompts; None: the search alone.
        committed: How many iterations the archive holds.
        validation: Scenarios on which the champion is chosen; the same throughout the run.
        curriculum, searcher, champion, champion_value, known, passed, evaluations: Where the run stands;
            all of it is in the archive's last state. `passed` holds the success rate with which each
            level was left, `known` what the attacker keeps in mind.
        lessons: What became of the latest policies that the model wrote; in the archive's last state as well.
        draft: Of the iteration in progress.
    """

    source: Source
    settings: SelfPlaySettings
    store: Store
    index: Index | None
    ledger: Ledger
    jobs: int
    tell: Listener
    interrupted: Callable[[], bool]
    deadline: float | None
    authors: Authors | None
    committed: int
    validation: Arena
    curriculum: Curriculum
    searcher: SearchState
    champion: Policy
    champion_value: float
    evaluations: int
    known: list[Known] = field(default_factory=list)
    passed: dict[str, float] = field(default_factory=dict)
    lessons: list[Lesson] = field(default_factory=list)
    draft: Draft = field(default_factory=Draft)

    def rng(self, iteration: int, part: int) -> np.random.Generator:
        """Random numbers for a part of an iteration.

        They depend on nothing that came before, so the number of the iteration is the whole random state
        that a checkpoint has to keep.
        """
        return np.random.default_rng([self.settings.seed, iteration, part])

    def asks(self, level: int) -> bool:
        """Return whether the model is asked at this level."""
        far = not self.source.has_levels or level >= self.settings.model_from_level
        return self.authors is not None and far

    def stop(self) -> StopReason:
        """Say why the run should end now; "" while it should not.

        A time limit lets the first iteration of a run be finished, so that there always is a champion.
        """
        if self.interrupted():
            return "interrupted"
        late = self.deadline is not None and time.monotonic() > self.deadline
        return "time limit" if late and self.committed else ""

    def go_on_or_abandon(self) -> None:
        """Go on with the iteration in progress.

        Raises:
            Abandoned: The run should end now.
        """
        reason = self.stop()
        if reason:
            raise Abandoned(reason)


def new_workbench(  # noqa: PLR0913  # what a run is started with
    store: Store,
    settings: SelfPlaySettings,
    *,
    jobs: int,
    tell: Listener,
    interrupted: Callable[[], bool],
    deadline: float | None,
    ledger: Ledger,
    validation_ledger: Ledger,
    index: Index | None = None,
    authors: Authors | None = None,
) -> Workbench:
    """The workbench of a run, new or where its archive ends.

    Args:
        store: The run's archive.
        settings: What determines the run.
        jobs: Threads.
        tell: Called with every event.
        interrupted: Whether somebody wants the run to end.
        deadline: On the monotonic clock, seconds.
        ledger: Of the iteration in progress.
        validation_ledger: Of the references on validation scenarios; kept throughout a run.
        index: Over the archive, in line with it; None: similar scenarios are found by statistics.
        authors: The model with its prompts, where the settings name one.
    """
    source = chosen_source(settings)._replace(ledger=ledger)
    rng = np.random.default_rng([settings.seed, VALIDATION_SEED])
    scenarios = [
        encode(source.expand(source.sample(family, 1 + i % len(LEVELS) if source.has_levels else 1, rng)))
        for family in source.validation
        for i in range(source.effort.validation_per_family)
    ]
    validation_ledger.begin(0)
    validation = arena(source._replace(ledger=validation_ledger), scenarios, jobs)
    ahead = (validation.reference_values - validation.mark).mean(axis=1)
    champion, champion_value = source.references[validation.reference_names[int(np.argmax(ahead))]], float(ahead.max())
    if settings.start is not None:
        own = values(validation.source, validation.scenarios, [compile_policy(settings.start)], jobs) - validation.mark
        if own.mean() > champion_value:
            champion, champion_value = settings.start, float(own.mean())
    bench = Workbench(
        source=source,
        settings=settings,
        store=store,
        index=index,
        ledger=ledger,
        jobs=jobs,
        tell=tell,
        interrupted=interrupted,
        deadline=deadline,
        authors=authors,
        committed=0,
        validation=validation._replace(source=source),
        curriculum=Curriculum(),
        searcher=first_state(first_searched(source)),
        champion=champion,
        champion_value=champion_value,
        evaluations=len(validation_ledger),
    )
    last = store.last_iteration()
    if last is not None:
        bench.committed = last[0] + 1
        _restore(bench, last[1])
    return bench


def checkpoint(bench: Workbench) -> dict[str, Any]:
    """Return where the run stands, as JSON; `_restore` reads it."""
    return {
        "curriculum": bench.curriculum.model_dump(mode="json"),
        "searcher": bench.searcher.model_dump(mode="json"),
        "champion": bench.champion.model_dump(mode="json"),
        "champion_value": bench.champion_value,
        "evaluations": bench.evaluations,
        "passed": bench.passed,
        **({} if bench.authors is None else {"lessons": [lesson.model_dump() for lesson in bench.lessons]}),
        # The specs themselves are among the archive's scenarios.
        "known": [[k.spec.spec_id, k.reward, list(k.description)] for k in bench.known],
    }


def _restore(bench: Workbench, state: Mapping[str, Any]) -> None:
    bench.curriculum = Curriculum.model_validate(state["curriculum"])
    bench.searcher = SearchState.model_validate(state["searcher"])
    bench.champion = parse_policy(state["champion"])
    bench.champion_value = state["champion_value"]
    bench.evaluations = state["evaluations"]
    bench.passed = dict(state["passed"])
    bench.lessons = [Lesson.model_validate(lesson) for lesson in state.get("lessons", ())]
    specs = bench.store.specs([name for name, _, _ in state["known"]])
    bench.known = [
        Known(bench.source.parse(specs[name]), reward, tuple(description))
        for name, reward, description in state["known"]
    ]
