"""The file of a trace in a folder of traces."""

from __future__ import annotations

from pathlib import Path

from aurora.errors import FileError


def trace_file(folder: Path, pattern: str) -> Path:
    """Return the first file of a folder whose name matches.

    Raises:
        FileError: There is none.
    """
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise FileError(f"no {pattern} in {folder}; give the folder that holds {folder.name}/")
    return paths[0]
