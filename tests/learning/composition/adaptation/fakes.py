"""An application whose compositions have stated accuracies, latencies and costs."""

from __future__ import annotations

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.adaptation.application import Shadow
from aurora.learning.composition.pipelines.pipeline import single
from aurora.learning.composition.scores.objective import Measured, Weights

A, B, C, D = (single(name) for name in ("a", "b", "c", "d"))
WEIGHTS = Weights(1.0, 0.2, 0.2, latency_scale=0.1, cost_scale=10.0)


class Killed(BaseException):
    """The process is killed here."""


class FakeApplication:
    """Answers by law.

    Args:
        measured: Composition -> what `measure` returns.
        true: Composition -> accuracy on live requests; absent: as measured.
        failures: Composition -> requests that it fails in the shadow.
        made_of: Composition -> compositions that have to be measured before its scores are known.
    """

    def __init__(self, measured, running=A, true=None, failures=None, made_of=None, seed=0):
        self.table, self.running = dict(measured), running
        self.true = {**{k: v.accuracy for k, v in measured.items()}, **(true or {})}
        self.failures = failures or {}
        self.made_of = made_of or {}
        self.tried = set()
        self.random = np.random.default_rng(seed)
        self.calls = []
        self.kill_at = None
        self.replaced = None
        self.refusal = ""

    def runs(self, candidate):
        return self.running == candidate and self.replaced is not None

    def measure_running(self):
        return self.measure(self.running)

    def review(self, requests):
        self._call("review")
        right = self._right((self.replaced, self.running), requests)
        return Shadow(right[0], right[1], requests)

    def _right(self, pair, requests):
        # both are right on the same easy requests, mostly
        hardness = self.random.random(requests)
        noise = self.random.random((2, requests)) * 0.1
        return [hardness + noise[k] - 0.05 < self.true[one] for k, one in enumerate(pair)]

    def _call(self, *what):
        self.calls.append(what)
        if self.kill_at is not None and what[0] == self.kill_at:
            self.kill_at = None
            raise Killed

    def refit(self, changes):
        self._call("refit", tuple(one.kind for one in changes))
        return {"chains": 1.0} if any(one.kind == "accuracy" for one in changes) else {}

    def measure(self, pipeline):
        self._call("measure", pipeline)
        if pipeline not in self.table:
            raise InputError(f"{pipeline} is not in the catalogue")
        self.tried.add(pipeline)
        return self.table[pipeline]

    def is_measured(self, candidate):
        return candidate in self.tried

    def compose(self, weights, count):
        known = [one for one, parts in self.made_of.items() if self.tried.issuperset(parts)]
        return {one: self.table[one] for one in sorted(known, key=lambda one: -self.table[one].accuracy)[:count]}

    def shadow(self, candidate, requests):
        self._call("shadow", candidate)
        if candidate not in self.true:
            raise InputError(f"{candidate} can't be loaded")
        right = self._right((self.running, candidate), requests)
        return Shadow(right[0], right[1], requests, self.failures.get(candidate, 0), 0.9, 1.0)

    def swap(self, pipeline):
        if not self.refusal:
            self.replaced, self.running = self.running, pipeline
        self._call("swap", pipeline)
        return self.refusal

    def roll_back(self):
        self._call("roll back")
        self.running, self.replaced = self.replaced, None


def at(accuracy, latency=0.01, cost=1.0):
    return Measured(accuracy, latency, cost)
