"""Where a training stands, on disk: weights, optimizer, counters and the curve, replaced as a whole.

There is no state of a random generator among them: whatever is random in a block of training depends on the seed and
the block's number alone, so a run that was interrupted goes on exactly as one that was not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aurora.errors import RunError
from aurora.learning.tensors import load_tensors, save_tensors

NAME = "checkpoint.pt"
FORMAT = 1
ANEW = "train anew into another folder"


def save(folder: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint of a folder; readers see the old one or the new, never a part.

    Args:
        folder: Exists.
        state: Tensors, numbers, texts, and lists and dictionaries of them.

    Raises:
        RunError: It can't be written.
    """
    save_tensors({"format": FORMAT, **state}, folder / NAME, error=RunError)


def load(folder: Path) -> dict[str, Any]:
    """The checkpoint of a folder. Only data is read: a file that would run code is refused.

    Raises:
        RunError: There is none, or it is damaged, of another format or not ours.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"no training to resume in {folder}: there is no {NAME}")
    state = load_tensors(path, error=RunError, remedy=ANEW)
    if state.get("format") != FORMAT:
        raise RunError(f"{path} is not a checkpoint of format {FORMAT}; {ANEW}")
    return state
