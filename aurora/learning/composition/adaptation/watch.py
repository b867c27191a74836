"""Watches a running application: all detectors on windows of its requests, one step a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.catalogue_changes import Listed, catalogue_changes
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.drift import ALPHA, LEAST_WINDOW, InputReference, prediction_drift
from aurora.learning.composition.adaptation.labels import LABELS_TO_FALSE_ALARM, AccuracyWatch
from aurora.learning.composition.adaptation.load_changes import LEAST_INTERVALS, load_change
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.pipelines.value_types import Batch, ValueType
from aurora.types import FloatArray, IntArray

UNKNOWN = -1
"""Label of a request whose label has not arrived."""
TESTS = 3
"""Tests of a window that share its level: inputs, predictions, load."""


@dataclass(frozen=True, eq=False)
class Window:
    """Requests of a stretch of time, in their order.

    Attributes:
        items: What was asked.
        predicted: Class that was answered to each, int64 [n].
        labels: True class of each, `UNKNOWN` where it has not arrived, int64 [n].
        counts: Requests of each interval, in order, float64 [intervals]; empty where times are not known.
        seconds: Length of an interval.
        listed: The catalogue at the end of the window; None: as before.
    """

    items: Batch
    predicted: IntArray
    labels: IntArray
    counts: FloatArray = field(default_factory=lambda: np.zeros(0))
    seconds: float = 1.0
    listed: Mapping[str, Listed] | None = None

    def __post_init__(self) -> None:
        if not len(self.items) == len(self.predicted) == len(self.labels):
            raise InputError(
                f"{len(self.items)} items, {len(self.predicted)} predictions and {len(self.labels)} labels differ in "
                f"number; give {UNKNOWN} for labels that have not arrived"
            )

    @property
    def labelled(self) -> np.ndarray:
        """Numbers of the requests whose label is known."""
        return np.flatnonzero(self.labels != UNKNOWN)


class Watch:
    """All detectors of an application; each compares with what was right when the composition was chosen.

    Args:
        reference: Requests with answers and labels of that time.
        kind: Type of the items.
        classes: Names of the classes.
        listed: The catalogue of that time.
        alpha: Share of windows without any change in which a test of the window finds one.
        labels_to_false_alarm: Labels to a false alarm of the accuracy, at least, in the mean.

    Attributes:
        capacity: Requests a second that the running composition can serve within its limit of latency.

    Raises:
        InputError: The reference is too small, or of another form.
    """

    def __init__(  # what the detectors need, each by its name
        self,
        reference: Window,
        kind: ValueType,
        classes: Sequence[str],
        *,
        listed: Mapping[str, Listed] | None = None,
        alpha: float = ALPHA,
        labels_to_false_alarm: float = LABELS_TO_FALSE_ALARM,
        capacity: float = np.inf,
    ) -> None:
        self._kind, self._classes = kind, tuple(classes)
        self._alpha, self._labels_to_false_alarm = alpha, labels_to_false_alarm
        self.capacity = capacity
        self._listed = dict(listed or {})
        self.set_reference(reference)

    def set_reference(self, reference: Window) -> None:
        """Compare with other requests from now on: after an adaptation, what was found is not found again.

        Raises:
            InputError: The window is too small, has no label, or is of another form.
        """
        self._inputs = InputReference(reference.items, self._kind)
        self._predicted = reference.predicted
        known = reference.labelled
        self._accuracy = AccuracyWatch(
            reference.predicted[known] == reference.labels[known],
            reference.labels[known],
            self._classes,
            labels_to_false_alarm=self._labels_to_false_alarm,
        )
        if reference.listed is not None:
            self._listed = dict(reference.listed)

    @property
    def evidence(self) -> float:
        """How near the accuracy's alarm is, from 0 to 1, on a logarithmic scale."""
        return self._accuracy.evidence

    def step(self, window: Window, running: Pipeline) -> list[Change]:
        """Return what changed, by all detectors.

        Args:
            window: The latest requests. A window of fewer than `LEAST_WINDOW` is looked at for labels only.
            running: The running composition.

        Raises:
            InputError: The window is of another form than the reference.
        """
        found: list[Change] = []
        share = self._alpha / TESTS
        if window.listed is not None:
            found += catalogue_changes(self._listed, window.listed, running)
            self._listed = dict(window.listed)
        if len(window.items) >= LEAST_WINDOW:
            found += self._inputs.drift(window.items, alpha=share)
            found += prediction_drift(self._predicted, window.predicted, self._classes, alpha=share)
        known = window.labelled
        found += self.late_labels(window.predicted[known], window.labels[known])
        if len(window.counts) >= LEAST_INTERVALS:
            load = load_change(window.counts, window.seconds, self.capacity, alpha=share)
            if load is not None:
                found.append(load)
        return found

    def late_labels(self, predicted: IntArray, labels: IntArray) -> list[Change]:
        """Return the loss of accuracy, if labels of earlier windows that arrived now show one.

        Args:
            predicted: What the running composition answered, int64 [n], in the order of the requests.
            labels: The true classes, int64 [n].
        """
        loss = self._accuracy.add(predicted == labels, labels)
        return [] if loss is None else [loss]


def needs_recomposition(changes: Sequence[Change]) -> bool:
    """Return whether the running composition can be wrong after these changes."""
    return any(change.needs_recomposition for change in changes)
