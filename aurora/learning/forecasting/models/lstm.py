"""The LSTM as a member of the forecaster: several networks from different seeds, averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora.learning.forecasting.models.inputs import Inputs, Training, repeat_constants
from aurora.learning.forecasting.models.lstm_settings import LstmSettings
from aurora.types import FloatArray

if TYPE_CHECKING:  # loads torch
    from aurora.learning.forecasting.models.lstm_network import TrainedLstm

MAX_NETWORKS = 64
"""Most networks that a saved forecaster may have."""


@dataclass(frozen=True, slots=True)
class Lstm:
    """LSTMs from different seeds, averaged; see `members.Member`.

    Attributes:
        settings: Sizes and training of each network.
        count: Networks to train; a single one while members are compared.
        networks: Trained networks; empty before `fit`.
    """

    settings: LstmSettings = field(default_factory=LstmSettings)
    count: int = 2
    networks: tuple[TrainedLstm, ...] = ()

    def fit(self, examples: Inputs, training: Training) -> Lstm:
        """Train the networks."""
        from aurora.learning.forecasting.models.lstm_network import train_lstm  # noqa: PLC0415  # loads torch

        networks = []
        for number in range(1 if training.stage == "part" else self.count):
            name = f"lstm-{training.stage}-{number}.checkpoint"
            networks.append(
                train_lstm(
                    examples,
                    seed=training.seed + number,
                    settings=self.settings,
                    checkpoint=None if training.checkpoints is None else training.checkpoints / name,
                    progress=partial(training.progress, f"LSTM {number + 1} on {training.stage}"),
                )
            )
        return replace(self, networks=tuple(networks))

    def quantiles(self, inputs: Inputs) -> FloatArray:
        """Return the mean of the networks' quantiles."""
        each: Any = [network.quantiles(inputs) for network in self.networks]
        return repeat_constants(np.mean(each, axis=0), inputs.windows)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write a file for each network."""
        for number, network in enumerate(self.networks):
            network.save(folder / f"lstm-{number}.pt")
        return {"networks": len(self.networks)}

    def load(self, folder: Path, description: Mapping[str, Any]) -> Lstm:
        """Read the networks that `save` wrote."""
        from aurora.learning.forecasting.models.lstm_network import load_lstm  # noqa: PLC0415  # loads torch

        count = description["networks"]
        if not (isinstance(count, int) and 1 <= count <= MAX_NETWORKS):
            raise ValueError(f"{count!r} networks, not 1 to {MAX_NETWORKS}")
        return replace(self, networks=tuple(load_lstm(folder / f"lstm-{k}.pt") for k in range(count)))
