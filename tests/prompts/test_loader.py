"""Prompts: versions by content, and slots that are filled with data only."""

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


def test_the_version_of_a_prompt_follows_from_its_content() -> None:
    assert Prompt("attacker", TEXT).prompt_id == Prompt("attacker", TEXT).prompt_id
    assert Prompt("attacker", TEXT).prompt_id != Prompt("attacker", TEXT + " ").prompt_id


def test_slots_within_values_are_not_filled() -> None:
    system, _ = Prompt("attacker", TEXT).fill(what="{{that}}", that="secret")
    assert system == "Be {{that}}."


@pytest.mark.parametrize("values", [{"what": "x"}, {"what": "x", "that": "y", "more": "z"}])
def test_slots_and_values_must_match(values) -> None:
    with pytest.raises(ModelError, match="slots and values differ"):
        Prompt("attacker", TEXT).fill(**values)


@pytest.mark.parametrize(
    "text", ["no parts", "# user\nx\n", "# system\na\n# user\nb\n# user\nc\n", "x\n# system\na\n# user\nb\n"]
)
def test_a_prompt_without_two_parts_is_refused(text) -> None:
    with pytest.raises(ModelError, match=r"parts|text before"):
        Prompt("attacker", text).fill()
