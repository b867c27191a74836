"""Scenarios, policies and series of a request: given whole, or by name; no path of a file is ever read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from aurora.cluster.scenario import to_scenario
from aurora.errors import InputError
from aurora.learning.series.series import Series
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.spec import ScenarioSpec
from aurora.tools.desk import Desk
from aurora.types import Frozen, Identifier
from aurora.web.refusals import TooLargeError

MOST_PAIRS = 20_000_000
"""Most pairs of task and node of a request, over all its simulations: a minute or so."""
MOST_VALUES = 200_000
"""Most values of the series of a request."""
MAX_STEP = 366 * 86_400

GivenScenario = Annotated[
    Scenario | ScenarioSpec | None,
    Field(description="a scenario, or a spec that expands to one; null: the server's cluster as it is"),
]
GivenPolicy = Annotated[
    Annotated[str, Field(min_length=1, max_length=128)] | Policy,
    Field(description="name of a reference or champion, such as `best_fit` or `champion:general`, or a policy"),
]
Value = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]


class GivenSeries(Frozen):
    """A measured series."""

    unique_id: Identifier = Field(description="its id")
    start: int = Field(ge=0, le=2**40, description="time of the first value, seconds since 1970")
    step: int = Field(ge=1, le=MAX_STEP, description="seconds from one value to the next")
    y: list[Value] = Field(min_length=1, max_length=MOST_VALUES, description="the values, without gaps")
    labels: dict[str, str] = Field(default_factory=dict, max_length=32, description="properties, such as unit")


def scenario_of(given: Scenario | ScenarioSpec | None, desk: Desk) -> Scenario:
    """Return the scenario of a request.

    Args:
        given: What was given; None: the open cluster.
        desk: The open cluster.

    Raises:
        ScenarioError: A spec expands to no scenario.
        DataError: The cluster has nothing to simulate.
    """
    if given is None:
        return to_scenario(desk.cluster).scenario
    return expand(given) if isinstance(given, ScenarioSpec) else given


def policy_of(given: str | Policy, desk: Desk) -> Policy:
    """Return the policy of a request.

    Args:
        given: A name, or a policy.
        desk: Knows the names.

    Raises:
        PolicyError: There is no policy of that name.
        DataError: The file of a champion is damaged.
    """
    return desk.policy(given) if isinstance(given, str) else given


def check_size(scenarios: Sequence[Scenario], runs: int, most: int = MOST_PAIRS) -> None:
    """Refuse work that would take minutes.

    Args:
        scenarios: What is simulated.
        runs: How often each is.
        most: Most pairs of task and node in all.

    Raises:
        TooLargeError: It is more than that.
    """
    pairs = runs * sum(len(s.tasks) * max(1, len(s.nodes)) for s in scenarios)
    if pairs > most:
        raise TooLargeError(
            f"this has {pairs:,} pairs of task and node, and one request may have {most:,}; give fewer tasks, nodes, "
            "policies or scenarios, or use the command line"
        )


def series_of(ids: Sequence[str], given: Sequence[GivenSeries], desk: Desk) -> tuple[Series, ...]:
    """Return the series of a request: those given, else those of the server by their ids, else all of the server.

    Args:
        ids: Ids of the server's series.
        given: Series in the request.
        desk: Holds the server's series.

    Raises:
        InputError: There is no such series, none at all, or ids occur twice.
        TooLargeError: They have too many values.
    """
    names = [s.unique_id for s in given] or list(ids) or list(desk.series_ids)
    if not names:
        raise InputError("the server has no measured series; give some in `series`", parameter="series")
    if len(set(names)) < len(names):
        raise InputError("an id occurs twice; give each series once", parameter="unique_id" if given else "series_ids")
    if given and ids:
        raise InputError("give series, or ids of the server's; leave one out", parameter="series_ids")
    found = [_series(s) for s in given] or [desk.series(name) for name in names]
    values = sum(len(s) for s in found)
    if values > MOST_VALUES:
        raise TooLargeError(f"the series have {values:,} values, and one request may have {MOST_VALUES:,}; choose some")
    return tuple(found)


def _series(given: GivenSeries) -> Series:
    y = np.array(given.y, dtype=np.float64)
    return Series(given.unique_id, given.start, given.step, y, np.ones(len(y), dtype=bool), labels=given.labels)
