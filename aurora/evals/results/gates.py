"""Gates for continuous integration: conditions on metrics under which a command fails."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from aurora.errors import InputError
from aurora.evals.results.result import Metric

Bound = Literal["value", "low", "high"]

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(r"\s*(?P<key>[^<>=]+?)\s*(?P<operator><=|>=|<|>)\s*(?P<limit>[-+]?[0-9.]+(?:[eE][-+]?\d+)?)\s*")


class Gate(NamedTuple):
    """A condition under which a result is not good enough.

    Attributes:
        text: The condition as written.
        key: Key of the metric, `suite/subject:name`, or its name alone: any suite and subject.
        bound: Value that is compared.
        operator: Comparison: <, <=, > or >=.
        limit: Number that it is compared with.
    """

    text: str
    key: str
    bound: Bound
    operator: str
    limit: float


class Failed(NamedTuple):
    """A metric that does not pass a gate.

    Attributes:
        gate: The gate.
        metric: Key of the metric.
        value: Value that was compared; None: the metric has no such bound.
    """

    gate: Gate
    metric: str
    value: float | None

    def __str__(self) -> str:
        """Return the reason in words."""
        if self.value is None:
            return f"{self.metric} has no {self.gate.bound} bound, which {self.gate.text!r} needs"
        return f"{self.metric} is {self.value:.6g}, and the result fails on {self.gate.text!r}"


def parse_gate(text: str) -> Gate:
    """Read a condition such as `correctness.low<0.99` or `openb/champion:allocation<95`.

    A name that ends in `.low` or `.high` means that bound of the 95 % interval.

    Raises:
        InputError: The text is no condition.
    """
    match = _CONDITION.fullmatch(text)
    try:
        limit = float(match["limit"]) if match else None
    except ValueError:
        limit = None
    if match is None or limit is None:
        raise InputError(
            "a gate compares a metric with a number, such as correctness.low<0.99", parameter="fail_on", value=text
        )
    key, bound = match["key"], "value"
    if key.endswith((".low", ".high")):
        key, _, bound = key.rpartition(".")
    return Gate(text.strip(), key, bound, match["operator"], limit)  # type: ignore[arg-type]  # one of three bounds


def failed_gates(gates: Sequence[Gate], metrics: Sequence[Metric]) -> list[Failed]:
    """Return every metric that meets the condition of a gate, and so does not pass.

    Args:
        gates: Conditions under which the result fails.
        metrics: Metrics of a result.

    Raises:
        InputError: No metric has the key of a gate.
    """
    failed = []
    for gate in gates:
        chosen = [m for m in metrics if gate.key in (m.key, m.name)]
        if not chosen:
            names = ", ".join(dict.fromkeys(m.name for m in metrics)) or "none"
            raise InputError(
                f"no metric is named {gate.key!r}; there are {names}", parameter="fail_on", value=gate.text
            )
        for m in chosen:
            value: float | None = getattr(m, gate.bound)
            if value is None or _OPERATORS[gate.operator](value, gate.limit):
                failed.append(Failed(gate, m.key, value))
    return failed
