"""Stores the state of a training in a folder: weights, optimizer, counters and the learning curve.

No state of a random generator is stored: randomness in a block of training depends on the seed and the block's number
alone, so a training that was interrupted continues exactly as one that was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from aurora.errors import RunError
from aurora.learning.tensors import load_tensors, save_tensors

NAME = "checkpoint.pt"
FORMAT = 1
REMEDY = "train again, into another folder"

STORED_NAMES = {
    # of networks
    "candidate_features": "features",
    "context_features": "context",
    "hidden_size": "width",
    "lstm_size": "memory",
    # of trainings
    "total_steps": "steps",
    "network": "shape",
    "hyperparameters": "settings",
    "feature_columns": "columns",
    "updates_per_block": "block",
    "steps_per_block": "block",
    # of PPO, DQN and SAC
    "num_envs": "environments",
    "num_steps": "length",
    "n_epochs": "epochs",
    "num_minibatches": "minibatches",
    "gamma": "discount",
    "gae_lambda": "smoothing",
    "clip_range": "clip",
    "ent_coef": "entropy",
    "vf_coef": "value_weight",
    "max_grad_norm": "gradient_norm",
    "target_kl": "divergence",
    "buffer_size": "replay",
    "learning_starts": "warm_up",
    "batch_size": "batch",
    "target_update_interval": "target_every",
    "exploration_fraction": "exploration",
    "exploration_final_eps": "least_exploration",
    "initial_ent_coef": "temperature",
    # of learning curves
    "mean_return": "value",
    "metrics": "measures",
    "approx_kl": "divergence",
    "clip_fraction": "clipped",
}
"""Name of a field in code -> its name in checkpoints of format 1 and in TensorBoard, where it differs."""

T = TypeVar("T")


def save(folder: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint of a folder; readers see the old one or the new one, never a part.

    Args:
        folder: Folder of the training; it must exist.
        state: Tensors, numbers, texts, and lists and dictionaries of them.

    Raises:
        RunError: It can't be written.
    """
    save_tensors({"format": FORMAT, **state}, folder / NAME, error=RunError)


def load(folder: Path) -> dict[str, Any]:
    """Return the state in the checkpoint of a folder. Only data is read: a file that would run code is refused.

    Raises:
        RunError: There is no checkpoint, or it is damaged or of another format.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"no training to resume in {folder}: there is no {NAME}")
    state = load_tensors(path, error=RunError, remedy=REMEDY)
    if state.get("format") != FORMAT:
        raise RunError(f"{path} is not a checkpoint of format {FORMAT}; {REMEDY}")
    return state


def to_stored(value: Any) -> Any:
    """Return a dataclass or named tuple as a dictionary with the names of format 1; other values as they are."""
    if is_dataclass(value):
        items = {f.name: getattr(value, f.name) for f in fields(value)}
    elif hasattr(value, "_asdict"):
        items = value._asdict()
    else:
        return value
    return {STORED_NAMES.get(name, name): to_stored(item) for name, item in items.items()}


def from_stored(kind: type[T], stored: Mapping[str, Any]) -> T:
    """Return the dataclass or named tuple of a dictionary that `to_stored` returned; fields of it are not converted.

    Raises:
        KeyError: There is a name that the type does not have.
        TypeError: A field without default is absent.
    """
    names = kind._fields if hasattr(kind, "_fields") else [f.name for f in fields(kind)]  # type: ignore[arg-type,attr-defined]
    name_of = {STORED_NAMES.get(name, name): name for name in names}
    return kind(**{name_of[stored_name]: item for stored_name, item in stored.items()})
