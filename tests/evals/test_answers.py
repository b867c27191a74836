"""The check of an operator's sentences: planted errors are struck, true sentences kept."""

import pytest

from aurora.evals.answers.checking import bench_answers


@pytest.fixture(scope="module")
def result():
    return bench_answers(420, seed=1)


def test_planted_errors_are_struck(result) -> None:
    assert sum(r["made"] for r in result["false"]) > 350
    assert result["struck_pct"] >= 97
    assert all(r["struck"] >= 0.75 * r["made"] for r in result["false"]), result["false"]


def test_true_sentences_are_kept(result) -> None:
    assert sum(r["made"] for r in result["true"]) > 300
    assert result["kept_pct"] >= 99


@pytest.mark.parametrize(
    "kind",
    ["invented name", "invented cause", "advice or command", "markup, link, script", "quoted instruction", "negation"],
)
def test_what_is_dangerous_is_always_struck(result, kind) -> None:
    row = next(r for r in result["false"] if r["kind"] == kind)
    assert row["made"] == row["struck"] > 0
