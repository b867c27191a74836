"""Keeps the forecaster in service and its challengers in a folder, with a record of each decision.

    DIR/in_service.json      which forecaster serves; replaced in one step
    DIR/decisions.json       every decision with its figures, oldest first
    DIR/forecasters/0001/    a forecaster, see `serialization`

A challenger is trained on a part of the new data, and compared on the rest with the forecaster in service. It serves
as it was compared, without further training.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.errors import DataError, FileError, InputError
from aurora.files import write_atomically, writing
from aurora.learning.forecasting.backtest import balanced_loss
from aurora.learning.forecasting.comparison import compare
from aurora.learning.forecasting.forecast import SIGNIFICANCE, Forecaster, fit
from aurora.learning.forecasting.holdout import split
from aurora.learning.forecasting.models.members import MEMBERS, Row
from aurora.learning.forecasting.serialization import DESCRIPTION, load_forecaster, save_forecaster
from aurora.learning.forecasting.windows import Windows
from aurora.learning.series.series import Panel, Series
from aurora.reading import read_json
from aurora.types import Progress, no_progress

IN_SERVICE = "in_service.json"
DECISIONS = "decisions.json"


class Decision(NamedTuple):
    """Decision after a training.

    Attributes:
        at: Time in UTC, ISO 8601.
        challenger: Folder of the trained forecaster.
        champion: Folder of the forecaster in service before; "" for none.
        challenger_loss: Challenger's mean wQL on data that neither was trained on; None for the first forecaster.
        champion_loss: Champion's mean wQL on the same data.
        gain: Mean over machines of the reduction of the loss; see `comparison`.
        p_value: P-value of "the challenger is no better".
        machines: Number of machines compared.
        windows: Number of windows that both forecast.
        replaced: Whether the challenger serves now.
    """

    at: str
    challenger: str
    champion: str
    challenger_loss: float | None
    champion_loss: float | None
    gain: float | None
    p_value: float | None
    machines: int
    windows: int
    replaced: bool

    def to_json(self) -> dict[str, Any]:
        """Return the keys of `aurora train forecast --json`, and of `decisions.json`."""
        return self._asdict()


def in_service(folder: Path) -> Forecaster:
    """Read the forecaster in service of a folder of `retrain`, or the forecaster saved in the folder itself.

    Raises:
        FileError: The folder holds none.
        DataError: It is damaged.
    """
    if (folder / DESCRIPTION).exists():
        return load_forecaster(folder)
    name = _serving(folder)
    if not name:
        raise FileError(f"{folder} holds no forecaster; make one with: aurora train forecast DATA --out {folder}")
    return load_forecaster(folder / "forecasters" / name)


def decisions(folder: Path) -> list[dict[str, Any]]:
    """Read all decisions of a folder, oldest first.

    Raises:
        DataError: The file is damaged.
    """
    path = folder / DECISIONS
    log = read_json(path) if path.exists() else []
    if not isinstance(log, list):
        raise DataError(f"{path} is damaged; delete it, and the decisions begin anew")
    return log


def retrain(  # noqa: PLR0913  # what a user may want to set
    panel: Panel,
    folder: Path,
    *,
    context: int,
    horizon: int,
    seed: int = 0,
    members: Mapping[str, Row] = MEMBERS,
    progress: Progress = no_progress,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Decision:
    """Train on new data, and put the result into service if it beats the forecaster in service in a paired test.

    The first forecaster serves at once and is trained on everything. An interrupted training resumes when it is called
    again with the same data.

    Args:
        panel: Series to learn from.
        folder: Folder of the forecasters; created if absent.
        context: Values that a forecast looks at.
        horizon: Steps ahead.
        seed: Random seed of training and of the hold-out.
        members: The models; see `MEMBERS`.
        progress: Receives the progress of training.
        now: Clock.

    Raises:
        InputError: The sizes differ from those in service, or the data holds nothing to compare on.
        DataError: A file of the folder is damaged.
        FileError: The folder can't be written.
    """
    serving = _serving(folder)
    champion = in_service(folder) if serving else None
    work = folder / "work"
    with writing(work):
        work.mkdir(parents=True, exist_ok=True)
    if champion is None:
        challenger = fit(
            panel, context=context, horizon=horizon, seed=seed, members=members, work=work, progress=progress
        )
        name = _keep(challenger, folder)
        decision = Decision(_utc(now), name, "", None, None, None, None, 0, 0, replaced=True)
    else:
        if (champion.context, champion.horizon) != (context, horizon):
            raise InputError(
                f"context={context} and horizon={horizon}: the forecaster in service in {folder} has "
                f"{champion.context} and {champion.horizon}; use these, or another folder"
            )
        learn, windows = _apart(panel, champion, context, horizon, seed)
        challenger = fit(
            learn, context=context, horizon=horizon, seed=seed, members=members, work=work, progress=progress
        )
        name = _keep(challenger, folder)
        decision = _judge(challenger, champion, panel.series, windows, (name, serving), _utc(now))
    _write(folder / DECISIONS, [*decisions(folder), decision.to_json()])
    if decision.replaced:
        _write(folder / IN_SERVICE, {"forecaster": name, "since": decision.at})
    shutil.rmtree(work, ignore_errors=True)
    return decision


def _apart(panel: Panel, champion: Forecaster, context: int, horizon: int, seed: int) -> tuple[Panel, Windows]:
    """Split a panel into series for the challenger, and windows on which neither forecaster is trained."""
    series = panel.series
    windows = split(series, context, horizon, seed + 1).held_out
    until = np.array([champion.learned.get(one.unique_id, -np.inf) for one in series])
    windows = windows.chosen(windows.clock >= until[windows.series])
    if not len(windows):
        raise InputError(
            "the data holds nothing that the forecaster in service was not trained on; give newer data, or other series"
        )
    first = np.full(len(series), np.iinfo(np.int64).max)
    np.minimum.at(first, windows.series, windows.origin)
    learn = tuple(
        one.between(0, min(len(one), int(end))) for one, end in zip(series, first, strict=True) if end > context
    )
    return replace(panel, series=learn), windows


def _judge(  # both, and what they are judged on
    challenger: Forecaster,
    champion: Forecaster,
    series: tuple[Series, ...],
    windows: Windows,
    names: tuple[str, str],
    at: str,
) -> Decision:
    mine, theirs = (f.quantiles(series, windows, (f.selected,))[f.selected] for f in (challenger, champion))
    outcome = compare(mine, theirs, windows)
    return Decision(
        at,
        *names,
        balanced_loss(mine, windows, series),
        balanced_loss(theirs, windows, series),
        outcome.gain,
        outcome.p_value,
        outcome.machines,
        len(windows),
        replaced=outcome.gain > 0 and outcome.p_value < SIGNIFICANCE,
    )


def _keep(forecaster: Forecaster, folder: Path) -> str:
    """Save a forecaster under the next number; return its name."""
    room = folder / "forecasters"
    with writing(room):
        room.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(p.name) for p in room.iterdir() if p.name.isdigit()), default=0)
    save_forecaster(forecaster, room / f"{number:04d}")
    return f"{number:04d}"


def _serving(folder: Path) -> str:
    """Return the name of the forecaster in service, "" for none."""
    path = folder / IN_SERVICE
    if not path.exists():
        return ""
    content = read_json(path)
    name = content.get("forecaster") if isinstance(content, dict) else None
    if not (isinstance(name, str) and name.isdecimal()):
        raise DataError(f"{path} is damaged; write which of forecasters/ serves, or train anew")
    return name


def _utc(now: Callable[[], datetime]) -> str:
    return now().astimezone(UTC).isoformat(timespec="seconds")


def _write(path: Path, data: Any) -> None:
    write_atomically(path, json.dumps(data, indent=2))
