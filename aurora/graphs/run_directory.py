"""The directory of a run: its lock, its manifest with the settings, and the names of its files."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aurora import __version__
from aurora.errors import RunError
from aurora.files import locked, write_atomically
from aurora.memory.store import Store
from aurora.reading import read_json
from aurora.source_tree import source_commit

ARCHIVE, EVENTS, MANIFEST, REPORT, LOCK = (
    "archive.sqlite",
    "events.jsonl",
    "manifest.json",
    "report.html",
    "lock",
)
CACHE, VALIDATION_CACHE = "paid.ledger", "validation.ledger"
"""Caches of the iteration in progress and of validation; see `aurora.memory.measurement_cache`."""
CALLS = "calls.jsonl"
"""Recording of the calls of models and tools with their answers."""
REQUESTS, OUTPUT = "requests.jsonl", "output.log"
"""Who asked for a start, a pause or a resumption, and what its processes printed; see `aurora.graphs.run_control`."""
MANIFEST_FORMAT = 1
"""Version of the manifest and of the other files of a run."""
RECORDED_PACKAGES = ("numpy", "numba", "cma", "SQLAlchemy", "langgraph", "langchain", "pydantic")


@contextmanager
def owned(directory: Path) -> Iterator[Path]:
    """Lock a run directory while the block runs; it is created if it is absent.

    The operating system releases the lock when the process ends, however that happens.

    Raises:
        RunError: Another process has locked the directory, or it can't be created.
    """
    busy = f"is running in {directory}; wait for it, or give another folder for the run"
    with locked(directory / LOCK, busy=busy, error=RunError):
        yield directory


def start_manifest(
    directory: Path,
    settings: Mapping[str, Any],
    files: Sequence[Path] = (),
    families: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write the manifest of a new run, or check that an existing run has the same settings and traces.

    Args:
        directory: Folder of the run.
        settings: Settings of the run as JSON values.
        files: Traces that the run reads; they must not change between its processes.
        families: Families that it trains on, chooses the champion on, and leaves for a test; None: it has none.

    Raises:
        RunError: The directory holds a run with other settings or traces, which the message names, or one of a newer
            AURORA; or a file can't be read or written.
    """
    hashes = {path.name: _sha256(path) for path in files}
    if (directory / MANIFEST).exists():
        manifest = read_manifest(directory)
        _require_same(directory, "setting", manifest["settings"], settings)
        _require_same(directory, "trace", manifest["files"], hashes)
        return
    manifest = {
        "format": MANIFEST_FORMAT,
        "aurora": __version__,
        "commit": source_commit(),
        "python": platform.python_version(),
        "packages": {p: version(p) for p in RECORDED_PACKAGES},
        "settings": dict(settings),
        "files": hashes,
    }
    if families is not None:
        manifest["families"] = {part: list(names) for part, names in families.items()}
    write_atomically(directory / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True) + "\n", error=RunError)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror}") from None


def _require_same(directory: Path, what: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    differing = [k for k in sorted({*before, *now}) if before.get(k) != now.get(k)]
    if differing:
        listed = "; ".join(f"{k} was {before.get(k)!r}, now {now.get(k)!r}" for k in differing)
        raise RunError(
            f"{directory} holds a run with another {what} ({listed}); "
            "go on with the settings that it was begun with, or give another folder for the run"
        )


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a run.

    Raises:
        RunError: The directory holds no run, or one of a newer AURORA.
    """
    path = directory / MANIFEST
    if not path.exists():
        raise RunError(f"{directory} holds no run (no {MANIFEST}); give the folder of one")
    manifest = read_json(path, error=RunError)
    shape = {"format": int, "settings": dict, "files": dict}
    if not isinstance(manifest, dict) or any(not isinstance(manifest.get(k), t) for k, t in shape.items()):
        raise RunError(f"{path} is not the manifest of a run; give the folder of one")
    if manifest["format"] > MANIFEST_FORMAT:
        raise RunError(
            f"{directory} was written by a newer AURORA ({manifest.get('aurora')}, format {manifest['format']}, "
            f"this one knows {MANIFEST_FORMAT}); upgrade to go on with it"
        )
    return manifest


def open_archive(directory: Path) -> Store:
    """Open the archive of a run.

    Raises:
        RunError: The directory holds no archive, or an empty file in its place.
        StoreError: The archive can't be read.
    """
    path = directory / ARCHIVE
    if not path.exists():
        raise RunError(f"{directory} holds no archive ({ARCHIVE}); give the folder of a run")
    if path.is_file() and not path.stat().st_size:
        raise RunError(f"{path} is empty; go on with the run, or take it from a copy")
    return Store.open(path)
