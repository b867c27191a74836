"""The service answers over HTTP, refuses what it can't answer with the reason, and swaps without a failed request."""

import json
import os
import signal
import threading
import time

import pytest

from aurora.errors import InputError, RunError
from aurora.learning.composition.engine.control import Control
from aurora.learning.composition.engine.history import History
from aurora.learning.composition.engine.load import poisson_arrivals, run_load
from aurora.learning.composition.engine.service import JOURNAL, Service
from tests.learning.composition.engine.served import ask, ends, served, stamp_fault, started
from tests.learning.composition.engine.trials import described

PATIENT = {"stage_ms": 20_000, "request_ms": 40_000}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with served(tmp_path_factory.mktemp("plain"), described("plain", queue_limit=50, timeouts=PATIENT)) as service:
        yield service.port


def test_one_item_and_a_batch_are_answered(plain):
    status, headers, body = ask(plain, "POST", "/predict", {"item": [0.75, 0]})
    assert (status, headers["x-aurora-version"]) == (200, "1")
    assert json.loads(body) == {
        "version": 1,
        "classes": ["no", "yes"],
        "answers": [{"label": "yes", "probability": 0.75, "probabilities": [0.25, 0.75], "stage": 1}],
    }
    body = ask(plain, "POST", "/predict", {"items": [{"b": 0, "a": 0.25}, [1, 0]]})[2]
    assert [answer["label"] for answer in json.loads(body)["answers"]] == ["no", "yes"]


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"{", 422, "no JSON"),
        ({"items": []}, 422, "items"),
        ({"rows": [[1, 2]]}, 422, "items"),
        ({"item": [1]}, 422, "item 1 is no list of 2 numbers"),
        ({"items": [[1, 2], [1, "x"]]}, 422, "item 2 holds what is no number"),
        ({"items": [[1, 1e39]]}, 422, "finite"),
        ({"items": [[1, True]]}, 422, "no number"),
        ({"item": {"a": 1}}, 422, "lacks b"),
        ({"item": {"a": 1, "b": 2, "c": 3}}, 422, "has c"),
        ({"item": "text"}, 422, "no list"),
        ({"items": [[1, 2]] * 51}, 422, "at most 50"),
        (b"0" * (5 << 20), 413, "bytes"),
    ],
)
def test_a_bad_request_is_told_why(plain, data, status, reason):
    found, headers, body = ask(plain, "POST", "/predict", data)
    problem = json.loads(body)
    assert (found, problem["status"]) == (status, status)
    assert headers["content-type"] == "application/problem+json"
    assert reason in problem["detail"]


def test_probes_metrics_and_paths(plain):
    ask(plain, "POST", "/predict", {"item": [0.75, 0]})
    assert ask(plain, "GET", "/healthz")[2] == b"ok\n"
    assert ask(plain, "GET", "/readyz")[0] == 200
    metrics = ask(plain, "GET", "/metrics")[2].decode()
    assert 'aurora_compose_stage_requests_total{stage="1"}' in metrics
    assert "aurora_compose_workers 1" in metrics
    for line in metrics.splitlines():
        assert line.startswith("# TYPE ") or float(line.rpartition(" ")[2]) >= 0
    assert json.loads(ask(plain, "GET", "/status")[2])["state"] == "ready"
    assert ask(plain, "GET", "/predict")[0] == 405
    assert ask(plain, "GET", "/nothing")[0] == 404
    assert ask(plain, "POST", "/predict", b"{}", **{"Content-Type": "text/plain"})[0] == 415


def test_a_change_needs_the_secret(plain):
    for path in ("/control/stop", "/control/swap", "/control/rollback"):
        assert ask(plain, "POST", path, {})[0] == 401
        assert ask(plain, "POST", path, {}, Authorization="Bearer guess")[0] == 401


