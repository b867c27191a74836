"""Prompts: versions by content, slots filled with data only."""

import pytest

from aurora.errors import ModelError
from aurora.prompts.loader import ROLES, Prompt, load_prompt

TEXT = "# system\nBe {{what}}.\n# user\nDo {{that}}.\n"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_prompt_with_two_parts(role) -> None:
    prompt = load_prompt(role)
    system, user = prompt.fill(**dict.fromkeys(prompt.slots, "x"))
    assert system
    assert user
    assert "{{" not in system + user


def test_a_version_is_its_content() -> None:
    assert Prompt("attacker", TEXT).prompt_id == Prompt("attacker", TEXT).prompt_id
    assert Prompt("attacker", TEXT).prompt_id != Prompt("attacker", TEXT + " ").prompt_id


def test_what_fills_a_slot_is_not_filled_itself() -> None:
    system, _ = Prompt("attacker", TEXT).fill(what="{{that}}", that="secret")
    assert system == "Be {{that}}."


@pytest.mark.parametrize("values", [{"what": "x"}, {"what": "x", "that": "y", "more": "z"}])
def test_slots_and_values_must_agree(values) -> None:
    with pytest.raises(ModelError, match="slots and values differ"):
        Prompt("attacker", TEXT).fill(**values)


@pytest.mark.parametrize(
    "text", ["no parts", "# user\nx\n", "# system\na\n# user\nb\n# user\nc\n", "x\n# system\na\n# user\nb\n"]
)
def test_a_prompt_needs_its_two_parts(text) -> None:
    with pytest.raises(ModelError, match=r"parts|text before"):
        Prompt("attacker", text).fill()
