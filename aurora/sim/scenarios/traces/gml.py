"""Reads the Graph Modelling Language (Himsolt 1997): keys with numbers, texts, and lists of keys in brackets.

This reader reports the line of an error, and bounds the memory that a file takes. It accepts several edges between two
nodes whether or not the file says `multigraph`, as they are usual.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aurora.errors import DataError
from aurora.reading import MAX_DEPTH, read_text

Value = str | int | float
Record = dict[str, Value]
"""Fields of a node or an edge, without nested lists; of a repeated field, the first value."""

LINE_KEY = "line within the file"
"""Key of the line at which a node or an edge begins; no file can have this key."""
MOST_NODES, MOST_EDGES = 5_000, 50_000
MOST_BYTES = 32 << 20
GML_FORM = "a graph [ node [ id ] edge [ source target ] ] is expected"
_TOKEN = re.compile(
    r"""[ \t\r\f\v\ufeff]+ | (?P<line>\n) | (?P<comment>\#[^\n]*) | (?P<open>\[) | (?P<close>\])
      | (?P<text>"[^"]*") | (?P<key>[A-Za-z_][\w.-]*)
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))""",
    re.VERBOSE,
)
_OWN = frozenset(("graph", "directed", "node", "edge", "id", "label", "source", "target"))
_MOST_DIGITS = 30


class Graph(NamedTuple):
    """The graph of a file.

    Attributes:
        is_directed: True if the file says so.
        nodes: Fields of each node, in the file's order.
        edges: Fields of each edge, likewise.
    """

    is_directed: bool
    nodes: list[Record]
    edges: list[Record]


def read_graph(path: Path) -> Graph:
    """Read the first graph of a file in UTF-8, UTF-16 or Latin-1, the format's original encoding.

    Raises:
        DataError: It is not GML, or larger than `MOST_NODES`, `MOST_EDGES`, `MOST_BYTES`.
    """
    text = read_text(path, limit=MOST_BYTES, undecodable="latin-1")
    if text.lstrip().startswith("<"):
        raise DataError(f"{path} is XML, such as GraphML; save the graph as GML ({GML_FORM})")
    tokens = _tokens(path, text)
    for key, kind, _, _ in _pairs(path, tokens, is_top=True):
        if key == "graph" and kind == "open":
            return _graph(path, tokens)
        if kind == "open":
            _fields(path, tokens, 1)
    raise DataError(f"{path} is not valid GML: it has no graph; {GML_FORM}")


_Token = tuple[str, str, int]


def _tokens(path: Path, text: str) -> Iterator[_Token]:
    """Yield the kind, text and line of each token."""
    place, line = 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise DataError(f"{path}, line {line}: is not valid GML: {text[place : place + 40]!r}; {GML_FORM}")
        kind, token = match.lastgroup, match.group()
        if kind not in (None, "line", "comment"):
            yield str(kind), token, line
        line += token.count("\n")
        place = match.end()
    yield "end", "", line


def _pairs(path: Path, tokens: Iterator[_Token], *, is_top: bool = False) -> Iterator[tuple[str, str, str, int]]:
    """Yield each key with the kind, text and line of its value, up to the closing bracket.

    Keys of the format itself are turned into lower case. The content of a value of kind `open` must be read before the
    next pair.
    """
    for kind, key, line in tokens:
        if kind == "end" and is_top:
            return
        if kind == "close" and not is_top:
            return
        if kind == "end":
            raise DataError(f"{path}, line {line}: is not valid GML: the file ends early; fetch it again")
        if kind != "key":
            raise DataError(f"{path}, line {line}: is not valid GML: {key[:40]!r} where a key should be; {GML_FORM}")
        of, text, where = next(tokens)
        if of in ("close", "end"):
            raise DataError(f"{path}, line {where}: is not valid GML: {key[:40]!r} has no value; {GML_FORM}")
        yield key.lower() if key.lower() in _OWN else key, of, text, where


def _graph(path: Path, tokens: Iterator[_Token]) -> Graph:
    is_directed = False
    nodes: list[Record] = []
    edges: list[Record] = []
    for key, kind, text, line in _pairs(path, tokens):
        if kind != "open":
            is_directed |= key == "directed" and text.strip('" ') == "1"
            continue
        record = _fields(path, tokens, 2)
        for name, records, most in (("node", nodes, MOST_NODES), ("edge", edges, MOST_EDGES)):
            if key == name:
                records.append(record | {LINE_KEY: line})
                if len(records) > most:
                    raise DataError(f"{path} has more than {most} {name}s, the most that can be read")
    return Graph(is_directed, nodes, edges)


def _fields(path: Path, tokens: Iterator[_Token], depth: int) -> Record:
    """Return the fields up to the closing bracket."""
    if depth > MAX_DEPTH:
        raise DataError(f"{path} is not valid GML: more than {MAX_DEPTH} brackets within each other; {GML_FORM}")
    record: Record = {}
    for key, kind, text, _ in _pairs(path, tokens):
        if kind == "open":
            _fields(path, tokens, depth + 1)
        else:
            record.setdefault(key, _value(kind, text))
    return record


def _value(kind: str, text: str) -> Value:
    if kind == "text":
        return html.unescape(text[1:-1]).strip()
    if kind == "key":  # a word without quotes, as some tools write it
        return text
    is_whole = text.lstrip("+-").isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_whole else float(text)
