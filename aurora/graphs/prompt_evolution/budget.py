"""Budgets of prompt evolution: of the whole run, and of a single measurement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from aurora.agents.models.budget import Budget, Cost, Purse
from aurora.agents.models.metered import MeteredModel
from aurora.errors import BudgetExceeded, InputError
from aurora.tools.recording import Exchange

CASE_CALLS = 10
"""Most calls of the model in a measurement."""
CASE_TOKENS = 100_000
"""Tokens after which no further call of a measurement is made."""


class EvolutionBudget(NamedTuple):
    """Limits of a whole evolution.

    Attributes:
        proposals: Variants that are asked for.
        evaluations: Measurements, each of one prompt on one case, those on sealed cases included.
        tokens: Billed tokens, in and out; None: no limit.
        dollars: Price of the calls; None: no limit.
    """

    proposals: int = 6
    evaluations: int = 120
    tokens: int | None = None
    dollars: float | None = None

    def __str__(self) -> str:
        tokens = "any number of tokens" if self.tokens is None else f"{self.tokens:,} tokens"
        dollars = "" if self.dollars is None else f", ${self.dollars:,.2f}"
        return f"{self.proposals} proposals, {self.evaluations} evaluations, {tokens}{dollars}"


def parse_budget(text: str) -> EvolutionBudget:
    """Read a budget such as `proposals=6,evaluations=120,tokens=500000,dollars=2`; what is absent is the default.

    Raises:
        InputError: The text is no budget.
    """
    values: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, given = (p.strip() for p in part.partition("="))
        try:
            number = float(given.replace("_", ""))
        except ValueError:
            number = -1.0
        if name not in EvolutionBudget._fields or name in values or not 0 <= number < 1e15:  # noqa: PLR2004  # finite
            raise InputError(
                f"write NAME=NUMBER with commas between, of {', '.join(EvolutionBudget._fields)}",
                parameter="budget",
                value=text,
            )
        if name != "dollars" and number != int(number):
            raise InputError(f"{name} is a whole number", parameter="budget", value=text)
        values[name] = number if name == "dollars" else int(number)
    return EvolutionBudget(**values)  # type: ignore[arg-type]  # whole numbers, and dollars


class Use(NamedTuple):
    """Resources of a part of the work, counted as if no answer had come from a recording.

    Attributes:
        calls: Answered calls.
        tokens: Tokens in and out.
        dollars: Price by the table.
    """

    calls: int = 0
    tokens: int = 0
    dollars: float = 0.0

    def plus(self, other: Use) -> Use:
        """Return the sum of both."""
        return Use(self.calls + other.calls, self.tokens + other.tokens, self.dollars + other.dollars)


class CaseSpent(BudgetExceeded):
    """The budget of a single measurement is spent."""


class CasePurse(Purse):
    """The purse of a part of the work within that of the run.

    Recorded answers count here, so that a resumed part has the same limit as one that was not interrupted. Failed
    tries don't count here, because whether a provider fails is no property of a prompt.

    Args:
        limits: Limits of the part.
        whole: Purse of the run, from which everything is paid.
    """

    def __init__(self, limits: Budget, whole: Purse) -> None:
        super().__init__(limits)
        self._whole = whole

    def reserve(self) -> None:
        """Reserve a request, here and in the purse of the run.

        Raises:
            CaseSpent: A limit of the part is reached.
            BudgetExceeded: A limit of the run is reached.
        """
        try:
            super().reserve()
        except BudgetExceeded as error:
            raise CaseSpent(str(error)) from None
        try:
            self._whole.reserve()
        except BudgetExceeded:
            super().settle({"requests": 0}, answered=False)
            raise

    def settle(self, cost: Cost, *, answered: bool) -> None:
        """Count a reserved request."""
        self._whole.settle(cost, answered=answered)
        super().settle({**cost, "requests": 1} if answered else {"requests": 0}, answered=answered)

    def cached(self, exchange: Exchange | None = None) -> None:
        """Count a question that the recording answered, with the cost of its answer."""
        super().cached(exchange)
        self._whole.cached(exchange)
        if exchange is not None:
            with self._lock:
                self._add({**exchange.cost, "requests": 1}, answered=True)

    @property
    def use(self) -> Use:
        """Return what the part has used."""
        spent = self.spent
        return Use(spent.calls, spent.tokens_in + spent.tokens_out, spent.dollars)


@contextmanager
def within(model: MeteredModel, part: str, limits: Budget) -> Iterator[CasePurse]:
    """Assign the model's calls in the block to a part of the recording, with limits of its own.

    Args:
        model: Model that is called.
        part: Name of the part; the same questions of a part find the same recorded answers.
        limits: Limits of the part.
    """
    whole = model.purse
    purse = CasePurse(limits, whole)
    model.recording.begin(part)
    model.purse = purse
    try:
        yield purse
    finally:
        model.purse = whole
