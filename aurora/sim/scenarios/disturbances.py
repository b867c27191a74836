"""What-ifs on top of a forecast, named ones and the user's own: changes of demand, nodes and prices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from aurora.errors import ScenarioError
from aurora.reading import read_json
from aurora.types import Frozen, Identifier, NonNegative, Positive
from aurora.validation import explain_validation

_START = Field(default=None, description="seconds from the first step; null: at random, in each future another time")
_DURATION = Field(default=None, description="seconds; null: to the end")


class DemandChanges(Frozen):
    """For a while demand is `factor` times as high, and more is added."""

    kind: Literal["demand"] = "demand"
    factor: float = Field(default=1.0, ge=0, le=1000, description="times the demand")
    add: NonNegative = Field(default=0.0, description="cores added")
    add_share: NonNegative = Field(default=0.0, description="added, times the mean of the demand that was forecast")
    start: NonNegative | None = _START
    duration: Positive | None = _DURATION
    series: Identifier | None = Field(default=None, description="whose demand; null: of all series")


class DemandGrows(Frozen):
    """Demand grows steadily from `start` on."""

    kind: Literal["growth"] = "growth"
    share: float = Field(ge=-1, le=100, description="more at the end of the horizon, as a share")
    start: NonNegative = Field(default=0.0, description="seconds from the first step")
    series: Identifier | None = Field(default=None, description="whose demand; null: of all series")


class NodesFail(Frozen):
    """Reserved nodes go down (on-demand nodes where a plan reserves none); their jobs start again."""

    kind: Literal["node_loss"] = "node_loss"
    nodes: int = Field(default=1, ge=0, le=5000, description="number of nodes that fail")
    share: float = Field(default=0.0, ge=0, le=1, description="share of the nodes that fail besides, rounded up")
    start: NonNegative | None = _START
    duration: Positive | None = _DURATION


class PriceChanges(Frozen):
    """On-demand nodes cost `factor` times as much."""

    kind: Literal["price"] = "price"
    factor: float = Field(ge=0, le=1000, description="times the price")
    start: NonNegative = Field(default=0.0, description="seconds from the first step")
    duration: Positive | None = _DURATION
    reserved: bool = Field(default=False, description="true: the price of reserved nodes changes too")


Change = Annotated[DemandChanges | DemandGrows | NodesFail | PriceChanges, Field(discriminator="kind")]


class Disturbance(Frozen):
    """A what-if: changes that come together."""

    name: Identifier
    changes: tuple[Change, ...] = Field(default=(), max_length=64)


AS_FORECAST = Disturbance(name="as forecast")
"""The what-if without changes."""


class Named(NamedTuple):
    """A what-if that the command line knows by name.

    Attributes:
        change: The change with its default amount.
        meaning: Description for people.
        amount: Field that the amount after the name sets.
    """

    change: DemandChanges | DemandGrows | NodesFail | PriceChanges
    meaning: str
    amount: Literal["factor", "add", "share", "nodes"]


NAMED_DISTURBANCES: Mapping[str, Named] = {
    "spike": Named(DemandChanges(factor=1.2, duration=1800), "an API is called more often for half an hour", "factor"),
    "data_load": Named(DemandChanges(add_share=0.3, duration=3600), "a bulk load runs for an hour as well", "add"),
    "growth": Named(
        DemandGrows(share=0.1), "demand grows steadily, by this share until the end of the horizon", "share"
    ),
    "node_loss": Named(NodesFail(nodes=1), "reserved nodes fail at a random time and do not recover", "nodes"),
    "price_rise": Named(PriceChanges(factor=1.5), "on-demand nodes become more expensive", "factor"),
    "dos": Named(
        DemandChanges(factor=5.0, duration=900), "denial of service: a flood for a quarter of an hour", "factor"
    ),
}
"""What-ifs that the command line knows, by name."""

_SHAPE = re.compile(r"(?P<name>\w+)(?::(?P<amount>[^@/]+))?(?:@(?P<start>[^/]+))?(?:/(?P<duration>.+))?")
_AMOUNT = re.compile(r"(?P<sign>[+-]?)(?P<times>x?)(?P<number>\d+(?:\.\d+)?)(?P<unit>%?)")
_TIME = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_disturbance(text: str) -> Disturbance:
    """Parse a what-if, written as `NAME[:AMOUNT][@START][/DURATION]`, such as `spike:+20%@2h/30m`.

    Amounts: `+20%` and `-5%` change by a share, `x3` multiplies, `+8` adds cores, `2` and `10%` are nodes. Times:
    `90s`, `15m`, `2h`, `1d`.

    Raises:
        ScenarioError: A part is wrong; the message says which, and how to write it.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None or shape["name"] not in NAMED_DISTURBANCES:
        raise ScenarioError(
            f"what-if {text!r}: write NAME[:AMOUNT][@START][/DURATION] such as spike:+20%@2h/30m, where NAME is one of "
            f"{', '.join(NAMED_DISTURBANCES)}"
        )
    known = NAMED_DISTURBANCES[shape["name"]]
    update: dict[str, float] = {}
    if shape["amount"] is not None:
        update |= _amount(shape["amount"], known.amount, text)
    for field in ("start", "duration"):
        if shape[field] is not None:
            if field not in type(known.change).model_fields:
                raise ScenarioError(f"what-if {text!r}: {shape['name']} has no {field}; leave it out")
            update[field] = parse_seconds(shape[field], where=f"what-if {text!r}: {field}")
    try:
        change = type(known.change).model_validate(known.change.model_dump() | update)
    except ValidationError as error:
        raise ScenarioError(f"what-if {text!r}: {explain_validation(error)}") from None
    return Disturbance(name=text, changes=(change,))


