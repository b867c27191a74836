"""`aurora compose attack` prints the usual choice and the robust one, with the demands at which they lose most."""

import json
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.learning.composition.environment import task_problem
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.spaces.space import space_size
from aurora.learning.composition.tasks import registry
from tests.learning.composition.made_up import measured, rules

CHAINS = 4
LINE = ["compose", "attack", "machines", "--peak", "4", "--rounds", "2", "--tries", "3", "--branches", "1"]


@pytest.fixture(autouse=True)
def chains(monkeypatch):
    """Have the task's chains made up instead of measured."""

    def made_up(task, amounts, place, settings, *, progress):
        own = rules()
        found, labels = measured(EditSpace(own).chains[:CHAINS])
        evaluator = TableEvaluator(found, labels, QueueModel(rate=20.0))
        problem = task_problem.problem_of(own, evaluator, amounts)
        return task_problem.TaskProblem(problem, evaluator, space_size(own.limits, len(found)), "made up", {})

    monkeypatch.setattr(task_problem, "open_task_problem", made_up)
    monkeypatch.setattr(registry, "load_task", lambda name: SimpleNamespace(classes=("no", "yes")))


def test_json_says_what_is_worth_what_and_where_it_fails():
    result = CliRunner().invoke(app, [*LINE, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    usual, robust = found["usual"], found["robust"]
    assert robust["reward"] <= usual["reward"] + 1e-12
    assert robust["worst"]["regret"] <= usual["worst"]["regret"] + 1e-12
    assert found["mixed_regret"] <= robust["worst"]["regret"] + 1e-9
    for one in (usual, robust):
        assert 5 <= one["worst"]["rate"] <= 80
        assert sum(one["worst"]["shares"].values()) == pytest.approx(1)
        assert one["worst"]["best_reward"] - one["worst"]["reward"] == pytest.approx(one["worst"]["regret"])


def test_words_name_the_demand_and_what_is_best_there():
    result = CliRunner().invoke(app, LINE)
    assert result.exit_code == 0, result.output
    assert "requests a second (" in result.stdout
    assert "best as usual" in result.stdout and "most robust" in result.stdout


def test_a_peak_below_the_usual_load_is_refused():
    result = CliRunner().invoke(app, ["compose", "attack", "machines", "--peak", "0.5"])
    assert result.exit_code == 2
    assert "--peak" in result.output
