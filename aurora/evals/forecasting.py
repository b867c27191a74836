"""The forecasting benchmark: models are trained on some files and measured on others.

The loss is the weighted quantile loss averaged over deciles, as in GluonTS (Alexandrov et al., JMLR 21, 2020).

Windows roll over each test series in steps of the horizon. The first one begins where the test file holds a whole
context. No model sees a value of a test file before its time. Every model is measured on the same windows, AutoETS on
a sample of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aurora.errors import InputError
from aurora.learning.forecasting.backtest import figures
from aurora.learning.forecasting.forecast import fit
from aurora.learning.forecasting.holdout import machine
from aurora.learning.forecasting.models.inputs import inputs_of
from aurora.learning.forecasting.models.members import MEMBERS, Row
from aurora.learning.forecasting.windows import Windows, check_sizes, rolling
from aurora.learning.series.read import read_panel
from aurora.learning.series.series import Panel, Series
from aurora.types import Progress, no_progress

MAX_FINDINGS_SHOWN = 10
"""Largest number of findings of each panel that are shown one by one."""
MAX_ETS_WINDOWS = 300
"""Largest number of windows for AutoETS, which takes 15 to 30 ms for each."""


def bench_forecast(  # noqa: PLR0913  # the command's options
    train: Sequence[Path],
    test: Sequence[Path],
    *,
    context: int,
    horizon: int,
    seed: int = 0,
    share: float | None = None,
    unseen: bool = False,
    ets_windows: int = MAX_ETS_WINDOWS,
    members: Mapping[str, Row] = MEMBERS,
    progress: Progress = no_progress,
    remark: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """Run the benchmark, and return the result under the keys of `aurora bench forecast --json`.

    Args:
        train: Files for training; a test series in them is used only before its start in the test files.
        test: Files for measuring.
        context: Number of past values that a forecast uses.
        horizon: Number of steps to forecast.
        seed: Random seed of the hold-out, of training, and of AutoETS's windows.
        share: Share of a series in both sets that is trained on, from its start; the rest is measured on.
        unseen: True to leave out test series of machines that occur in the training files.
        ets_windows: Largest number of windows for AutoETS; 0 leaves it out.
        members: Models to train and measure; see `MEMBERS`.
        progress: Function that receives the progress of training.
        remark: Function that receives remarks on the data.

    Raises:
        InputError: The sizes or the share don't fit the data.
        DataError: A file is not valid.
    """
    check_sizes(context, horizon)
    panels = [read_panel(list(paths), detect=False) for paths in (train, test)]
    learn, measure = apart(panels[0].series, panels[1].series, share)
    if unseen:
        known = {machine(s) for s in learn}
        measure = [s for s in measure if machine(s) not in known]
    short = [s for s in measure if len(s) < context + horizon]
    measure = [s for s in measure if len(s) >= context + horizon]
    for panel in panels:
        for finding in panel.findings[:MAX_FINDINGS_SHOWN]:
            remark(f"{finding.unique_id}: {finding.message}")
        if len(panel.findings) > MAX_FINDINGS_SHOWN:
            remark(f"... and {len(panel.findings) - MAX_FINDINGS_SHOWN} findings more")
    if short:
        names = ", ".join(s.unique_id for s in short[:3]) + (", ..." if len(short) > 3 else "")  # noqa: PLR2004
        remark(f"{len(short)} test series are shorter than context and horizon together and are left out: {names}")
    windows = rolling(measure, context, horizon, horizon)
    if not len(windows):
        raise InputError(
            f"no test series holds context={context} and horizon={horizon} measured values"
            + (" of a machine that is not in the training files" if unseen else "")
            + "; give longer series, or smaller numbers"
        )
    forecaster = fit(
        Panel(tuple(learn)), context=context, horizon=horizon, seed=seed, members=members, progress=progress
    )
    quantiles = forecaster.quantiles(measure, windows)
    rows = {name: _row(quantiles[name], windows, forecaster.seconds.get(name, 0.0)) for name in forecaster.models}
    if ets_windows:
        some = np.sort(np.random.default_rng(seed).permutation(len(windows))[:ets_windows])
        part = windows.chosen(some)
        began = time.perf_counter()
        inputs = inputs_of(measure, part, ())
        slow = {name: row.member for name, row in members.items() if row.is_slow}
        rows |= {name: _row(member.quantiles(inputs), part, 0.0) for name, member in slow.items()}
        remark(f"AutoETS: {len(part)} of {len(windows)} windows in {time.perf_counter() - began:.0f} s")
    return {
        "models": rows,
        "selected": forecaster.selected,
        "context": context,
        "horizon": horizon,
        "train_series": len(learn),
        "test_series": len(measure),
        "left_out": len(short),
        "weights": dict(forecaster.blend.weights),
        "back_test": {name: _finite(loss) for name, loss in forecaster.losses.items()},
    }


def apart(learn: Sequence[Series], measure: Sequence[Series], share: float | None) -> tuple[list[Series], list[Series]]:
    """Cut training and test series so that they share no value.

    A series in both sets is cut at `share`, if given; otherwise training ends where the test begins.

    Raises:
        InputError: Nothing is left to train on, or the share is out of range.
    """
    if share is not None and not 0 < share < 1:
        raise InputError("give a share between 0 and 1, such as 0.7", parameter="share", value=share)
    both = {s.unique_id for s in learn} & {s.unique_id for s in measure}
    begins = {s.unique_id: s.start for s in measure}
    first: list[Series] = []
    for s in learn:
        end = len(s)
        if s.unique_id in both:
            until = -(-(begins[s.unique_id] - s.start) // s.step)
            end = round(share * len(s)) if share is not None else min(max(until, 0), len(s))
        if end:
            first.append(s.between(0, end))
    second = [
        s.between(round(share * len(s)), len(s)) if share is not None and s.unique_id in both else s for s in measure
    ]
    if not first:
        raise InputError(
            "nothing is left to train on: the training files hold only values that the test files hold; "
            "give others, or share=0.7 to train on the start of each series and test on its rest"
        )
    return first, second


def _row(quantiles: Any, windows: Windows, seconds: float) -> dict[str, float | int | None]:
    values = figures(quantiles, windows)._asdict()
    return {name: _finite(value) for name, value in values.items()} | {"train_seconds": round(seconds, 2)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
