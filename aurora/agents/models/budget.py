"""Cost of models: budgets, spending, and prices of tokens."""

from __future__ import annotations

import math
import os
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from aurora.agents.models.providers import PROVIDERS
from aurora.agents.models.replies import TokenUsage
from aurora.errors import BudgetExceeded, ModelError
from aurora.reading import parse_json, read_text
from aurora.tools.recording import Exchange

PRICES_VARIABLE = "AURORA_PRICES"
"""Environment variable with the path of a price table that replaces AURORA's own."""

FAULT_PREFIX = "fault "
"""Prefix of counted faults among the costs of an exchange."""
_SNAPSHOT = re.compile(r"-20\d\d-?[01]\d-?[0-3]\d$")
"""Date at the end of a snapshot's name."""


class Price(NamedTuple):
    """Price of a model, dollars per million tokens.

    Attributes:
        tokens_in, tokens_out: Price of prompts and answers.
        cached_in: Price of prompt tokens read from the provider's cache; None: as `tokens_in`.
        cache_write: Price of prompt tokens written to the cache; None: as `tokens_in`.
    """

    tokens_in: float
    tokens_out: float
    cached_in: float | None = None
    cache_write: float | None = None

    def dollars(self, usage: TokenUsage) -> float:
        """Return the price of a request."""
        read = self.tokens_in if self.cached_in is None else self.cached_in
        write = self.tokens_in if self.cache_write is None else self.cache_write
        plain = (usage.tokens_in or 0) - usage.cached - usage.cache_written
        cost = plain * self.tokens_in + usage.cached * read + usage.cache_written * write
        return (cost + (usage.tokens_out or 0) * self.tokens_out) / 1e6


class Budget(NamedTuple):
    """Limits of a whole run; None: no limit.

    Attributes:
        calls: Requests to a model, retries included.
        tokens: Billed tokens, prompts and answers together.
        dollars: Cost by the price table.
        seconds: Time spent waiting for models.
    """

    calls: int | None = None
    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None


class Spent(NamedTuple):
    """Resources that calls have used.

    Attributes:
        calls: Questions that a model answered.
        cached: Questions answered from the recording, at no cost.
        tokens_in, tokens_out: Billed tokens; refused, empty, truncated and unreadable answers count.
        dollars: Cost by the price table; 0 where the model has no price.
        seconds: Time from question to answer, waits between tries included.
        retries: Failed tries that were repeated.
        faults: Failed tries by kind, those of abandoned calls included.
        requests: Requests sent, with or without an answer.
        billed: Requests that a model answered with anything.
        tokens_cached: Part of `tokens_in` read from the provider's cache.
    """

    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0
    seconds: float = 0.0
    retries: int = 0
    faults: Mapping[str, int] = MappingProxyType({})
    requests: int = 0
    billed: int = 0
    tokens_cached: int = 0


Cost = Mapping[str, float]
"""Recorded cost of a request: tokens, dollars, seconds, and faults."""


def is_answer(exchange: Exchange) -> bool:
    """Check that a model's exchange holds an answer, not a question that was declined or abandoned."""
    response = exchange.response
    return exchange.kind == "model" and isinstance(response, dict) and response.get("type") == "ai"


