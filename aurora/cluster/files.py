"""Reads and writes snapshot files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aurora.cluster.snapshot import Snapshot, parse_snapshot
from aurora.files import write_atomically
from aurora.reading import read_json


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot file, as `aurora snapshot` writes it.

    Raises:
        FileError: The file can't be read.
        DataError: It is not JSON, or not a snapshot; names the field.
    """
    return parse_snapshot(read_json(path), where=str(path))


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Replace a file by a snapshot, atomically; fields at their defaults are left out.

    Raises:
        FileError: The file can't be written.
    """
    write_atomically(path, snapshot_json(snapshot) + "\n")


def snapshot_json(snapshot: Snapshot) -> str:
    """Return a snapshot as JSON, fields at their defaults left out."""
    return '{"format":1,' + snapshot.model_dump_json(exclude_defaults=True)[1:]


def snapshot_sha256(snapshot: Snapshot) -> str:
    """Return the hash of a snapshot's content, to which plans are bound."""
    return hashlib.sha256(snapshot_json(snapshot).encode()).hexdigest()
