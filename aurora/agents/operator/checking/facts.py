"""Facts of evidence: every number, text and list of a tool's result, with whom it is about and what it is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aurora.agents.explain.telling.quantities import Amount

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:/@+-]*[A-Za-z0-9])?")
WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_UNITS = frozenset({"KiB", "MiB", "GiB", "TiB"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a result.

    Attributes:
        amount: Value and dimension.
        tokens: Words of its path: keys, the resource, the tool.
        owners: Names that it is about; empty: the whole.
        where: Path within the row that it belongs to, path of that row's list, and the name of the row.
        is_length: True: it is the length of a list.
        said: The text that it stands in, in lower case; "": none.
        key: Words of what is counted: its own key, or the words around it in a text.
        is_top: True: it belongs to no row of a list, but to the result as a whole.
        item: List and place of its row, where the row has no name; "": it has one, or there is no list.
        path: Keys and positions that lead to it in the result's JSON; empty: it follows from several values.
        span: Its characters in the text at `path`; None: the value there is the number itself.
    """

    amount: Amount
    tokens: frozenset[str]
    owners: frozenset[str]
    where: tuple[str, str, str] = ("", "", "")
    is_length: bool = False
    said: str = ""
    key: frozenset[str] = frozenset()
    is_top: bool = False
    item: str = ""
    path: tuple[str | int, ...] = field(default=(), compare=False)
    span: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Trend:
    """A change from before to after: words of its path, whom it is about, and the signed change."""

    tokens: frozenset[str]
    owners: frozenset[str]
    change: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a result; see `Figure`."""

    text: str
    tokens: frozenset[str]
    owners: frozenset[str]
    is_reason: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of a result.

    Attributes:
        tokens: Words of its path.
        owners: Names that it is about.
        members: Names in it.
        size: Its length.
        is_whole: False: the result says that there are more.
        order: Order that was asked for, such as `fullest`; "": none.
        key: Words of its own key.
    """

    tokens: frozenset[str]
    owners: frozenset[str]
    members: tuple[str, ...]
    size: int
    is_whole: bool = True
    order: str = ""
    key: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """A row: what it is about, all names in it, and its values by column."""

    name: str
    names: frozenset[str]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A list of a result.

    Attributes:
        kind: Field that identifies its rows, such as node_id; "": none.
        words: Words of its key.
        rows: Its rows.
        is_whole: False: the result says that there are more rows.
    """

    kind: str
    words: frozenset[str]
    rows: tuple[Row, ...]
    is_whole: bool


@dataclass(frozen=True)
class Cell:
    """A number of a record: its value, its dimension, and the concepts of its name."""

    value: float
    dimension: str
    words: frozenset[str]


@dataclass(frozen=True)
class Record:
    """What evidence has of a thing.

    Attributes:
        name: Its name; "": none, as a result as a whole.
        kind: Field that names it, such as node_id.
        names: Its name, and those of its zone, workload, node and container.
        cells: Its numbers.
        states: Its states, such as pending or cordoned, and whether it has each.
        texts: Its texts, in lower case.
        lists: Its lists of words, by the concepts of their names.
        topic: Concepts that need no support where it is cited.
        is_effect: True: it is a measure before and after a plan.
    """

    name: str
    kind: str
    names: frozenset[str] = frozenset()
    cells: tuple[Cell, ...] = ()
    states: Mapping[str, bool] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    lists: Mapping[frozenset[str], tuple[str, ...]] = field(default_factory=dict)
    topic: frozenset[str] = frozenset()
    is_effect: bool = False


@dataclass(frozen=True)
class Group:
    """Records of one list.

    Attributes:
        kind: Field that names them; "": none.
        words: Concepts of the list's name and of what was asked for.
        records: Its records.
        is_whole: False: the result says that there are more.
        order: Order that was asked for; "": none.
        total: How many there are in all.
    """

    kind: str
    words: frozenset[str]
    records: tuple[Record, ...]
    is_whole: bool
    order: str
    total: int


@dataclass
class Facts:
    """What a sentence may rest on.

    Attributes:
        figures, texts, listings: Facts of the evidence.
        names: Names that occur in it.
        kinds: Name -> key that it was given by, such as node_id.
        words: Words of its keys and of AURORA's own texts, in lower case.
        nulls: Words of the paths of values that are not known.
        flags: Words of a path, owners, and the value, of what is true or false.
        goes_to, comes_from: Task -> nodes that it is put on, or leaves.
        trends: Changes from before to after.
        tables: Lists of rows.
        wholes, groups: Each result as a whole, and its lists as records.
        raw: Everything as one text.
    """

    figures: list[Figure] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    nulls: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    flags: list[tuple[frozenset[str], frozenset[str], bool]] = field(default_factory=list)
    goes_to: dict[str, set[str]] = field(default_factory=dict)
    comes_from: dict[str, set[str]] = field(default_factory=dict)
    trends: list[Trend] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    wholes: list[Record] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    raw: str = ""

    @property
    def owners(self) -> frozenset[str]:
        """Names that anything is about."""
        return frozenset().union(*(f.owners for f in self.figures), *(t.owners for t in self.texts))

    @property
    def reasons(self) -> str:
        """All texts that carry reasons, in lower case."""
        return " ".join(t.text for t in self.texts if t.is_reason).casefold()


def rows_of(facts: Facts) -> Iterator[tuple[str, str, str, Figure]]:
    """Yield each number of a listed row: path of the list, path within the row, name of the row, the number."""
    for figure in facts.figures:
        row, listed, name = figure.where
        if listed and name and not figure.is_length:
            yield listed, row, name, figure


@lru_cache(maxsize=4096)
def tokens_of(key: str) -> frozenset[str]:
    """Return the words of a key, in lower case."""
    return frozenset(t for t in re.split(r"[^a-z0-9]+", key.casefold()) if t)


def looks_like_name(token: str) -> bool:
    """Return whether a token looks like a name of something rather than a word or a number."""
    if token in _UNITS:
        return False
    if re.fullmatch(r"[A-Za-z]+(?:'[a-z]+)?", token):
        return not (token.islower() or token.istitle() or token.isupper())
    if re.fullmatch(r"[-+]?[\d.,:]+(?:[a-zA-Z%]{1,6})?", token):
        return False
    has_digit, has_letter = any(c.isdigit() for c in token), any(c.isalpha() for c in token)
    if has_digit and has_letter:
        return True
    return any(c in token for c in "/_@:.") or "--" in token
