"""The LSTM with a quantile head: one network for many series, and its training.

The context is read in patches of half an hour (of 5-minute values): 24 steps of the recurrence instead of 144, which
trains several times as fast. The head corrects the quantiles of the latest hours. Quantiles can't cross: the head
gives the median, and the logarithms of the widths between neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from aurora.errors import DataError, FileError
from aurora.learning.forecasting.metrics import MEDIAN
from aurora.learning.forecasting.models.inputs import Inputs
from aurora.learning.forecasting.models.lstm_settings import LstmSettings
from aurora.learning.forecasting.window_features import SPANS, scaled_target
from aurora.learning.malloc import keep_freed_memory
from aurora.learning.series.series import QUANTILES
from aurora.learning.tensors import load_tensors, require_sizes, restore_optimizer, restoring, save_tensors
from aurora.types import FloatArray

MIN_WIDTH = 0.01
"""Least initial width between neighbouring quantiles, in scales, where those of the latest hours are equal."""
MAX_DEVIATIONS = 4.0
"""Largest value of a standardised feature; features of unusual windows are cut."""
FORECAST_BATCH = 4096
REMEDY = "train again"


class QuantileLstm(nn.Module):
    """The network; inputs and outputs are in units of each window's own scale.

    Args:
        context: Values of a window.
        horizon: Steps ahead.
        features: Number of summary features.
        categories: Number of labels that have an embedding.
        settings: Sizes of the layers.
    """

    def __init__(self, context: int, horizon: int, features: int, categories: int, settings: LstmSettings) -> None:
        super().__init__()
        self.patch = max(1, context // settings.patches)
        self.horizon = horizon
        hidden = settings.hidden
        self.recurrence = nn.LSTM(self.patch + 2, hidden, batch_first=True)
        self.embedding = nn.Linear(categories, 8, bias=False) if categories else None
        self.body = nn.Sequential(
            nn.Linear(hidden + features + (8 if categories else 0), hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
        )
        self.head = nn.Linear(hidden, horizon * len(QUANTILES))
        nn.init.zeros_(self.head.weight)  # it starts as the quantiles of the latest hours
        nn.init.zeros_(self.head.bias)
        self.blend = nn.Parameter(torch.zeros(len(SPANS)))

    def forward(self, shape: Tensor, recent: Tensor, summary: Tensor, labels: Tensor) -> Tensor:
        """Return quantiles [n, horizon, len(QUANTILES)], rising.

        Args:
            shape: [n, context].
            recent: [n, spans, len(QUANTILES)].
            summary: [n, features], standardised.
            labels: [n, categories].
        """
        patches = shape[:, shape.shape[1] % self.patch :].view(len(shape), -1, self.patch)
        sums = patches.mean(2, keepdim=True), patches.std(2, keepdim=True, unbiased=False)
        states, _ = self.recurrence(torch.cat([patches, *sums], 2))
        parts = [states[:, -1], summary]
        if self.embedding is not None:
            parts.append(self.embedding(labels))
        correction = self.head(self.body(torch.cat(parts, 1))).view(len(shape), self.horizon, len(QUANTILES))
        start = (recent * torch.softmax(self.blend, 0)[None, :, None]).sum(1)
        widths = torch.diff(start, dim=1).clamp(min=0) + MIN_WIDTH
        raw = widths + torch.log(-torch.expm1(-widths))  # the inverse of softplus
        steps = functional.softplus(raw[:, None, :] + correction[:, :, 1:])
        rising = functional.pad(torch.cumsum(steps, 2), (1, 0))
        median = start[:, None, MEDIAN] + correction[:, :, 0]
        quantiles: Tensor = median[:, :, None] + rising - rising[:, :, MEDIAN : MEDIAN + 1]
        return quantiles


@dataclass(frozen=True, slots=True)
class TrainedLstm:
    """A trained network, with the standardisation of its inputs.

    Attributes:
        network: The network.
        mean: [features], means of the summary features.
        deviation: [features], standard deviations of the summary features.
        sizes: Arguments of `QuantileLstm`.
        settings: Sizes and training of the network.
    """

    network: QuantileLstm
    mean: Tensor
    deviation: Tensor
    sizes: dict[str, int]
    settings: LstmSettings

    def quantiles(self, inputs: Inputs) -> FloatArray:
        """Return float64 [n, horizon, len(QUANTILES)] in the series' own unit."""
        self.network.eval()
        parts = []
        with torch.no_grad():
            for first in range(0, len(inputs.labels), FORECAST_BATCH):
                batch = slice(first, first + FORECAST_BATCH)
                parts.append(self.network(*_inputs(inputs, batch, self.mean, self.deviation)).double().numpy())
        scaled = np.concatenate(parts) if parts else np.zeros((0, self.sizes["horizon"], len(QUANTILES)))
        result = scaled * inputs.features.scale[:, :, None] + inputs.features.centre[:, :, None]
        return np.asarray(np.maximum.accumulate(result, axis=2))  # rounding can make equal neighbours cross

    def save(self, path: Path) -> None:
        """Write the network as tensors and numbers."""
        state = {
            "network": self.network.state_dict(),
            "mean": self.mean,
            "deviation": self.deviation,
            "sizes": self.sizes,
            "settings": asdict(self.settings),
        }
        _write(state, path)


