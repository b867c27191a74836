"""A run of self-play in its directory: opening, playing, resuming."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from aurora.agents.arena.source import Source
from aurora.agents.models.budget import Budget
from aurora.agents.models.metered import metered
from aurora.agents.models.model import CallLimits, model_name
from aurora.errors import RunError
from aurora.graphs.context import Authors
from aurora.graphs.events import Event, EventLog, Listener, StopReason
from aurora.graphs.interrupts import interruptible
from aurora.graphs.proposers.protocols import PolicyProposer, ScenarioProposer
from aurora.graphs.result import SelfPlayResult, run_result
from aurora.graphs.run_directory import (
    ARCHIVE,
    CACHE,
    CALLS,
    EVENTS,
    MANIFEST,
    VALIDATION_CACHE,
    owned,
    read_manifest,
    start_manifest,
)
from aurora.graphs.selfplay import Finished, play
from aurora.graphs.settings import PARTS, SelfPlaySettings, chosen_source
from aurora.graphs.tracking import tracked
from aurora.memory.embedder import EMBEDDER_VARIABLE, Embedder, open_embedder
from aurora.memory.index import INDEX_FOLDER, Index, open_index
from aurora.memory.measurement_cache import MeasurementCache
from aurora.memory.store import Moment, Store
from aurora.prompts.loader import load_prompt
from aurora.tools.recording import Recording
from aurora.tools.session import note_session
from aurora.validation import explain_validation


class Run(NamedTuple):
    """An open run; no other process can write to its directory.

    Attributes:
        directory: Folder of the run.
        settings: Settings that determine the run.
        source: Open source that the settings choose.
        store: Archive of the run.
        embedder: Embedder of the index; None: the run has no index.
    """

    directory: Path
    settings: SelfPlaySettings
    source: Source
    store: Store
    embedder: Embedder | None

    def play(  # noqa: PLR0913  # all options of a run
        self,
        *,
        iterations: int | None = None,
        jobs: int = 1,
        time_limit: float | None = None,
        tell: Listener = lambda event: None,
        track: str | None = None,
        budget: Budget = Budget(),  # noqa: B008  # immutable
        replay: Path | None = None,
        limits: CallLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        scenario_proposer: ScenarioProposer | None = None,
        policy_proposer: PolicyProposer | None = None,
    ) -> Finished:
        """Play until the archive holds `iterations`, the time is up, or Ctrl-C; see `selfplay.play`.

        Args:
            iterations: Total number of iterations in the archive at the end; None: no limit.
            jobs: Number of threads.
            time_limit: Time limit, in seconds; None: no limit.
            tell: Callback for every event.
            track: Experiment tracker that also receives the events, `wandb`; None: no tracker.
            budget: Budget of the model over the whole run, earlier processes included.
            replay: Recording whose answers replace calls of the model and the tools; None: they are called.
            limits: Limits of a single call of the model; None: those of the environment.
            clock: Monotonic clock of the time limit, in seconds.
            scenario_proposer: Attacker of the caller, which `own_proposers` of the settings names; None: the built-in
                one that `proposer` of the settings names.
            policy_proposer: Defender of the caller; None: likewise.

        Raises:
            ModelError: The model can't be reached, or the recording does not fit.
            RunError: The run was begun with other proposers.
        """
        _require_same_proposers(self.settings, scenario_proposer, policy_proposer)
        with (
            MeasurementCache(self.directory / CACHE) as cache,
            MeasurementCache(self.directory / VALIDATION_CACHE) as validation_cache,
            EventLog(self.directory / EVENTS, self.store.events()) as log,
            tracked(track, self.directory, self.settings.model_dump(mode="json")) as send,
            interruptible() as interrupted,
            _opened_index(self) as index,
            _opened_authors(self, budget, replay, limits) as authors,
        ):

            def tell_all(event: Event) -> None:
                log.write(event)
                send(event)
                tell(event)

            return play(
                self.store,
                self.settings,
                iterations=iterations,
                jobs=jobs,
                time_limit=time_limit,
                tell=tell_all,
                interrupted=interrupted,
                clock=clock,
                source=self.source,
                cache=cache,
                validation_cache=validation_cache,
                index=index,
                authors=authors,
                scenario_proposer=scenario_proposer,
                policy_proposer=policy_proposer,
            )

    def result(self, stopped: StopReason) -> SelfPlayResult:
        """Return the result of the run so far.

        Args:
            stopped: Reason why the run stopped.

        Raises:
            RunError: No iteration is finished.
        """
        return run_result(self.directory, self.store, self.source, stopped)


def proposer_name(proposer: ScenarioProposer | PolicyProposer | None) -> str:
    """Return the name in the settings of a caller's own proposer; "" for a built-in one."""
    return "" if proposer is None else f"{type(proposer).__module__}.{type(proposer).__qualname__}"


