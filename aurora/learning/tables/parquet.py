"""Reads Parquet files within limits: metadata reveals a file that is too large; damage becomes an error of one line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.reading import TABLE_BYTES, read_bytes


@contextmanager
def reading_parquet(path: Path) -> Iterator[None]:
    """Turn any error of pyarrow on a damaged file into one line.

    Args:
        path: Path of the file.

    Raises:
        DataError: The file is no readable Parquet file.
    """
    import pyarrow as pa  # noqa: PLC0415  # heavy, used here only

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError, LookupError, TypeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path} is not a readable Parquet file: {reason[:300]}") from None


def check_unpacked(path: Path, metadata: Any) -> None:
    """Refuse a file that unpacks to more than `TABLE_BYTES`.

    Args:
        path: Path of the file.
        metadata: The file's metadata, by pyarrow.

    Raises:
        DataError: The file unpacks to more, or its row groups hold more rows than the file.
    """
    # Sizes by row group: asking damaged metadata for a column ends the process, as pyarrow lets its exception through.
    groups = [metadata.row_group(k) for k in range(metadata.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    if size > TABLE_BYTES or any(group.num_rows > metadata.num_rows for group in groups):
        raise DataError(f"{path} unpacks to more than {TABLE_BYTES >> 20} MiB; split it by series or time")


def parquet_rows(path: Path, most_rows: int) -> list[dict[str, Any]]:
    """Read the rows of a file.

    Args:
        path: Path of the file.
        most_rows: Largest number of rows; a file with more is refused before it is unpacked.

    Raises:
        DataError: The file can't be read, or is too large.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415  # heavy, used here only

    raw = read_bytes(path, limit=TABLE_BYTES)
    with reading_parquet(path):
        file = pq.ParquetFile(io.BytesIO(raw))
        if file.metadata.num_rows > most_rows:
            raise DataError(f"{path} has more than {most_rows:,} rows; give it in parts")
        check_unpacked(path, file.metadata)
        rows: list[dict[str, Any]] = file.read().to_pylist()
    return rows
