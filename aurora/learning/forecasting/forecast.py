"""The forecaster: models fitted to a panel, and a blend of them, from which a back-test selects.

A fit has three steps. Part of the panel is held out (whole machines where there are many, the latest fifth of long
series). Models are trained on the rest; on the held-out windows the blend's weights and the intervals' offsets are
fitted and the models are compared. Then the models are trained again on everything.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.learning.forecasting.backtest import Figures, balanced_loss, figures
from aurora.learning.forecasting.blend import Blend, fit_blend
from aurora.learning.forecasting.comparison import compare
from aurora.learning.forecasting.holdout import machine, split, training_windows
from aurora.learning.forecasting.models.inputs import (
    Inputs,
    Training,
    inputs_of,
    is_constant,
    not_below_zero,
    vocabulary_of,
)
from aurora.learning.forecasting.models.members import BLEND, MEMBERS, Member, Row
from aurora.learning.forecasting.models.members import compared as compared_members
from aurora.learning.forecasting.windows import Windows, check_length, check_sizes, joined, latest
from aurora.learning.series.series import Forecast, Panel, Series
from aurora.types import FloatArray, Progress, no_progress

MEMORY_WINDOWS = 96
"""Most past windows of a series from which the blend adapts its weights."""
HALF_TRUST_MACHINES = 10
"""Number of held-out machines with which fitted weights and prior weights count the same."""
SIGNIFICANCE = 0.05
"""The p-value below which another model is selected instead of the blend."""


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A fitted forecaster.

    Attributes:
        context: Values that it looks at.
        horizon: Most steps that it forecasts.
        vocabulary: Labels that are model inputs, as "name=value".
        members: Fitted models by name.
        blend: Weights and offsets of the blend.
        selected: Model that was best on the held-out windows; a member's name or `BLEND`.
        held_out: Each model's figures on the held-out windows.
        losses: Each model's loss there, by which it was selected; see `backtest.balanced_loss`.
        seconds: Duration of each model's training.
        learned: Unix time up to which each series was learned from, by `unique_id`.
    """

    context: int
    horizon: int
    vocabulary: tuple[str, ...]
    members: Mapping[str, Member]
    blend: Blend
    selected: str
    held_out: Mapping[str, Figures] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    learned: Mapping[str, int] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the members, and of the blend."""
        return (*self.members, BLEND)

    def quantiles(
        self, panel: Sequence[Series], windows: Windows, names: Sequence[str] | None = None
    ) -> dict[str, FloatArray]:
        """Forecast windows: float64 [n, horizon, len(QUANTILES)] by model.

        Args:
            panel: The series that `windows.series` counts.
            windows: Windows of the forecaster's sizes, each series' in order of time.
            names: Models, of `models`; None for all.
        """
        names = self.models if names is None else names
        inputs = inputs_of(panel, windows, self.vocabulary)
        wanted = set(names) | (set(self.blend.weights) if BLEND in names else set())
        by_model = _member_quantiles({n: m for n, m in self.members.items() if n in wanted}, inputs)
        if BLEND in names:
            by_model[BLEND] = _blended(self.blend, by_model, inputs)
        return {name: by_model[name] for name in names}

    def predict(self, series: Sequence[Series], horizon: int | None = None) -> tuple[Forecast, ...]:
        """Forecast what follows each series, by the selected model.

        Args:
            series: Each at least `context` long; the blend adapts its weights to what lies before the context.
            horizon: Steps ahead; None for the forecaster's own horizon, which is the most.

        Raises:
            InputError: A series is too short, or the horizon too long.
        """
        steps = self.horizon if horizon is None else horizon
        if not 1 <= steps <= self.horizon:
            raise InputError(
                f"this forecaster was trained for 1 to {self.horizon}; train another", parameter="horizon", value=steps
            )
        for one in series:
            check_length(one, self.context)
        parts = [latest(s, k, self.context, self.horizon, MEMORY_WINDOWS) for k, s in enumerate(series)]
        if not parts:
            return ()
        windows = joined(parts, self.context, self.horizon)
        quantiles = self.quantiles(series, windows, (self.selected,))[self.selected]
        last = np.cumsum([len(p) for p in parts]) - 1
        return tuple(
            Forecast(s.unique_id, s.start + len(s) * s.step, s.step, quantiles[k, :steps], self.selected)
            for s, k in zip(series, last, strict=True)
        )


def fit(  # what a user may want to set
    panel: Panel,
    *,
    context: int,
    horizon: int,
    seed: int = 0,
    members: Mapping[str, Row] = MEMBERS,
    work: Path | None = None,
    progress: Progress = no_progress,
) -> Forecaster:
    """Train models, fit the blend on held-out windows, select a model, and train again on everything.

    Args:
        panel: Series to learn from; those shorter than context and horizon are left out.
        context: Values that a forecast looks at.
        horizon: Steps ahead.
        seed: Random seed of the hold-out and of training.
        members: The models; see `MEMBERS`.
        work: Folder for checkpoints, from which an interrupted fit resumes; None keeps none.
        progress: Receives the progress of training.

    Raises:
        InputError: The sizes are out of range, or no series is long enough.
    """
    check_sizes(context, horizon)
    series, rows = panel.series, compared_members(members)
    windows = split(series, context, horizon, seed)
    vocabulary = vocabulary_of(series)
    began = time.perf_counter()
    trial, _ = _fitted(rows, _examples(series, windows.train, vocabulary), Training("part", seed, work, progress))
    result = _compared(rows, trial, inputs_of(series, windows.held_out, vocabulary), seed)
    everything = _examples(series, training_windows(series, context, horizon), vocabulary)
    final, seconds = _fitted(rows, everything, Training("everything", seed, work, progress))
    return Forecaster(
        context,
        horizon,
        vocabulary,
        final,
        *result,
        seconds | {BLEND: time.perf_counter() - began},
        {one.unique_id: one.start + len(one) * one.step for one in series},
    )


def _examples(series: Sequence[Series], windows: Windows, vocabulary: Sequence[str]) -> Inputs:
    """Return the windows that can be learned from: a constant context has no scale, in whose units models learn."""
    return inputs_of(series, windows.chosen(~is_constant(windows)), vocabulary)


def _fitted(
    rows: Mapping[str, Row], examples: Inputs, training: Training
) -> tuple[dict[str, Member], dict[str, float]]:
    """Fit all members; return them with the seconds that each trained one took."""
    fitted, seconds = {}, {}
    for name, row in rows.items():
        began = time.perf_counter()
        fitted[name] = row.member.fit(examples, training)
        if row.is_trained:
            seconds[name] = time.perf_counter() - began
    return fitted, seconds


class _Trial(NamedTuple):
    """Result of the comparison on held-out windows; see the attributes of `Forecaster`."""

    blend: Blend
    selected: str
    figures: dict[str, Figures]
    losses: dict[str, float]


def _compared(rows: Mapping[str, Row], members: Mapping[str, Member], held_out: Inputs, seed: int) -> _Trial:
    """Fit the blend on held-out windows, and compare all models there."""
    windows = held_out.windows
    by_model = _member_quantiles(members, held_out)
    machines = len({machine(held_out.panel[k]) for k in np.unique(windows.series)})
    blend = fit_blend(
        by_model,
        windows,
        held_out.features,
        prior={name: row.prior for name, row in rows.items() if row.prior},
        trust=machines / (machines + HALF_TRUST_MACHINES),
        seed=seed,
    )
    by_model[BLEND] = _blended(blend, by_model, held_out)
    losses = {name: balanced_loss(quantiles, windows, held_out.panel) for name, quantiles in by_model.items()}
    results = {name: figures(quantiles, windows) for name, quantiles in by_model.items()}
    return _Trial(blend, _selected(by_model, losses, windows), results, losses)


def _member_quantiles(members: Mapping[str, Member], inputs: Inputs) -> dict[str, FloatArray]:
    return {name: not_below_zero(member.quantiles(inputs), inputs.windows) for name, member in members.items()}


def _blended(blend: Blend, members: Mapping[str, FloatArray], inputs: Inputs) -> FloatArray:
    return not_below_zero(blend.follow(members, inputs.windows, inputs.features), inputs.windows)


def _selected(by_model: Mapping[str, FloatArray], losses: Mapping[str, float], held_out: Windows) -> str:
    """Select the blend, unless another model has a lower loss and is better by a paired test.

    On the last days of a few series the best of nine models is often best by chance; the blend is rarely far off.
    """
    name = min(losses, key=lambda model: losses[model])
    if losses[name] < losses[BLEND] and compare(by_model[name], by_model[BLEND], held_out).p_value < SIGNIFICANCE:
        return name
    return BLEND
