"""Keeps a forecaster in a folder: numbers as JSON, networks as tensors, trees as text; nothing is executed."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from aurora.errors import DataError
from aurora.files import write_atomically, writing
from aurora.learning.backtest import Figures
from aurora.learning.blend import Blend
from aurora.learning.boosted import load_trees
from aurora.learning.forecast import Forecaster

FORMAT = 1
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
    from aurora.learning.lstm import load_lstm  # noqa: PLC0415  # heavy, used here only

    path = folder / DESCRIPTION
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise DataError(f"{path} has format {data['format']}, this version reads {FORMAT}; train again")
        blend = Blend(data["blend"]["weights"], np.array(data["blend"]["inner"]), np.array(data["blend"]["outer"]))
        return Forecaster(
            context=int(data["context"]),
            horizon=int(data["horizon"]),
            vocabulary=tuple(data["vocabulary"]),
            lstms=tuple(load_lstm(folder / f"lstm-{k}.pt") for k in range(data["networks"])),
            trees=load_trees(folder),
            blend=blend,
            selected=str(data["selected"]),
            aside={name: Figures(**values) for name, values in data["aside"].items()},
            losses=data["losses"],
            seconds=data["seconds"],
            learned=data["learned"],
        )
    except FileNotFoundError:
        raise DataError(f"{folder} holds no forecaster; make one with: aurora train forecast DATA --out DIR") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}); train again") from None


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
