"""Values of policies by scenario, averaged over seeds of training, for paired comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aurora.evals.results.samples import Sample
from aurora.evals.transfer.measuring import VALUE

Strata = list[NDArray[np.float64]]
"""Values of the scenarios of each stratum, float64 [n]."""


class SuiteValues:
    """Values of the subjects of a suite, which are all measured on the same scenarios.

    Args:
        samples: Samples of the suite.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._stratum = {s.sample: s.stratum for s in samples}
        self._values = {(s.subject, s.sample, s.trial): s.values[VALUE] for s in samples}
        self._trials: dict[str, int] = {}
        for s in samples:
            self._trials[s.subject] = max(self._trials.get(s.subject, 0), s.trial + 1)

    def values(self, subject: str) -> Strata:
        """Return the mean over trials of each scenario."""
        return self._strata(lambda scenario: self._mean(subject, scenario))

    def gains(self, subject: str, rival: str) -> Strata:
        """Return the mean over trials less the rival's of each scenario."""
        return self._strata(lambda scenario: self._mean(subject, scenario) - self._mean(rival, scenario))

    def gains_by_trial(self, subject: str, rival: str, *, paired: bool = False) -> tuple[float, ...]:
        """Return the mean gain of each trial, every stratum counting the same.

        Args:
            subject: Subject.
            rival: Subject that it is compared with.
            paired: True: with the rival's same trial; False: with the mean of its trials.
        """

        def gain(trial: int, scenario: str) -> float:
            other = self._values[rival, scenario, trial] if paired else self._mean(rival, scenario)
            return self._values[subject, scenario, trial] - other

        return tuple(mean_of(self._strata(partial(gain, k))) for k in range(self._trials[subject]))

    def _mean(self, subject: str, scenario: str) -> float:
        return float(np.mean([self._values[subject, scenario, k] for k in range(self._trials[subject])]))

    def _strata(self, value: Callable[[str], float]) -> Strata:
        strata: dict[str, list[float]] = {}
        for scenario, stratum in self._stratum.items():
            strata.setdefault(stratum, []).append(value(scenario))
        return [np.array(values) for values in strata.values()]


def mean_of(strata: Strata) -> float:
    """Return the mean over strata of their means."""
    return float(np.mean([s.mean() for s in strata]))
