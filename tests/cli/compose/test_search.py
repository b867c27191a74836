import json

import pytest
import typer
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.cli.compose.search import parse_weights
from aurora.learning.composition.environment import task_problem
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.spaces.space import space_size
from aurora.learning.composition.tasks import registry
from tests.learning.composition.made_up import measured, rules

ARGUMENTS = ["compose", "search", "machines", "--budget", "8", "--agent", "random"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder; the task's chains are made up instead of measured."""

    def made_up(task, amounts, place, settings, *, enumerated, progress):
        own = rules()
        chains, labels = measured(EditSpace(own).chains)
        evaluator = TableEvaluator(chains, labels)
        problem = task_problem.problem_of(own, evaluator, amounts, enumerated=enumerated)
        return task_problem.TaskProblem(problem, evaluator, space_size(own.limits, len(chains)), "made up", {})

    monkeypatch.setattr(task_problem, "open_task_problem", made_up)
    monkeypatch.setattr(registry, "load_task", lambda name: name)
    return tmp_path


def test_the_choice_is_said_in_words_with_the_pareto_set_and_a_chart(folder):
    result = CliRunner().invoke(app, [*ARGUMENTS, "--folder", str(folder), "--plot", str(folder / "front.html")])
    assert result.exit_code == 0, result.output
    assert "answers" in result.stdout and "Pareto set of machines" in result.stdout
    assert "path of the search" in (folder / "front.html").read_text()


def test_json_has_the_path_and_a_second_call_measures_nothing(folder):
    line = [*ARGUMENTS, "--folder", str(folder), "--json"]
    first, again = (json.loads(CliRunner().invoke(app, line).stdout) for _ in range(2))
    assert (first["asked"], first["fresh"], again["fresh"]) == (8, 8, 0)
    assert first["path"] == again["path"] and first["choice"] == again["choice"]
    assert first["choice"]["pipeline"] in {one["pipeline"] for one in first["pareto"]}


def test_weights_are_read_by_name():
    assert parse_weights("accuracy=1, cost=0.5", "--weights") == (1.0, 0.0, 0.5)
    for text in ("", "accuracy", "speed=1", "cost=1,cost=2", "cost=nan", "cost=-1", "cost=x", "accuracy=0"):
        with pytest.raises(typer.BadParameter):
            parse_weights(text, "--weights")
