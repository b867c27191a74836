"""A replay that cannot answer shows the difference from the recording."""

import re

import pytest

from aurora.errors import ModelError
from aurora.tools.difference import first_difference, told_difference
from aurora.tools.recording import Exchange, Recording
from aurora.tools.session import KEY, note_session

FORM = {"response_format": {"type": "json_schema", "json_schema": {"name": "ScenariosAnswer"}}, "temperature": 0.9}


def question(system: str, user: str, settings=FORM, model: str = "openai:m") -> dict:
    messages = [{"type": "system", "content": system}, {"type": "human", "content": user}]
    return {"model": model, "messages": messages, "settings": settings}


def recorded(*questions: dict) -> Recording:
    recording = Recording()
    for number, each in enumerate(questions):
        recording.add(Exchange(str(number), "model", each, {"type": "ai", "content": ""}, {}))
    return recording


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            question("Write scenarios.\nBe bold.", "Level 2"),
            "attacker's system message .*Line 2: recorded 'Be wary.', now 'Be bold.'",
        ),
        (
            question("Write scenarios.\nBe wary.", "Level 3"),
            "attacker's user message .*recorded 'Level 2', now 'Level 3'",
        ),
        (
            question("Write scenarios.\nBe wary.", "Level 2", model="openai:n"),
            "model's name differs.*'openai:m', now 'openai:n'",
        ),
        (question("Write scenarios.\nBe wary.", "Level 2", {**FORM, "temperature": 0.1}), "settings and tools differs"),
        (question("Write scenarios.\nBe wary.", "Level 2"), "asked this elsewhere or less often"),
        (question("", "", {}), "holds no question of the model"),
    ],
)
def test_the_nearest_question_is_found_and_compared(now, told) -> None:
    recording = recorded(question("Write scenarios.\nBe wary.", "Level 2"), question("Other", "Level 3"))
    message = told_difference(recording, now)
    assert re.search(told, message), message


def test_a_recording_without_questions_is_named() -> None:
    assert "holds no question to a model" in told_difference(Recording(), question("", ""))


def test_a_difference_in_a_long_line_is_shown_with_its_surroundings() -> None:
    shown = first_difference("a" * 500 + "x" + "b" * 500, "a" * 500 + "y" + "b" * 500)
    assert len(shown) < 250
    assert "x" in shown
    assert "y" in shown


def test_another_session_is_refused_before_any_request(tmp_path) -> None:
    path = tmp_path / "calls.jsonl"
    settings, prompts = (
        {"seed": 3, "model": "openai:m", "data": "/a"},
        {"attacker": "Write.\nNow.", "defender": "Place."},
    )
    with Recording(path) as recording:
        note_session(recording, settings, prompts)
    with Recording(path) as recording:
        note_session(recording, settings, prompts)  # once is enough
    assert len(path.read_text().splitlines()) == 1
    with Recording(path, replaying=True) as replay:
        note_session(replay, {**settings, "data": "/elsewhere"}, prompts)
        with pytest.raises(ModelError, match="seed was 3 and is 4"):
            note_session(replay, {**settings, "seed": 4}, prompts)
        with pytest.raises(ModelError, match=r"attacker's prompt differs \(\w{12} recorded, \w{12} now\).*Line 2"):
            note_session(replay, settings, {**prompts, "attacker": "Write.\nThen."})
    (tmp_path / "old.jsonl").touch()
    with Recording(tmp_path / "old.jsonl", replaying=True) as replay:
        note_session(replay, settings, prompts)  # of an older AURORA: as far as it goes


@pytest.mark.parametrize("request_", [None, [], {}, {"settings": 7, "prompts": {}}])
def test_a_damaged_first_line_is_reported(request_) -> None:
    replay = Recording(replaying=True)
    replay.add(Exchange(KEY, "session", request_, None, {}))
    with pytest.raises(ModelError, match="first line holds no"):
        note_session(replay, {}, {})
