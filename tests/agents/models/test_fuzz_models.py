"""A small sample of `benchmarks/fuzz_models.py`."""

import importlib.util
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "fuzz_models.py"


def test_faulty_answers_end_in_an_answer_or_a_typed_error() -> None:
    spec = importlib.util.spec_from_file_location("fuzz_models", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark  # its types name each other
    spec.loader.exec_module(benchmark)
    rows, problems, sums = benchmark.fuzz(120, 7, 2)
    assert problems == []
    assert sums["late"] or sums["billed_by_server"] == sums["billed_by_meter"] > 0
    assert len(rows) > 20