def test_a_full_queue_is_told_with_a_time_to_come_back(tmp_path):
    deployment = described("sleep-300ms", queue_limit=2, batching={"size": 1}, timeouts=PATIENT)
    found = []
    with served(tmp_path, deployment) as service:
        threads = [
            threading.Thread(target=lambda: found.append(ask(service.port, "POST", "/predict", {"item": [0.5, 0]})))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = [status for status, _, _ in found]
    assert statuses.count(503) >= 1
    assert statuses.count(200) >= 3
    assert set(statuses) == {200, 503}
    assert all(int(headers["retry-after"]) >= 1 for status, headers, _ in found if status == 503)


def test_others_need_a_token(tmp_path):
    with pytest.raises(InputError, match="needs a token"):
        Service(tmp_path, described("plain", host="0.0.0.0"))
    with served(tmp_path, described("plain", timeouts=PATIENT), token="word") as service:
        assert ask(service.port, "POST", "/predict", {"item": [0.5, 0]})[0] == 401
        assert ask(service.port, "GET", "/status")[0] == 401
        assert ask(service.port, "GET", "/readyz")[0] == 200
        assert ask(service.port, "POST", "/predict", {"item": [0.5, 0]}, Authorization="Bearer word")[0] == 200
        with pytest.raises(RunError, match="another process"):
            Service(tmp_path, described("plain"))


def test_swaps_and_rollbacks_under_load_fail_no_request_and_mix_no_version(tmp_path):
    fields = {"timeouts": PATIENT, "queue_limit": 10_000, "shadow": {"requests": 3, "seconds": 5}}
    with served(tmp_path, described("stamp-1", **fields)) as service:
        control = Control(tmp_path)
        results = []

        def put() -> None:
            arrivals = poisson_arrivals(60, 5, seed=0)
            results.append(
                run_load(f"{service.url}/predict", [b'{"items": [[0.5, 0], [0, 0]]}'], arrivals, check=stamp_fault)
            )

        thread = threading.Thread(target=put)
        thread.start()
        found = control.swap(described("stamp-2", **fields), who="ann", why="better")
        assert found["version"] == 2
        assert "3 requests compared, 0 errors" in found["change"]["detail"]
        with pytest.raises(RunError, match=r"present one goes on: .*can't be loaded"):
            control.swap(described("bad-start", **fields), who="ann", why="worse")
        with pytest.raises(RunError, match="takes text"):
            control.swap(described("words", **fields), who="ann", why="other")
        assert control.roll_back(who="bob", why="no good")["version"] == 1
        thread.join()
        (result,) = results
        assert result.failed == 0, result.faults
        assert result.statuses[200] == len(poisson_arrivals(60, 5, seed=0))
        os.kill(control.status()["workers"][0]["pids"][0], signal.SIGKILL)
        assert ask(service.port, "POST", "/predict", {"item": [0.5, 0]})[0] == 200
    records = History(tmp_path / JOURNAL).records
    assert [(r.action, r.version, r.who) for r in records if r.action not in ("stopped", "deployed")] == [
        ("swapped", 2, "ann"),
        ("refused", 3, "ann"),
        ("refused", 4, "ann"),
        ("rolled back", 1, "bob"),
    ]


def test_a_shadow_check_refuses_what_fails_or_answers_otherwise(tmp_path):
    shadow = {"share": 1, "requests": 4, "seconds": 60, "max_disagreement": 0.1}
    with served(tmp_path, described("plain", timeouts=PATIENT)) as service:
        control = Control(tmp_path)
        is_over = threading.Event()

        def put() -> None:
            while not is_over.is_set():
                assert ask(service.port, "POST", "/predict", {"item": [0.9, -1]})[0] == 200
                time.sleep(0.02)

        thread = threading.Thread(target=put)
        thread.start()
        try:
            with pytest.raises(RunError, match="failed 4 of 4 live requests"):
                control.swap(described("raises", timeouts=PATIENT, shadow=shadow), who="", why="")
            with pytest.raises(RunError, match="another class to 4 of 4 items"):
                control.swap(described("stamp-1", timeouts=PATIENT, shadow=shadow), who="", why="")
        finally:
            is_over.set()
            thread.join()
        assert control.status()["version"] == 1


def test_an_engine_killed_in_the_middle_of_a_swap_comes_up_with_one_version(tmp_path):
    engine = started(tmp_path, "films", "stamp-1", "--trial", "--port", "0")
    control = Control(tmp_path / "films")
    workers = control.status()["workers"][0]["pids"]
    try:
        with pytest.raises(RunError, match="does not answer"):
            threading.Timer(0.3, engine.kill).start()
            control.swap(described("slow-start-30s"), who="ann", why="killed")
    finally:
        engine.kill()
        engine.wait()
    assert all(ends(pid) for pid in workers)
    with served(tmp_path / "films", None) as service:
        assert stamp_fault(b"", "1", ask(service.port, "POST", "/predict", {"item": [0.5, 0]})[2]) == ""
