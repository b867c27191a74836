"""The application in the replay: it answers, is fitted anew and swapped while a clock counts requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.application import Shadow
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.composing import best_of
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.spaces.space import enumerate_space
from aurora.learning.composition.tasks.task import Split
from benchmarks.composition_adaptation.setting import CHOSEN, DELAY, LEARNED, LIMITS, TRIAL_SECONDS
from benchmarks.composition_adaptation.world import Fits, World


class Replayed:
    """The application in the replay: labels are known, and a clock counts requests.

    Args:
        world: What holds after the change.
        old: Components before.
        running: The running composition.
        draw: Draws readings of the new law.
        profiled: Items of before, on which every chain of before was measured; None: nothing is known, and each
            composition is a trial of its own.
        known: Chains of before.
    """

    def __init__(  # what the replay is made of, each by its name
        self,
        world: World,
        old: Fits,
        running: Pipeline,
        draw: Callable[[int], Split],
        *,
        profiled: Split | None = None,
        known: Sequence[Branch] = (),
    ) -> None:
        self.world, self.running, self.draw, self.profiled = world, running, draw, profiled
        self.known = frozenset(known) & frozenset(world.chains)
        self.tried: set[Branch] = set()
        self.timed: set[tuple[int, Branch]] = set()
        self.answers: dict[Pipeline, Measured] = {}
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
        """Wait for labelled requests where the law changed, and fit on them; else what was profiled holds."""
        is_law = any(one.kind in ("accuracy", "inputs", "predictions") for one in changes)
        if not is_law and self.profiled is not None:
            self.chosen, self.tried = self.profiled, set(self.known)
            self.timed = {(id(self.fits), branch) for branch in self.known}
            return {}
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
        chains = {(id(fits), branch) for stage in pipeline.stages for branch in stage.branches}
        trials = len(chains - self.timed) if self.profiled is not None else 1
        self.timed |= chains
        self.pass_time(trials * TRIAL_SECONDS * self.world.queue.rate)
        return self.world.measured(fits, self.chosen, pipeline)

    def measure_running(self) -> Measured:
        """Measure the running composition."""
        return self._measured(self.fits, self.running)

    def measure(self, candidate: Pipeline) -> Measured:
        """Measure a candidate."""
        self.answers[candidate] = found = self._measured(self.new, candidate)
        self.tried |= {branch for stage in candidate.stages for branch in stage.branches}
        return found

    def is_measured(self, candidate: Pipeline) -> bool:
        """Return whether all chains of a candidate were measured, where that tells what it is worth."""
        chains = {branch for stage in candidate.stages for branch in stage.branches}
        return self.profiled is not None and chains <= self.tried

    def compose(self, weights: Weights, count: int) -> Mapping[Pipeline, Measured]:
        """Return the best compositions of the chains that were measured."""
        if self.profiled is None or not self.tried:
            return {}
        assert self.chosen is not None
        space = enumerate_space(LIMITS, self.world.table(self.new, self.chosen, sorted(self.tried)))
        if self.world.fees:
            fees = [self.world.fee(space.pipeline(number)) for number in range(len(space))]
            space = replace(space, cost=space.cost + np.array(fees))
        return best_of(space, weights, count)

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
