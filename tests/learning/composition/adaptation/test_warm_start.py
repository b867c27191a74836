"""An adaptation begins with what searches and adaptations before it have measured, as far as it can still be run."""

from __future__ import annotations

import pytest

from aurora.learning.composition.adaptation.proposals import proposals
from aurora.learning.composition.adaptation.steps import AdaptationJournal, figures_of
from aurora.learning.composition.adaptation.warm_start import earlier_measurements
from aurora.learning.composition.catalogue import deprecate, entries_of, remove
from aurora.learning.composition.environment.task_problem import subject_of
from aurora.learning.composition.pipelines.pipeline import single
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.learning.composition.searching.measurement_journal import COMPOSITIONS, UNUSABLE, MeasurementJournal
from tests.learning.composition.small import small_task

TASK = small_task()
TREE, LOGISTIC, SVC, BAYES = (single(name) for name in ("tree-8", "logistic", "svc", "naive-bayes"))


@pytest.fixture
def folder(tmp_path):
    ours = MeasurementJournal(tmp_path / COMPOSITIONS, f"{subject_of(TASK)} 12ab")
    ours.add(TREE, Measured(0.7, 0.001, 0.1))
    ours.add(LOGISTIC, Measured(0.8, 0.001, 0.1))
    ours.add(SVC, Measured(0.9, 0.001, 0.1))
    ours.add(BAYES, UNUSABLE, "it could not be run")
    other = MeasurementJournal(tmp_path / COMPOSITIONS, "another-task 0 0 12ab")
    other.add(BAYES, Measured(1.0, 0.0, 0.0))
    return tmp_path


@pytest.fixture
def steps(tmp_path):
    return AdaptationJournal.opened(tmp_path / "place" / "adaptation.jsonl")


def test_searches_of_the_task_count_and_what_adaptations_measured_is_newer(folder, steps):
    steps.begin([], SVC)
    steps.add("measured", TREE, figures=figures_of(Measured(0.95, 0.002, 0.2)))
    found = earlier_measurements(folder, TASK, steps.steps)
    assert {pipeline: one.accuracy for pipeline, one in found.items()} == {TREE: 0.95, LOGISTIC: 0.8, SVC: 0.9}


def proposed(folder, steps, running=LOGISTIC):
    earlier = earlier_measurements(folder, TASK, steps.finished)
    weights = Weights(1.0, 0.1, 0.1, latency_scale=1.0, cost_scale=1.0)
    trials = proposals(TASK, running, entries_of(folder), earlier, weights, rate=10.0)
    found = [next(trials)]
    found += [trials.send(Measured(0.5, 0.001, 0.1)) for _ in range(12)]
    return found


def test_the_best_of_before_is_proposed_first(folder, steps):
    assert proposed(folder, steps)[:3] == [SVC, LOGISTIC, TREE]


def test_what_the_user_withdrew_or_removed_is_not_proposed_even_where_it_runs(folder, steps):
    deprecate(folder, "svc", "me", "too slow")
    remove(folder, "tree-8", "me")
    found = proposed(folder, steps, running=SVC)
    assert found[0] == LOGISTIC
    assert not {"svc", "tree-8"} & {name for pipeline in found for name in pipeline.components}


def test_steps_of_an_adaptation_that_goes_on_are_not_its_own_past(folder, steps):
    steps.begin([], LOGISTIC)
    steps.add("measured", TREE, figures=figures_of(Measured(0.99, 0.001, 0.1)))
    assert proposed(folder, steps)[0] == SVC
