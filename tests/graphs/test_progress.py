"""Progress of self-play from its events."""

from typing import Any

import pytest

from aurora.cli.selfplay_notes import note_event
from aurora.graphs.progress import Clock, progress_of_events


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the monotonic clock, to be set by the test."""
    time = [100.0]
    monkeypatch.setattr("aurora.graphs.progress.time.monotonic", lambda: time[0])
    return time


def test_remaining_time_is_estimated_from_the_work_of_this_process(now: list[float]) -> None:
    clock = Clock(10, None)
    clock.start(4)  # resumed after four
    now[0] += 30
    assert clock.left(7) == "30 s left"
    limited = Clock(None, 60)
    limited.start(0)
    now[0] += 15
    assert limited.left(0.5) == "45 s left"
    now[0] += 60
    assert limited.left(0.9) == "time is up: this iteration is finished first"


def test_no_remaining_time_is_shown_before_the_first_iteration(now: list[float]) -> None:
    clock = Clock(12, None)
    clock.start(0)
    now[0] += 81  # the kernel was compiled meanwhile
    assert clock.left(0.1) == ""
    assert clock.left(1.0) == "14 min 51 s left"


def test_generations_are_steps_of_one_stage(now: list[float]) -> None:
    seen: list[tuple[Any, ...]] = []
    listen = progress_of_events(lambda *step: seen.append(step), 2, None)
    for iteration in range(2):
        listen({"event": "started", "iteration": iteration, "level": 1})
        for generation in range(2):
            now[0] += 3
            listen(
                {
                    "event": "generation",
                    "iteration": iteration,
                    "generation": generation,
                    "generations": 2,
                    "advantage": 0.0,
                }
            )
    assert seen == [
        ("self-play", 0, None, "iteration 1 of 2"),
        ("self-play", 1, 4, "iteration 1 of 2, generation 1 of 2"),
        ("self-play", 2, 4, "iteration 1 of 2, generation 2 of 2, 6 s left"),
        ("self-play", 2, 4, "iteration 2 of 2, 6 s left"),
        ("self-play", 3, 4, "iteration 2 of 2, generation 1 of 2, 3 s left"),
        ("self-play", 4, 4, "iteration 2 of 2, generation 2 of 2, 0 s left"),
    ]


def test_every_iteration_and_the_reason_of_the_end_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    done = {"level": 1, "champion": "abc", "champion_elo": 1500.0, "validation_advantage": 0.0, "gap": 0.0}
    done |= {"learnable_share": 0.4, "attacker_simulations": 3}
    note_event({"event": "iteration", "iteration": 0, "evaluations": 7, **done}, 2)  # type: ignore[typeddict-item]
    note_event({"event": "started", "iteration": 1, "level": 1}, 2)
    note_event({"event": "stopped", "iteration": 1, "reason": "time limit", "simulated": 9}, 2)
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("iteration 1 of 2  level 1  champion abc  Elo 1500") and first.endswith(
        "attacker 40% learnable, 3 of 7 simulations"
    )
    assert last == "time is up; an unfinished iteration is left for --resume"
