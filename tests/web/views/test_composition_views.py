"""Compositions are shown from their journals; a damaged one says so, and texts are data."""

from __future__ import annotations

import pytest

from aurora import journal
from aurora.errors import AuroraError, DataError
from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.adaptation.steps import FILE, AdaptationJournal
from aurora.learning.composition.catalogue import deprecate, remove, shipped
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.service import JOURNAL
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.scores.objective import Measured
from aurora.learning.composition.searching.measurement_journal import MeasurementJournal
from aurora.web.views.composition import (
    COMPOSE,
    COMPOSITIONS,
    DEPLOYMENTS,
    component_lines,
    deployment,
    deployments,
    fronts,
)

HOSTILE = "<script>window.bad=1</script>"
GATED, SINGLE, SLOW = map(parse_pipeline, ("logistic ? 0.8 | svc", "logistic", "svc"))


@pytest.fixture
def runs(tmp_path):
    place = tmp_path / DEPLOYMENTS / "machines"
    place.mkdir(parents=True)
    history = History(place / JOURNAL)
    for k, pipeline in enumerate((SINGLE, GATED)):
        described = Deployment(name="machines", task="machines", pipeline=str(pipeline))
        history.add("swapped" if k else "deployed", k + 1, who=HOSTILE, why=HOSTILE, description=described)
    adaptation = AdaptationJournal.opened(place / FILE)
    change = Change(kind="load", subject="rate", before=1, after=2, unit="requests a second", text=HOSTILE)
    adaptation.begin([change], SINGLE)
    adaptation.add("measured", GATED, figures={"accuracy": 0.9})
    adaptation.add("ended", GATED, verdict="swapped", reason="it is better")
    measured = MeasurementJournal(tmp_path / COMPOSE / COMPOSITIONS, f"machines {HOSTILE}")
    (tmp_path / COMPOSE).mkdir()
    measured.add(SINGLE, Measured(0.8, 0.001, 1.0, 1e6))
    measured.add(GATED, Measured(0.9, 0.002, 2.0, 2e6))
    measured.add(SLOW, Measured(0.85, float("inf"), float("inf")))
    return tmp_path


def test_what_was_measured_is_named_by_its_task_not_by_hashes(runs):
    (hostile,) = fronts(runs)
    assert (hostile.title, hostile.note) == (f"machines {HOSTILE}", "")
    measured = MeasurementJournal(runs / COMPOSE / COMPOSITIONS, f"machines {'ab' * 8} {'cd' * 4} {'ef' * 32}")
    measured.add(SINGLE, Measured(0.8, 0.001, 0.5, 1e6))
    latest = fronts(runs)[0]
    assert latest.title == "machines"
    assert latest.note == "Data abababab, machine cdcdcdcd, settings efefefef."
    assert latest.front[0].cost == 500.0  # of a million


def test_an_empty_folder_has_a_catalogue_and_nothing_else(tmp_path):
    assert deployments(tmp_path) == []
    assert fronts(tmp_path) == []
    assert {line.name for line in component_lines(tmp_path)} == set(shipped())


def test_the_catalogue_is_the_users(tmp_path):
    deprecate(tmp_path / COMPOSE, "svc", "me", "too slow")
    remove(tmp_path / COMPOSE, "knn-15", "me", "")
    lines = {line.name: line for line in component_lines(tmp_path)}
    assert lines["svc"].state == "too slow"
    assert "knn-15" not in lines


def test_a_deployment_is_told_with_its_stages_versions_and_adaptation(runs):
    (view,) = deployments(runs)
    assert view == deployment(runs, "machines")
    assert (view.version, view.pipeline, view.is_running) == ("2", str(GATED), False)
    assert view.stages == ("logistic ? 0.8", "svc")
    assert [line.action for line in view.versions] == ["swapped", "deployed"]
    assert [line.step for line in view.steps] == ["ended", "measured", "started"]
    assert "accuracy 0.9" in view.steps[1].reason
    assert view.steps[2].reason == HOSTILE
    assert all(line.startswith("aurora compose ") for _, line in view.commands)


def test_a_front_has_what_serves_the_load_and_names_what_runs(runs):
    (front,) = fronts(runs)
    assert [one.pipeline for one in front.front] == [str(SINGLE), str(GATED)]
    assert [one.runs for one in front.front] == ["", "machines"]
    assert front.measured == 3
    assert {mark.name for mark in front.chart.marks} == {"Pareto set", "running"}


def test_damaged_journals_are_told(runs):
    (runs / DEPLOYMENTS / "machines" / FILE).write_text("{}\n")
    (view,) = deployments(runs)
    assert "line 1" in view.problem
    (runs / COMPOSE / COMPOSITIONS).write_text("[]\n")
    with pytest.raises(DataError):
        fronts(runs)


@pytest.mark.parametrize("name", ["nothing", "../etc", "", HOSTILE])
def test_an_unknown_deployment_is_told(runs, name):
    with pytest.raises(AuroraError, match="no deployment"):
        deployment(runs, name)


def test_only_the_last_steps_are_shown(runs):
    path = runs / DEPLOYMENTS / "machines" / FILE
    step = {"time": "t", "number": 2, "step": "measured", "pipeline": "svc"}
    journal.append(path, [step] * 250)
    view = deployment(runs, "machines")
    assert len(view.steps) == 200
    assert view.left_out == 53
