"""Puts versions of prompts into use in a folder, and takes them back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from aurora import journal
from aurora.errors import InputError
from aurora.files import write_atomically, writing
from aurora.prompts.loader import PROMPTS_VARIABLE, Prompt, Role, shipped_prompt

HISTORY = "history.jsonl"
"""Name of the file with every version that was put into use in a folder."""
DEFAULT_FOLDER = Path("prompts")


class InUse(NamedTuple):
    """A version that a folder puts into use.

    Attributes:
        role: Role of the prompt.
        prompt_id: Version; that of AURORA's own prompt where the folder has none.
        path: File of the prompt; it is absent where AURORA's own prompt is in use.
    """

    role: Role
    prompt_id: str
    path: Path


def prompts_folder() -> Path:
    """Return the folder that `AURORA_PROMPTS` names, or `prompts` in the working directory."""
    return Path(os.environ.get(PROMPTS_VARIABLE, "").strip() or DEFAULT_FOLDER)


def put_in_use(folder: Path, prompt: Prompt) -> InUse:
    """Put a version into use, and keep those before it for `take_back`.

    Args:
        folder: Folder of prompts; it is created.
        prompt: Version with the slots of AURORA's own prompt.

    Raises:
        InputError: The slots are not those of AURORA's own prompt.
        FileError: A file can't be written.
    """
    if prompt.slots != shipped_prompt(prompt.role).slots:
        raise InputError("its slots are not those of AURORA's own prompt", parameter="prompt", value=prompt.prompt_id)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    record = {"role": prompt.role, "event": "use", "prompt_id": prompt.prompt_id, "text": prompt.text}
    journal.append(folder / HISTORY, [record])
    return _write(folder, prompt)


def take_back(folder: Path, role: Role) -> InUse:
    """Put the version into use that was in use before the present one; AURORA's own before the first.

    Args:
        folder: Folder of prompts.
        role: Role of the prompt.

    Raises:
        InputError: No version of the role is in use there.
        FileError: A file can't be read or written.
        DataError: The folder's history is damaged.
    """
    versions = _versions(folder, role)
    if not versions:
        raise InputError(
            f"no version is in use in {folder}; there is nothing to take back", parameter="role", value=role
        )
    journal.append(folder / HISTORY, [{"role": role, "event": "rollback", "prompt_id": versions[-1].prompt_id}])
    if len(versions) > 1:
        return _write(folder, versions[-2])
    path = folder / f"{role}.md"
    with writing(path):
        path.unlink(missing_ok=True)
    return InUse(role, shipped_prompt(role).prompt_id, path)


def _versions(folder: Path, role: Role) -> list[Prompt]:
    """Return the versions in use one after the other, without those that were taken back."""
    versions: list[Prompt] = []
    for record in journal.read(folder / HISTORY):
        if record.get("role") != role:
            continue
        if record.get("event") == "use":
            versions.append(Prompt(role, str(record.get("text", ""))))
        elif versions:
            versions.pop()
    return versions


def _write(folder: Path, prompt: Prompt) -> InUse:
    path = folder / f"{prompt.role}.md"
    write_atomically(path, prompt.text)
    return InUse(prompt.role, prompt.prompt_id, path)
