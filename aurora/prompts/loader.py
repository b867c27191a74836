"""Reads prompt files and fills their slots.

A prompt file has two parts, `# system` and `# user`, with slots written `{{name}}`. A version is the hash of its
text, which is stored with everything that came of it.
"""

from __future__ import annotations

import hashlib
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from aurora.errors import ModelError
from aurora.reading import read_text

Role = Literal["attacker", "defender", "explainer", "operator", "evolver", "judge", "transfer", "composer"]
ROLES: tuple[Role, ...] = ("attacker", "defender", "explainer", "operator", "evolver", "judge", "transfer", "composer")
EVOLVABLE: tuple[Role, ...] = ("attacker", "defender", "explainer", "operator")
"""Roles whose prompts the evolver writes variants of."""
PROMPTS_VARIABLE = "AURORA_PROMPTS"
"""Environment variable with the folder of prompts that replace AURORA's own, one file `ROLE.md` each."""
_SLOT = re.compile(r"\{\{(\w+)\}\}")


class Prompt(NamedTuple):
    """A version of a prompt.

    Attributes:
        role: Whose it is.
        text: The whole file.
    """

    role: Role
    text: str

    @property
    def prompt_id(self) -> str:
        """Hash of the text."""
        return f"{self.role}-{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    @property
    def slots(self) -> frozenset[str]:
        """Names of its slots."""
        return frozenset(_SLOT.findall(self.text))

    def fill(self, **values: str) -> tuple[str, str]:
        """System and user message with every slot filled.

        What fills a slot is data: slots within it stay as they are.

        Raises:
            ModelError: A slot is left empty, a value has no slot, or a part is missing.
        """
        if set(values) != self.slots:
            odd = ", ".join(sorted(set(values) ^ self.slots))
            raise ModelError(f"prompt {self.prompt_id}: slots and values differ ({odd})")
        return tuple(_SLOT.sub(lambda m: values[m.group(1)], part).strip() for part in self.parts)  # type: ignore[return-value]  # two parts

    @property
    def parts(self) -> tuple[str, str]:
        """Texts of the system and the user part, with their slots.

        Raises:
            ModelError: A part is missing or occurs twice, or a text stands before the first.
        """
        parts = re.split(r"^# (?:system|user)$", self.text, flags=re.MULTILINE)
        if len(parts) != 3:  # noqa: PLR2004  # before, system, user
            raise ModelError(f"prompt {self.prompt_id}: it needs the parts '# system' and '# user', once each")
        if parts[0].strip():
            raise ModelError(f"prompt {self.prompt_id}: text before '# system'")
        return parts[1], parts[2]


def slots_in(text: str) -> list[str]:
    """Return the names of the slots in a text, in their order, each as often as it occurs."""
    return _SLOT.findall(text)


def load_prompt(role: Role) -> Prompt:
    """The prompt of a role: the one in the folder that `AURORA_PROMPTS` names, or the one that comes with AURORA.

    Raises:
        ModelError: The folder's file can't be read, or its slots are not those of AURORA's own prompt.
    """
    own = shipped_prompt(role)
    folder = os.environ.get(PROMPTS_VARIABLE, "").strip()
    path = Path(folder) / f"{role}.md"
    if not folder or not path.exists():
        return own
    chosen = Prompt(role, read_text(path, error=ModelError))
    if chosen.slots != own.slots:
        odd = ", ".join(sorted(chosen.slots ^ own.slots))
        raise ModelError(f"{path} and AURORA's own prompt differ in their slots ({odd}); mend or remove the file")
    return chosen


def shipped_prompt(role: Role) -> Prompt:
    """The prompt of a role that comes with AURORA."""
    return Prompt(role, files(__package__).joinpath(f"{role}.md").read_text(encoding="utf-8"))
