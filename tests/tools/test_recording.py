"""Recordings: each question finds its answer again, and a torn line is cut off."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import RunError
from aurora.tools.recording import Exchange, Recording

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def exchange(recording: Recording, request, response) -> Exchange:
    made = Exchange(recording.key("model", request), "model", request, response, {"tokens_in": 1})
    recording.add(made)
    return made


@given(st.lists(JSON, max_size=6))
def test_the_same_questions_in_the_same_order_find_their_answers(tmp_path_factory, requests) -> None:
    path = tmp_path_factory.mktemp("r") / "calls.jsonl"
    with Recording(path) as recording:
        recording.begin("one")
        made = [exchange(recording, request, number) for number, request in enumerate(requests)]
    with Recording(path, replaying=True) as replay:
        replay.begin("one")
        assert [replay.find(replay.key("model", r)) for r in requests] == made


def test_a_question_asked_twice_has_two_answers() -> None:
    recording = Recording()
    assert exchange(recording, "q", 1).key != exchange(recording, "q", 2).key


def test_another_part_of_the_session_does_not_find_the_answers() -> None:
    recording = Recording()
    recording.begin("one")
    exchange(recording, "q", 1)
    recording.begin("two")
    assert recording.find(recording.key("model", "q")) is None
    recording.begin("one")
    assert recording.find(recording.key("model", "q")) is not None


def test_parts_in_threads_find_their_own_answers_and_know_their_exchanges() -> None:
    recording = Recording()

    def ask(name: str) -> list[int]:
        with recording.part(name) as part:
            for number in range(20):
                if recording.find(recording.key("model", "q")) is None:
                    recording.add(Exchange(f"{name} {number}", "tool", None, None, {}))
                    exchange(recording, "r", f"{name} {number}")
        return [len(part.exchanges), len({e.key for e in part.exchanges})]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, "abcd")) == [[40, 40]] * 4
    with recording.part("a"):
        assert recording.find(recording.key("model", "r")).response == "a 0"
    assert recording.find(recording.key("model", "r")) is None, "outside of the block it is another part"


def test_a_torn_last_line_is_truncated_and_recording_continues(tmp_path) -> None:
    path = tmp_path / "calls.jsonl"
    with Recording(path) as recording:
        exchange(recording, "q", 1)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    with Recording(path) as recording:
        assert len(list(recording)) == 1
        exchange(recording, "r", 2)
    assert [json.loads(line)["response"] for line in path.open()] == [1, 2]


def test_a_file_that_is_no_recording_is_named(tmp_path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"some": "thing"}\n')
    with pytest.raises(RunError, match="line 1 is no exchange"):
        Recording(path)
    path.write_text('{"key": "k", "kind": "model", "cost": {"tokens_in": "many"}}\n')
    with pytest.raises(RunError, match=r"line 1: cost.tokens_in is no number"):
        Recording(path)
    with pytest.raises(RunError, match="can't read"):
        Recording(tmp_path / "absent.jsonl", replaying=True)


def test_replaying_writes_nothing(tmp_path) -> None:
    path = tmp_path / "calls.jsonl"
    with Recording(path) as recording:
        exchange(recording, "q", 1)
    before = path.read_bytes()
    with Recording(path, replaying=True) as replay:
        exchange(replay, "r", 2)
    assert path.read_bytes() == before


def test_a_forgetful_recording_keeps_no_exchange() -> None:
    recording = Recording(keeps=False)
    keys = [recording.key("model", {"messages": ["the same"]}) for _ in range(3)]
    assert len(set(keys)) == 3
    recording.add(Exchange(keys[0], "model", {}, {}, {}))
    assert list(recording) == []
    assert recording.find(keys[0]) is None
    with recording.part("a part") as part:
        recording.add(Exchange(keys[1], "model", {}, {}, {}))
    assert [e.key for e in part.exchanges] == [keys[1]]
