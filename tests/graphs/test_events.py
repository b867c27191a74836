"""The event log stays consistent with the archive after a kill."""

import json

import pytest

from aurora.errors import RunError
from aurora.graphs.events import EventLog

COMMITTED = [
    {"event": "iteration", "iteration": 0, "level": 1},
    {"event": "iteration", "iteration": 1, "level": 1},
    {"event": "forgetting", "iteration": 1, "level": 2},
]


def kinds(path):
    return [(e["event"], e["iteration"]) for e in map(json.loads, path.read_text().splitlines())]


def line(event, iteration):
    return json.dumps({"seconds": 1.0, "event": event, "iteration": iteration}) + "\n"


WHOLE = line("started", 0) + line("iteration", 0) + line("started", 1) + line("iteration", 1) + line("forgetting", 1)


@pytest.mark.parametrize(
    ("left", "rest"),
    [
        (WHOLE, []),
        (WHOLE + line("started", 2) + line("generation", 2), []),
        (WHOLE + line("stopped", 1), [("stopped", 1)]),
        (WHOLE + '{"seconds": 2, "ev', []),
        (WHOLE + line("started", 2)[:-1], []),
        (WHOLE + "not json\n" + line("started", 2), []),
        (WHOLE + "[1, 2]\n", []),
    ],
    ids=["in step", "not committed", "stopped", "torn", "no newline", "garbage", "no event"],
)
def test_uncommitted_events_are_truncated(tmp_path, left, rest):
    path = tmp_path / "events.jsonl"
    path.write_text(left)
    with EventLog(path, COMMITTED) as log:
        log.write({"event": "started", "iteration": 2, "level": 2})
    before = [("started", 0), ("iteration", 0), ("started", 1), ("iteration", 1), ("forgetting", 1)]
    assert kinds(path) == [*before, *rest, ("started", 2)]


@pytest.mark.parametrize("left", ["", line("started", 0), line("started", 0) + line("iteration", 0)])
def test_missing_committed_events_are_appended(tmp_path, left):
    path = tmp_path / "events.jsonl"
    path.write_text(left)
    with EventLog(path, COMMITTED):
        pass
    assert [k for k in kinds(path) if k[0] != "started"] == [(e["event"], e["iteration"]) for e in COMMITTED]


def test_every_event_has_a_timestamp(tmp_path):
    with EventLog(tmp_path / "e", []) as log:
        log.write({"event": "started", "iteration": 0, "level": 1})
    assert json.loads((tmp_path / "e").read_text())["seconds"] >= 0


def test_an_unopenable_log_raises_run_error(tmp_path):
    with pytest.raises(RunError, match="log of a run"):
        EventLog(tmp_path, [])
