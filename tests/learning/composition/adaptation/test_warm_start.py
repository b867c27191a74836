"""An adaptation begins with what searches and adaptations before it have measured, as far as it can still be run."""

from __future__ import annotations

import pytest

from aurora.learning.composition.adaptation.catalogue_changes import COST_UNIT
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.composing import LIMITS
from aurora.learning.composition.adaptation.judging import RecompositionSettings
from aurora.learning.composition.adaptation.steps import AdaptationJournal, figures_of
from aurora.learning.composition.adaptation.warm_start import MOST_NEW, candidates, earlier_measurements
from aurora.learning.composition.catalogue import deprecate, entries_of, remove
from aurora.learning.composition.environment.task_problem import subject_of
from aurora.learning.composition.pipelines.pipeline import single
from aurora.learning.composition.pipelines.rules import Rules
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


def proposed(folder, steps, running=LOGISTIC, changes=()):
    earlier = earlier_measurements(folder, TASK, steps.finished)
    settings = RecompositionSettings(Weights(1.0, 0.1, 0.1, latency_scale=1.0, cost_scale=1.0))
    usable = {name: one for name, one in entries_of(folder).items() if one.is_for(TASK.name)}
    return candidates(running, changes, earlier, Rules(usable, TASK.input, TASK.classes, LIMITS), settings)


def test_the_running_one_and_the_best_of_before_are_tried_first(folder, steps):
    found = proposed(folder, steps)
    assert found[:3] == [LOGISTIC, SVC, TREE]
    assert len(found) == len(set(found))


def test_what_is_new_in_the_catalogue_is_tried_before_the_best_of_before(folder, steps):
    appeared = Change(kind="catalogue", subject="mlp-32", before=0, after=1, unit="present", text="mlp-32 appeared")
    found = proposed(folder, steps, changes=[appeared])
    assert "mlp-32" in found[1].components
    assert found.index(SVC) <= 1 + MOST_NEW


def test_what_gets_dearer_or_goes_is_not_tried_first_and_what_gets_cheaper_is(folder, steps):
    dearer, cheaper = (
        Change(kind="catalogue", subject=name, before=2, after=after, unit=COST_UNIT, text=f"the price of {name}")
        for name, after in (("mlp-32", 9), ("boosting-20", 1))
    )
    gone = Change(kind="catalogue", subject="mlp-256", before=1, after=0, unit="present", text="mlp-256 went")
    assert proposed(folder, steps, changes=[dearer, gone]) == proposed(folder, steps)
    assert "boosting-20" in proposed(folder, steps, changes=[cheaper])[1].components


def test_single_chains_that_show_most_components_come_first(folder, steps):
    found = proposed(folder, steps)
    shown = {name for pipeline in found[:3] for name in pipeline.components}
    fresh = [len(set(one.components) - shown) for one in found[3:]]
    assert fresh[0] == max(fresh)


def test_what_the_user_withdrew_or_removed_is_not_proposed_even_where_it_runs(folder, steps):
    deprecate(folder, "svc", "me", "too slow")
    remove(folder, "tree-8", "me")
    found = proposed(folder, steps, running=SVC)
    assert found[0] == LOGISTIC
    assert not {"svc", "tree-8"} & {name for pipeline in found for name in pipeline.components}


def test_steps_of_an_adaptation_that_goes_on_are_not_its_own_past(folder, steps):
    steps.begin([], LOGISTIC)
    steps.add("measured", TREE, figures=figures_of(Measured(0.99, 0.001, 0.1)))
    assert proposed(folder, steps)[1] == SVC
