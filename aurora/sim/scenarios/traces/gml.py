"""Reads the Graph Modelling Language (Himsolt 1997): keys with numbers, texts, and lists of keys in brackets.

An own reader of 100 lines, as a file's mistakes must be told by line, several edges between two nodes are usual whether
or not the file says `multigraph`, and a file must not decide how much memory its reading takes.
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
"""Fields of a node or an edge; lists within it are left out, and of a field that comes twice the first is kept."""

LINE = "line within the file"
"""A key, which no file can have, of the line at which a node or an edge begins."""
MOST_NODES, MOST_EDGES = 5_000, 50_000
MOST_BYTES = 32 << 20
WANTED = "a graph [ node [ id ] edge [ source target ] ] is expected"
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
        is_directed: Whether the file says so.
        nodes: Fields of each, in the file's order.
        edges: Fields of each.
    """

    is_directed: bool
    nodes: list[Record]
    edges: list[Record]


def read_graph(path: Path) -> Graph:
    """Read the first graph of a file: UTF-8, UTF-16, or Latin-1 as the format's author meant it.

    Raises:
        DataError: It is not GML, or larger than `MOST_NODES`, `MOST_EDGES`, `MOST_BYTES`.
    """
    text = read_text(path, limit=MOST_BYTES, undecodable="latin-1")
    if text.lstrip().startswith("<"):
        raise DataError(f"{path} is XML, such as GraphML; save the graph as GML ({WANTED})")
    tokens = _tokens(path, text)
    for key, kind, _, _ in _pairs(path, tokens, is_top=True):
        if key == "graph" and kind == "open":
            return _graph(path, tokens)
        if kind == "open":
            _fields(path, tokens, 1)
    raise DataError(f"{path} is not valid GML: it has no graph; {WANTED}")


_Token = tuple[str, str, int]


def _tokens(path: Path, text: str) -> Iterator[_Token]:
    """Kind, text and line of each token."""
    place, line = 0, 1
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise DataError(f"{path}, line {line}: is not valid GML: {text[place : place + 40]!r}; {WANTED}")
        kind, token = found.lastgroup, found.group()
        if kind not in (None, "line", "comment"):
            yield str(kind), token, line
        line += token.count("\n")
        place = found.end()
    yield "end", "", line


def _pairs(path: Path, tokens: Iterator[_Token], *, is_top: bool = False) -> Iterator[tuple[str, str, str, int]]:
    """Each key with the kind, text and line of its value, up to the bracket that ends them.

    A key of the format's own is in lower case. What is in the brackets of a value of kind `open` must be read before
    the next pair.
    """
    for kind, key, line in tokens:
        if kind == "end" and is_top:
            return
        if kind == "close" and not is_top:
            return
        if kind == "end":
            raise DataError(f"{path}, line {line}: is not valid GML: the file ends early; fetch it again")
        if kind != "key":
            raise DataError(f"{path}, line {line}: is not valid GML: {key[:40]!r} where a key should be; {WANTED}")
        of, text, where = next(tokens)
        if of in ("close", "end"):
            raise DataError(f"{path}, line {where}: is not valid GML: {key[:40]!r} has no value; {WANTED}")
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
                records.append(record | {LINE: line})
                if len(records) > most:
                    raise DataError(f"{path} has more than {most} {name}s, the most that can be read")
    return Graph(is_directed, nodes, edges)


def _fields(path: Path, tokens: Iterator[_Token], depth: int) -> Record:
    """The fields up to the bracket that ends them."""
    if depth > MAX_DEPTH:
        raise DataError(f"{path} is not valid GML: more than {MAX_DEPTH} brackets within each other; {WANTED}")
    found: Record = {}
    for key, kind, text, _ in _pairs(path, tokens):
        if kind == "open":
            _fields(path, tokens, depth + 1)
        else:
            found.setdefault(key, _value(kind, text))
    return found


def _value(kind: str, text: str) -> Value:
    if kind == "text":
        return html.unescape(text[1:-1]).strip()
    if kind == "key":  # a word without quotes, as some tools write it
        return text
    is_whole = text.lstrip("+-").isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_whole else float(text)
