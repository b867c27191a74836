"""The forecaster: fitted to a panel, chosen by a back-test inside it, asked about any series, kept in a folder.

A fit goes in three steps. Part of the panel is kept aside (whole series where there are many, the latest fifth of each
where series are long). Models are trained on the rest; on what was kept aside the blend's weights and the intervals'
offsets are fitted and the models compared. Then the models are trained again on everything.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError
from aurora.learning.forecasting import baselines
from aurora.learning.forecasting.backtest import Figures, balanced_loss, figures
from aurora.learning.forecasting.blend import Blend, fit_blend
from aurora.learning.forecasting.boosted import TrainedTrees, train_trees
from aurora.learning.forecasting.comparison import compare
from aurora.learning.forecasting.window_features import View, view
from aurora.learning.forecasting.windows import Windows, check_sizes, joined, latest, rolling
from aurora.learning.series.series import Forecast, Panel, Series
from aurora.types import FloatArray

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.forecasting.lstm import LstmSettings, TrainedLstm

Tell = Callable[[str, int, int], None]
"""(what is going on, how much is done, of how much)."""

TRAINING_WINDOWS = 48_000
"""Windows that models are trained on at most: moments further apart where there are more."""
MANY_SERIES = 20
"""From so many on, whole series are kept aside."""
ASIDE = 0.2
"""Share of the series, and of long series' time, that is kept aside."""
LONG = 4
"""A series is long from so many times context and horizon on."""
MEMORY_WINDOWS = 96
"""Past windows of a series that a forecast takes its experience from, at most."""
LEARNED = ("lstm", "lightgbm")
MODELS = (*LEARNED, *baselines.SHARES, "seasonal_naive", "blend")
MEMBERS: Mapping[str, float] = {
    "lstm": 0.45,
    "lightgbm": 0.15,
    "recent_twelfth": 0.1,
    "recent_sixth": 0.1,
    "recent_quantiles": 0.1,
    "recent_half": 0.1,
}
"""What the blend is made of, and weights that are right before anything was measured."""
DOUBT = 10
"""Machines kept aside on which what is fitted to them is believed half."""
SURE = 0.05
"""The p-value below which another model is selected instead of the blend."""
RARE = 5
"""A label must stand on so many series to have an embedding."""


