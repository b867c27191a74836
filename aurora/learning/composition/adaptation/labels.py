"""Loss of accuracy, found in labels that arrive late.

Whether the answers are right is a stream of zeros and ones. For each of several losses, the Shiryaev-Roberts statistic
R := (1 + R) * L is kept, where L is the likelihood ratio of the label under that loss to that under the accuracy
before. Their mean is an e-detector (Shin, Ramdas & Rinaldo 2024, "E-detectors: a nonparametric framework for sequential
change detection"): as long as the accuracy has not fallen below that before, its expectation after n labels is at most
n. Hence an alarm at the level B comes after B labels or more in the mean, whenever one looks (Pollak 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.changes import Change
from aurora.types import BoolArray, IntArray

LABELS_TO_FALSE_ALARM = 20_000
"""Labels to a false alarm, at least, in the mean."""
LOSSES = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Losses of accuracy that are looked for, as differences of shares."""
_LOWEST = 0.01


class Recall(NamedTuple):
    """How often items of one class are answered correctly.

    Attributes:
        name: Name of the class.
        before: Share in the reference.
        after: Share since the loss began; NaN if no label of it arrived since.
    """

    name: str
    before: float
    after: float


class AccuracyWatch:
    """Watches the accuracy of an application by labels, in the order of their requests.

    Args:
        correct: Whether each reference item was answered correctly, bool [n].
        labels: Class of each reference item, int64 [n].
        classes: Names of the classes.
        tolerance: Loss that is no loss yet, as a difference of shares: the reference has an error of its own.
        labels_to_false_alarm: Labels to a false alarm, at least, in the mean.

    Raises:
        InputError: The reference is empty, or an argument is out of range.
    """

    def __init__(
        self,
        correct: BoolArray,
        labels: IntArray,
        classes: Sequence[str],
        *,
        tolerance: float | None = None,
        labels_to_false_alarm: float = LABELS_TO_FALSE_ALARM,
    ) -> None:
        if len(correct) == 0 or len(correct) != len(labels):
            raise InputError("give as many labels as answers, at least one", parameter="labels", value=len(labels))
        if labels_to_false_alarm <= 1:
            raise InputError("give more than 1", parameter="labels_to_false_alarm", value=labels_to_false_alarm)
        self.accuracy = float(correct.mean())
        self._classes = tuple(classes)
        self._before = (correct, labels)
        # two standard errors: the true accuracy is rarely lower than that
        error = 2 * (self.accuracy * (1 - self.accuracy) / len(correct)) ** 0.5
        usual = float(np.clip(self.accuracy - (error if tolerance is None else tolerance), _LOWEST, 1 - 1e-4))
        lower = np.array([max(usual - loss, _LOWEST / 2) for loss in LOSSES])
        self._ratios = np.log((1 - lower) / (1 - usual)), np.log(lower / usual)
        self._limit = float(np.log(labels_to_false_alarm))
        self.restart()

    def restart(self) -> None:
        """Forget all labels so far, as after a new composition took over."""
        self._logs = np.full(len(LOSSES), -np.inf)
        self._seen: list[tuple[bool, int]] = []
        self._sums = np.zeros(len(LOSSES))
        self._begins = np.zeros(len(LOSSES), np.int64)

    @property
    def evidence(self) -> float:
        """Share of the way to an alarm, on a logarithmic scale, from 0 to 1."""
        return float(np.clip(self._log_mean() / self._limit, 0.0, 1.0))

    def add(self, correct: BoolArray, labels: IntArray) -> Change | None:
        """Take in labels that arrived.

        Args:
            correct: Whether each answer was right, bool [n].
            labels: The classes, int64 [n].

        Returns:
            The loss at the first label that gives the alarm; later labels of the call are not looked at. None: no
            alarm.
        """
        for is_correct, label in zip(correct.tolist(), labels.tolist(), strict=True):
            self._seen.append((is_correct, label))
            self._logs = np.logaddexp(0.0, self._logs) + self._ratios[int(is_correct)]
            self._sums += self._ratios[int(is_correct)]
            is_clear = self._sums <= 0
            self._sums[is_clear] = 0
            self._begins[is_clear] = len(self._seen)
            if self._log_mean() >= self._limit:
                return self._change()
        return None

    def recalls(self) -> tuple[Recall, ...]:
        """Return the recall of each class, before and since the loss began, the largest loss first."""
        recent = self._seen[self._begin :]
        now = np.array([one for one, _ in recent], bool), np.array([label for _, label in recent], np.int64)
        found = [
            Recall(name, _share(*self._before, number), _share(*now, number))
            for number, name in enumerate(self._classes)
        ]
        return tuple(sorted(found, key=lambda one: -np.nan_to_num(one.before - one.after, nan=-1.0)))

    @property
    def _begin(self) -> int:
        """First label of the loss: the likeliest change point (Page 1954) under the loss that is likeliest."""
        return int(self._begins[int(self._sums.argmax())])

    def _log_mean(self) -> float:
        return float(np.logaddexp.reduce(self._logs) - np.log(len(self._logs)))

    def _change(self) -> Change:
        recent = self._seen[self._begin :] or self._seen
        after = sum(one for one, _ in recent) / len(recent)
        worst = self.recalls()[0]
        text = f"accuracy fell from {self.accuracy:.1%} to {after:.1%} over the last {len(recent)} labels"
        if worst.before - worst.after > 0:
            text += (
                f"; most for {worst.name}: {worst.after:.1%} of them are answered correctly, it was {worst.before:.1%}"
            )
        return Change(kind="accuracy", subject=worst.name, before=self.accuracy, after=after, unit="share", text=text)


def _share(correct: BoolArray, labels: IntArray, number: int) -> float:
    chosen = correct[labels == number]
    return float(chosen.mean()) if len(chosen) else float("nan")
