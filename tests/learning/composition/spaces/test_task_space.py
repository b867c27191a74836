import json

import numpy as np
import pytest

from aurora.errors import RunError
from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.pipelines.validation import check
from aurora.learning.composition.scores.queueing import QueueModel
from aurora.learning.composition.spaces.survey import survey
from aurora.learning.composition.spaces.task_space import SpaceSettings, front_chart, open_task_space
from tests.cli.command import run_command
from tests.learning.composition.small import small_task

pytestmark = pytest.mark.slow  # it fits components

FEW = {name: shipped()[name] for name in ("logistic", "tree-8", "knn-15", "mlp-32")}
SETTINGS = SpaceSettings(Limits(branches=2, transformations=1), 4, QueueModel(rate=100.0, requests=500))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compose")


def test_a_task_is_measured_composed_and_scored_once(folder):
    found = open_task_space(small_task(), folder, SETTINGS, components=FEW)
    assert len(found.space.chains) == 4
    assert len(found.space) == 10 + 4 * 6 * 9
    assert not found.failures
    assert all(check(found.space.pipeline(k), found.rules) == [] for k in range(len(found.space)))
    seen = survey(found.space, found.sealed)
    assert all(0 <= choice.sealed.accuracy <= 1 for choice in seen.front)
    chart = front_chart("small", found.space, seen)
    assert len(chart.marks[2].x) == len(seen.front)
    again = open_task_space(small_task(), folder, SETTINGS, components=FEW)
    np.testing.assert_array_equal(again.space.latency, found.space.latency)
    assert again.space.origin == found.space.origin


def test_a_task_without_a_chain_says_why(folder):
    only = {"scaler": shipped()["standardise"].model_copy(update={"id": "scaler"})}
    with pytest.raises(RunError, match="none that fits"):
        open_task_space(small_task(), folder, SETTINGS, components=only)


def test_the_command_prints_the_front(folder, monkeypatch, capfd):
    monkeypatch.setattr("aurora.learning.composition.tasks.registry.load_task", lambda name: small_task())
    monkeypatch.setattr("aurora.learning.composition.spaces.task_space.entries_of", lambda folder: FEW)
    plot = folder / "front.html"
    words = ["compose", "space", "small", "--folder", str(folder), "--rate", "100", "--chains", "4"]
    with pytest.raises(SystemExit) as end:
        run_command((*words, "--json", "--plot", str(plot)))
    assert end.value.code in (0, None)
    printed = json.loads(capfd.readouterr().out)
    assert printed["chains"] == 4
    assert printed["front"][0]["selection"]["latency"] <= printed["front"][-1]["selection"]["latency"]
    assert "front" in plot.read_text()
    with pytest.raises(SystemExit):
        run_command(tuple(words))
    shown = capfd.readouterr()
    assert shown.out.splitlines()[1].startswith("pipeline\taccuracy\tsealed")
    assert "the best single chain is" in shown.err
