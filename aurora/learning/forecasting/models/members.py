"""The forecasting models, in one table that fitting, storage, zero-shot forecasts and benchmarks read.

To add a model, write a class with the methods of `Member` in a module of its own, and a row in `MEMBERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from aurora.learning.forecasting.models.baselines import SHARES, Baseline, auto_ets, recent_quantiles, seasonal_naive
from aurora.learning.forecasting.models.boosted import BoostedTrees
from aurora.learning.forecasting.models.inputs import Inputs, Training
from aurora.learning.forecasting.models.lstm import Lstm
from aurora.types import FloatArray

BLEND = "blend"
"""Name of the weighted mean of the members, a model like each of them; see `blend`."""


class Member(Protocol):
    """A forecasting model.

    A model is a frozen value: `fit` and `load` return a new one and leave theirs unfitted. Models that need no training
    return themselves. Inputs and outputs are in the unit of the series; a model that works in units of a window's scale
    finds it in `Inputs.features`. Training is repeatable: the same examples and seed give the same model, to the bit.
    """

    def fit(self, examples: Inputs, training: Training) -> Member:
        """Train on windows with known futures, none of which has a constant context."""
        ...

    def quantiles(self, inputs: Inputs) -> FloatArray:
        """Forecast windows, each from its context and what lies before it.

        Returns:
            float64 [n, horizon, len(QUANTILES)], finite and rising along the last axis.
        """
        ...

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write files to a folder that all members share.

        Returns:
            Numbers and texts for `forecaster.json`, under keys of the member's own; `load` gets them back.
        """
        ...

    def load(self, folder: Path, description: Mapping[str, Any]) -> Member:
        """Read what `save` wrote, without executing anything in the files.

        An absent file is a `FileError`, a damaged one a `DataError`, a description that is not valid a `ValueError`.
        """
        ...


class Row(NamedTuple):
    """A row of `MEMBERS`.

    Attributes:
        member: The model, not yet fitted.
        prior: Weight in the blend before anything was measured; 0 for a model that is compared and not blended.
        is_trained: Whether the model learns from the panel; the others serve zero-shot forecasts too.
        is_slow: Whether a window takes so long that the model serves zero-shot forecasts and benchmarks only.
    """

    member: Member
    prior: float = 0.0
    is_trained: bool = False
    is_slow: bool = False


def _recent(share: float) -> Baseline:
    return Baseline(lambda inputs: recent_quantiles(inputs.windows, inputs.horizon, share))


PRIORS = {"recent_twelfth": 0.1, "recent_sixth": 0.1, "recent_quantiles": 0.1, "recent_half": 0.1}
"""Prior weights of the recent quantiles; those of the whole context are compared only."""

MEMBERS: Mapping[str, Row] = MappingProxyType(
    {
        "lstm": Row(Lstm(), prior=0.45, is_trained=True),
        "lightgbm": Row(BoostedTrees(), prior=0.15, is_trained=True),
        **{name: Row(_recent(share), prior=PRIORS.get(name, 0.0)) for name, share in SHARES.items()},
        "seasonal_naive": Row(Baseline(lambda inputs: seasonal_naive(inputs.panel, inputs.windows, inputs.horizon))),
        "auto_ets": Row(Baseline(lambda inputs: auto_ets(inputs.windows, inputs.horizon)), is_slow=True),
    }
)
"""All models by name, in the order of reports; of equally good ones the first is selected."""


def compared(members: Mapping[str, Row] = MEMBERS) -> dict[str, Row]:
    """Return the models that a forecaster has and compares on held-out windows."""
    return {name: row for name, row in members.items() if not row.is_slow}


def untrained(members: Mapping[str, Row] = MEMBERS) -> dict[str, Member]:
    """Return the models that forecast without training."""
    return {name: row.member for name, row in members.items() if not row.is_trained}


MODELS = (*compared(), BLEND)
"""Names of a forecaster's models."""
