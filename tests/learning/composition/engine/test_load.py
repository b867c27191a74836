"""The load generator keeps its plan, and charges a stalling service for all that should have been sent meanwhile."""

import socket
import threading
import time

import numpy as np
import pytest

from aurora.errors import InputError
from aurora.learning.composition.engine.load import poisson_arrivals, run_closed, run_load

ANSWER = b"HTTP/1.1 200 OK\r\nX-Aurora-Version: 7\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def stalling():
    """A service that answers one request after the other, at once, but stalls for 0.5 s at the first."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    lock = threading.Lock()
    stalls = [0.5]

    def serve(connection: socket.socket) -> None:
        with connection:
            while connection.recv(1 << 16):
                with lock:
                    if stalls:
                        time.sleep(stalls.pop())
                connection.sendall(ANSWER)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/predict"
    listening.close()


def test_arrivals_are_poisson_and_the_same_for_a_seed():
    times = poisson_arrivals(100, 50, seed=3)
    assert np.array_equal(times, poisson_arrivals(100, 50, seed=3))
    assert abs(len(times) - 5000) < 300
    assert abs(np.diff(times).std() * 100 - 1) < 0.1
    assert times.max() < 50
    with pytest.raises(InputError):
        poisson_arrivals(1e6, 1e6, seed=0)


def test_a_stall_is_charged_to_all_that_should_have_been_sent_meanwhile(stalling):
    result = run_load(stalling, [b"{}"], np.arange(0, 0.5, 0.01))
    assert result.statuses == {200: 50}
    assert result.versions == {"7": 50}
    assert result.failed == 0
    assert (result.latencies > 0.2).sum() >= 20  # a closed loop would have seen one slow request
    assert result.quantiles.p95 > 0.4


def test_a_wrong_answer_and_no_answer_are_failures(stalling):
    result = run_load(stalling, [b"{}"], np.zeros(3), check=lambda body, version, answer: "wrong")
    assert (result.failed, result.faults) == (3, {"wrong": 3})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert run_load(f"http://127.0.0.1:{port}/", [b"{}"], np.zeros(2)).failed == 2


def test_clients_in_a_closed_loop_are_counted(stalling):
    result = run_closed(stalling, b"{}", clients=3, seconds=0.8)
    assert result.failed == 0
    assert result.statuses[200] > 3


def test_load_is_for_this_machine_only():
    with pytest.raises(InputError, match="this machine only"):
        run_load("http://192.0.2.1/predict", [b"{}"], np.zeros(1))
