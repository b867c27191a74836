"""Tables of a file as columns that were checked: what is wrong ends in a `DataError` with file, line and column."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora.errors import DataError
from aurora.learning.samples import Floats

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

NOTHING = ("", "na", "n/a", "nan", "null", "none", "-")
"""Texts that say, in a column of numbers, that there is no value."""
PARQUET_MAGIC = b"PAR1"
_MILLISECONDS, _MICROSECONDS, _NANOSECONDS = 1e11, 1e14, 1e17
"""Unix times from here on can't be seconds (1e11 s is in the year 5138): they are in finer units."""


def csv_frame(path: Path, raw: bytes, *, separator: str = ",", header: bool = True) -> pd.DataFrame:
    """The rows of a CSV file; column names are stripped, empty rows left out, the index is the row's number.

    Raises:
        DataError: It has no rows, or a row has more fields than the first.
    """
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    names = first_fields(raw, separator) if header else []
    doubled = [name for k, name in enumerate(names) if name in names[:k]]
    if doubled:
        raise DataError(f"{path} has two columns {doubled[0]!r}; rename one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # of fields that it would drop
            frame = _rows(raw, separator, header)
    except pd.errors.ParserWarning:
        raise DataError(f"{path}: rows have more fields than the header's {len(names)}; name all columns") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a table: {str(error).strip()}") from None
    if header:
        frame.columns = [str(name).strip() for name in frame.columns]
    frame.attrs["first_line"] = 2 if header else 1
    frame = frame.dropna(how="all")
    if frame.empty:
        raise DataError(f"{path} has no rows")
    return frame


def _rows(raw: bytes, separator: str, header: bool) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    return pd.read_csv(
        io.BytesIO(raw),
        sep=separator,
        header=0 if header else None,
        keep_default_na=False,
        na_values=["", "nan", "NaN"],
        skip_blank_lines=False,
        skipinitialspace=True,
        low_memory=False,
        index_col=False,
    )


def parquet_frame(path: Path, raw: bytes) -> pd.DataFrame:
    """The rows of a Parquet file.

    Raises:
        DataError: It can't be read, or has no rows.
    """
    import pyarrow as pa  # noqa: PLC0415  # heavy, used here only
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        frame = pq.read_table(io.BytesIO(raw)).to_pandas().reset_index(drop=True)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable Parquet file: {error}") from None
    frame.columns = [str(name).strip() for name in frame.columns]
    frame.attrs["first_line"] = 1
    if frame.columns.duplicated().any():
        raise DataError(f"{path} has two columns {frame.columns[frame.columns.duplicated()][0]!r}; rename one")
    if frame.empty:
        raise DataError(f"{path} has no rows")
    return frame


def numbers(path: Path, frame: pd.DataFrame, column: Any) -> Floats:
    """A column as float64, NaN where it says that there is no value.

    Raises:
        DataError: A field is text.
    """
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    values = frame[column]
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return _floats(values)
    found = pd.to_numeric(values, errors="coerce")
    lost = found.isna() & ~values.isna()
    lost &= ~values.astype(str).str.strip().str.lower().isin(NOTHING)
    if lost.any():
        raise _bad(path, frame, column, lost, "is not a number")
    return _floats(found)


def _floats(values: pd.Series) -> Floats:
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def are_numbers(frame: pd.DataFrame, column: Any) -> bool:
    """Whether a column holds numbers (or nothing) only."""
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    values = frame[column]
    if pd.api.types.is_numeric_dtype(values.dtype):
        return True
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return False
    texts = values.dropna().astype(str).str.strip().str.lower()
    texts = texts[~texts.isin(NOTHING)]
    return bool(len(texts)) and not pd.to_numeric(texts, errors="coerce").isna().any()


def unix_times(path: Path, frame: pd.DataFrame, column: Any) -> Floats:
    """A column of times as Unix seconds; a time without a zone is UTC.

    Args:
        path: For messages.
        frame: The table.
        column: ISO 8601 texts, date-times, or Unix times in seconds, milliseconds, micro- or nanoseconds, which are
            told apart by their size.

    Raises:
        DataError: A field is neither.
    """
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    values = frame[column]
    if not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype)):
        texts = values.astype(str).str.strip()
        times = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
        if times.isna().all() and are_numbers(frame, column):
            values = pd.to_numeric(texts, errors="coerce")
        else:
            if times.isna().any():
                raise _bad(path, frame, column, times.isna(), "is not a time; write ISO 8601 or Unix seconds")
            values = times
    if values.isna().any():
        raise _bad(path, frame, column, values.isna(), "is not a time; write ISO 8601 or Unix seconds")
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        aware = values if values.dt.tz is not None else values.dt.tz_localize("UTC")
        micros = aware.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
        return np.asarray(micros / 1e6, dtype=np.float64)
    seconds = _floats(values)
    if not np.isfinite(seconds).all():
        raise _bad(path, frame, column, ~np.isfinite(values), "is not a time; write ISO 8601 or Unix seconds")
    size = float(np.median(np.abs(seconds)))
    for least, scale in ((_NANOSECONDS, 1e9), (_MICROSECONDS, 1e6), (_MILLISECONDS, 1e3)):
        if size >= least:
            return seconds / scale
    return seconds


def line_of(frame: pd.DataFrame, position: int) -> int:
    """The line in its file of a frame's row."""
    return int(frame.index[position]) + int(frame.attrs["first_line"])


def first_fields(raw: bytes, separator: str = ",") -> list[str]:
    """The fields of the first line of a text file, stripped of blanks, quotes and a byte order mark."""
    line = raw[: 1 << 20].split(b"\n", 1)[0].decode("utf-8", errors="replace").lstrip("\ufeff")
    return [re.sub(r'^"(.*)"$', r"\1", field.strip()).strip() for field in line.strip().split(separator)]


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bad(path: Path, frame: pd.DataFrame, column: Any, wrong: Any, why: str) -> DataError:
    position = int(np.flatnonzero(np.asarray(wrong))[0])
    shown = str(frame[column].iloc[position])[:40]
    return DataError(f"{path}, line {line_of(frame, position)}, {column}: {shown!r} {why}")
