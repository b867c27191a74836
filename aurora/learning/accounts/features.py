"""The table of features that describe a situation: one row a number, in the order of the vector."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import Any, NamedTuple

from aurora.learning.accounts.configuration import MOVES


class Feature(NamedTuple):
    """A number that describes a situation.

    Attributes:
        name: Name in programs and files.
        meaning: Meaning and unit.
    """

    name: str
    meaning: str


DESCRIBED = (
    Feature("cores", "log2 of the cores of a machine"),
    Feature("memory_per_core", "log2 of GiB per core"),
    Feature("price_per_core", "log2 of dollars a core-hour over the catalogue's cheapest"),
    Feature("storage", "place of the storage class in the catalogue, 0 to 1"),
    Feature("network", "place of the network tier in the catalogue, 0 to 1"),
    Feature("minimum", "log2 of the least instances"),
    Feature("maximum", "log2 of the most instances"),
    Feature("target", "the autoscaler's target"),
    Feature("cooldown", "log2 of the cooldown over 300 s, plus 1"),
    Feature("fixed_share", "storage and network, of the last period's cost"),
    Feature("cpu", "CPU utilisation, last period"),
    Feature("cpu_peak", "its peak, last period"),
    Feature("cpu_day", "CPU utilisation, last day"),
    Feature("memory", "memory demand, last period"),
    Feature("memory_day", "its largest, last day"),
    Feature("io", "storage utilisation, last period"),
    Feature("io_day", "its largest, last day"),
    Feature("io_next", "storage utilisation expected next: as a day ago"),
    Feature("bandwidth", "network utilisation, last period"),
    Feature("bandwidth_day", "its largest, last day"),
    Feature("bandwidth_next", "network utilisation expected next: as a day ago"),
    Feature("latency", "log2 of the response time over its limit, last period"),
    Feature("misses", "square root of the misses, last period"),
    Feature("misses_day", "square root of the misses, last day"),
    Feature("above_minimum", "log2 of running over least instances, last period"),
    Feature("below_maximum", "log2 of most over running instances, last period"),
    Feature("floor_next", "log2 of the demand expected next over what the least instances serve at the target"),
    Feature("floor_week", "likewise, expected as a week ago"),
    Feature("floor_low", "likewise, the day's least demand"),
    Feature("ceiling_next", "log2 of the demand expected next over what the most instances serve"),
    Feature("ceiling_high", "likewise, the day's largest demand"),
    Feature("machine_next", "log2 of the demand expected next over what one machine serves"),
    Feature("rising", "log2 of demand over that of the period before"),
    Feature("growth", "log2 of the day's demand over the day's before"),
    Feature("hour_sin", "sine of the next period's hour"),
    Feature("hour_cos", "cosine of the next period's hour"),
    Feature("weekend", "whether the next period is on a Saturday or Sunday"),
    Feature("slack", "log2 of the limit over the time that a request takes of a core"),
    Feature("io_below", "log2 of the day's largest storage load over what the next lower class allows"),
    Feature("bandwidth_below", "log2 of the day's largest traffic over the next lower tier's bandwidth"),
    Feature("storage_saving", "what the next lower storage class saves, of the last period's cost"),
    Feature("network_saving", "likewise the next lower network tier"),
    Feature("storage_extra", "what the next higher storage class costs, of the last period's cost"),
    Feature("network_extra", "likewise the next higher network tier"),
    *(Feature(f"ahead_{k}", f"log2 of demand {4 * k} h ahead, as a day ago, over the day's mean") for k in range(1, 7)),
    Feature("settled", "log2 of the periods since the last change, plus 1; at most a day's"),
)
"""Features that follow from metrics and configurations."""
_JUDGED = (
    Feature(
        "burden",
        "log2 of the next day's burden by `one_day_costs`, if nothing changes, per hour and busy core of the day",
    ),
    *(
        Feature(f"gain_{move}", f"share that {move} saves of it: tanh of its tenfold; -1: impossible")
        for move in MOVES[1:]
    ),
    *(
        Feature(f"best_{move}", f"how clearly {move} is the best by it: softmax of the shares over 0.02")
        for move in MOVES
    ),
)
"""Features that follow from the estimated cost of one day after each move."""
FEATURES = (*DESCRIBED, *_JUDGED)
FEATURE: Mapping[str, int] = {feature.name: k for k, feature in enumerate(FEATURES)}
"""Name -> position in a situation."""


def _described() -> Any:
    """Return the type whose fields are the table's; mypy knows none that are computed."""
    return namedtuple("Described", [feature.name for feature in DESCRIBED])  # likewise


Described = _described()
"""The first part of a situation, by name: every value float."""
