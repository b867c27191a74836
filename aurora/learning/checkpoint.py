"""Where a training stands, on disk: weights, optimizer, counters and the curve, replaced as a whole.

There is no state of a random generator among them: whatever is random in a block of training depends on the seed and
the block's number alone, so a run that was interrupted goes on exactly as one that was not.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from aurora.errors import RunError
from aurora.files import replaced

NAME = "checkpoint.pt"
FORMAT = 1


def save(folder: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint of a folder; readers see the old one or the new, never a part.

    Args:
        folder: Exists.
        state: Tensors, numbers, texts, and lists and dictionaries of them.
    """
    path = folder / NAME
    with replaced(path) as partial:
        torch.save({"format": FORMAT, **state}, partial)


def load(folder: Path) -> dict[str, Any]:
    """The checkpoint of a folder. Only data is read: a file that would run code is refused.

    Raises:
        RunError: There is none, or it is damaged, of another format or not ours.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"no training to resume in {folder}: there is no {NAME}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        raise RunError(f"can't read {path}: {str(error).splitlines()[0] if str(error) else 'it is damaged'}") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise RunError(f"{path} is not a checkpoint of format {FORMAT}; train anew into another folder")
    return state
