"""Reads tables as checked columns; a fault is a `DataError` with file, line and column."""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora.errors import DataError
from aurora.learning.tables.notation import MISSING_VALUES, unified, why_no_number
from aurora.learning.tables.parquet import check_unpacked, reading_parquet
from aurora.learning.tables.text_table import TextTable
from aurora.types import FloatArray

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

PARQUET_MAGIC = b"PAR1"
NO_NUMBER = ["", "nan", "NaN"]
"""Texts that the parser reads as a missing value; others of `MISSING_VALUES` may be names."""
MAX_ROWS, MAX_CELLS = 3_000_000, 30_000_000
"""Largest number of rows of a table, and of its cells; its series then take less than about 1 GiB."""


def csv_frame(path: Path, table: TextTable, *, header: bool = True, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV file without its empty rows and columns; the index of the frame is the row's number.

    Args:
        path: Path of the file, for messages.
        table: The file's content.
        header: True if the first line names the columns.
        text: Columns that are kept as written, such as identifiers; others become numbers if all their fields are.

    Raises:
        DataError: The table has no rows, too many, two columns of a name, or a row with more fields than the first.
    """
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    doubled = [name for k, name in enumerate(table.header) if header and name in table.header[:k]]
    if doubled:
        raise DataError(f"{path} has two columns {doubled[0]!r}; rename one")
    check_size(path, table.body.count(b"\n"), table.body.count(table.separator.encode()))
    absent: Any = {name: NO_NUMBER for name in table.header if name not in text} if text else NO_NUMBER
    frame = _parsed(path, table, header=header, na_values=absent)
    # The parser is slow at texts: reading them as numbers, and some of them again, is faster.
    for name in text:
        if pd.api.types.is_numeric_dtype(frame[name].dtype):
            frame[name] = written(path, table, [name])[name]
    frame.attrs = {"first_line": table.skipped + (2 if header else 1), "notes": list(table.notes)}
    return _without_empty(path, frame, text)


def written(path: Path, table: TextTable, columns: Sequence[str]) -> pd.DataFrame:
    """Read some columns of a CSV file as they are written.

    Raises:
        DataError: The file is not a table.
    """
    return _parsed(path, table, header=True, usecols=list(columns), dtype="str")


def _parsed(path: Path, table: TextTable, *, header: bool, **options: Any) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # fields would be dropped
            return pd.read_csv(
                io.BytesIO(table.body),
                sep=table.separator,
                header=0 if header else None,
                names=list(table.header) if header else list(range(len(table.header))),
                keep_default_na=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                low_memory=False,
                index_col=False,
                **options,
            )
    except pd.errors.ParserWarning:
        count = len(table.header)
        raise DataError(
            f"{path}: rows have more fields than the header's {count}; name all columns, or, where commas are decimal "
            "signs, put those values in quotes or separate the fields with semicolons"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{path} is not a table: {str(error).strip()}") from None


def _without_empty(path: Path, frame: pd.DataFrame, text: Collection[str]) -> pd.DataFrame:
    """Drop empty rows, and columns that have neither a name nor a value."""
    lost = frame.isna()
    for column in text:
        lost[column] |= frame[column] == ""
    empty = lost.all(axis=1)
    if empty.any():
        frame = frame[~empty]
    nameless = [name for name in frame.columns if str(name).startswith("column ") and lost[name].all()]
    if nameless:
        frame = frame.drop(columns=nameless)
    if frame.empty:
        raise DataError(f"{path} has no rows")
    return frame


def check_size(path: Path, rows: int, cells: int) -> None:
    """Refuse a table that would take too much memory.

    Raises:
        DataError: The table has more than `MAX_ROWS` rows or `MAX_CELLS` cells.
    """
    if rows > MAX_ROWS or cells > MAX_CELLS:
        raise DataError(
            f"{path} has {rows} rows and {cells} fields; {MAX_ROWS} rows and {MAX_CELLS} fields are the most that "
            "are read: split it by series or time, or aggregate it to a longer step"
        )


def parquet_frame(path: Path, raw: bytes) -> pd.DataFrame:
    """Read the rows of a Parquet file; texts stay coded, so that repeated texts take memory once.

    Raises:
        DataError: The file can't be read, has no rows or too many, is too large unpacked, or has nested columns.
    """
    import pyarrow as pa  # noqa: PLC0415  # heavy, used here only
    import pyarrow.parquet as pq  # noqa: PLC0415

    with reading_parquet(path):
        about = pq.ParquetFile(io.BytesIO(raw))
        _check_parquet(path, about.metadata, about.schema_arrow)
        texts = [f.name for f in about.schema_arrow if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        file = pq.ParquetFile(io.BytesIO(raw), read_dictionary=texts)
        # Without the metadata of pandas, an index such as `ds` is a column like the others.
        frame = file.read().to_pandas(integer_object_nulls=True, ignore_metadata=True).reset_index(drop=True)
        frame = frame.drop(columns=[name for name in frame.columns if str(name).startswith("__index_level_")])
    frame.columns = [str(name).strip() for name in frame.columns]
    frame.attrs = {"first_line": 1, "notes": []}
    if frame.columns.duplicated().any():
        raise DataError(f"{path} has two columns {frame.columns[frame.columns.duplicated()][0]!r}; rename one")
    if frame.empty:
        raise DataError(f"{path} has no rows")
    return frame


def _check_parquet(path: Path, metadata: Any, schema: Any) -> None:
    """Refuse a file that would take too much memory, by its metadata."""
    import pyarrow as pa  # noqa: PLC0415  # heavy, used here only

    nested = next((f.name for f in schema if pa.types.is_nested(f.type)), None)
    if nested is not None:
        raise DataError(f"{path}, column {nested!r}: lists and structures are not read; flatten it or leave it out")
    check_size(path, metadata.num_rows, metadata.num_rows * len(schema))
    check_unpacked(path, metadata)


def numbers(path: Path, frame: pd.DataFrame, column: Any) -> FloatArray:
    """Return a column as float64, with NaN for missing values.

    Decimal commas and marks between thousands are read, and noted, if all fields of the column agree on them.

    Raises:
        DataError: A field is text.
    """
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    values = frame[column]
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return _floats(values)
    codes, unique = pd.factorize(values)
    texts = [str(text).strip() for text in unique]
    numbers_of = np.array(pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce"), dtype=np.float64)
    has_value = np.array([text.lower() not in MISSING_VALUES for text in texts], dtype=bool)
    lost = np.isnan(numbers_of) & has_value
    if lost.any():
        other = unified([text for text, kept in zip(texts, has_value, strict=True) if kept])
        if other is None:
            first = texts[int(codes[np.argmax(np.append(lost, False)[codes])])]
            raise refusal(path, frame, column, np.append(lost, False)[codes], why_no_number(first))
        numbers_of[has_value], how = other
        note(frame, f"in column {frame.attrs.get('called', {}).get(column, column)!r} {how}")
    return np.asarray(np.append(numbers_of, np.nan)[codes], dtype=np.float64)


def _floats(values: pd.Series) -> FloatArray:
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def are_numbers(frame: pd.DataFrame, column: Any) -> bool:
    """Return whether a column holds only numbers and empty fields."""
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    values = frame[column]
    if pd.api.types.is_numeric_dtype(values.dtype):
        return True
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return False
    texts = [text for value in values.dropna().unique() if (text := str(value).strip()).lower() not in MISSING_VALUES]
    if not texts:
        return False
    plain = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
    return not plain.isna().any() or unified(texts) is not None


def note(frame: pd.DataFrame, text: str) -> None:
    """Keep a remark on the table's form, to be reported with its series."""
    if text not in frame.attrs["notes"]:
        frame.attrs["notes"].append(text)


def line_of(frame: pd.DataFrame, position: int) -> int:
    """Return the line of a row in its file."""
    return int(frame.index[position]) + int(frame.attrs["first_line"])


def refusal(path: Path, frame: pd.DataFrame, column: Any, wrong: Any, why: str) -> DataError:
    """Return the error of the first wrong row, with its line and text."""
    position = int(np.flatnonzero(np.asarray(wrong))[0])
    value = str(frame[column].iloc[position]).strip()
    shown = repr(value[:40]) if value.lower() not in ("", "nan", "nat", "none", "<na>") else "an empty field"
    called = frame.attrs.get("called", {}).get(column, column)
    return DataError(f"{path}, line {line_of(frame, position)}, {called}: {shown} {why}")
