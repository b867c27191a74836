"""Keeps a forecaster in a folder: numbers as JSON, networks as tensors, trees as text; nothing is executed."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from aurora.errors import DataError
from aurora.files import write_atomically, writing
from aurora.learning.forecasting.backtest import Figures
from aurora.learning.forecasting.blend import Blend
from aurora.learning.forecasting.boosted import load_trees
from aurora.learning.forecasting.forecast import Forecaster
from aurora.learning.series.series import Series
from aurora.learning.tensors import restoring
from aurora.reading import read_json

FORMAT = 1
MOST_CONTEXT, MOST_HORIZON, MOST_NETWORKS = 100_000, 10_000, 64
DESCRIPTION = "forecaster.json"


def save_forecaster(forecaster: Forecaster, folder: Path) -> None:
    """Write it to a new folder, which appears whole or not at all.

    Raises:
        DataError: The folder exists, or can't be written.
    """
    if folder.exists():
        raise DataError(f"{folder} exists already; give a new folder")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with writing(folder):
            partial.mkdir(parents=True)
            for number, network in enumerate(forecaster.lstms):
                network.save(partial / f"lstm-{number}.pt")
            forecaster.trees.save(partial)
            write_atomically(partial / DESCRIPTION, json.dumps(_described(forecaster), indent=2))
            partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load_forecaster(folder: Path) -> Forecaster:
    """What `save_forecaster` wrote.

    Raises:
        DataError: The folder holds no forecaster, a damaged one, or one of another version.
    """
    from aurora.learning.forecasting.lstm import load_lstm  # noqa: PLC0415  # heavy, used here only

    path = folder / DESCRIPTION
    if not path.exists():
        raise DataError(f"{folder} holds no forecaster; make one with: aurora train forecast DATA --out DIR")
    data = read_json(path)
    with restoring(path, error=DataError, remedy="train again"):
        if data["format"] != FORMAT:
            raise DataError(f"{path} has format {data['format']}, this version reads {FORMAT}; train again")
        known = _Description.model_validate({k: v for k, v in data.items() if k != "format"})
        forecaster = Forecaster(
            context=known.context,
            horizon=known.horizon,
            vocabulary=known.vocabulary,
            lstms=tuple(load_lstm(folder / f"lstm-{k}.pt") for k in range(known.networks)),
            trees=load_trees(folder),
            blend=Blend(known.blend["weights"], np.array(known.blend["inner"]), np.array(known.blend["outer"])),
            selected=known.selected,
            aside={name: Figures(**values) for name, values in known.aside.items()},
            losses=known.losses,
            seconds=known.seconds,
            learned=known.learned,
        )
        _try_out(forecaster)
        return forecaster


class _Description(BaseModel):
    """`forecaster.json`."""

    context: int = Field(ge=12, le=MOST_CONTEXT)
    horizon: int = Field(ge=1, le=MOST_HORIZON)
    selected: str
    vocabulary: tuple[str, ...]
    networks: int = Field(ge=0, le=MOST_NETWORKS)
    blend: dict[str, Any]
    aside: dict[str, dict[str, Any]]
    losses: dict[str, float]
    seconds: dict[str, float]
    learned: dict[str, int]


def _try_out(forecaster: Forecaster) -> None:
    """Forecast a made-up series: parts that don't fit together show at once, and not in the middle of a command."""
    length = forecaster.context + forecaster.horizon
    wave = 10.0 + np.sin(np.arange(length) / 7.0)
    series = Series("tried", 0, 300, wave, np.ones(length, bool), {}, {})
    for forecast in forecaster.predict([series]):
        if not np.isfinite(forecast.quantiles).all():
            raise ValueError("it forecasts no finite numbers")


def _described(forecaster: Forecaster) -> dict[str, Any]:
    plain = {f.name: getattr(forecaster, f.name) for f in fields(Forecaster)}
    blend = forecaster.blend
    return {
        "format": FORMAT,
        "context": plain["context"],
        "horizon": plain["horizon"],
        "selected": plain["selected"],
        "vocabulary": list(plain["vocabulary"]),
        "networks": len(forecaster.lstms),
        "blend": {"weights": dict(blend.weights), "inner": blend.inner.tolist(), "outer": blend.outer.tolist()},
        "aside": {name: values._asdict() for name, values in forecaster.aside.items()},
        "losses": dict(plain["losses"]),
        "seconds": dict(plain["seconds"]),
        "learned": dict(plain["learned"]),
    }
