"""The contract of a bench, which measures a role under a prompt, and the split of its cases."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from aurora.agents.models.metered import MeteredModel
from aurora.prompts.loader import Prompt, Role
from aurora.statistics.selection import split

SHARES = (0.0, 0.6, 0.4)
"""Shares of the training, selection and sealed cases in the pool from which they are taken; none are for training."""


class Case(NamedTuple):
    """One measurement's task: a conversation with the role under a prompt.

    Attributes:
        name: Name, unique in a bench.
        family: Family of scenarios that it belongs to.
    """

    name: str
    family: str


class Measured(NamedTuple):
    """What a role achieved on a case.

    Attributes:
        value: Its value, higher is better.
        simulations: Simulations that measured it.
        outcomes: What was measured, in words.
        refusals: Reasons for which answers were sent back.
        claims: Verified facts about where it lost.
    """

    value: float
    simulations: int = 0
    outcomes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


class Bench(Protocol):
    """Measures a role under a prompt.

    Equal prompts, cases and answers of the model give equal values: whatever is random follows from the seed and the
    case's name. Every prompt meets the same scenarios, tools and limits.
    """

    @property
    def role(self) -> Role:
        """Role whose prompt is measured."""

    @property
    def families(self) -> tuple[str, ...]:
        """Families of cases."""

    @property
    def names(self) -> frozenset[str]:
        """Names of the tools and fields that the role has, which a prompt may use."""

    @property
    def unit(self) -> str:
        """Unit of the value."""

    def measure(self, model: MeteredModel, prompt: Prompt, case: Case) -> Measured:
        """Measure a prompt on a case.

        Raises:
            ModelError: The provider failed; nothing is measured then.
            BudgetExceeded: The budget of the case or of the run is spent.
        """

    def unanswered(self, case: Case) -> Measured:
        """Return what the role achieves on a case without a valid answer."""

    def labels(self, case: Case) -> frozenset[str]:
        """Return the names of a case that no prompt may contain: of its scenarios, traces and seeds."""

    def data(self, case: Case) -> tuple[str, ...]:
        """Return the texts of a case that no prompt may quote: names of nodes and tasks, and descriptions."""


class Cases(NamedTuple):
    """Cases by purpose; none is in both.

    Attributes:
        selection: Cases by which variants are selected, in the order of measurement: a block has one of each family.
        sealed: Cases on which only the selected variant and the prompt in use are measured, at the end.
    """

    selection: tuple[Case, ...]
    sealed: tuple[Case, ...]


def draw_cases(families: Sequence[str], selection: int, sealed: int, seed: int) -> Cases:
    """Draw the cases of a bench by the hash of their names, so that larger sets contain the smaller ones.

    Args:
        families: Families of cases.
        selection: Number of selection cases of each family.
        sealed: Number of sealed cases of each family.
        seed: Random seed of the split.
    """
    columns: list[tuple[list[Case], list[Case]]] = []
    for family in families:
        chosen: tuple[list[Case], list[Case]] = ([], [])
        number = 0
        while len(chosen[0]) < selection or len(chosen[1]) < sealed:
            case = Case(f"{family}:{number}", family)
            part = split([case.name], SHARES, seed=seed)
            (chosen[0] if part.selection else chosen[1]).append(case)
            number += 1
        columns.append((chosen[0][:selection], chosen[1][:sealed]))
    blocks = (
        tuple(column[part][k] for k in range(count) for column in columns)
        for part, count in ((0, selection), (1, sealed))
    )
    return Cases(*blocks)


def case_rng(seed: int, case: Case) -> np.random.Generator:
    """Return the random numbers of a case."""
    digest = hashlib.sha256(case.name.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
