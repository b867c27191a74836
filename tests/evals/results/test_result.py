from pathlib import Path

import pytest
from pydantic import ValidationError

from aurora.errors import DataError
from aurora.evals.results.provenance import provenance
from aurora.evals.results.result import EvalResult, Metric, Table, load_result, metric, save_result
from aurora.statistics.intervals import Interval


def _result() -> EvalResult:
    return EvalResult(
        kind="benchmark",
        provenance=provenance("aurora eval benchmark", seeds=(1, 2), files=[Path(__file__)]),
        metrics=(metric("reward", Interval(0.5, 0.4, 0.6), subject="a", suite="s", better="higher", samples=9),),
        tables=(Table(title="t", columns=("policy", "reward"), rows=(("a", 0.5), ("b", None))),),
    )


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    save_result(tmp_path, _result())
    assert (
        load_result(tmp_path)
        == load_result(tmp_path / "result.json")
        == _result().model_copy(update={"provenance": load_result(tmp_path).provenance})
    )
    made = load_result(tmp_path).provenance
    assert len(made.data[str(Path(__file__))]) == 64
    assert made.seeds == (1, 2)


def test_metrics_have_keys_of_their_own() -> None:
    assert _result().metrics[0].key == "s/a:reward"
    assert Metric(name="reward", value=1.0).key == "reward"
    with pytest.raises(ValidationError, match="twice"):
        EvalResult(kind="x", provenance=_result().provenance, metrics=_result().metrics * 2)


def test_bounds_that_one_sample_leaves_open_are_absent() -> None:
    open_ended = metric("reward", Interval(0.5, float("-inf"), float("inf")))
    assert (open_ended.low, open_ended.high) == (None, None)


def test_ragged_tables_are_refused() -> None:
    with pytest.raises(ValidationError, match="2 cells"):
        Table(title="t", columns=("a", "b"), rows=(("x",),))


def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"kind": "x"}')
    with pytest.raises(DataError, match="provenance"):
        load_result(tmp_path)