def _require_same_proposers(
    settings: SelfPlaySettings, scenarios: ScenarioProposer | None, policies: PolicyProposer | None
) -> None:
    """Raise `RunError` unless a run continues with the proposers that it was begun with."""
    given = (proposer_name(scenarios), proposer_name(policies))
    if given != settings.own_proposers:
        named = " and ".join(name or "a built-in one" for name in settings.own_proposers)
        raise RunError(
            f"the run was begun with other proposers ({named} for scenarios and policies); "
            "go on with aurora.selfplay and these, or begin a new run"
        )


@contextmanager
def _opened_index(run: Run) -> Iterator[Index | None]:
    if run.embedder is None:
        yield None
        return
    with open_index(run.directory / INDEX_FOLDER, run.store, run.embedder) as index:
        yield index


@contextmanager
def _opened_authors(
    run: Run, budget: Budget, replay: Path | None, limits: CallLimits | None
) -> Iterator[Authors | None]:
    if run.settings.proposer == "search":
        yield None
        return
    with Recording(replay or run.directory / CALLS, replaying=replay is not None) as calls:
        yield _authors(run.settings, calls, budget, limits)


def _authors(settings: SelfPlaySettings, calls: Recording, budget: Budget, limits: CallLimits | None) -> Authors:
    """Open the model, and load its prompts, which must be those that the run was begun with.

    Raises:
        RunError: The prompts are others.
        ModelError: The model can't be reached, or the recording is of another session.
    """
    attacker, defender = load_prompt("attacker"), load_prompt("defender")
    if settings.prompts != (attacker.prompt_id, defender.prompt_id):
        raise RunError(
            f"the run was begun with the prompts {', '.join(settings.prompts) or 'of no version'}, and these are "
            f"{attacker.prompt_id}, {defender.prompt_id}; begin a new run, or go on with the AURORA that began it"
        )
    meta = (load_prompt("evolver"),) if settings.evolve_prompts else ()
    note_session(calls, settings.model_dump(mode="json"), {p.role: p.text for p in (attacker, defender, *meta)})
    model = metered(model_name(settings.model), budget=budget, recording=calls, limits=limits)
    return Authors(model, attacker, defender)


@contextmanager
def open_run(
    directory: Path,
    settings: SelfPlaySettings,
    embedder: Embedder | None = None,
    *,
    watch: Callable[[Moment], None] = lambda moment: None,
) -> Iterator[Run]:
    """Open a new run, or one that was begun with the same settings.

    Args:
        directory: Folder of the run.
        settings: Settings that determine the run.
        embedder: Embedder of the index, if the settings name one; None: that of this machine.
        watch: Callback for the moments of a commit; see `Store.open`.

    Raises:
        RunError: Another process uses the directory, or the run was begun with other settings.
        DataError: A trace is missing or not valid.
        StoreError: The archive can't be opened.
        ModelError: The run has an index, but this machine has no embedder.
    """
    if settings.embedder:
        embedder = embedder or open_embedder()
        _require_same_embedder(directory, settings, embedder)
    else:
        embedder = None
    source = chosen_source(settings)
    with owned(directory):
        families = {part: getattr(source, part) for part in PARTS}
        start_manifest(directory, settings.model_dump(mode="json"), source.files, families)
        with Store.open(directory / ARCHIVE, watch=watch) as store:
            yield Run(directory, settings, source, store, embedder)


def _require_same_embedder(directory: Path, settings: SelfPlaySettings, embedder: Embedder) -> None:
    """Raise `RunError` for another embedder: its vectors would retrieve other rivals and change the run."""
    if embedder.fingerprint != settings.embedder:
        raise RunError(
            f"{directory} was begun with the embedder {settings.embedder}, this one is {embedder.fingerprint}; "
            f"set {EMBEDDER_VARIABLE} to the folder of the former"
        )


def settings_of(directory: Path) -> SelfPlaySettings:
    """Return the settings of the run in a directory.

    Raises:
        RunError: The directory holds no run, or this AURORA does not know its settings.
    """
    settings: Mapping[str, object] = read_manifest(directory)["settings"]
    try:
        return SelfPlaySettings.model_validate(settings)
    except ValidationError as error:
        raise RunError(f"{directory / MANIFEST}, settings: {explain_validation(error)}") from None
