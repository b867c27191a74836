"""Reads and writes files of tensors: only data is read, within limits, and damage is an error of one line."""

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

MAX_BYTES = 1 << 30
"""Largest size of a file of tensors, after unpacking."""

MAX_UNITS = 4096
"""Largest size of a layer that a file may name without weights of that size."""


def save_tensors(state: Mapping[str, Any], path: Path, *, error: type[AuroraError]) -> None:
    """Replace a file by tensors, numbers and texts, and lists and dictionaries of them.

    Args:
        state: Content of the file.
        path: File to write.
        error: Class of error to raise.

    Raises:
        AuroraError: It can't be written. The class is `error`.
    """
    buffer = io.BytesIO()  # torch has errors of its own for a full disk
    torch.save(dict(state), buffer)
    with replaced(path, error=error) as partial:
        partial.write_bytes(buffer.getbuffer())


def load_tensors(path: Path, *, error: type[AuroraError], remedy: str) -> dict[str, Any]:
    """Return the content of a file that `save_tensors` wrote; nothing in the file is executed.

    Args:
        path: File to read.
        error: Class of error to raise.
        remedy: Advice about a damaged file, such as "train again".

    Raises:
        AuroraError: It is absent, too large, damaged or of another kind. The class is `error`.
    """
    content = read_bytes(path, limit=MAX_BYTES, packed=True, error=error)
    with restoring(path, error=error, remedy=remedy):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_BYTES >> 20} MiB")
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise ValueError("it holds no state")
    return state


@contextmanager
def restoring(path: Path, *, error: type[AuroraError], remedy: str) -> Iterator[None]:
    """Turn errors of torch, pickle, stable-baselines3 and LightGBM on damaged content into one error of one line.

    Args:
        path: File whose content is used in the block.
        error: Class of error to raise.
        remedy: Advice about a damaged file.

    Raises:
        AuroraError: The content is damaged. The class is `error`; other errors of AURORA pass unchanged.
    """
    try:
        yield
    except AuroraError:
        raise
    except pickle.UnpicklingError:  # torch advises to read it nevertheless
        raise error(f"{path} is damaged, or holds more than numbers and texts, which is not read; {remedy}") from None
    except Exception as fault:  # any class, down to AssertionError and bare Exception
        detail = f"{type(fault).__name__}: {str(fault).strip() or 'no detail'}".split("\n", 1)[0][:200]
        raise error(f"{path} is damaged or of another version ({detail}); {remedy}") from None


def require_sizes(sizes: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    """Check sizes of a network against its weights, before a network of absurd sizes takes all memory.

    Args:
        sizes: Size of each layer by name.
        weights: Tensors of the file.

    Raises:
        ValueError: A size is larger than any tensor's and than `MAX_UNITS`, or is no whole number.
    """
    largest = max((max(t.shape, default=0) for t in weights.values() if isinstance(t, torch.Tensor)), default=0)
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= max(MAX_UNITS, largest):
            raise ValueError(f"{name} is {str(size)[:40]}, which does not fit the weights")


def restore_optimizer(optimizer: torch.optim.Optimizer, state: Any) -> None:
    """Load an optimizer's state, after checking its shapes and types.

    Args:
        optimizer: Optimizer of the restored network; changed.
        state: State from a file.

    Raises:
        ValueError: A shape or a type differs.
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
        raise ValueError("the optimizer's settings have other types")
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor) and value.dim() and value.shape != parameter.shape:
                raise ValueError(f"the optimizer's {name} has the shape {tuple(value.shape)}")
