"""Inputs of networks: scaled features of every candidate, and of the decision as a whole.

An input is a feature, or a ratio such as `objective.cost * fit.cost / objective.cost_target`; its factors must be the
same for all candidates. Ratios relate the parts of a reward to the scenario's targets, because prices and deadlines of
scenarios differ by orders of magnitude.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aurora.errors import PolicyError
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.policies.features import FEATURE_INDEX, FEATURES, NETWORK_FEATURES

CANDIDATE_SCOPES = ("node", "fit", "path")

_NUMBERS = ("node.index", "node.last_placement", "fit.random")
"""Features that depend on the number of a candidate only."""

_RATIOS = (
    *(
        f"objective.{o.name} * {o.fit} / objective.{o.name}_target"
        for o in OBJECTIVES
        if o.fit and not o.needs  # networks are trained on inputs that every scenario has
    ),
    "fit.duration / objective.latency_target",
    "fit.latency / task.slack",
)

CANDIDATE_INPUTS: tuple[str, ...] = (
    *(f.name for f in NETWORK_FEATURES if f.scope in CANDIDATE_SCOPES and f.name not in _NUMBERS),
    *_RATIOS,
)
"""Inputs in the observation of every candidate, in this order."""

CONTEXT_INPUTS: tuple[str, ...] = (
    *(f.name for f in NETWORK_FEATURES if f.scope not in CANDIDATE_SCOPES),
    "task.wait / objective.latency_target",
)
"""Inputs that an observation has once for the whole decision, in this order."""

_INPUT = re.compile(r"(?:([a-z_.]+) \* )?([a-z_.]+)(?: / ([a-z_.]+))?")


class Input(NamedTuple):
    """An input as indices of its features in the table; -1 where there is none.

    Attributes:
        times: Factor of the feature; the same for all candidates.
        feature: The feature.
        per: Divisor of the feature; the same for all candidates. If it is 0, so is the input.
    """

    times: int
    feature: int
    per: int

    @property
    def varies(self) -> bool:
        """True if the input differs between the candidates of a decision."""
        return FEATURES[self.feature].scope in CANDIDATE_SCOPES


def parse_input(text: str) -> Input:
    """Parse an input: `feature`, `feature / feature`, or `feature * feature / feature`.

    Raises:
        PolicyError: The text has another form, a feature is unknown, or a factor differs between candidates.
    """
    match = _INPUT.fullmatch(text)
    names = match.groups() if match else ()
    if not match or any(n is not None and n not in FEATURE_INDEX for n in names):
        raise PolicyError(
            "an input is a feature, or one times and over others, like "
            "'objective.cost * fit.cost / objective.cost_target'",
            expression=text,
        )
    times, feature, per = (-1 if n is None else FEATURE_INDEX[n] for n in names)
    if any(k >= 0 and FEATURES[k].scope in CANDIDATE_SCOPES for k in (times, per)):
        raise PolicyError("the factors of an input must be the same for all candidates", expression=text)
    return Input(times, feature, per)


def scale_of(text: str) -> float:
    """Return the divisor of an input: a feature's typical magnitude in the table; 1 for a ratio."""
    return FEATURES[FEATURE_INDEX[text]].scale if text in FEATURE_INDEX else 1.0
