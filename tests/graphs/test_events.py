"""The log keeps step with the archive, whatever a kill left of it."""

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
def test_what_was_not_committed_is_cut_off(tmp_path, left, rest):
    path = tmp_path / "events.jsonl"
    path.write_text(left)
    with EventLog(path, COMMITTED) as log:
        log.write({"event": "started", "iteration": 2, "level": 2})
    before = [("started", 0), ("iteration", 0), ("started", 1), ("iteration", 1), ("forgetting", 1)]
    assert kinds(path) == [*before, *rest, ("started", 2)]


@pytest.mark.parametrize("left", ["", line("started", 0), line("started", 0) + line("iteration", 0)])
def test_committed_events_that_were_not_written_are_added(tmp_path, left):
    path = tmp_path / "events.jsonl"
    path.write_text(left)
    with EventLog(path, COMMITTED):
        pass
    assert [k for k in kinds(path) if k[0] != "started"] == [(e["event"], e["iteration"]) for e in COMMITTED]


def test_every_line_has_its_time(tmp_path):
    with EventLog(tmp_path / "e", []) as log:
        log.write({"event": "started", "iteration": 0, "level": 1})
    assert json.loads((tmp_path / "e").read_text())["seconds"] >= 0


def test_a_log_that_cannot_be_opened_is_an_error_of_ours(tmp_path):
    with pytest.raises(RunError, match="log of a run"):
        EventLog(tmp_path, [])
