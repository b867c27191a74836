"""Saves and loads forecasters: numbers as JSON, networks as tensors, trees as text; nothing is executed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from aurora.errors import DataError, FileError
from aurora.files import write_atomically, writing
from aurora.learning.forecasting.backtest import Figures
from aurora.learning.forecasting.blend import Blend
from aurora.learning.forecasting.forecast import Forecaster
from aurora.learning.forecasting.models.members import BLEND, MEMBERS, Row
from aurora.learning.series.series import Series
from aurora.learning.tensors import restoring
from aurora.reading import read_json

FORMAT = 1
MAX_CONTEXT, MAX_HORIZON = 100_000, 10_000
DESCRIPTION = "forecaster.json"


def save_forecaster(forecaster: Forecaster, folder: Path) -> None:
    """Save a forecaster in a new folder, which appears whole or not at all.

    Raises:
        FileError: The folder exists, or can't be written.
    """
    if folder.exists():
        raise FileError(f"{folder} exists already; give a new folder")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with writing(folder):
            partial.mkdir(parents=True)
            own = {key: value for member in forecaster.members.values() for key, value in member.save(partial).items()}
            write_atomically(partial / DESCRIPTION, json.dumps(_described(forecaster, own), indent=2))
            partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load_forecaster(folder: Path, members: Mapping[str, Row] = MEMBERS) -> Forecaster:
    """Read what `save_forecaster` wrote.

    Args:
        folder: The folder.
        members: Models that a forecaster may have.

    Raises:
        FileError: The folder holds no forecaster.
        DataError: The forecaster is damaged, or of another version.
    """
    path = folder / DESCRIPTION
    if not path.exists():
        raise FileError(f"{folder} holds no forecaster; make one with: aurora train forecast DATA --out DIR")
    data = read_json(path)
    with restoring(path, error=DataError, remedy="train again"):
        if data["format"] != FORMAT:
            raise DataError(f"{path} has format {data['format']}, this version reads {FORMAT}; train again")
        known = _Description.model_validate({k: v for k, v in data.items() if k != "format"})
        names = [name for name in known.losses if name != BLEND]
        if unknown := set(names) - set(members):
            raise ValueError(f"it has models that are not known here: {', '.join(sorted(unknown))}")
        forecaster = Forecaster(
            context=known.context,
            horizon=known.horizon,
            vocabulary=known.vocabulary,
            members={name: members[name].member.load(folder, data) for name in names},
            blend=Blend(known.blend["weights"], np.array(known.blend["inner"]), np.array(known.blend["outer"])),
            selected=known.selected,
            held_out={name: Figures(**values) for name, values in known.aside.items()},
            losses=known.losses,
            seconds=known.seconds,
            learned=known.learned,
        )
        _try_out(forecaster)
        return forecaster


class _Description(BaseModel):
    """The keys of `forecaster.json` that are not a member's own."""

    context: int = Field(ge=12, le=MAX_CONTEXT)
    horizon: int = Field(ge=1, le=MAX_HORIZON)
    selected: str
    vocabulary: tuple[str, ...]
    blend: dict[str, Any]
    aside: dict[str, dict[str, Any]]
    losses: dict[str, float]
    seconds: dict[str, float]
    learned: dict[str, int]


def _try_out(forecaster: Forecaster) -> None:
    """Forecast a made-up series, so that parts that don't fit together are found when they are loaded."""
    length = forecaster.context + forecaster.horizon
    wave = 10.0 + np.sin(np.arange(length) / 7.0)
    series = Series("tried", 0, 300, wave, np.ones(length, bool), {}, {})
    for forecast in forecaster.predict([series]):
        if not np.isfinite(forecast.quantiles).all():
            raise ValueError("it forecasts no finite numbers")


def _described(forecaster: Forecaster, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of `forecaster.json`; `own` are the members' keys."""
    blend = forecaster.blend
    return {
        "format": FORMAT,
        "context": forecaster.context,
        "horizon": forecaster.horizon,
        "selected": forecaster.selected,
        "vocabulary": list(forecaster.vocabulary),
        **own,
        "blend": {"weights": dict(blend.weights), "inner": blend.inner.tolist(), "outer": blend.outer.tolist()},
        "aside": {name: values._asdict() for name, values in forecaster.held_out.items()},
        "losses": dict(forecaster.losses),
        "seconds": dict(forecaster.seconds),
        "learned": dict(forecaster.learned),
    }
