import json
from pathlib import Path

import pytest

from aurora.errors import InputError
from aurora.evals.explanations import evaluation
from aurora.evals.explanations.evaluation import SUITES, Settings, evaluate_explanations
from aurora.evals.results.result import load_result
from aurora.evals.results.samples import SAMPLES_FILE
from tests.cli.command import aurora


def test_a_larger_evaluation_repeats_no_sample_of_a_smaller_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ("completeness", "correctness")
    evaluate_explanations(tmp_path, Settings(7, 1, suites=chosen))
    first = (tmp_path / SAMPLES_FILE).read_bytes()
    measured = []
    original = evaluation.measure_keys

    def counted(keys):
        measured.extend(keys)
        return original(keys)

    monkeypatch.setattr(evaluation, "measure_keys", counted)
    more = evaluate_explanations(tmp_path, Settings(9, 1, suites=chosen))
    assert (tmp_path / SAMPLES_FILE).read_bytes().startswith(first)
    assert {(k.suite, k.subject) for k in measured} == {(s, "decisions") for s in chosen}
    assert len(measured) == 4
    assert load_result(tmp_path) == more


def test_an_unknown_suite_is_refused_with_the_names_of_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="completeness, correctness"):
        evaluate_explanations(tmp_path, Settings(suites=("completness",)))
    assert (
        "--suite 'completness'"
        in aurora("eval", "explanations", "--suite", "completness", "--out", str(tmp_path), code=6).stderr
    )


def test_a_gate_fails_the_command_and_the_result_is_printed(tmp_path: Path) -> None:
    command = ("eval", "explanations", "--decisions", "5", "--plans", "0", "--suite", "completeness")
    done = aurora(*command, "--out", str(tmp_path), "--json", "--fail-on", "explained.high<0.5")
    (table,) = json.loads(done.stdout)["tables"]
    assert table["rows"][0][:2] == ["decisions", "explained"]
    failed = aurora(*command, "--out", str(tmp_path), "--fail-on", "explained<2", code=1)
    assert "completeness/decisions:explained is 1" in failed.stderr
    assert load_result(tmp_path).kind == "explanations"


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_measures_without_a_failure_and_again_the_same(name: str, tmp_path: Path) -> None:
    results = [evaluate_explanations(tmp_path / n, Settings(3, 1, suites=(name,))) for n in "ab"]
    assert results[0].metrics == results[1].metrics
    assert results[0].metrics
    assert results[0].notes == ()
