"""Records how a result is made: command, version, commit, data and machine."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aurora
from aurora.errors import FileError
from aurora.evals.results.result import Provenance
from aurora.source_tree import source_commit

_BLOCK = 1 << 20


def provenance(command: str, *, files: Iterable[Path] = (), **fields: Any) -> Provenance:
    """Return how a result is made, as of now.

    Args:
        command: Command that repeats it.
        files: Files of data that it reads.
        fields: Other fields of `Provenance`.

    Raises:
        FileError: A file of data can't be read.
    """
    return Provenance(
        command=command,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=aurora.__version__,
        commit=source_commit(),
        data={str(file): file_hash(file) for file in files},
        machine=f"{os.cpu_count() or 1} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}",
        **fields,
    )


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content, hexadecimal.

    Raises:
        FileError: The file can't be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}; check the path") from None
    return digest.hexdigest()