class Purse:
    """A budget and the spending against it; safe for concurrent threads.

    Args:
        budget: Limits.
        paid: Exchanges of earlier processes of the same run, which count too.
    """

    def __init__(self, budget: Budget, paid: Iterable[Exchange] = ()) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._open = 0
        self._spent = Spent()
        for exchange in paid:
            if exchange.kind == "model":
                self._add(exchange.cost, answered=is_answer(exchange))

    @property
    def spent(self) -> Spent:
        """Resources used so far."""
        return self._spent

    def reserve(self) -> None:
        """Reserve one more request; `settle` must follow.

        Raises:
            BudgetExceeded: A limit is reached; the message names it.
        """
        with self._lock:
            spent, budget = self._spent, self.budget
            used: tuple[tuple[str, float, float | None], ...] = (
                ("calls", spent.requests + self._open, budget.calls),
                ("tokens", spent.tokens_in + spent.tokens_out, budget.tokens),
                ("dollars", spent.dollars, budget.dollars),
                ("seconds", spent.seconds, budget.seconds),
            )
            for unit, amount, limit in used:
                if limit is not None and amount >= limit:
                    raise BudgetExceeded(
                        f"the budget of {limit:g} {unit} is spent ({amount:g}); go on with a larger limit of {unit}"
                    )
            self._open += 1

    def settle(self, cost: Cost, *, answered: bool) -> None:
        """Count the cost of a reserved request, answered or not."""
        with self._lock:
            self._open -= 1
            self._add(cost, answered=answered)

    def cached(self, exchange: Exchange | None = None) -> None:
        """Count a question that the recording answered.

        Args:
            exchange: Recorded exchange; a purse of a part of a session counts its cost.
        """
        with self._lock:
            self._spent = self._spent._replace(cached=self._spent.cached + 1)

    def _add(self, cost: Cost, *, answered: bool) -> None:
        s = self._spent
        faults = {name.removeprefix(FAULT_PREFIX): int(n) for name, n in cost.items() if name.startswith(FAULT_PREFIX)}
        # Recordings of an older AURORA count no requests, and add up the faults of all tries of a question.
        requests = cost.get("requests", sum(faults.values()) + answered)
        self._spent = s._replace(
            calls=s.calls + answered,
            tokens_in=s.tokens_in + int(cost.get("tokens_in", 0)),
            tokens_out=s.tokens_out + int(cost.get("tokens_out", 0)),
            tokens_cached=s.tokens_cached + int(cost.get("tokens_cached", 0)),
            dollars=s.dollars + cost.get("dollars", 0.0),
            seconds=s.seconds + cost.get("seconds", 0.0),
            retries=s.retries + int(cost.get("retries", 0)),
            requests=s.requests + int(requests),
            billed=s.billed + int(cost.get("billed", answered)),
            faults=dict(Counter(s.faults) + Counter(faults)),
        )


def price_of(name: str, *, needed: bool = False) -> Price | None:
    """Look up the price of a model's tokens; None if the table has none.

    A name matches a row if it is that name, with or without the date of a snapshot: `gpt-5-2025-08-07`,
    `claude-sonnet-4-5-20250929`. A longer name with the same beginning (`gpt-5-pro`) is another model.

    Args:
        name: `provider:model`.
        needed: True: a model without a price is an error, as where dollars are limited.

    Raises:
        ModelError: The table can't be read, or has no price although it is needed.
    """
    provider = PROVIDERS.get(name.partition(":")[0])
    if provider is not None and provider.is_local:
        return Price(0.0, 0.0)
    chosen = os.environ.get(PRICES_VARIABLE)
    table = _read_table(Path(chosen) if chosen else files(__package__).joinpath("prices.json"))
    price = table.get(name) or table.get(_SNAPSHOT.sub("", name))
    if price is None and needed:
        raise ModelError(
            f"{name} has no price, so dollars can't be limited; add it to the table that {PRICES_VARIABLE} names "
            "(docs/guides/models.md), or limit tokens instead"
        )
    return price


def _read_table(path: Traversable) -> dict[str, Price]:
    try:
        text = read_text(path, error=ModelError) if isinstance(path, Path) else path.read_text(encoding="utf-8")
        rows = parse_json(text, f"{PRICES_VARIABLE}: {path}", error=ModelError)["dollars_per_million_tokens"].items()
        table = {str(name): _price(row) for name, row in rows}
    except OSError as error:
        raise ModelError(f"{PRICES_VARIABLE}: can't read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{PRICES_VARIABLE}: {path} is no price table ({error}); it should be "
            '{"dollars_per_million_tokens": {"provider:model": {"in": 1.0, "out": 2.0}}}'
        ) from None
    for name, price in table.items():
        if not all(p is None or (math.isfinite(p) and p >= 0) for p in price):
            raise ModelError(f"{PRICES_VARIABLE}: {path}: the price of {name} is below 0 or no number")
    return table


def _price(row: Any) -> Price:
    """Read a row of the table: `{"in": ..., "out": ..., "cached_in": ..., "cache_write": ...}`, or `[in, out]`."""
    if isinstance(row, list):
        tokens_in, tokens_out = row
        return Price(float(tokens_in), float(tokens_out))
    odd = set(row) - {"in", "out", "cached_in", "cache_write"}
    if odd:
        raise ValueError(f"{sorted(odd)[0]!r} is no field of a price")
    of_cache = {key: float(row[key]) for key in ("cached_in", "cache_write") if key in row}
    return Price(float(row["in"]), float(row["out"]), **of_cache)
