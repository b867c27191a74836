"""A deployment as the application of a recomposition: candidates are tried on its recorded requests, then swapped in.

The requests with labels are split by time. Components are fitted anew on the first part, candidates are measured on the
second, and the third, the latest, is answered by the running composition and the finalists, for the sequential test.
What wins is warmed and compared on live requests by the engine before it takes over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aurora.errors import AuroraError, InputError
from aurora.learning.composition.adaptation.application import Shadow
from aurora.learning.composition.adaptation.chain_times import branches_of, measured_chain
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.composing import composed
from aurora.learning.composition.catalogue import ARTEFACTS, entries_of, share_own
from aurora.learning.composition.components.fitting import fit_branch
from aurora.learning.composition.engine.control import Control
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.in_process import InProcess
from aurora.learning.composition.engine.loading import DEFAULT_LOAD, load_function
from aurora.learning.composition.engine.service import JOURNAL
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.profiles.profiling import measure_branch
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.scores.prices import EXAMPLE, Prices
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.tasks.task import Split, Task

LEAST_LABELS = 150
"""Fewest labelled requests from which anything is learnt."""
SHARES = (0.5, 0.2)
"""Shares of the labelled requests for fitting, and for measuring; the rest decides."""
WHO = "aurora compose adapt"


class DeployedApplication:
    """A running deployment.

    Args:
        place: Folder of the deployment.
        task: Its task.
        recent: Labelled requests, oldest first.
        queue: Load and workers.
        catalogue: Folder of the catalogue that candidates are fitted from.
        profiled: Valid chains that were profiled on the task's items. Where data and fits are those of the task, this
            tells what they are worth, and no trial is needed.
        prices: Prices.

    Raises:
        InputError: There are too few labelled requests.
    """

    def __init__(
        self,
        place: Path,
        task: Task,
        recent: Split,
        *,
        queue: QueueModel,
        catalogue: Path,
        profiled: Sequence[Branch] = (),
        prices: Prices = EXAMPLE,
    ) -> None:
        count = len(recent.labels)
        if count < LEAST_LABELS:
            raise InputError(f"{count} requests have a label; give at least {LEAST_LABELS}", parameter="recent")
        ends = int(SHARES[0] * count), int(sum(SHARES) * count)
        self._place, self._task, self._control = place, task, Control(place)
        self._queue, self._prices, self._catalogue = queue, prices, catalogue
        self._components = entries_of(catalogue)
        self._learned, self._chosen, self._judged = (
            _part(recent, slice(a, b)) for a, b in ((0, ends[0]), (ends[0], ends[1]), (ends[1], count))
        )
        described = self._described
        self._fitted = Path(described.artefacts), task
        self._is_loaded_as_profiled = described.load == DEFAULT_LOAD
        self._profiled = tuple(profiled)
        self._tables: dict[tuple[str, Branch], ChainMeasurement] = {}
        self._tried: set[Branch] = set()

    @property
    def _described(self) -> Deployment:
        history = History(self._place / JOURNAL)
        return history.description(history.serving[-1])

    @property
    def running(self) -> Pipeline:
        """Return the pipeline that serves."""
        return self._described.graph()

    def runs(self, candidate: Pipeline) -> bool:
        """Return whether a candidate serves with the components that candidates have."""
        described = self._described
        return described.graph() == candidate and Path(described.artefacts) == self._fitted[0]

    def refit(self, changes: Sequence[Change]) -> Mapping[str, float]:
        """Have candidates fitted anew on recent requests where inputs or their law changed."""
        if not any(change.kind in ("accuracy", "inputs", "predictions") for change in changes):
            return {}
        self.fit_anew()
        return {"items": float(len(self._learned.labels))}

    def fit_anew(self) -> None:
        """Have candidates fitted on recent requests from now on; what is fitted already is read.

        Raises:
            FileError: The user's own components can't be copied.
        """
        learned = replace(self._task, fit=self._learned, select=self._chosen, sealed=self._judged)
        self._fitted = self._place / "fitted" / learned.fingerprint, learned
        share_own(self._catalogue, self._fitted[0])

    def measure_running(self) -> Measured:
        """Measure what serves, on recent requests.

        Raises:
            InputError: It can't be loaded.
        """
        described = self._described
        return self._measure(described.graph(), Path(described.artefacts))

    def measure(self, candidate: Pipeline) -> Measured:
        """Measure a candidate on recent requests; chains that are not fitted are fitted first.

        Raises:
            InputError: It is not valid, or can't be fitted or loaded.
        """
        self._fit(candidate)
        found = self._measure(candidate, self._fitted[0])
        self._tried.update(branches_of(candidate))
        return found

    def is_measured(self, candidate: Pipeline) -> bool:
        """Return whether all chains of a candidate were measured."""
        return self._chains().issuperset(branches_of(candidate))

    def compose(self, weights: Weights, count: int) -> Mapping[Pipeline, Measured]:
        """Return the best compositions of the chains that were measured."""
        for chain in self._profiled if self._is_as_profiled else ():
            try:
                self._table(chain, self._fitted[0])
            except InputError:
                # as a candidate it will be measured anew, and if it can't be, the step says why
                self._profiled = tuple(one for one in self._profiled if one != chain)
        chains = sorted(self._chains())
        table = {chain: self._tables[str(self._fitted[0]), chain] for chain in chains}
        return composed(self._evaluator(table), weights, count) if table else {}

    def _chains(self) -> set[Branch]:
        return self._tried | set(self._profiled if self._is_as_profiled else ())

    @property
    def _is_as_profiled(self) -> bool:
        """Whether candidates are fitted and loaded as they were when they were profiled, on the task's own items."""
        own = (self._catalogue / ARTEFACTS).absolute()
        return self._is_loaded_as_profiled and self._fitted[0].absolute() == own

    def shadow(self, candidate: Pipeline, requests: int) -> Shadow:
        """Have the running composition and a candidate answer the latest requests.

        Raises:
            InputError: One of them can't be run.
        """
        items, labels = self._judged.items[:requests], self._judged.labels[:requests]
        answers = []
        for described in (self._described, self._candidate(candidate)):
            began = time.perf_counter()
            try:
                found = InProcess(described).answer(items)
            except AuroraError as error:
                raise InputError(str(error), parameter="candidate", value=described.pipeline) from None
            answers.append((found.probabilities.argmax(axis=1), time.perf_counter() - began))
        (old, old_seconds), (new, new_seconds) = answers
        return Shadow(
            running=old == labels,
            candidate=new == labels,
            requests=len(labels),
            agreement=float((old == new).mean()),
            slowdown=new_seconds / max(old_seconds, 1e-9),
        )

    def swap(self, candidate: Pipeline) -> str:
        """Have a candidate take over, once the engine has compared it on live requests."""
        try:
            self._control.swap(self._candidate(candidate), who=WHO, why="shown to be better on recent requests")
        except AuroraError as error:
            return str(error)
        return ""

    def review(self, requests: int) -> Shadow:
        """Refuse: no recorded request is later than the swap.

        The latest ones have decided on the swap, so another look at them would be no second opinion. The next
        adaptation compares what took over with others on requests that came after it.

        Raises:
            InputError: Always.
        """
        raise InputError("adapt again once labels of later requests have arrived")

    def roll_back(self) -> None:
        """Have the version before serve again."""
        self._control.roll_back(who=WHO, why="it was worse than the version before")

    def _candidate(self, pipeline: Pipeline) -> Deployment:
        changed = {"pipeline": str(pipeline), "artefacts": str(self._fitted[0])}
        return self._described.model_copy(update=changed)

    def _fit(self, pipeline: Pipeline) -> None:
        folder, task = self._fitted
        for branch in branches_of(pipeline):
            try:
                fit_branch(branch, task, self._components, folder)
            except AuroraError as error:
                raise InputError(str(error), parameter="pipeline", value=str(pipeline)) from None

    def _measure(self, pipeline: Pipeline, folder: Path) -> Measured:
        return self._evaluator({chain: self._table(chain, folder) for chain in branches_of(pipeline)})(pipeline)

    def _evaluator(self, table: Mapping[Branch, ChainMeasurement]) -> TableEvaluator:
        labels = self._task.select.labels if self._is_as_profiled else self._chosen.labels
        return TableEvaluator(table, labels, self._queue, self._prices)

    def _table(self, chain: Branch, folder: Path) -> ChainMeasurement:
        """Return the measurement of a chain that is fitted in a folder; it is measured once.

        Raises:
            InputError: It can't be loaded or measured.
        """
        key = str(folder), chain
        if key not in self._tables:
            try:
                self._tables[key] = self._chain(chain, folder)
            except AuroraError as error:
                raise InputError(str(error), parameter="pipeline", value=str(chain)) from None
        return self._tables[key]

    def _chain(self, chain: Branch, folder: Path) -> ChainMeasurement:
        if self._is_as_profiled:
            return measure_branch(chain, self._task, self._catalogue, components=self._components)
        loaded = load_function(self._described.load)(chain, self._task.name, folder)
        return measured_chain(chain, loaded, self._chosen.items)


def _part(split: Split, rows: slice) -> Split:
    return Split(split.items[rows], split.labels[rows])
