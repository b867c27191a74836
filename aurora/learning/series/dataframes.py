"""Converts series and forecasts from and to pandas, in the form of forecasting libraries: `unique_id`, `ds`, `y`.

Each row holds one value of the series `unique_id` at the time `ds`. Further columns mean the same as in files; see
`long_form`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import TypeIs

from aurora.errors import DataError
from aurora.learning.series.long_form import long_form, read_long_form
from aurora.learning.series.read import panel_of, read_panel
from aurora.learning.series.series import QUANTILES, Forecast, Panel, Series

if TYPE_CHECKING:  # heavy at run time
    import pandas as pd

FRAME_NAME = Path("DataFrame")
"""Name in messages of a table that was not read from a file."""
MEDIAN = QUANTILES.index(0.5)


def read_series(source: pd.DataFrame | Path | str | Sequence[Path | str], *, detect: bool = True) -> Panel:
    """Read series from files or from a DataFrame, made regular, with all defects that were found.

    Args:
        source: A DataFrame with `ds` and `y` (and `unique_id` if it holds several series); or files, folders or
            patterns as `aurora forecast` takes them: CSV or Parquet in long form, or a known trace.
        detect: True to search for lasting steps and outliers, which are reported and left. The search takes most of the
            time.

    Raises:
        DataError: The data can't be read or repaired; see `read_panel`.

    Example:
        >>> import pandas as pd
        >>> times = ["2026-01-01T00:00Z", "2026-01-01T00:05Z", "2026-01-01T00:15Z"]
        >>> frame = pd.DataFrame({"ds": times, "y": [1, 2, 4]})
        >>> panel = read_series(frame)
        >>> panel.series[0].y.tolist(), panel.series[0].step, panel.findings[0].defect
        ([1.0, 2.0, 3.0, 4.0], 300, 'gap')
    """
    if isinstance(source, str | Path):
        return read_panel([Path(source)], detect=detect)
    if is_frame(source):
        return panel_of(read_long_form(FRAME_NAME, _plain(source)), detect=detect)
    return read_panel([Path(path) for path in source], detect=detect)


def series_of(data: pd.DataFrame | Panel | Sequence[Series]) -> tuple[Series, ...]:
    """Return the series of a panel, a sequence or a DataFrame; a DataFrame is read and repaired.

    Raises:
        DataError: There is no series, or the DataFrame can't be read; see `read_series`.
    """
    if isinstance(data, Panel):
        series = data.series
    elif is_frame(data):
        series = read_series(data, detect=False).series
    else:
        series = tuple(data)
    if not series:
        raise DataError("there is no series; give a DataFrame with ds and y, or what `read_series` returns")
    return series


def series_frame(data: Panel | Sequence[Series]) -> pd.DataFrame:
    """Return series as a DataFrame: `unique_id`, `ds` (UTC), `y`, `observed`, covariates and labels."""
    return long_form(data if isinstance(data, Panel) else Panel(tuple(data)))


def forecast_frame(forecasts: Sequence[Forecast]) -> pd.DataFrame:
    """Return forecasts as a DataFrame with a row for each step of each series.

    Args:
        forecasts: Forecasts, at least one.

    Returns:
        Columns `unique_id`, `ds` (UTC), `y` (the median), a column for each quantile (`q0.01` to `q0.99`), `model`.
    """
    import pandas as pd  # noqa: PLC0415  # heavy, used here only

    lengths = [len(f.quantiles) for f in forecasts]
    times = np.concatenate([f.start + f.step * np.arange(len(f.quantiles), dtype=np.int64) for f in forecasts])
    quantiles = np.concatenate([f.quantiles for f in forecasts])
    columns: dict[str, Any] = {
        "unique_id": np.repeat(np.array([f.unique_id for f in forecasts], dtype=object), lengths),
        "ds": pd.to_datetime(times, unit="s", utc=True),
        "y": quantiles[:, MEDIAN],
        **{f"q{level:g}": quantiles[:, k] for k, level in enumerate(QUANTILES)},
        "model": np.repeat(np.array([f.model for f in forecasts], dtype=object), lengths),
    }
    return pd.DataFrame(columns)


def is_frame(data: object) -> TypeIs[pd.DataFrame]:
    """Return whether an object is a pandas DataFrame; pandas is not loaded for other objects."""
    return type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns")


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy in which a named index is a column like the others, as in a table from a file."""
    named = [name for name in frame.index.names if name is not None and name not in frame.columns]
    table = frame.reset_index(level=named).reset_index(drop=True) if named else frame.reset_index(drop=True)
    table.columns = [str(name).strip() for name in table.columns]
    if table.columns.duplicated().any():
        raise DataError(f"the DataFrame has two columns {table.columns[table.columns.duplicated()][0]!r}; rename one")
    if table.empty:
        raise DataError("the DataFrame has no rows")
    table.attrs = {"first_line": 0, "notes": []}
    return table
