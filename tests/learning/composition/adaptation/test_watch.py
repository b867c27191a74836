"""A watch joins all detectors, and finds nothing again once its reference is set anew."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.learning.composition.adaptation.catalogue_changes import Listed
from aurora.learning.composition.adaptation.watch import UNKNOWN, Watch, Window, needs_recomposition
from aurora.learning.composition.pipelines.pipeline import single
from aurora.learning.composition.pipelines.value_types import ValueType

KIND = ValueType("columns", 2, ("heat", "age"))
CLASSES = ("no", "yes")
RUNNING = single("a")


def window(random, count=600, *, shift=0.0, accuracy=0.9, **fields):
    items = random.normal(shift, 1, (count, 2)).astype(np.float32)
    labels = random.integers(0, 2, count)
    predicted = np.where(random.random(count) < accuracy, labels, 1 - labels)
    return Window(items, predicted, labels, **fields)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_a_window_like_the_reference_has_no_change(random):
    watch = Watch(window(random), KIND, CLASSES)
    assert watch.step(window(random), RUNNING) == []
    assert not needs_recomposition([])


def test_every_kind_of_change_is_found_at_once(random):
    watch = Watch(window(random, 2000), KIND, CLASSES, listed={"a": Listed()}, capacity=5.0)
    counts = np.concatenate([random.poisson(3, 20), random.poisson(9, 20)]).astype(float)
    changes = watch.step(window(random, shift=0.5, accuracy=0.6, counts=counts, listed={}), RUNNING)
    assert {one.kind for one in changes} == {"catalogue", "inputs", "accuracy", "load"}
    assert needs_recomposition(changes)


def test_what_was_adapted_to_is_not_found_again(random):
    watch = Watch(window(random), KIND, CLASSES)
    assert watch.step(window(random, shift=0.5), RUNNING)
    watch.set_reference(window(random, shift=0.5))
    assert watch.step(window(random, shift=0.5), RUNNING) == []


def test_labels_that_have_not_arrived_say_nothing_of_accuracy(random):
    watch = Watch(window(random), KIND, CLASSES)
    late = window(random, accuracy=0.1)
    late = Window(late.items, late.predicted, np.full(len(late.labels), UNKNOWN))
    assert "accuracy" not in {one.kind for one in watch.step(late, RUNNING)}
    assert watch.evidence == 0
    labels = random.integers(0, 2, 200)
    assert [one.kind for one in watch.late_labels(1 - labels, labels)] == ["accuracy"]


def test_a_small_window_is_looked_at_for_labels_only(random):
    watch = Watch(window(random), KIND, CLASSES)
    assert watch.step(window(random, 5, shift=9.0), RUNNING) == []


def test_windows_of_unequal_parts_are_refused(random):
    with pytest.raises(InputError, match="differ in number"):
        Window(np.zeros((3, 2), np.float32), np.zeros(2, np.int64), np.zeros(3, np.int64))
