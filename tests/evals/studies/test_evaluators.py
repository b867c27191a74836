"""Evaluators give the same results on threads, processes and Ray actors, also when a worker dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aurora.errors import InputError
from aurora.evals.studies.evaluators.dispatch import _size
from aurora.evals.studies.evaluators.opening import open_evaluator
from aurora.evals.studies.evaluators.protocol import Evaluator
from tests.evals.studies.made_up import always_dies, dies_once, square

RAY = pytest.param("ray", marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Start a local cluster with a core for every actor of these tests."""
    ray = pytest.importorskip("ray")
    ray.init("local", num_cpus=4, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False)
    yield "auto"
    ray.shutdown()


@contextmanager
def _opened(request: pytest.FixtureRequest) -> Iterator[Evaluator]:
    if request.param == "ray":
        with open_evaluator("processes", 2, ray=request.getfixturevalue("cluster")) as opened:
            yield opened
    else:
        with open_evaluator(request.param, 2) as opened:
            yield opened


@pytest.fixture(scope="module", params=["threads", "processes", RAY])
def evaluator(request: pytest.FixtureRequest) -> Iterator[Evaluator]:
    with _opened(request) as opened:
        yield opened


@pytest.fixture(scope="module", params=["processes", RAY])
def mortal(request: pytest.FixtureRequest) -> Iterator[Evaluator]:
    with _opened(request) as opened:
        yield opened


def test_every_item_is_evaluated_once(evaluator: Evaluator) -> None:
    results = sorted(evaluator.submit(square, range(90)))
    assert [r.place for r in results] == list(range(90))
    assert [r.value for r in results] == [k * k for k in range(90)]


def test_a_failure_concerns_its_item_alone(evaluator: Evaluator) -> None:
    results = sorted(evaluator.submit(square, [100, 101, 102, 104]))
    assert [r.value for r in results] == [10_000, None, None, 10_816]
    assert results[1].failure == "101 is odd"
    assert "a fault of AURORA itself in made_up.py" in results[2].failure
    assert "ZeroDivisionError: a fault" in results[2].failure


def test_no_items_give_no_results(evaluator: Evaluator) -> None:
    assert list(evaluator.submit(square, [])) == []


def test_items_of_a_dead_worker_are_evaluated_again(mortal: Evaluator, tmp_path: Path) -> None:
    items = [(k, str(tmp_path / str(k)) if k in (0, 7, 20) else None) for k in range(30)]
    results = sorted(mortal.submit(dies_once, items))
    assert [r.value for r in results] == list(range(30))
    assert len(list(tmp_path.iterdir())) == 3


def test_an_item_that_kills_its_workers_fails_and_the_others_go_on(mortal: Evaluator) -> None:
    results = sorted(mortal.submit(always_dies, range(12)), key=lambda r: r.place)
    assert [r.value for r in results] == [None if k == 3 else k for k in range(12)]
    assert "its worker ended 3 times" in results[3].failure


def test_an_interrupted_evaluation_leaves_the_rest_out() -> None:
    with open_evaluator("threads", 1) as opened:
        count = len(list(opened.submit(square, range(1000), interrupted=lambda: True)))
    assert count < 1000


def test_batches_take_a_tenth_of_a_second_and_leave_work_for_all() -> None:
    assert _size(0.001, 10_000, 2) == 100
    assert _size(0.001, 40, 2) == 10
    assert _size(1.0, 10_000, 2) == 1
    assert _size(0.0, 10_000, 2) == 2_500
    assert _size(float("inf"), 10_000, 2) == 1


@pytest.mark.parametrize("jobs", [0, -1, 100_000])
def test_a_wrong_number_of_workers_is_refused(jobs: int) -> None:
    with pytest.raises(InputError, match=f"jobs={jobs}"), open_evaluator("threads", jobs):
        pass
