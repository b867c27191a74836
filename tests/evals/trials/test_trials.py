"""Repeated trials of a model: what passes, pass@k and pass^k, and what is paid."""

from __future__ import annotations

import json

import pytest

from aurora.agents.models.budget import Budget
from aurora.errors import InputError
from aurora.evals.results.calls import EvalModel
from aurora.evals.results.samples import Sample, read_samples
from aurora.evals.testing.scripted_server import scripted_server
from aurora.evals.trials.measuring import TrialSettings, evaluate_trials
from aurora.evals.trials.suites import SUITES, cases_of
from aurora.evals.trials.summary import metrics_of, tables_of
from tests.agents.scripted_model import ScriptedModel
from tests.cli.command import aurora

SMALL = TrialSettings(("explanations",), 3, 2)


class FirstFact(ScriptedModel):
    """Arranges an explanation of the first fact, or answers with what cannot be one."""

    replies: list = []  # noqa: RUF012  # pydantic copies it
    bad: bool = False

    def _generate(self, messages, *args, **kwargs):
        answer = {"sentences": [{"facts": ["1a"], "link": "none", "figures": True}]}
        self.replies = ["no" if self.bad else json.dumps(answer)]
        return super()._generate(messages, *args, **kwargs)


def _model(**fields):
    client = FirstFact(**fields)
    return EvalModel("openai:scripted", client=client), client


def test_a_larger_evaluation_continues_a_smaller_one() -> None:
    bench = SUITES["explanations"].bench(0)
    assert cases_of(bench, 9)[:4] == cases_of(bench, 4)
    assert len(set(cases_of(bench, 9))) == 9
    assert {c.family for c in cases_of(bench, 9)} == set(bench.families)


def test_passes_are_counted_over_cases() -> None:
    passed = {"a": (1, 1, 1), "b": (1, 0, 1), "c": (0, 0, 0), "d": (1, 1, 1)}
    samples = [
        Sample(suite="s", subject="m", sample=c, trial=k, values={"points": 0.5 + 0.4 * p})
        for c, of in passed.items()
        for k, p in enumerate(of)
    ]
    found = {m.name: m for m in metrics_of(samples, 3, 0.9)}
    assert found["pass@1"].value == pytest.approx(8 / 12)
    assert found["pass@3"].value == 0.75
    assert found["pass^2"].value == pytest.approx((1 + 1 / 3 + 0 + 1) / 4)
    assert found["pass^3"].value == 0.5
    assert all(m.low < m.value < m.high for m in found.values())
    passes, cases = tables_of(samples, 3, 0.9)
    assert [row[2] for row in passes.rows] == [1, 2, 3]
    assert cases.rows == (("s", "m", 1, 0, 1, 2),)
    strict = {m.name: m.value for m in metrics_of(samples, 3, 1.0)}
    assert strict["pass@3"] == 0


def test_a_second_run_asks_nothing_and_a_larger_one_the_rest(tmp_path) -> None:
    model, client = _model()
    first = evaluate_trials(tmp_path, model, SMALL)
    assert len(client.sent) == 6
    assert {s.trial for s in read_samples(tmp_path)} == {0, 1}
    assert {m.name for m in first.metrics} == {"pass@1", "pass@2", "pass^2", "points"}
    again, client = _model()
    assert evaluate_trials(tmp_path, again, SMALL).metrics == first.metrics
    assert not client.sent
    more, client = _model()
    result = evaluate_trials(tmp_path, more, SMALL._replace(cases=4, trials=3))
    assert len(client.sent) == 12 - 6
    assert result.provenance.model_calls == 12
    assert sum(s.model_calls for s in read_samples(tmp_path)) == 12


def test_no_valid_answer_is_a_trial_that_was_not_passed(tmp_path) -> None:
    model, client = _model(bad=True)
    result = evaluate_trials(tmp_path, model, SMALL)
    assert len(client.sent) == 6 * 4, "each is sent back three times"
    assert next(m for m in result.metrics if m.name == "pass@1").value == 0
    assert not [s for s in read_samples(tmp_path) if s.failure]


def test_a_spent_budget_is_told_and_a_larger_one_goes_on(tmp_path) -> None:
    model, client = _model()
    result = evaluate_trials(tmp_path, model._replace(budget=Budget(calls=4)), SMALL)
    assert "trials are left to measure. the budget of 4 calls is spent" in result.notes[-1]
    assert len(client.sent) == 4
    model, client = _model()
    whole = evaluate_trials(tmp_path, model, SMALL)
    assert len(client.sent) == 2
    assert whole.metrics == evaluate_trials(tmp_path / "whole", _model()[0], SMALL).metrics


@pytest.mark.parametrize(
    "wrong", [{"cases": 0}, {"trials": 0}, {"suites": ("beauty",)}, {"passing": 0}, {"passing": 1.1}]
)
def test_what_cannot_be_measured_is_refused(tmp_path, wrong) -> None:
    with pytest.raises(InputError):
        evaluate_trials(tmp_path, _model()[0], SMALL._replace(**wrong))


def test_the_command_measures_both_suites_over_the_wire(tmp_path, monkeypatch) -> None:
    with scripted_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        command = ("eval", "trials", "--model", "openai:m", "--cases", "2", "--trials", "2", "--out", str(tmp_path))
        result = json.loads(aurora(*command, "--json").stdout)
        calls = server.served["none"]
        assert "pass^2 is" in aurora(*command, "--fail-on", "pass^2<1.1", code=1).stderr
        assert server.served["none"] == calls == result["provenance"]["model_calls"]
    assert {m["suite"] for m in result["metrics"]} == {"explanations", "questions"}
    assert [t["title"] for t in result["tables"]] == ["passes in k trials", "cases by trials passed", "calls"]