def load_lstm(path: Path) -> TrainedLstm:
    """Read a network that `TrainedLstm.save` wrote. Nothing in the file is executed.

    Raises:
        FileError: The file is absent.
        DataError: The file holds no network.
    """
    state = _read(path)
    with restoring(path, error=DataError, remedy=REMEDY):
        settings = LstmSettings(**state["settings"])
        sizes = {**state["sizes"], "hidden": settings.hidden, "patches": settings.patches}
        require_sizes(sizes, state["network"])
        network = QuantileLstm(**state["sizes"], settings=settings)
        network.load_state_dict(state["network"])
        return TrainedLstm(network, state["mean"], state["deviation"], dict(state["sizes"]), settings)


def train_lstm(  # a training loop is read from top to bottom
    inputs: Inputs,
    *,
    seed: int,
    settings: LstmSettings,
    checkpoint: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _epochs: None,
) -> TrainedLstm:
    """Train a network by the pinball loss in units of each window's scale; all windows have the same weight.

    After each epoch the state is written to `checkpoint`. A later call with the same data, settings and seed resumes
    there, and ends with the same network, to the bit, as an uninterrupted training.

    Args:
        inputs: Windows with known futures.
        seed: Random seed of the initial weights, the order of windows and the dropout.
        settings: Sizes and training of the network.
        checkpoint: File for the state between epochs, removed at the end; None keeps none.
        progress: Called with the epochs done and all epochs after each.

    Raises:
        FileError: The checkpoint can't be read or written.
        DataError: The checkpoint is damaged.
    """
    keep_freed_memory()
    torch.set_num_threads(1)  # small matrices: a second thread costs more than it brings, and others use the core
    target = scaled_target(inputs.features, inputs.windows.future)
    summary = torch.from_numpy(inputs.features.summary)
    mean, deviation = summary.mean(0), summary.std(0, unbiased=False) + 1e-3
    count, horizon = target.shape
    sizes = {
        "context": inputs.features.shape.shape[1],
        "horizon": horizon,
        "features": summary.shape[1],
        "categories": inputs.labels.shape[1],
    }
    epochs = settings.epochs(count)
    batch = min(settings.batch, count)
    levels = torch.tensor(QUANTILES)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = QuantileLstm(**sizes, settings=settings)
        optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, settings.rate, total_steps=epochs * (count // batch) + 1, pct_start=0.1
        )
        mark = _mark(inputs, target, seed, settings)
        done = _resume(checkpoint, mark, network, optimizer, schedule)
        for epoch in range(done, epochs):
            torch.manual_seed(seed * 10_007 + epoch + 1)  # so that an epoch is the same whenever it is run
            network.train()
            order = torch.randperm(count).numpy()
            for first in range(0, count - batch + 1, batch):
                chosen = order[first : first + batch]
                guess = network(*_inputs(inputs, chosen, mean, deviation))
                above = torch.from_numpy(target[chosen]).float()[:, :, None] - guess
                loss = torch.maximum(levels * above, (levels - 1) * above).mean()
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
            progress(epoch + 1, epochs)
            if checkpoint is not None:
                state = {
                    "mark": mark,
                    "epoch": epoch + 1,
                    "network": network.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                }
                _write(state, checkpoint)
    return TrainedLstm(network, mean, deviation, sizes, settings)


def _inputs(inputs: Inputs, chosen: Any, mean: Tensor, deviation: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    look = inputs.features
    summary = ((torch.from_numpy(look.summary[chosen]) - mean) / deviation).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS)
    return (
        torch.from_numpy(np.arcsinh(look.shape[chosen])).float(),
        torch.from_numpy(look.recent[chosen]).float(),
        summary.float(),
        torch.from_numpy(inputs.labels[chosen]).float(),
    )


def _mark(inputs: Inputs, target: FloatArray, seed: int, settings: LstmSettings) -> str:
    """Return a digest of the data, the seed and the settings that a checkpoint belongs to."""
    digest = hashlib.sha256(repr((seed, settings)).encode())
    for part in (inputs.features.shape, inputs.labels, target):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _resume(path: Path | None, mark: str, network: nn.Module, optimizer: Any, schedule: Any) -> int:
    """Restore a checkpoint; return the epochs done before, 0 without a checkpoint of this training."""
    if path is None or not path.exists():
        return 0
    state = _read(path)
    if state.get("mark") != mark:
        return 0
    with restoring(path, error=DataError, remedy="delete it; the training then begins anew"):
        network.load_state_dict(state["network"])
        restore_optimizer(optimizer, state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        return int(state["epoch"])


def _write(state: dict[str, Any], path: Path) -> None:
    save_tensors(state, path, error=DataError)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileError(f"there is no {path}; train a forecaster first")
    return load_tensors(path, error=DataError, remedy=REMEDY)
