"""Opens what a person names as a snapshot: a file of any kind that is read, or a sample."""

from __future__ import annotations

from pathlib import Path

from aurora.cluster.files import read_snapshot
from aurora.cluster.samples.load import load_sample
from aurora.cluster.snapshot import Snapshot

SAMPLE = "sample:"
"""Start of the name of a sample."""


def open_snapshot(name: Path | str) -> Snapshot:
    """Return the snapshot of a file or of a sample.

    Args:
        name: Path of a snapshot file, or `sample:web-shop`.

    Raises:
        InputError: There is no such sample.
        FileError: The file can't be read.
        DataError: The file is none of a snapshot.
    """
    if str(name).startswith(SAMPLE):
        return load_sample(str(name).removeprefix(SAMPLE))
    return read_snapshot(Path(name))
