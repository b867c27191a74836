import pytest

from aurora.cli.terminal.progress import _Clock, progress


def test_remaining_time_is_estimated_from_the_work_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("aurora.cli.terminal.progress.time.monotonic", lambda: now[0])
    clock = _Clock(10, None)
    clock.start(4)  # resumed after four
    now[0] += 30
    assert clock.left(7) == "30 s left"
    assert clock.share(7) == pytest.approx(0.5)
    limited = _Clock(None, 60)
    limited.start(0)
    now[0] += 15
    assert (limited.left(0.5), limited.share(0.5)) == ("45 s left", pytest.approx(0.25))
    now[0] += 60
    assert limited.left(0.9) == "time is up: this iteration is finished first"


def test_no_remaining_time_is_shown_before_the_first_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("aurora.cli.terminal.progress.time.monotonic", lambda: now[0])
    clock = _Clock(12, None)
    clock.start(0)
    now[0] += 81  # the kernel was compiled meanwhile
    assert clock.left(0.1) == ""
    assert clock.left(1.0) == "14 min 51 s left"


def test_without_a_terminal_every_iteration_prints_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("aurora.cli.terminal.progress.time.monotonic", lambda: now[0])
    done = {"level": 1, "champion": "abc", "champion_elo": 1500.0, "validation_advantage": 0.0, "gap": 0.0}
    with progress(2, None) as tell:
        tell({"event": "started", "iteration": 0, "level": 1})
        for generation in range(4):
            now[0] += 3
            tell({"event": "generation", "iteration": 0, "generation": generation, "generations": 4, "advantage": 0.0})
        tell({"event": "iteration", "iteration": 0, "evaluations": 7, **done})  # type: ignore[typeddict-item]
        tell({"event": "stopped", "iteration": 1, "reason": "time limit"})  # type: ignore[typeddict-item]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "iteration 1 of 2",
        "iteration 1 of 2",
        "iteration 1 of 2",
        "time is up; an unfinished iteration is left for --resume",
    ]
    assert "generation 2 of 4" in lines[0] and "left" not in lines[0] and "12 s left" in lines[2]
