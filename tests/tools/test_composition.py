"""A model composes by the same rules and measurements as a search, and deploys only what a person approved."""

from __future__ import annotations

import json

import pytest

from aurora.learning.composition.adaptation.steps import FILE, AdaptationJournal
from aurora.learning.composition.catalogue import deprecate
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.service import JOURNAL
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.tools import composition
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness, Limits
from aurora.tools.registry import ROWS
from tests.learning.composition.small import small_task

TOOLS = ["compose_pipeline", "profile", "pipeline_status", "deploy"]


@pytest.fixture
def harness(tmp_path, monkeypatch):
    monkeypatch.setattr(composition, "TASKS", {"small": small_task})
    return Harness(Desk([], runs=tmp_path), TOOLS, may_change=True, limits=Limits(seconds=600.0))


def ask(harness, tool, /, **arguments):
    shown = harness.call(tool, arguments)
    evidence = harness.journal[-1]
    return json.loads(evidence.text) if evidence.outcome == "ok" else shown


def test_a_pipeline_that_fits_is_scored_and_neighbours_are_named(harness):
    found = ask(harness, "compose_pipeline", task="small", pipeline="tree-8 ? 0.8 | logistic", rate=10)
    assert found["misfits"] == []
    assert 0 < found["accuracy"] <= 1
    assert found["latency_ms"] > 0
    assert found["next"]
    assert found["pipeline"] not in found["next"]
    again = ask(harness, "compose_pipeline", task="small", pipeline=found["next"][0].split(" ")[0])
    assert again["misfits"] == [] or again["accuracy"] is None


def test_what_does_not_fit_says_why_and_is_not_scored(harness):
    found = ask(harness, "compose_pipeline", task="small", pipeline="nothing > logistic ? 0.8")
    assert found["accuracy"] is None
    assert any("nothing" in one for one in found["misfits"])
    assert "character" in ask(harness, "compose_pipeline", task="small", pipeline="a | | b")
    assert "no such task" in ask(harness, "compose_pipeline", task="other", pipeline="logistic")


def test_a_chain_is_profiled_and_components_are_listed(harness):
    assert "logistic" in ask(harness, "profile", task="small")["components"]
    found = ask(harness, "profile", task="small", chain="logistic")
    assert found["median_ms"] > 0
    assert "one chain" in ask(harness, "profile", task="small", chain="logistic + tree-8")


def test_a_component_that_the_user_withdrew_is_neither_listed_nor_accepted(harness, tmp_path):
    deprecate(tmp_path / "compose", "svc", "me", "too slow")
    assert "svc" not in ask(harness, "profile", task="small")["components"]
    found = ask(harness, "compose_pipeline", task="small", pipeline="svc")
    assert found["accuracy"] is None
    assert any("svc" in one for one in found["misfits"])


def test_tools_that_fit_models_do_not_pass_for_reading():
    assert {name: ROWS[name].effect for name in TOOLS} == {
        "compose_pipeline": "measures",
        "profile": "measures",
        "pipeline_status": "reads",
        "deploy": "changes",
    }


def test_a_deployment_is_told_with_its_adaptation(harness, tmp_path):
    assert ask(harness, "pipeline_status") == {"deployments": []}
    place = tmp_path / "deployments" / "films"
    place.mkdir(parents=True)
    History(place / JOURNAL).add("deployed", 1, description=Deployment(name="films", pipeline="logistic"))
    steps = AdaptationJournal.opened(place / FILE)
    steps.begin([], parse_pipeline("logistic"))
    (row,) = ask(harness, "pipeline_status", name="films")["deployments"]
    assert (row["state"], row["pipeline"], row["version"]) == ("stopped", "logistic", 1)
    assert row["adaptations"] == ["started logistic"]
    assert "films" in ask(harness, "pipeline_status", name="other")


def test_a_model_deploys_nothing_without_approval(tmp_path):
    harness = Harness(Desk([], runs=tmp_path), TOOLS)
    shown = ask(harness, "deploy", name="films", pipeline="logistic", why="better")
    assert "nobody has approved" in shown


def test_what_does_not_run_is_not_swapped(harness):
    assert "no deployment runs" in ask(harness, "deploy", name="films", pipeline="logistic", why="better")
    assert "pattern" in ask(harness, "deploy", name="../films", pipeline="logistic", why="better")
