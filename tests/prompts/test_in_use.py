"""Versions of prompts in use: put into a folder, read from there, and taken back."""

import pytest

from aurora.errors import InputError, ModelError
from aurora.prompts.in_use import put_in_use, take_back
from aurora.prompts.loader import PROMPTS_VARIABLE, Prompt, load_prompt, shipped_prompt

OWN = shipped_prompt("explainer")
FIRST = Prompt("explainer", OWN.text.replace("Skip facts", "Leave out facts"))
SECOND = Prompt("explainer", OWN.text.replace("Skip facts", "Omit facts"))


def test_versions_are_used_and_taken_back_one_after_the_other(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(PROMPTS_VARIABLE, str(tmp_path))
    assert load_prompt("explainer") == OWN
    assert put_in_use(tmp_path, FIRST).prompt_id == FIRST.prompt_id
    put_in_use(tmp_path, SECOND)
    assert load_prompt("explainer") == SECOND
    assert load_prompt("defender") == shipped_prompt("defender")
    assert take_back(tmp_path, "explainer").prompt_id == FIRST.prompt_id
    assert load_prompt("explainer") == FIRST
    put_in_use(tmp_path, SECOND)
    take_back(tmp_path, "explainer")
    taken = take_back(tmp_path, "explainer")
    assert (taken.prompt_id, taken.path.exists()) == (OWN.prompt_id, False)
    assert load_prompt("explainer") == OWN
    with pytest.raises(InputError, match="nothing to take back"):
        take_back(tmp_path, "explainer")


def test_a_prompt_with_other_slots_is_neither_used_nor_read(tmp_path, monkeypatch) -> None:
    broken = Prompt("explainer", OWN.text.replace("{{facts}}", ""))
    with pytest.raises(InputError, match="slots"):
        put_in_use(tmp_path, broken)
    (tmp_path / "explainer.md").write_text(broken.text)
    monkeypatch.setenv(PROMPTS_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=r"differ in their slots \(facts\)"):
        load_prompt("explainer")