def parse_seconds(text: str, *, where: str) -> float:
    """Parse `90s`, `15m`, `2h` or `1d` into seconds.

    Raises:
        ScenarioError: It is none of these.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ScenarioError(f"{where} {text!r}: write a number with its unit, such as 90s, 15m, 2h or 1d")
    return float(match["number"]) * _SECONDS[match["unit"]]


def _amount(text: str, field: str, whole: str) -> dict[str, float]:
    """Return the fields that an amount sets, by name."""
    match = _AMOUNT.fullmatch(text)
    number = float(match["number"]) if match else 0.0
    form = "" if match is None else match["sign"] + match["times"] + match["unit"]
    share = -number / 100 if form == "-%" else number / 100
    if field == "factor":
        if form in ("+%", "-%"):
            return {"factor": 1 + share}
        if form == "x":
            return {"factor": number}
        if form == "+" and whole.startswith(("spike", "dos")):
            return {"factor": 1.0, "add": number}
        expected = "+20%, -5%, x3" + (" or +8 (cores)" if whole.startswith(("spike", "dos")) else "")
    elif field == "add":
        if form == "+%":
            return {"add_share": share}
        if form == "+":
            return {"add_share": 0.0, "add": number}
        expected = "+30% or +8 (cores)"
    elif field == "share":
        if form in ("+%", "-%"):
            return {"share": share}
        expected = "+10%"
    else:
        if form == "%":
            return {"nodes": 0, "share": share}
        if form == "" and match is not None and number == int(number):
            return {"nodes": int(number)}
        expected = "2 (nodes) or 10%"
    raise ScenarioError(f"what-if {whole!r}: the amount {text!r} isn't one; write {expected}")


def read_disturbances(path: Path) -> tuple[Disturbance, ...]:
    """Read the user's own what-ifs from a JSON file: one, or a list of them.

    Raises:
        ScenarioError: The file is absent, not JSON, or a what-if is not valid; names the field.
    """
    data = read_json(path, error=ScenarioError)
    try:
        return TypeAdapter(tuple[Disturbance, ...]).validate_python(data if isinstance(data, list) else [data])
    except ValidationError as error:
        raise ScenarioError(f"{path}: {explain_validation(error)}") from None


def disturbed(
    demand: NDArray[np.float64],
    series: Sequence[str],
    disturbance: Disturbance,
    *,
    step: float,
    chance: NDArray[np.float64],
    mean: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the demand after a what-if; a step that a change covers in part changes in part.

    Args:
        demand: float64 [futures, series, steps], cores, as forecast.
        series: Ids of the series.
        disturbance: The what-if.
        step: Time step of the demand, seconds.
        chance: float64 [futures] in [0, 1): start, as a share of the horizon, of a change that states no start.
        mean: float64 [series], mean demand that `add_share` is relative to; None: the mean of `demand`.

    Returns:
        float64 [futures, series, steps], cores, not negative.

    Raises:
        ScenarioError: A change names an unknown series.
    """
    horizon = demand.shape[2] * step
    changed = demand.copy()
    means = demand.mean(axis=(0, 2)) if mean is None else mean
    for change in disturbance.changes:
        if not isinstance(change, DemandChanges | DemandGrows):
            continue
        if change.series is not None and change.series not in series:
            raise ScenarioError(
                f"what-if {disturbance.name!r}: no series {change.series!r}; there are {', '.join(series)}"
            )
        rows = slice(None) if change.series is None else [series.index(change.series)]
        if isinstance(change, DemandGrows):
            middle = (np.arange(demand.shape[2]) + 0.5) * step
            grown = np.clip((middle - change.start) / max(horizon - change.start, step), 0.0, 1.0)
            changed[:, rows] *= 1.0 + change.share * grown
        else:
            covered = _covered(change.start, change.duration, demand.shape[2], step, chance)[:, None, :]
            usual = means[rows][None, :, None]
            # Cores that are added are divided among the series in proportion to their mean.
            parts = usual / usual.sum() if usual.sum() > 0 else np.full_like(usual, 1 / usual.size)
            changed[:, rows] *= 1.0 + (change.factor - 1.0) * covered
            changed[:, rows] += (change.add_share * usual + change.add * parts) * covered
    return np.maximum(changed, 0.0)


def _covered(
    start: float | None, duration: float | None, steps: int, step: float, chance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the share of each step that lies within a change, float64 [futures, steps]."""
    first, last = span(start, duration, steps * step, chance)
    edges = np.arange(steps) * step
    covered = np.minimum(edges + step, last[:, None]) - np.maximum(edges, first[:, None])
    return np.asarray(np.clip(covered / step, 0.0, 1.0), np.float64)


def span(
    start: float | None, duration: float | None, horizon: float, chance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return start and end of a change in each future, seconds; the end is infinite where it lasts."""
    first = chance * horizon if start is None else np.full(len(chance), start)
    return first, np.full(len(chance), np.inf) if duration is None else first + duration
