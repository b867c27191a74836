"""The file of a trace in a folder of traces."""

from __future__ import annotations

from pathlib import Path

from aurora.errors import DataError


def trace_file(folder: Path, pattern: str) -> Path:
    """Return the first file of a folder whose name matches.

    Raises:
        DataError: There is none.
    """
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise DataError(f"no {pattern} in {folder}; --data names the folder that holds {folder.name}/")
    return paths[0]
