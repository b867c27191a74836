"""A log is followed while it grows, is cut, and is torn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora.errors import RunError
from aurora.graphs import following
from aurora.graphs.events import EventLog
from aurora.graphs.following import Position, follow


def _line(iteration: int, **more: object) -> str:
    return json.dumps({"event": "started", "iteration": iteration, "level": 1, **more}) + "\n"


def test_each_event_comes_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert follow(path).events == ()
    path.write_text(_line(0))
    first = follow(path)
    assert [e["iteration"] for e in first.events] == [0]
    assert follow(path, first.position).events == ()
    with path.open("a") as file:
        file.write(_line(1) + _line(2)[:10])
    second = follow(path, first.position)
    assert [e["iteration"] for e in second.events] == [1]
    assert not second.is_anew
    with path.open("a") as file:
        file.write(_line(2)[10:])
    assert [e["iteration"] for e in follow(path, second.position).events] == [2]


def test_a_log_that_was_cut_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(_line(0) + _line(1) + _line(2))
    before = follow(path).position
    path.write_text(_line(0))
    cut = follow(path, before)
    assert cut.is_anew
    assert [e["iteration"] for e in cut.events] == [0]


def test_a_log_that_was_cut_and_has_grown_beyond_the_place_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(_line(0) + _line(1))
    before = follow(path).position
    path.write_text(_line(0) + _line(7) + _line(8) + _line(9))
    again = follow(path, before)
    assert again.is_anew
    assert [e["iteration"] for e in again.events] == [0, 7, 8, 9]


def test_a_resumed_run_cuts_its_log_and_is_followed_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    committed = {"event": "iteration", "iteration": 0}
    with EventLog(path, []) as log:
        log.write({"event": "started", "iteration": 0, "level": 1})
        log.write({"event": "iteration", "iteration": 0})  # type: ignore[typeddict-item]
        log.write({"event": "started", "iteration": 1, "level": 1})
    place = follow(path).position
    with EventLog(path, [committed]) as log:  # drops the unfinished iteration 1
        log.write({"event": "started", "iteration": 1, "level": 2})
    heard = follow(path, place)
    assert heard.is_anew
    assert [(e["event"], e["iteration"]) for e in heard.events][-1] == ("started", 1)
    assert heard.events[-1]["level"] == 2


def test_lines_that_are_no_events_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("[1]\n" + "nonsense\n" + json.dumps({"event": 3, "iteration": 0}) + "\n" + _line(0))
    heard = follow(path)
    assert heard.unreadable == 3
    assert len(heard.events) == 1


def test_a_long_log_comes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_BYTES", 200)
    path = tmp_path / "events.jsonl"
    path.write_text("".join(_line(k) for k in range(20)))
    seen, position, readings = [], Position(), 0
    while True:
        heard = follow(path, position)
        seen += [e["iteration"] for e in heard.events]
        position, readings = heard.position, readings + 1
        if heard.is_whole:
            break
    assert seen == list(range(20))
    assert readings > 2
    path.write_text("x" * 300 + "\n")
    with pytest.raises(RunError, match="a line of more than"):
        follow(path)
