"""Finds files of series: files, folders, and patterns that no shell has expanded."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from aurora.errors import FileError, InputError

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq")
"""Endings of files with series, for which folders are searched; `.gz` may follow them."""
MAX_FILES = 10_000


def series_files(paths: Sequence[Path]) -> list[Path]:
    """List the files of some paths in the given order; those of a folder or a pattern are sorted by name.

    Args:
        paths: Files, folders (without those in them), or patterns such as `logs/*.csv`.

    Raises:
        FileError: A folder has no file of `ENDINGS`, or a pattern matches none.
        InputError: There are more than `MAX_FILES`.
    """
    files = [file for path in paths for file in _files(path)]
    if len(files) > MAX_FILES:
        raise InputError(f"{len(files)} files were given; {MAX_FILES} are the most that are read at once")
    return files


def _files(path: Path) -> Iterator[Path]:
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError):  # a name that is too long or has a NUL: reading it reports the error
        is_folder, is_there = False, True
    if is_folder:
        files = sorted(file for file in path.iterdir() if _has_series(file) and file.is_file())
        if not files:
            raise FileError(f"{path} is a folder without files of series ({', '.join(ENDINGS)}, also .gz); name files")
        yield from files
    elif not is_there and glob.has_magic(str(path)):
        files = sorted(Path(name) for name in glob.iglob(str(path)) if Path(name).is_file())  # noqa: PTH207  # also absolute
        if not files:
            raise FileError(f"no file matches {str(path)!r}; check the pattern")
        yield from files
    else:
        yield path


def _has_series(file: Path) -> bool:
    return not file.name.startswith(".") and file.name.lower().removesuffix(".gz").endswith(ENDINGS)
