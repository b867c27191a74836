"""Suites as tasks of Inspect: the same scores as AURORA's own run, in a log that opens; no network, no model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aurora.errors import DataError, InputError
from aurora.evals.explanations.evaluation import Settings, evaluate_explanations
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, save_result
from aurora.evals.results.samples import Sample, read_samples, save_samples
from tests.cli.command import aurora

inspect_ai = pytest.importorskip("inspect_ai")
SUITES = ("completeness", "correctness")


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    evaluate_explanations(folder, Settings(5, 2, 3, SUITES))
    return folder


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    from aurora.evals.inspect_tasks.tasks import explanations

    task = explanations(suites=",".join(SUITES), decisions=5, plans=2, seed=3)
    folder = str(tmp_path_factory.mktemp("theirs"))
    return inspect_ai.eval(task, model="mockllm/model", log_dir=folder, display="none")[0]


def test_a_task_of_inspect_scores_as_we_do(ours, theirs):
    assert theirs.status == "success"
    log = inspect_ai.log.read_eval_log(theirs.location)
    scored = {s.id: s.scores["measured"].value for s in log.samples}
    assert scored == {f"{s.suite}/{s.subject}/{s.sample}": dict(s.values) for s in read_samples(ours)}
    means = {n: m.value for s in log.results.scores for n, m in s.metrics.items()}
    for name, value in means.items():
        suite, _, rest = name.partition("/")
        subject, _, metric = rest.partition(":")
        of = [
            s.values[metric]
            for s in read_samples(ours)
            if (s.suite, s.subject) == (suite, subject) and metric in s.values
        ]
        assert value == pytest.approx(np.mean(of))
    assert {n.partition("/")[0] for n in means} == set(SUITES)
    assert all(s.model_usage == {} for s in log.samples)


def test_an_unknown_suite_is_refused():
    from aurora.evals.inspect_tasks.tasks import explanations

    with pytest.raises(InputError, match="there are completeness"):
        explanations(suites="beauty")


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_an_exported_log_opens_with_the_same_values(ours, tmp_path, ending):
    file = tmp_path / f"log.{ending}"
    assert "Wrote" in aurora("eval", "export", str(ours), "--format", "inspect", "--out", str(file)).stderr
    log = inspect_ai.log.read_eval_log(str(file))
    samples = read_samples(ours)
    assert {s.id: s.scores["measured"].value for s in log.samples} == {
        f"{s.suite}/{s.subject}/{s.sample}": dict(s.values) for s in samples
    }
    means = {s.name: s.metrics["mean"].value for s in log.results.scores}
    metrics = json.loads((ours / "result.json").read_text())["metrics"]
    assert means == {f"{m['suite']}/{m['subject']}:{m['name']}": m["value"] for m in metrics}


def test_a_failed_sample_has_an_error_and_no_score(tmp_path):
    from aurora.evals.inspect_tasks.log import export_log

    save_result(tmp_path, EvalResult(kind="trials", provenance=provenance("x", model="openai:gpt-4o")))
    with pytest.raises(DataError, match="has no samples"):
        export_log(tmp_path, tmp_path / "log.json")
    kept = [
        Sample(suite="s", subject="m", sample="a", values={"success": 1.0}),
        Sample(suite="s", subject="m", sample="a", trial=1, failure="timeout"),
    ]
    save_samples(tmp_path, kept)
    log = inspect_ai.log.read_eval_log(str(export_log(tmp_path, tmp_path / "log.json")))
    assert [(s.epoch, bool(s.scores), s.error and s.error.message) for s in log.samples] == [
        (1, True, None),
        (2, False, "timeout"),
    ]
    assert log.results.completed_samples == 1
    assert log.eval.model == "openai/gpt-4o"


def test_trials_are_epochs_with_pass_at_and_pass_all(tmp_path, monkeypatch):
    from aurora.evals.inspect_tasks.trials import trials
    from tests.evals.trials.counting_server import counting_server

    with counting_server(0) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        arguments = {"model": "openai:m", "cases": 8, "trials": 2, "folder": str(tmp_path / "calls")}
        logs = [
            inspect_ai.eval(trials(**arguments), model="mockllm/model", log_dir=str(tmp_path), display="none")[0]
            for _ in range(2)
        ]
        assert server.asked.total() == 16, "the second run is answered by the recording"
    assert [log.status for log in logs] == ["success"] * 2
    assert [s.epoch for s in logs[0].samples].count(2) == 8
    found = {s.reducer: s.metrics["accuracy"].value for s in logs[0].results.scores}
    passed = {s.id: s.scores["passes"].value for s in logs[0].samples}
    assert len(found) == 3
    assert 0 < np.mean(list(passed.values())) < 1, "a case with and one without"
    assert set(found.values()) == {np.mean(list(passed.values()))}, "each answer depends on its question alone"
