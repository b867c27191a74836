"""What models may cost: budgets, what was spent, and what a token costs."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from aurora.errors import BudgetExceeded, ModelError
from aurora.tools.recording import Exchange

PRICES = "AURORA_PRICES"
"""Environment variable that names a price table to use in place of the one that comes with AURORA."""
LOCAL = "transformers"
"""Provider whose models run here and cost nothing a token."""


FAULT = "fault "
"""How the names of counted faults begin among the costs of an exchange."""


class Price(NamedTuple):
    """Dollars a million tokens."""

    tokens_in: float
    tokens_out: float


class Budget(NamedTuple):
    """Limits over the whole of a run; None: no limit.

    Attributes:
        calls: Calls of a model.
        tokens: In and out together.
        dollars: By the price table.
        seconds: Spent waiting for models.
    """

    calls: int | None = None
    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None


class Spent(NamedTuple):
    """What calls have cost.

    Attributes:
        calls: Calls of a model that were answered.
        cached: Calls whose answer was known already; they cost nothing.
        tokens_in, tokens_out: Of all calls.
        dollars: By the price table; 0 where the model has no price.
        seconds: From question to answer, waiting for another try included.
        retries: Tries that failed and were repeated.
        faults: Failed tries by kind, those of calls that were given up among them.
    """

    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0
    seconds: float = 0.0
    retries: int = 0
    faults: Mapping[str, int] = MappingProxyType({})


class Purse:
    """A budget and what is spent of it. Threads may use it at once.

    Args:
        budget: The limits.
        paid: Exchanges of earlier processes of the same run, which count as well.
    """

    def __init__(self, budget: Budget, paid: Iterable[Exchange] = ()) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._open = 0
        self._spent = Spent()
        for exchange in paid:
            if exchange.kind == "model" and exchange.response is not None:
                self._add(exchange.cost)
            elif exchange.kind == "model":
                self._fail({n.removeprefix(FAULT): int(v) for n, v in exchange.cost.items()})

    @property
    def spent(self) -> Spent:
        """What is spent so far."""
        return self._spent

    def reserve(self) -> None:
        """Ask for one more call; `pay` or `release` must follow.

        Raises:
            BudgetExceeded: Something is spent; the message says what.
        """
        with self._lock:
            spent, budget = self._spent, self.budget
            used: tuple[tuple[str, float, float | None], ...] = (
                ("calls", spent.calls + self._open, budget.calls),
                ("tokens", spent.tokens_in + spent.tokens_out, budget.tokens),
                ("dollars", spent.dollars, budget.dollars),
                ("seconds", spent.seconds, budget.seconds),
            )
            for what, amount, limit in used:
                if limit is not None and amount >= limit:
                    raise BudgetExceeded(
                        f"the budget of {limit:g} {what} is spent ({amount:g}); go on with a larger --max-{what}"
                    )
            self._open += 1

    def release(self, faults: Mapping[str, int]) -> None:
        """Give a reserved call back: it got no answer, after these faults."""
        with self._lock:
            self._open -= 1
            self._fail(faults)

    def pay(self, cost: Mapping[str, float]) -> None:
        """Count a reserved call that was answered."""
        with self._lock:
            self._open -= 1
            self._add(cost)

    def cached(self) -> None:
        """Count a call whose answer was known already."""
        with self._lock:
            self._spent = self._spent._replace(cached=self._spent.cached + 1)

    def _add(self, cost: Mapping[str, float]) -> None:
        s = self._spent
        self._spent = s._replace(
            calls=s.calls + 1,
            tokens_in=s.tokens_in + int(cost["tokens_in"]),
            tokens_out=s.tokens_out + int(cost["tokens_out"]),
            dollars=s.dollars + cost["dollars"],
            seconds=s.seconds + cost["seconds"],
            retries=s.retries + int(cost["retries"]),
        )
        self._fail({name.removeprefix(FAULT): int(n) for name, n in cost.items() if name.startswith(FAULT)})

    def _fail(self, faults: Mapping[str, int]) -> None:
        self._spent = self._spent._replace(faults=dict(Counter(self._spent.faults) + Counter(faults)))


def price_of(name: str, *, needed: bool = False) -> Price | None:
    """What a model's tokens cost, by the price table; None if it has no price there.

    Args:
        name: As `provider:model`. The longest name in the table with which it begins counts.
        needed: Whether a model without a price is an error, as it is where dollars are limited.

    Raises:
        ModelError: The table can't be read, or has no price although it is needed.
    """
    if name.startswith(f"{LOCAL}:"):
        return Price(0.0, 0.0)
    chosen = os.environ.get(PRICES)
    table = _read_table(Path(chosen) if chosen else files("aurora.agents").joinpath("prices.json"))
    known = [n for n in table if name.startswith(n)]
    if known:
        return table[max(known, key=len)]
    if needed:
        raise ModelError(f"{name} has no price, so dollars can't be limited; add it to the table that {PRICES} names")
    return None


def _read_table(path: Traversable) -> dict[str, Price]:
    try:
        table = {
            str(name): Price(float(tokens_in), float(tokens_out))
            for name, (tokens_in, tokens_out) in json.loads(path.read_text())["dollars_per_million_tokens"].items()
        }
    except OSError as error:
        raise ModelError(f"{PRICES}: can't read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{PRICES}: {path} is no price table ({error}); it should be "
            '{"dollars_per_million_tokens": {"provider:model": [in, out]}}'
        ) from None
    if any(min(price) < 0 for price in table.values()):
        raise ModelError(f"{PRICES}: {path} has a price below 0")
    return table
