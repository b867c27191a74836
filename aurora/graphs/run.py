"""A run of self-play in its directory: opened, played, taken up again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from pydantic import ValidationError

from aurora.agents.models.budget import Budget
from aurora.agents.models.metered import metered
from aurora.agents.models.model import CallLimits, model_name
from aurora.errors import RunError
from aurora.graphs.events import Event, EventLog, Listener
from aurora.graphs.run_directory import (
    ARCHIVE,
    CALLS,
    EVENTS,
    LEDGER,
    MANIFEST,
    VALIDATION_LEDGER,
    owned,
    read_manifest,
    start_manifest,
)
from aurora.graphs.selfplay import Finished, play
from aurora.graphs.tracking import tracked
from aurora.graphs.workbench import Authors, SelfPlaySettings, chosen_source
from aurora.memory.embedder import VARIABLE, Embedder, open_embedder
from aurora.memory.index import INDEX, open_index
from aurora.memory.ledger import Ledger
from aurora.memory.store import Store
from aurora.prompts.loader import load_prompt
from aurora.tools.recording import Recording
from aurora.tools.session import note_session
from aurora.validation import explain_validation

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Run(NamedTuple):
    """An open run; nobody else can write to its directory.

    Attributes:
        directory: Its folder.
        settings: What determines it.
        store: Its archive.
        embedder: Of its index; None: the run has none.
    """

    directory: Path
    settings: SelfPlaySettings
    store: Store
    embedder: Embedder | None

    def play(  # noqa: PLR0913  # what a run is started with
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
    ) -> Finished:
        """Play until the archive holds `iterations`, the time is up, or Ctrl-C; see `selfplay.play`.

        Args:
            iterations: How many iterations the archive shall hold in the end; None: any number.
            jobs: Threads.
            time_limit: Seconds.
            tell: Called with every event, as the log is.
            track: `wandb` to send the events there as well.
            budget: Of the model, over the whole run; earlier processes count.
            replay: A recording whose answers stand for the model's and the tools'; nobody is asked then.
            limits: Of a single call of the model; None: those of the environment.

        Raises:
            ModelError: The model can't be reached, or the recording does not fit.
        """
        with ExitStack() as stack:
            ledger = stack.enter_context(Ledger(self.directory / LEDGER))
            validation = stack.enter_context(Ledger(self.directory / VALIDATION_LEDGER))
            log = stack.enter_context(EventLog(self.directory / EVENTS, self.store.events()))
            send = stack.enter_context(tracked(track, self.directory, self.settings.model_dump(mode="json")))
            interrupted = stack.enter_context(_interruptible())
            index = None
            if self.embedder is not None:
                index = stack.enter_context(open_index(self.directory / INDEX, self.store, self.embedder))

            def everywhere(event: Event) -> None:
                log.write(event)
                send(event)
                tell(event)

            authors = None
            if self.settings.proposer != "search":
                calls = Recording(replay or self.directory / CALLS, replaying=replay is not None)
                authors = _authors(self.settings, stack.enter_context(calls), budget, limits)

            return play(
                self.store,
                self.settings,
                iterations=iterations,
                jobs=jobs,
                time_limit=time_limit,
                tell=everywhere,
                interrupted=interrupted,
                ledger=ledger,
                validation_ledger=validation,
                index=index,
                authors=authors,
            )


def _authors(settings: SelfPlaySettings, calls: Recording, budget: Budget, limits: CallLimits | None) -> Authors:
    """The model and its prompts, which must be those that the run was begun with.

    Raises:
        RunError: They are others.
        ModelError: The model can't be reached, or the recording is of another session.
    """
    attacker, defender = load_prompt("attacker"), load_prompt("defender")
    if settings.prompts != (attacker.prompt_id, defender.prompt_id):
        raise RunError(
            f"the run was begun with the prompts {', '.join(settings.prompts) or 'of no version'}, and these are "
            f"{attacker.prompt_id}, {defender.prompt_id}; begin a new run, or go on with the AURORA that began it"
        )
    note_session(calls, settings.model_dump(mode="json"), {p.role: p.text for p in (attacker, defender)})
    model = metered(model_name(settings.model), budget=budget, recording=calls, limits=limits)
    return Authors(model, attacker, defender)


@contextmanager
def open_run(directory: Path, settings: SelfPlaySettings, embedder: Embedder | None = None) -> Iterator[Run]:
    """Open a run, a new one or one that was begun with the same settings.

    Args:
        directory: Of the run.
        settings: What determines it.
        embedder: Of its index, if the settings name one; None: this machine's.

    Raises:
        RunError: Another process is running there, or the run was configured otherwise.
        DataError: A trace is not there or not valid.
        StoreError: The archive can't be opened.
        ModelError: The run has an index, and this machine no embedder.
    """
    if settings.embedder:
        embedder = embedder or open_embedder()
        _require_same_embedder(directory, settings, embedder)
    else:
        embedder = None
    files = chosen_source(settings).files
    with owned(directory):
        start_manifest(directory, settings.model_dump(mode="json"), files)
        with Store.open(directory / ARCHIVE) as store:
            yield Run(directory, settings, store, embedder)


def _require_same_embedder(directory: Path, settings: SelfPlaySettings, embedder: Embedder) -> None:
    """Other vectors would find other rivals, and the run would not end as it would have."""
    if embedder.fingerprint != settings.embedder:
        raise RunError(
            f"{directory} was begun with the embedder {settings.embedder}, this one is {embedder.fingerprint}; "
            f"set {VARIABLE} to the folder of the former"
        )


def settings_of(directory: Path) -> SelfPlaySettings:
    """Return how the run in a directory was configured.

    Raises:
        RunError: There is no run, or its settings are not known to this AURORA.
    """
    found: Mapping[str, object] = read_manifest(directory)["settings"]
    try:
        return SelfPlaySettings.model_validate(found)
    except ValidationError as error:
        raise RunError(f"{directory / MANIFEST}, settings: {explain_validation(error)}") from None


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C (or SIGTERM) asks the run to end; the second ends it at once.

    Either way nothing committed is lost: the archive takes an iteration as a whole or not at all.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # signals go to the main thread only
        yield asked.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
