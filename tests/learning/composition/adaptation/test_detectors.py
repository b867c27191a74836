"""Detectors find what moved, say what it is, and rarely cry where nothing moved."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.learning.composition.adaptation.catalogue_changes import Listed, catalogue_changes
from aurora.learning.composition.adaptation.drift import InputReference, prediction_drift, summary
from aurora.learning.composition.adaptation.labels import AccuracyWatch
from aurora.learning.composition.adaptation.load_changes import capacity, change_point, load_change
from aurora.learning.composition.adaptation.paired import compare
from aurora.learning.composition.pipelines.pipeline import single
from aurora.learning.composition.pipelines.value_types import ValueType

COLUMNS = ValueType("columns", 3, ("heat", "speed", "age"))
CLASSES = ("sound", "worn", "hot")


def rows(random, count, shift=0.0):
    found = random.normal(0, 1, (count, 3)).astype(np.float32)
    found[:, 1] += shift
    return found


def test_the_column_that_moved_is_named_with_its_size():
    random = np.random.default_rng(0)
    (change,) = InputReference(rows(random, 1000), COLUMNS).drift(rows(random, 300, 0.5))
    assert (change.kind, change.subject) == ("inputs", "speed")
    assert change.after - change.before == pytest.approx(0.5, abs=0.15)
    assert "rose" in change.text


def test_a_stuck_column_and_a_missing_one_are_said_so():
    random = np.random.default_rng(1)
    reference = InputReference(rows(random, 1000), COLUMNS)
    window = rows(random, 300)
    window[:, 0] = 0
    window[:100, 2] = np.nan
    texts = {one.subject: one.text for one in reference.drift(window)}
    assert "stuck" in texts["heat"]
    assert "missing in 33.3%" in texts["age"]


def test_windows_without_drift_raise_as_few_alarms_as_stated():
    random = np.random.default_rng(2)
    alarms = [bool(InputReference(rows(random, 400), COLUMNS).drift(rows(random, 200), alpha=0.05)) for _ in range(400)]
    assert np.mean(alarms) <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_embeddings_are_compared_as_wholes():
    random = np.random.default_rng(3)
    kind = ValueType("embedding", 3)
    reference = InputReference(rows(random, 300), kind)
    assert reference.drift(rows(random, 300)) == []
    (change,) = reference.drift(rows(random, 300, 0.6))
    assert change.subject == "embedding"


def test_texts_of_another_language_are_noticed():
    random = np.random.default_rng(4)
    words = ["the", "film", "was", "good", "bad", "long", "short", "very", "nice", "and", "a", "plot", "actor", "scene"]
    foreign = ["der", "Film", "war", "gut", "schlecht", "lang", "kurz", "sehr", "schön", "und", "ein", "Schauspieler"]

    def texts(vocabulary, count):
        return [" ".join(random.choice(vocabulary, 8)) for _ in range(count)]

    reference = InputReference(texts(words, 400), ValueType("text"))
    assert reference.drift(texts(words, 200)) == []
    assert "share of new words" in {one.subject for one in reference.drift(texts(foreign, 200))}


def test_the_class_that_is_predicted_more_often_is_named():
    random = np.random.default_rng(5)
    before = random.choice(3, 1000, p=(0.5, 0.3, 0.2))
    assert prediction_drift(before, random.choice(3, 400, p=(0.5, 0.3, 0.2)), CLASSES) == []
    changes = prediction_drift(before, random.choice(3, 400, p=(0.3, 0.3, 0.4)), CLASSES)
    assert {one.subject for one in changes} == {"sound", "hot"}
    assert summary(changes) == {"predictions": 2}


def test_a_class_that_is_never_predicted_changes_nothing():
    same = np.zeros(100, np.int64)
    assert prediction_drift(same, same, CLASSES) == []


def test_too_small_or_misshapen_windows_are_refused():
    random = np.random.default_rng(6)
    reference = InputReference(rows(random, 100), COLUMNS)
    with pytest.raises(InputError, match="too few"):
        reference.drift(rows(random, 5))
    with pytest.raises(InputError, match="2 columns"):
        reference.drift(rows(random, 50)[:, :2])
    with pytest.raises(InputError, match="array"):
        reference.drift(["a"] * 50)
    with pytest.raises(InputError, match="texts"):
        InputReference(rows(random, 50), ValueType("text"))


def stream(random, count, accuracy):
    labels = random.integers(0, 3, count)
    return random.random(count) < np.array(accuracy)[labels], labels


def test_a_loss_of_accuracy_is_found_soon_with_the_class_that_lost_most():
    random = np.random.default_rng(7)
    watch = AccuracyWatch(*stream(random, 2000, (0.9, 0.9, 0.9)), CLASSES)
    assert watch.add(*stream(random, 1000, (0.9, 0.9, 0.9))) is None
    change = watch.add(*stream(random, 400, (0.9, 0.5, 0.9)))
    assert change is not None
    assert change.subject == "worn"
    assert change.after < change.before - 0.05
    watch.restart()
    assert watch.evidence == 0


def test_labels_without_loss_rarely_alarm():
    random = np.random.default_rng(8)
    alarms = 0
    for _ in range(40):
        watch = AccuracyWatch(*stream(random, 2000, (0.9,) * 3), CLASSES, labels_to_false_alarm=2000)
        alarms += watch.add(*stream(random, 1000, (0.9,) * 3)) is not None
    # in the mean 2,000 labels or more lie before an alarm, so at most about 40 % of 1,000-label streams have one
    assert alarms <= 0.4 * 40


def test_label_watches_refuse_what_they_cannot_use():
    with pytest.raises(InputError, match="as many labels"):
        AccuracyWatch(np.ones(3, bool), np.zeros(2, np.int64), CLASSES)
    with pytest.raises(InputError, match="labels_to_false_alarm"):
        AccuracyWatch(np.ones(3, bool), np.zeros(3, np.int64), CLASSES, labels_to_false_alarm=1)


def test_a_step_of_the_rate_is_placed():
    random = np.random.default_rng(9)
    counts = np.concatenate([random.poisson(20, 20), random.poisson(50, 10)]).astype(float)
    found = change_point(counts, 10.0)
    assert found.interval == 20
    assert found.before == pytest.approx(2, rel=0.2)
    assert found.after == pytest.approx(5, rel=0.2)
    change = load_change(counts, 10.0, most=3.0)
    assert change is not None
    assert change.needs_recomposition
    assert not load_change(counts, 10.0, most=30.0).needs_recomposition
    assert load_change(counts[::-1], 10.0, most=30.0).needs_recomposition


def test_a_bursty_but_constant_rate_is_no_change():
    random = np.random.default_rng(10)
    alarms = [
        load_change(random.negative_binomial(2, 0.1, 30).astype(float), 1.0, 1.0, alpha=0.05) is not None
        for _ in range(100)
    ]
    assert np.mean(alarms) <= 0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5


def test_capacity_is_the_rate_at_which_the_limit_is_met():
    def latency(rate):
        return 0.01 / (1 - rate / 80) if rate < 80 else np.inf

    assert capacity(latency, 0.05) == pytest.approx(64, rel=0.02)
    assert capacity(latency, 0.005) == 0
    for bad in (
        lambda: capacity(latency, 0),
        lambda: change_point(np.ones(3), 1.0),
        lambda: change_point(np.ones(9), 0),
    ):
        with pytest.raises(InputError):
            bad()
    with pytest.raises(InputError, match="negative"):
        change_point(-np.ones(9), 1.0)


@pytest.mark.parametrize(
    ("old", "new", "needs", "words"),
    [
        (None, Listed(), True, "appeared"),
        (None, Listed(deprecated="broken"), False, "not to be used"),
        (Listed(), None, True, "no longer"),
        (Listed(), Listed(deprecated="use b"), True, "use b"),
        (Listed(deprecated="use b"), Listed(), True, "again"),
        (Listed(cost=1.0), Listed(cost=2.0), True, "it was 1"),
        (Listed(cost=2.0), Listed(cost=1.0), True, "it was 2"),
        (Listed(version="1"), Listed(version="2"), True, "version 2"),
    ],
)
def test_changes_of_a_running_component_are_told(old, new, needs, words):
    before, after = ({"a": one} if one else {} for one in (old, new))
    (change,) = catalogue_changes(before, after, single("a"))
    assert change.needs_recomposition is needs
    assert words in change.text


def test_what_goes_or_gets_dearer_elsewhere_only_reports():
    before = {"a": Listed(cost=1.0), "b": Listed(cost=1.0), "c": Listed()}
    after = {"a": Listed(cost=3.0), "b": Listed(cost=3.0)}
    found = catalogue_changes(before, after, single("b"))
    assert [(one.subject, one.needs_recomposition) for one in found] == [("b", True), ("a", False), ("c", False)]
    assert catalogue_changes(before, before, single("b")) == []


def paired(random, count, only_running, only_candidate):
    draw = random.random(count)
    both = draw > only_running + only_candidate
    return both | (draw < only_running), both | ((draw >= only_running) & ~both)


def test_a_clear_difference_is_decided_early_in_both_directions():
    random = np.random.default_rng(11)
    running, candidate = paired(random, 5000, 0.02, 0.12)
    found = compare(running, candidate)
    assert found.verdict == "better"
    assert found.requests < 500
    assert compare(candidate, running).verdict == "worse"
    assert compare(running, candidate, margin=0.3).verdict == "worse"


def test_equal_compositions_are_rarely_called_better_however_often_one_looks():
    random = np.random.default_rng(12)
    wrong = [compare(*paired(random, 2000, 0.05, 0.05), alpha=0.05).verdict == "better" for _ in range(300)]
    assert np.mean(wrong) <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_margins_beyond_all_differences_decide_at_once():
    nothing = np.zeros(0, bool)
    assert compare(nothing, nothing, margin=-np.inf).verdict == "better"
    assert compare(nothing, nothing, margin=np.inf).verdict == "worse"
    assert compare(nothing, nothing).verdict == "undecided"
    with pytest.raises(InputError):
        compare(nothing, np.ones(1, bool))
    with pytest.raises(InputError):
        compare(nothing, nothing, margin=np.nan)
