"""Settings of the LSTM, apart from the network so that they can be named without loading torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class LstmSettings:
    """Sizes and training of the network.

    Attributes:
        hidden: Units of the recurrent layer and of the layers above it.
        patches: Steps of the recurrence, into which the context is cut.
        rate: Highest learning rate of the one-cycle schedule (Smith and Topin, 2018).
        dropout: Dropout above the recurrent layer.
        decay: Weight decay (AdamW).
        batch: Windows per optimiser step.
        presentations: Windows to learn from, with repetitions; see `epochs`.
        fewest: Fewest epochs.
        most: Most epochs; few series are learned by heart in more.
    """

    hidden: int = 96
    patches: int = 24
    rate: float = 4e-3
    dropout: float = 0.1
    decay: float = 1e-3
    batch: int = 256
    presentations: int = 250_000
    fewest: int = 4
    most: int = 30

    def epochs(self, windows: int) -> int:
        """Return the number of epochs for some number of training windows."""
        return int(np.clip(round(self.presentations / max(windows, 1)), self.fewest, self.most))
