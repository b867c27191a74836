"""A run's folder: who owns it, how it was configured, and where its parts lie."""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aurora import __version__
from aurora.errors import RunError

ARCHIVE, EVENTS, MANIFEST, REPORT, LOCK = (
    "archive.sqlite",
    "events.jsonl",
    "manifest.json",
    "report.html",
    "lock",
)
PACKAGES = ("numpy", "numba", "scipy", "cma", "SQLAlchemy", "langgraph", "pydantic")


@contextmanager
def owned(directory: Path) -> Iterator[Path]:
    """Own a run directory while the block runs; it is created if it is absent.

    The lock is the operating system's, so it goes with the process, however that ends.

    Raises:
        RunError: Another process owns it, or it can't be created.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = (directory / LOCK).open("a+")
    except OSError as error:
        raise RunError(f"can't use {directory} as a run directory: {error.strerror}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(f"another process is running in {directory}; wait for it or give another --run") from None
        yield directory


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that readers see the old text or the new, never a part."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def start_manifest(directory: Path, settings: Mapping[str, Any]) -> None:
    """Write the manifest of a new run, or check that an existing one was configured alike.

    Raises:
        RunError: The directory holds a run of another configuration, and the message says what differs.
    """
    path = directory / MANIFEST
    if path.exists():
        before = read_manifest(directory)["settings"]
        differing = [k for k in sorted({*before, *settings}) if before.get(k) != settings.get(k)]
        if differing:
            k = differing[0]
            raise RunError(
                f"{directory} holds a run with {k} = {before.get(k)!r}, not {settings.get(k)!r}; "
                "use --resume DIR alone, or another --run"
            )
        return
    manifest = {
        "aurora": __version__,
        "python": platform.python_version(),
        "packages": {p: version(p) for p in PACKAGES},
        "settings": dict(settings),
    }
    write_atomically(path, json.dumps(manifest, indent=2, sort_keys=True) + "\n")


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises:
        RunError: The directory holds no run.
    """
    path = directory / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise RunError(f"{directory} holds no run (no {MANIFEST}); give the folder of one") from None
    except ValueError as error:
        raise RunError(f"{path} is not JSON: {error}") from None
    return manifest


def require_archive(directory: Path) -> Path:
    """Path of a run's archive.

    Raises:
        RunError: There is none.
    """
    path = directory / ARCHIVE
    if not path.exists():
        raise RunError(f"{directory} holds no archive ({ARCHIVE}); give --run the folder of a run")
    return path
