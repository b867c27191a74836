"""Reads prompt files and fills their slots.

A prompt file has two parts, `# system` and `# user`, with slots written `{{name}}`. A version is the hash of its
text, which is stored with everything that came of it.
"""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from typing import Literal, NamedTuple

from aurora.errors import ModelError

Role = Literal["attacker", "defender", "explainer", "operator"]
ROLES: tuple[Role, ...] = ("attacker", "defender", "explainer", "operator")
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
        head, system, user = _parts(self)
        if head.strip():
            raise ModelError(f"prompt {self.prompt_id}: text before '# system'")
        return tuple(_SLOT.sub(lambda m: values[m.group(1)], part).strip() for part in (system, user))  # type: ignore[return-value]  # two parts


def load_prompt(role: Role) -> Prompt:
    """The prompt of a role that comes with AURORA."""
    return Prompt(role, files(__package__).joinpath(f"{role}.md").read_text(encoding="utf-8"))


def _parts(prompt: Prompt) -> tuple[str, str, str]:
    parts = re.split(r"^# (?:system|user)$", prompt.text, flags=re.MULTILINE)
    if len(parts) != 3:  # noqa: PLR2004  # before, system, user
        raise ModelError(f"prompt {prompt.prompt_id}: it needs the parts '# system' and '# user', once each")
    return parts[0], parts[1], parts[2]
