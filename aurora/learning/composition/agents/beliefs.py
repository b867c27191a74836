"""What a search has measured, what it believes of the rest, and which pipeline promises most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from aurora.learning.composition.agents.cost_model import CostModel, fit_model
from aurora.learning.composition.agents.encoding import Encoded, Encoder
from aurora.learning.composition.agents.gaussian_process import Floats, Kernel
from aurora.learning.composition.environment.problem import Problem, Strategy
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured

GROWTH = 1.15
"""Growth of the number of measurements after which the model's kernels are searched for anew."""


CAUTION = 1.4
"""Factor of the model's standard deviations: on made-up tasks its errors are 1.1 to 2 times as large as it says."""


class Beliefs:
    """Measurements of one search, and the model that is fitted to them.

    Attributes:
        problem: What is searched.
        encoder: Encodes its pipelines.
        measured: Everything measured so far, what was known before first.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.encoder = Encoder(problem.chains, problem.most_stages, problem.most_branches)
        self.measured: dict[Pipeline, Measured] = dict(problem.known)
        self._kernels: tuple[Kernel, Kernel, Kernel] | None = None
        self._searched_at = 0
        self._model: CostModel | None = None

    def add(self, pipeline: Pipeline, measured: Measured) -> None:
        """Take note of a measurement."""
        self.measured[pipeline] = measured
        self._model = None

    @property
    def best(self) -> float:
        """Largest reward measured so far; minus infinity before any."""
        return max((self.problem.worth(one) for one in self.measured.values()), default=-np.inf)

    @property
    def model(self) -> CostModel:
        """Model of all measurements, of which there has to be one."""
        if self._model is None:
            if len(self.measured) >= GROWTH * self._searched_at:
                self._kernels, self._searched_at = None, len(self.measured)
            self._model = fit_model(self.encoder, self.measured, seed=self.seed, kernels=self._kernels)
            self._kernels = self._model.kernels
        return self._model

    def rewards(self, encoded: Encoded) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the reward that the model expects of pipelines."""
        mean, error = self.model.predict(encoded).reward(self.problem.weights)
        return mean, CAUTION * error

    def improvement(self, mean: Floats, error: Floats) -> Floats:
        """Return the expected improvement over the best measurement (Jones, Schonlau & Welch 1998, eq. 15)."""
        gain = mean - self.best
        scaled = gain / error
        density = np.exp(-np.square(scaled) / 2) / np.sqrt(2 * np.pi)
        result: Floats = gain * ndtr(scaled) + error * density
        return result


def first_look(beliefs: Beliefs) -> Strategy:
    """Measure as few single chains as show every component once, the ones that show most of them first."""
    shown = {name for pipeline in beliefs.measured for name in pipeline.components}
    waiting = [pipeline for pipeline in beliefs.problem.singles if pipeline not in beliefs.measured]
    while waiting:
        best = max(waiting, key=lambda pipeline: len(set(pipeline.components) - shown))
        if not set(best.components) - shown:
            return
        waiting.remove(best)
        shown |= set(best.components)
        beliefs.add(best, (yield best))


def unmeasured(beliefs: Beliefs, pipelines: Sequence[Pipeline]) -> np.ndarray:
    """Return which pipelines have not been measured, bool of shape (pipelines,)."""
    return np.array([pipeline not in beliefs.measured for pipeline in pipelines], bool)