class Split(NamedTuple):
    """Windows to train on, and windows kept aside."""

    train: Windows
    aside: Windows


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A fitted forecaster.

    Attributes:
        context: Values that it looks at.
        horizon: Steps that it forecasts at most.
        vocabulary: Labels with an embedding, as "name=value".
        lstms: Networks from different seeds, averaged.
        trees: LightGBM.
        blend: Weights and offsets.
        selected: The model that was best on what was kept aside; one of `MODELS`.
        aside: Each model's figures on what was kept aside.
        losses: Each model's loss there, by which it was chosen; see `backtest.balanced_loss`.
        seconds: That each model's training took.
        learned: Unix time up to which each series was learned from, by `unique_id`.
    """

    context: int
    horizon: int
    vocabulary: tuple[str, ...]
    lstms: tuple[TrainedLstm, ...]
    trees: TrainedTrees
    blend: Blend
    selected: str
    aside: Mapping[str, Figures] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    learned: Mapping[str, int] = field(default_factory=dict)

    def quantiles(
        self, panel: Sequence[Series], windows: Windows, names: Sequence[str] = MODELS
    ) -> dict[str, FloatArray]:
        """What models say at each window: float64 [n, horizon, len(LEVELS)] by name.

        Args:
            panel: The series that `windows.series` counts.
            windows: Each series' in order of time.
            names: The models, of `MODELS`.
        """
        look = view(windows)
        wanted = set(names) | (set(self.blend.weights) if "blend" in names else set())
        labels = label_columns(panel, windows, self.vocabulary)
        said = _members(wanted, self.lstms, self.trees, panel, windows, look, labels, self.horizon)
        if "blend" in names:
            said["blend"] = not_below(self.blend.follow(said, windows, look), windows)
        return {name: said[name] for name in names}

    def predict(self, series: Sequence[Series], horizon: int | None = None) -> tuple[Forecast, ...]:
        """Forecasts of what follows each series, by the selected model.

        Args:
            series: Each at least `context` long; what lies before the context tells which members serve it.
            horizon: Steps, at most the forecaster's own, which is the default.

        Raises:
            DataError: A series is too short, or the horizon too long.
        """
        steps = self.horizon if horizon is None else horizon
        if not 1 <= steps <= self.horizon:
            raise DataError(f"--horizon {steps}: this forecaster was trained for 1 to {self.horizon}; train another")
        for one in series:
            check_length(one, self.context)
        parts = [latest(s, k, self.context, self.horizon, MEMORY_WINDOWS) for k, s in enumerate(series)]
        if not parts:
            return ()
        windows = joined(parts, self.context, self.horizon)
        said = self.quantiles(series, windows, (self.selected,))[self.selected]
        last = np.cumsum([len(p) for p in parts]) - 1
        return tuple(
            Forecast(s.unique_id, s.start + len(s) * s.step, s.step, said[k, :steps], self.selected)
            for s, k in zip(series, last, strict=True)
        )


def machine(one: Series) -> str:
    """What a series is of: its host where it names one, so that another day of it is no stranger."""
    return one.labels.get("host", one.unique_id)


def check_length(one: Series, needed: int) -> None:
    """Refuse a series that does not fill a context.

    Raises:
        DataError: It names the series and the option.
    """
    if len(one) < needed:
        raise DataError(
            f"series {one.unique_id!r} has {len(one)} values and a forecast needs --context {needed}; "
            "give more of its past, or a smaller context"
        )


def fit(  # noqa: PLR0913  # what a user may want to set
    panel: Panel,
    *,
    context: int,
    horizon: int,
    seed: int = 0,
    networks: int = 2,
    settings: LstmSettings | None = None,
    work: Path | None = None,
    tell: Tell = lambda _what, _done, _all: None,
) -> Forecaster:
    """Train models, fit the blend on what they have not seen, choose, and train again on everything.

    Args:
        panel: Series to learn from; those shorter than context and horizon are passed over.
        context: Values that a forecast looks at.
        horizon: Steps ahead.
        seed: Of what is kept aside, and of training.
        networks: LSTMs that are trained in the end, each from its own seed.
        settings: Of the LSTM.
        work: A folder for checkpoints; an interrupted fit goes on from there when it is called again.
        tell: Progress.

    Raises:
        DataError: The sizes don't fit the data.
    """
    from aurora.learning.forecasting.lstm import Lesson, LstmSettings, train_lstm  # noqa: PLC0415  # heavy, used here only

    check_sizes(context, horizon)
    settings = settings or LstmSettings()
    seconds: defaultdict[str, float] = defaultdict(float)
    series = panel.series
    parts = split(series, context, horizon, seed)
    vocabulary = categories(series)

    def trained(found: Windows, seeds: Sequence[int], stage: str) -> tuple[tuple[TrainedLstm, ...], TrainedTrees]:
        windows = found.chosen(~stands_still(found))  # without a scale there is nothing to learn in units of it
        look, labels = view(windows), label_columns(series, windows, vocabulary)
        nets = []
        for number in seeds:
            began = time.perf_counter()
            place = None if work is None else work / f"lstm-{stage}-{number}.checkpoint"
            name = f"LSTM {number + 1} on {stage}"
            lesson = Lesson(look, labels)
            say = lambda done, of, _loss, name=name: tell(name, done, of)  # noqa: E731
            nets.append(
                train_lstm(lesson, windows.future, seed=seed + number, settings=settings, checkpoint=place, tell=say)
            )
            seconds["lstm"] += time.perf_counter() - began
        began = time.perf_counter()
        trees = train_trees(
            look, labels, windows.future, seed=seed, tell=lambda done, of: tell(f"LightGBM on {stage}", done, of)
        )
        seconds["lightgbm"] += time.perf_counter() - began
        return tuple(nets), trees

    began = time.perf_counter()
    nets, trees = trained(parts.train, [0], "part")
    look, labels = view(parts.aside), label_columns(series, parts.aside, vocabulary)
    said = _members(set(MODELS) - {"blend"}, nets, trees, series, parts.aside, look, labels, horizon)
    machines = len(
        {one.labels.get("host", one.unique_id) for one in (series[k] for k in np.unique(parts.aside.series))}
    )
    trust = machines / (machines + DOUBT)
    blend = fit_blend({name: said[name] for name in MEMBERS}, parts.aside, look, prior=MEMBERS, trust=trust, seed=seed)
    said["blend"] = not_below(blend.follow(said, parts.aside, look), parts.aside)
    losses = {name: balanced_loss(said[name], parts.aside, series) for name in MODELS}
    aside = {name: figures(said[name], parts.aside) for name in MODELS}
    everything = training_windows(series, context, horizon)
    seconds.clear()
    nets, trees = trained(everything, range(networks), "everything")
    seconds["blend"] = time.perf_counter() - began
    return Forecaster(
        context,
        horizon,
        vocabulary,
        nets,
        trees,
        blend,
        choice(said, losses, parts.aside),
        aside,
        losses,
        dict(seconds),
        {one.unique_id: one.start + len(one) * one.step for one in series},
    )


def choice(said: Mapping[str, FloatArray], losses: Mapping[str, float], aside: Windows) -> str:
    """The blend, unless another model has a lower loss and is better by a paired test.

    On a few series' last days the best of nine is often best by chance; the blend is the one that is rarely far off.
    """
    name = min(losses, key=lambda one: losses[one])
    if losses[name] < losses["blend"] and compare(said[name], said["blend"], aside).p_value < SURE:
        return name
    return "blend"


def split(series: Sequence[Series], context: int, horizon: int, seed: int) -> Split:
    """Windows to train on and windows kept aside, which share no value that is forecast.

    Of `MANY_SERIES` or more machines a fifth is kept aside, with all series that a machine has (a host on another day
    is no stranger); of long series the latest fifth. Where neither is possible, the latest fifth of all windows' span.

    Raises:
        DataError: There are too few values to train on.
    """
    machines = np.array([machine(one) for one in series])
    names = np.unique(machines)
    strangers: set[str] = set()
    if len(names) >= MANY_SERIES:
        drawn = np.random.default_rng(seed).permutation(names)
        strangers = set(drawn[: round(ASIDE * len(names))].tolist())
    train, aside = [], []
    for number, one in enumerate(series):
        whole = rolling([one], context, horizon, horizon).of(number)
        if machines[number] in strangers:
            aside.append(whole)
            continue
        room = len(one) - context - horizon
        if strangers and len(one) < LONG * (context + horizon):
            train.append((number, len(one)))
            continue
        if room < 2 * horizon:
            continue
        cut = len(one) - max(horizon, round(ASIDE * (len(one) - context)))
        train.append((number, cut))
        aside.append(whole.chosen(whole.origin >= cut))
    kept = joined(aside, context, horizon)
    if not train or not len(kept):
        raise DataError(
            f"no series is long enough for --context {context} and --horizon {horizon} with something kept aside: "
            f"{context + 3 * horizon} values are needed; give longer series, or smaller numbers"
        )
    return Split(_thinned(series, train, context, horizon), kept)


def training_windows(series: Sequence[Series], context: int, horizon: int) -> Windows:
    """All that there is to learn from, thinned to `TRAINING_WINDOWS`."""
    return _thinned(series, [(k, len(s)) for k, s in enumerate(series)], context, horizon)


def _thinned(series: Sequence[Series], ends: Sequence[tuple[int, int]], context: int, horizon: int) -> Windows:
    moments = sum(max(0, end - context - horizon + 1) for _, end in ends)
    stride = max(1, -(-moments // TRAINING_WINDOWS))
    parts = []
    for number, end in ends:
        parts.append(rolling([series[number].between(0, end)], context, horizon, stride).of(number))
    return joined(parts, context, horizon)


def categories(series: Sequence[Series]) -> tuple[str, ...]:
    """Labels that tell some series from others and stand on enough of them, as "name=value"."""
    counts = Counter(f"{name}={value}" for one in series for name, value in one.labels.items())
    return tuple(sorted(k for k, v in counts.items() if RARE <= v < len(series)))


def label_columns(series: Sequence[Series], windows: Windows, vocabulary: Sequence[str]) -> FloatArray:
    """float64 [n, len(vocabulary)], 1 where a window's series has the label."""
    each = np.zeros((len(series), len(vocabulary)))
    for row, one in enumerate(series):
        own = {f"{name}={value}" for name, value in one.labels.items()}
        each[row] = [word in own for word in vocabulary]
    return each[windows.series]


