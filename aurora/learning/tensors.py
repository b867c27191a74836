"""Files of tensors: only data is read, within limits, and what torch raises on damage is one line."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from aurora.errors import AuroraError
from aurora.files import replaced
from aurora.reading import read_bytes

MOST_BYTES = 1 << 30
"""Of a file of tensors, after unpacking."""

MOST_UNITS = 4096
"""Largest size of a layer that a file may ask for where its weights don't show it."""


def save_tensors(state: Mapping[str, Any], path: Path, *, error: type[AuroraError]) -> None:
    """Replace a file by tensors, numbers, texts, and lists and dictionaries of them.

    Raises:
        AuroraError: It can't be written. The class is `error`.
    """
    buffer = io.BytesIO()  # torch has errors of its own for a full disk
    torch.save(dict(state), buffer)
    with replaced(path, error=error) as partial:
        partial.write_bytes(buffer.getbuffer())


def load_tensors(path: Path, *, error: type[AuroraError], remedy: str) -> dict[str, Any]:
    """Read what `save_tensors` wrote; nothing in the file is executed.

    Args:
        path: Of the file.
        error: The class of error to raise.
        remedy: What to do about a damaged file, such as "train again".

    Raises:
        AuroraError: It is absent, too large, damaged or of another kind. The class is `error`.
    """
    content = read_bytes(path, limit=MOST_BYTES, packed=True, error=error)
    with restoring(path, error=error, remedy=remedy):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_BYTES:
                raise ValueError(f"it unpacks to more than {MOST_BYTES >> 20} MiB")
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise ValueError("it holds no state")
    return state


@contextmanager
def restoring(path: Path, *, error: type[AuroraError], remedy: str) -> Iterator[None]:
    """Turn whatever torch, pickle, Stable-Baselines3 and LightGBM raise on damaged content into one line.

    Args:
        path: Of the file whose content is put to use.
        error: The class of error to raise.
        remedy: What to do about it.

    Raises:
        AuroraError: The content is damaged. The class is `error`; ours pass as they are.
    """
    try:
        yield
    except AuroraError:
        raise
    except pickle.UnpicklingError:  # torch's advice is to read it nevertheless
        raise error(f"{path} is damaged, or holds more than numbers and texts, which is not read; {remedy}") from None
    except Exception as fault:  # they raise what they like, down to AssertionError and bare Exception
        said = f"{type(fault).__name__}: {str(fault).strip() or 'no more is known'}".split("\n", 1)[0][:200]
        raise error(f"{path} is damaged or of another version ({said}); {remedy}") from None


def require_sizes(sizes: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    """Refuse sizes that no tensor of the file has, before a network of them takes all memory.

    Raises:
        ValueError: A size is too large, or is no whole number.
    """
    shown = max((max(t.shape, default=0) for t in weights.values() if isinstance(t, torch.Tensor)), default=0)
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= max(MOST_UNITS, shown):
            raise ValueError(f"{name} is {str(size)[:40]}, which does not fit the weights")


def restore_optimizer(optimizer: torch.optim.Optimizer, state: Any) -> None:
    """Load an optimizer's state, with the shapes and kinds of numbers that it must have.

    Raises:
        ValueError: They are others.
    """
    before = [{k: type(v) for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    after = [{k: type(v) for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    if [g.keys() for g in before] != [g.keys() for g in after] or any(
        kind is not then[name] and {kind, then[name]} != {int, float}
        for now, then in zip(after, before, strict=True)
        for name, kind in now.items()
        if then[name] is not type(None)
    ):
        raise ValueError("the optimizer's settings are of other kinds")
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor) and value.dim() and value.shape != parameter.shape:
                raise ValueError(f"the optimizer's {name} has the shape {tuple(value.shape)}")
