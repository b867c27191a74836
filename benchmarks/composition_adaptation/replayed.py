"""The application in the replay: it answers, is fitted anew and swapped while a clock counts requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.application import Shadow
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured
from aurora.learning.composition.tasks.task import Split
from benchmarks.composition_adaptation.setting import CHOSEN, DELAY, LEARNED, TRIAL_SECONDS
from benchmarks.composition_adaptation.world import Fits, World


class Replayed:
    """The application in the replay: labels are known, and a clock counts requests.

    Args:
        world: What holds after the change.
        old: Components before.
        running: The running composition.
        draw: Draws readings of the new law.
    """

    def __init__(self, world: World, old: Fits, running: Pipeline, draw: Callable[[int], Split]) -> None:
        self.world, self.running, self.draw = world, running, draw
        self.fits = self.new = old
        self.clock = 0.0
        self.history: list[tuple[float, Pipeline, Fits]] = [(0.0, running, old)]
        self.chosen: Split | None = None

    def pass_time(self, requests: float) -> None:
        """Let requests pass."""
        self.clock += requests

    def runs(self, candidate: Pipeline) -> bool:
        """Return whether a candidate runs."""
        return self.running == candidate and self.fits is self.new

    def refit(self, changes: Sequence[Change]) -> Mapping[str, float]:
        """Wait for labelled requests; fit on them what the law concerns."""
        is_law = any(one.kind in ("accuracy", "inputs", "predictions") for one in changes)
        count = (LEARNED if is_law else 0) + CHOSEN
        self.pass_time(count + DELAY)
        recent = self.draw(count)
        items = np.asarray(recent.items)
        self.chosen = Split(items[-CHOSEN:], recent.labels[-CHOSEN:])
        if not is_law:
            return {}
        self.new = Fits(Split(items[:LEARNED], recent.labels[:LEARNED]))
        return {"items": float(LEARNED)}

    def _measured(self, fits: Fits, pipeline: Pipeline) -> Measured:
        assert self.chosen is not None
        self.pass_time(TRIAL_SECONDS * self.world.queue.rate)
        return self.world.measured(fits, self.chosen, pipeline)

    def measure_running(self) -> Measured:
        """Measure the running composition."""
        return self._measured(self.fits, self.running)

    def measure(self, candidate: Pipeline) -> Measured:
        """Measure a candidate."""
        return self._measured(self.new, candidate)

    def _both(self, pairs: Sequence[tuple[Fits, Pipeline]], requests: int) -> Shadow:
        split = self.draw(requests)
        self.pass_time(requests + DELAY)
        first, second = (self.world.correct(fits, split, pipeline) for fits, pipeline in pairs)
        return Shadow(first, second, requests)

    def shadow(self, candidate: Pipeline, requests: int) -> Shadow:
        """Have a candidate answer beside the running composition."""
        if any(b not in self.world.chains for stage in self.running.stages for b in stage.branches):
            split = self.draw(requests)
            right = self.world.correct(self.new, split, candidate)
            return Shadow(right, right, requests)
        return self._both([(self.fits, self.running), (self.new, candidate)], requests)

    def swap(self, candidate: Pipeline) -> str:
        """Have a candidate take over."""
        self.running, self.fits = candidate, self.new
        self.history.append((self.clock, candidate, self.new))
        return ""

    def review(self, requests: int) -> Shadow:
        """Compare with what ran before."""
        _, pipeline, fits = self.history[-2]
        if any(b not in self.world.chains for stage in pipeline.stages for b in stage.branches):
            raise InputError("a model of it is no longer in the catalogue")
        return self._both([(fits, pipeline), (self.fits, self.running)], requests)

    def roll_back(self) -> None:
        """Have the composition before run again."""
        _, self.running, self.fits = self.history[-2]
        self.history.append((self.clock, self.running, self.fits))
