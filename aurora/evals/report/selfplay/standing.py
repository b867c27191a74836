"""The state of a run after its last iteration: lineages, the map of elites, the champion and how it was chosen."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import ValidationError

from aurora.agents.search.elites import Elite
from aurora.agents.search.lineage import Lineage, weights_of
from aurora.agents.search.policy_search import PATIENCE, SearchState
from aurora.errors import StoreError
from aurora.memory.names import policy_name
from aurora.memory.store import Store
from aurora.sim.policies.compiler import readable
from aurora.sim.policies.policy import Policy
from aurora.sim.rewards import LEARNABLE
from aurora.statistics.intervals import Interval, paired_interval
from aurora.validation import explain_validation

VERDICTS_FILE = "verdicts.json"
"""File with a champion's verdicts, so that writing the report again takes seconds."""


class LineageRow(NamedTuple):
    """A structure whose weights are tuned: an island of the search.

    Attributes:
        role: The leader, or a challenger beside it.
        policy_id: Id of the policy that the weights belong to.
        age: Iterations in which it was tuned.
        weights: Number of its weights; 0: it has too few to tune, or is a trained network.
        step: Step size of the tuning, relative to the scale of the weights.
        left: Iterations until it must be ahead of the leader; 0 for the leader.
    """

    role: Literal["leader", "challenger"]
    policy_id: str
    age: int
    weights: int
    step: float
    left: int


class EliteCell(NamedTuple):
    """A cell of the map of elites.

    Attributes:
        use: What the policy uses, such as an order of its own.
        style: The sum in which it is lowest.
        family: Family on which it is strongest.
        mean: Mean value over the best reference when it was last measured.
        policy_id: Id of the policy.
    """

    use: str
    style: str
    family: str
    mean: float
    policy_id: str


class Reign(NamedTuple):
    """A champion, and how long it led.

    Attributes:
        policy_id: Id of the policy.
        name: Its name for readers.
        first, last: First and last iteration as the champion, from 0.
        validation_advantage: Its mean value over the best reference of each validation scenario, at the end.
        elo: Its Elo at the end.
    """

    policy_id: str
    name: str
    first: int
    last: int
    validation_advantage: float
    elo: float


class Line(NamedTuple):
    """A line of a program: kept, added or removed."""

    mark: Literal[" ", "+", "-"]
    text: str


def in_band(rates: Sequence[float]) -> float:
    """Return the share of success rates from 0.3 to 0.7, 0 to 1."""
    return sum(LEARNABLE[0] <= r <= LEARNABLE[1] for r in rates) / max(1, len(rates))


def run_facts(steps: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return the figures of a run by their names.

    Args:
        steps: Events of the finished iterations, at least one.
        counts: Rows of the archive, by kind.
    """
    rates = [rate for step in steps for rate in step["success_rates"]]
    return [
        ("iterations", str(len(steps))),
        ("simulations", f"{steps[-1]['evaluations']:,}"),
        ("policies kept", str(counts["policies"])),
        ("scenarios kept", str(counts["scenarios"])),
        ("level reached", str(steps[-1]["level"])),
        ("scenarios in the 0.3–0.7 band", f"{100 * in_band(rates):.0f} %"),
        ("validation advantage", f"{steps[-1]['validation_advantage']:+.4f}"),
    ]


def searched(state: Mapping[str, Any]) -> SearchState:
    """Return the state of the policy search from a checkpoint.

    Raises:
        StoreError: This AURORA can't read it.
    """
    try:
        return SearchState.model_validate(state.get("searcher"))
    except ValidationError as error:
        raise StoreError(f"the state of the search can't be read: {explain_validation(error)}") from None


def lineages(search: SearchState) -> list[LineageRow]:
    """Return the leader and the challengers of a search."""
    return [
        _lineage("leader", search),
        *(_lineage("challenger", challenger) for challenger in search.challengers),
    ]


def elite_map(elites: Sequence[Elite]) -> list[EliteCell]:
    """Return the map of elites, a cell for each kind of behaviour that the search has met."""
    return [EliteCell(*elite.cell, elite.mean, str(elite.policy.get("policy_id", ""))) for elite in elites]


def validation_interval(state: Mapping[str, Any]) -> Interval | None:
    """Return the champion's mean value over the best reference with its 95 % interval over validation scenarios.

    Returns:
        None where candidates don't race, or the run is of an earlier version.
    """
    race = state.get("race")
    if not race:
        return None
    values, marks = np.array(race["contenders"][0][1], float), np.array(race["marks"], float)
    return paired_interval(values - marks) if len(values) == len(marks) > 1 else None


def reigns(steps: Sequence[Mapping[str, Any]], store: Store) -> list[Reign]:
    """Return the champions of a run in their order.

    Args:
        steps: Events of the finished iterations.
        store: Archive of the run.
    """
    origins = store.origins({step["champion"] for step in steps})
    found: list[Reign] = []
    for step in steps:
        champion = step["champion"]
        first = found.pop().first if found and found[-1].policy_id == champion else step["iteration"]
        name = policy_name(champion, origins.get(champion, ""))
        found.append(
            Reign(champion, name, first, step["iteration"], step["validation_advantage"], step["champion_elo"])
        )
    return found


def changed_lines(before: Policy, after: Policy) -> list[Line]:
    """Return the program of a policy with what changed since another one, line by line."""
    lines = difflib.ndiff(readable(before).splitlines(), readable(after).splitlines())
    marks: dict[str, Literal[" ", "+", "-"]] = {"  ": " ", "+ ": "+", "- ": "-"}
    return [Line(marks[line[:2]], line[2:]) for line in lines if line[:2] in marks]


def _lineage(role: Literal["leader", "challenger"], lineage: Lineage) -> LineageRow:
    is_network = (lineage.policy.get("allocation_strategy") or {}).get("network") is not None
    return LineageRow(
        role=role,
        policy_id=lineage.parent,
        age=lineage.age,
        weights=0 if is_network else len(weights_of(lineage).start),
        step=lineage.sigma,
        left=0 if role == "leader" else max(0, PATIENCE - lineage.age),
    )
