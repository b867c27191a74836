"""Branches of stated behaviour, good and bad, which need no artefacts: for trials, tests and measurements.

A branch's model is `KIND` or `KIND-VALUE`, for instance `sleep-2ms`. All take two columns and know two classes, "no"
and "yes"; the probability of "yes" is the first column, if it lies between 0 and 1.

| model | what it does |
|---|---|
| `plain` | answers at once |
| `sleep-5ms` | sleeps for 5 ms a batch |
| `busy-5ms` | computes for 5 ms an item |
| `stamp-7` | answers 7/1000 for "yes", and 500/1000 to its first batch: a live item must not be that |
| `slow-start-2s` | takes 2 s to load |
| `bad-start` | raises at load |
| `raises`, `hangs`, `crashes`, `leaks-50mb` | does so when the second column is negative; leaks with each batch |
| `wrong-shape`, `wrong-values` | answers what it should not, when the second column is negative |
| `words` | takes texts: "yes" for those with a "good" |
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Array, Batch, ValueType

LOAD = "aurora.learning.composition.engine.trial:load_branch"
"""Name of this module's load function."""
CLASSES = ("no", "yes")
_MODEL = re.compile(r"([a-z-]+?)(?:-(\d+(?:\.\d+)?)(ms|s|mb)?)?")
_UNITS = {"ms": 1e-3, "s": 1.0, "mb": float(1 << 20), None: 1.0}
_HALF = 500.0


class TrialBranch:
    """A branch of stated behaviour.

    Args:
        behave: Called with the batch; returns the probabilities.
        kind: Type of the items.
    """

    def __init__(self, behave: Callable[[Batch], Array], kind: ValueType) -> None:
        self.classes = CLASSES
        self.input = kind
        self._behave = behave

    def __call__(self, batch: Batch) -> Array:
        """Return the probabilities of "no" and "yes" of each item."""
        return self._behave(batch)


def load_branch(branch: Branch, task: str, artefacts: Path) -> TrialBranch:
    """Return the branch that a model's name describes.

    Args:
        branch: Its transformations are ignored.
        task: Ignored.
        artefacts: Ignored.

    Raises:
        InputError: There is no such model, or it is one that can't be loaded.
    """
    found = _MODEL.fullmatch(branch.model)
    kind = found[1] if found else ""
    value = float(found[2] or 0) * _UNITS[found[3]] if found else 0.0
    if kind == "bad-start":
        raise InputError("this model can't be loaded")
    if kind == "words":
        return TrialBranch(_words, ValueType("text"))
    columns = ValueType("columns", 2, ("a", "b"))
    if kind == "stamp":
        return _stamped(value, columns)
    if kind == "slow-start":
        time.sleep(value)
        return TrialBranch(_plain, columns)
    if kind not in _BEHAVIOURS:
        raise InputError(f"there is no trial model of this name; there are {', '.join(NAMES)}", value=branch.model)
    behave = _BEHAVIOURS[kind]
    held: list[Array] = []

    def answer(batch: Batch) -> Array:
        assert not isinstance(batch, list)
        return behave(batch, value, held)

    return TrialBranch(answer, columns)


def _plain(batch: Batch) -> Array:
    assert not isinstance(batch, list)
    yes = np.clip(batch[:, 0], 0, 1)
    return np.stack([1 - yes, yes], axis=1).astype(np.float32)


def _words(batch: Batch) -> Array:
    yes = np.array(["good" in str(text) for text in batch], np.float32)
    return np.stack([1 - yes, yes], axis=1)


def _stamped(value: float, columns: ValueType) -> TrialBranch:
    """Return a branch that is whole after its first batch only."""
    shares = [value / 1000, _HALF / 1000]

    def answer(batch: Batch) -> Array:
        share = shares.pop() if len(shares) > 1 else shares[0]
        return np.tile(np.array([1 - share, share], np.float32), (len(batch), 1))

    return TrialBranch(answer, columns)


def _is_poisoned(batch: Array) -> bool:
    return bool((batch[:, 1] < 0).any())


def _sleep(batch: Array, value: float, held: list[Array]) -> Array:
    time.sleep(value)
    return _plain(batch)


def _busy(batch: Array, value: float, held: list[Array]) -> Array:
    end = time.perf_counter() + value * len(batch)
    while time.perf_counter() < end:
        pass
    return _plain(batch)


def _raise(batch: Array, value: float, held: list[Array]) -> Array:
    if _is_poisoned(batch):
        raise ValueError("the second column is negative")
    return _plain(batch)


def _hang(batch: Array, value: float, held: list[Array]) -> Array:
    while _is_poisoned(batch):
        time.sleep(1)
    return _plain(batch)


def _crash(batch: Array, value: float, held: list[Array]) -> Array:
    if _is_poisoned(batch):
        os.kill(os.getpid(), signal.SIGSEGV)
    return _plain(batch)


def _leak(batch: Array, value: float, held: list[Array]) -> Array:
    held.append(np.ones(max(1, int(value / 4)), np.float32))
    return _plain(batch)


def _wrong_shape(batch: Array, value: float, held: list[Array]) -> Array:
    return _plain(batch)[:, :1] if _is_poisoned(batch) else _plain(batch)


def _wrong_values(batch: Array, value: float, held: list[Array]) -> Array:
    return _plain(batch) * np.float32(np.nan) if _is_poisoned(batch) else _plain(batch)


_BEHAVIOURS: dict[str, Callable[[Array, float, list[Array]], Array]] = {
    "plain": lambda batch, value, held: _plain(batch),
    "sleep": _sleep,
    "busy": _busy,
    "raises": _raise,
    "hangs": _hang,
    "crashes": _crash,
    "leaks": _leak,
    "wrong-shape": _wrong_shape,
    "wrong-values": _wrong_values,
}
NAMES = (*_BEHAVIOURS, "stamp", "slow-start", "bad-start", "words")
"""Kinds of models."""
