"""Optional export of a run's events to an experiment tracker."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aurora.errors import RunError
from aurora.files import write_atomically
from aurora.graphs.events import Event, Listener

WANDB_PROJECT = "aurora"
IDENTITY_FILE = "wandb.id"
TRACKERS = ("wandb",)


@contextmanager
def tracked(track: str | None, directory: Path, settings: Mapping[str, Any]) -> Iterator[Listener]:
    """Return a listener that sends events to a tracker while the block runs.

    Args:
        track: Name of the tracker, `wandb`; None: events are not sent.
        directory: Folder of the run; the tracker's files go to a folder in it.
        settings: Settings of the run, which the tracker shows with its curves.

    Raises:
        RunError: The tracker is unknown, not installed, or does not start.
    """
    if track is None:
        yield lambda event: None
        return
    if track not in TRACKERS:
        raise RunError(f"unknown tracker {track!r}; there is {', '.join(TRACKERS)}")
    with _wandb(directory, settings) as listener:
        yield listener


@contextmanager
def _wandb(directory: Path, settings: Mapping[str, Any]) -> Iterator[Listener]:
    """Start a run at Weights & Biases; without an account or a network set WANDB_MODE=offline."""
    try:
        import wandb  # noqa: PLC0415  # an optional extra
    except ImportError:
        raise RunError("tracking by wandb needs Weights & Biases: pip install 'aurora-alloc[wandb]'") from None
    try:
        run = wandb.init(
            project=WANDB_PROJECT,
            name=directory.name,
            dir=str(directory),
            config=dict(settings),
            id=_identity(directory),
            resume="allow",
        )
    except wandb.errors.Error as error:
        raise RunError(f"Weights & Biases does not start ({error}); without a network set WANDB_MODE=offline") from None
    try:
        yield lambda event: _log(run, event)
    finally:
        run.finish()


def _identity(directory: Path) -> str:
    """Return the run's id at the tracker, which is the same for every process of the run."""
    path = directory / IDENTITY_FILE
    if not path.exists():
        write_atomically(path, secrets.token_hex(8))
    return path.read_text(encoding="utf-8").strip()


def _log(run: Any, event: Event) -> None:
    """Send the numbers of an event under its kind, and the means of its lists."""
    numbers: dict[str, float] = {}
    for key, value in event.items():
        if isinstance(value, bool) or key == "iteration":
            continue
        if isinstance(value, int | float):
            numbers[f"{event['event']}/{key}"] = value
        elif isinstance(value, list) and value:
            numbers[f"{event['event']}/{key}_mean"] = sum(value) / len(value)
        elif isinstance(value, dict):
            numbers |= {f"{event['event']}/{key}/{name}": number for name, number in value.items()}
    if numbers:
        run.log({"iteration": event["iteration"], **numbers})
