"""Looks things up with tools and gathers the sentences and tables of an answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aurora.agents.operator.answer import Approval, Mode, Sentence, Table
from aurora.errors import AuroraError
from aurora.quantities import percent, plain
from aurora.tools.harness import Harness

MAX_TABLE_ROWS = 12
"""Most rows of a table of an answer."""


MIN_IN_CENTS, MIN_WHOLE, MIN_ROUNDED = 0.1, 0.01, 0.1
"""Dollars from which cents say enough, and the shares from which two digits and whole per cent do."""


class UnansweredError(AuroraError):
    """A tool has not given what an answer needs.

    Args:
        reason: Why, in the tool's words.
        cite: The call.
        outcome: Outcome of the call.
    """

    def __init__(self, reason: str, cite: str, outcome: str = "failed") -> None:
        self.outcome = outcome
        self.reason = reason
        self.cite = cite
        super().__init__(reason)


class Found(NamedTuple):
    """The result of a tool.

    Attributes:
        cite: Its evidence, such as E3.
        data: Its JSON object.
    """

    cite: str
    data: dict[str, Any]


class Reply:
    """What is answered so far.

    Args:
        harness: Tools of the conversation.
        mode: What the conversation may do.
    """

    def __init__(self, harness: Harness, mode: Mode) -> None:
        self.harness = harness
        self.mode = mode
        self.sentences: list[Sentence] = []
        self.tables: list[Table] = []
        self.asks_back: list[str] = []
        self.approval: Approval | None = None

    def look_up(self, tool: str, **arguments: Any) -> Found:
        """Call a tool.

        Raises:
            UnansweredError: It failed, or is not there.
        """
        self.harness.call(tool, arguments)
        evidence = max(self.harness.journal, key=lambda e: e.number)
        cite = f"E{evidence.number}"
        if evidence.outcome != "ok":
            raise UnansweredError(evidence.text, cite, evidence.outcome)
        return Found(cite, json.loads(evidence.text))

    def say(self, text: str, *cites: str) -> None:
        """Add a sentence with the evidence that it rests on."""
        first = text.split(" ", 1)[0]
        is_word = first.isalpha() and first.islower()
        self.sentences.append(
            Sentence(text=text[:1].upper() + text[1:] if is_word else text, cites=tuple(dict.fromkeys(cites)))
        )

    def show(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *cites: str) -> None:
        """Add a table; none without rows."""
        kept = [tuple(row) for row in rows]
        if not kept:
            return
        more = f" (first {MAX_TABLE_ROWS} of {len(kept)})" if len(kept) > MAX_TABLE_ROWS else ""
        self.tables.append(
            Table(
                title=title + more,
                columns=tuple(columns),
                rows=tuple(kept[:MAX_TABLE_ROWS]),
                cites=tuple(dict.fromkeys(cites)),
            )
        )

    def can(self, tool: str) -> bool:
        """Return whether a tool is there in this conversation."""
        return tool in self.harness.tools


def noun(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun.

    >>> noun(1, "node"), noun(3, "node"), noun(1200, "task")
    ('1 node', '3 nodes', '1,200 tasks')
    """
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return names as people list them.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdef"), 3)
    ('a', 'a, b and c', 'a, b, c and others')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and others"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def money(dollars: float) -> str:
    """Return dollars with cents, or with more digits where they are few.

    >>> money(2.808), money(86.1), money(0.0123)
    ('$2.81', '$86.10', '$0.0123')
    """
    if 0 < abs(dollars) < MIN_IN_CENTS:
        return f"{'-' if dollars < 0 else ''}${plain(abs(dollars), 3)}"
    return f"-${-dollars:,.2f}" if dollars < 0 else f"${dollars:,.2f}"


def share(value: float) -> str:
    """Return a share in whole per cent, or with the digits that tell it from 0 and 100; small ones with two digits.

    >>> share(0.600366), share(0.0645), share(0.004), share(1.028)
    ('60 %', '6.5 %', '0.4 %', '103 %')
    """
    if MIN_WHOLE <= value < MIN_ROUNDED:
        return f"{plain(100 * value, 2)} %"
    if MIN_WHOLE <= value <= 1 - MIN_WHOLE or value > 1:
        return f"{100 * value:.0f} %"
    return percent(value)


def duration_of(minutes: float) -> str:
    """Return minutes in the unit that suits them.

    >>> duration_of(26.0), duration_of(576), duration_of(17459.7)
    ('26 minutes', '9.6 hours', '12.1 days')
    """
    if minutes < _FEW_MINUTES:
        few = plain(minutes, 2)
        return "1 minute" if few == "1" else f"{few} minutes"
    if minutes < _MANY_MINUTES:
        return f"{plain(round(minutes))} minutes"
    hours = minutes / 60
    return f"{plain(round(hours, 1))} hours" if hours < _MANY_HOURS else f"{plain(round(hours / 24, 1))} days"


_FEW_MINUTES, _MANY_MINUTES, _MANY_HOURS = 10, 90, 48
"""Minutes below which tenths are shown, minutes from which hours are, and hours from which days are."""


def ids_of(value: str | Sequence[str]) -> list[str]:
    """Return the ids of a slot that has one or several."""
    return [value] if isinstance(value, str) else list(value)
