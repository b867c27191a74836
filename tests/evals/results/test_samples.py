import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from aurora.errors import DataError, FileError
from aurora.evals.results.samples import SAMPLES_FILE, Sample, SampleKey, measure_samples, read_samples
from tests.evals.results.made_up import keys, measured


class _Counting:
    """Measures samples and counts how often each was."""

    def __init__(self) -> None:
        self.calls: list[SampleKey] = []

    def __call__(self, batch: Sequence[SampleKey]) -> Iterable[Sample]:
        self.calls += batch
        return measured(batch)


def test_resumed_work_measures_no_sample_twice(tmp_path: Path) -> None:
    counting = _Counting()
    stop_after = iter([False, False, True])
    first = measure_samples(tmp_path, keys(10), counting, batch=2, interrupted=lambda: next(stop_after))
    assert [s.sample for s in first] == ["s0", "s1", "s2", "s3"]
    whole = measure_samples(tmp_path, keys(10), counting, batch=3)
    assert [s.key for s in whole] == keys(10)
    assert sorted(counting.calls) == sorted(keys(10))
    assert whole == measure_samples(tmp_path, keys(10), lambda batch: pytest.fail("nothing is missing"))


def test_a_sample_that_failed_is_measured_again_and_counts_once(tmp_path: Path) -> None:
    def failing(batch: Sequence[SampleKey]) -> Iterable[Sample]:
        return [Sample(**key._asdict(), failure="the server is down") for key in batch]

    measure_samples(tmp_path, keys(2), failing)
    kept = measure_samples(tmp_path, keys(2), _Counting(), retry_failures=False)
    assert all(s.failure for s in kept)
    again = measure_samples(tmp_path, keys(2), _Counting())
    assert not any(s.failure for s in again)
    assert read_samples(tmp_path) == again


def test_a_torn_last_line_is_measured_again(tmp_path: Path) -> None:
    measure_samples(tmp_path, keys(3), measured)
    file = tmp_path / SAMPLES_FILE
    file.write_bytes(file.read_bytes()[:-7])
    counting = _Counting()
    assert len(measure_samples(tmp_path, keys(3), counting)) == 3
    assert counting.calls == keys(3)[2:]


def test_a_killed_process_loses_its_batch_only(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:

        def dying(batch: Sequence[SampleKey]) -> Iterable[Sample]:
            if batch[0].sample == "s4":
                os.kill(os.getpid(), signal.SIGKILL)
            return measured(batch)

        measure_samples(tmp_path, keys(8), dying, batch=2)
        sys.exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    counting = _Counting()
    assert len(measure_samples(tmp_path, keys(8), counting, batch=2)) == 8
    assert counting.calls == keys(8)[4:]


def test_two_processes_do_not_measure_into_one_folder(tmp_path: Path) -> None:
    def nested(batch: Sequence[SampleKey]) -> Iterable[Sample]:
        with pytest.raises(FileError, match="another process"):
            measure_samples(tmp_path, keys(1), measured)
        return measured(batch)

    measure_samples(tmp_path, keys(1), nested)


def test_a_line_that_is_no_sample_is_named(tmp_path: Path) -> None:
    (tmp_path / SAMPLES_FILE).write_text('{"subject": "a", "sample": "s", "values": {"reward": "high"}}\n')
    with pytest.raises(DataError, match=r"line 1.*reward"):
        read_samples(tmp_path)