def not_below(quantiles: FloatArray, windows: Windows) -> FloatArray:
    """Quantiles cut at 0 where the context has nothing below."""
    positive = np.all(windows.past >= 0, axis=1)[:, None, None]
    return np.where(positive, np.maximum(quantiles, 0), quantiles)


def stands_still(windows: Windows) -> NDArray[np.bool_]:
    """Which contexts hold one value only: bool [n]. Learned models forecast that value."""
    return np.asarray(np.ptp(windows.past, axis=1) == 0)


def _members(  # noqa: PLR0913, PLR0917  # all that the models need
    names: set[str],
    nets: Sequence[TrainedLstm],
    trees: TrainedTrees,
    panel: Sequence[Series],
    windows: Windows,
    look: View,
    labels: FloatArray,
    horizon: int,
) -> dict[str, FloatArray]:
    from aurora.learning.forecasting.lstm import Lesson  # noqa: PLC0415  # heavy, used here only

    said: dict[str, FloatArray] = {}
    if "lstm" in names:
        each: Any = [net.quantiles(Lesson(look, labels)) for net in nets]
        said["lstm"] = not_below(np.mean(each, axis=0), windows)
    if "lightgbm" in names:
        said["lightgbm"] = not_below(trees.quantiles(look, labels, horizon), windows)
    still = stands_still(windows)
    for learned in said.values():
        learned[still] = windows.past[still, -1, None, None]
    for name in names & set(baselines.SHARES):
        said[name] = baselines.recent_quantiles(windows, horizon, baselines.SHARES[name])
    if "seasonal_naive" in names:
        said["seasonal_naive"] = not_below(baselines.seasonal_naive(panel, windows, horizon), windows)
    return said
