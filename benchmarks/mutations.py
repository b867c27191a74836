"""Mutations of valid files: of their bytes, of their JSON values, of their cells."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

NUMBERS = (
    *("0", "-1", "1e308", "-1e308", "5e-324", "1e-9", "1e15", "99999999999999999999", "9" * 40, "NaN", "Infinity"),
    *("-Infinity", "0.1", "2147483648", "9007199254740993", "1e999", "0x10", "1_000", "१२", "-0", "00012"),
)
TEXTS = (
    "",
    " ",
    "é",
    "\x00",
    "\x1b[2J",
    "\u2028",
    "a" * 5000,
    "null",
    "true",
    "=1+1",
    "../../x",
    "\ufeff",
    "\ud7ff",
    "{}",
)
_BYTES = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b'"', b"[", b"{", b",", b";", b"\t", b"\x80", b"'")


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Return a file with one to three things changed."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = rng.choice(_KINDS)(content, rng)
    return content[: 8 << 20]


def _flipped(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content or b"x")
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _without(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.randint(1, 200) :]


def _doubled(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    end = min(len(content), start + rng.choice((1, 20, 400, 5000)))
    return content[:end] + content[start:end] * rng.choice((1, 1, 2, 50)) + content[end:]


def _inserted(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + rng.choice(_BYTES) * rng.choice((1, 1, 2, 1000)) + content[start:]


def _renumbered(content: bytes, rng: random.Random) -> bytes:
    """A run of digits becomes another number."""
    spans, start = [], None
    for place, byte in enumerate(content[:200_000]):
        if chr(byte) in "0123456789.":
            start = place if start is None else start
        elif start is not None:
            spans.append((start, place))
            start = None
    if not spans:
        return content
    first, last = rng.choice(spans)
    return content[:first] + rng.choice(NUMBERS).encode() + content[last:]


def _reordered(content: bytes, rng: random.Random) -> bytes:
    """Two lines, or two cells of a line, change places."""
    lines = content.split(b"\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    if rng.random() < 0.5:  # a fair coin
        lines[a], lines[b] = lines[b], lines[a]
        return b"\n".join(lines)
    cells = lines[a].split(b",")
    c, d = rng.randrange(len(cells)), rng.randrange(len(cells))
    cells[c], cells[d] = cells[d], cells[c]
    lines[a] = b",".join(cells)
    return b"\n".join(lines)


def _reencoded(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "utf-16-le", "latin-1", "utf-32", "utf-8-sig", "cp1252")), "replace")


def _packed(content: bytes, rng: random.Random) -> bytes:
    return gzip.compress(content + b" " * rng.choice((0, 0, 1 << 20)), 1)


def _unpacked(content: bytes, rng: random.Random) -> bytes:
    """What is packed is changed within."""
    try:
        inside = gzip.decompress(content)
    except (OSError, EOFError, ValueError):
        return _flipped(content, rng)
    except Exception:  # zlib's own
        return content
    return gzip.compress(mutated(inside, rng), 1)


def _revalued(content: bytes, rng: random.Random) -> bytes:
    """A value of a JSON document becomes another, moves, goes, or is nested."""
    lines = content.split(b"\n")
    number = (
        rng.randrange(len(lines)) if len(lines) > 1 and lines[0].startswith(b"{") and lines[0].endswith(b"}") else -1
    )
    try:
        data = json.loads(content if number < 0 else lines[number])
    except (ValueError, RecursionError):
        return _renumbered(content, rng)
    places = list(_places(data))
    if not places:
        return content
    parent, key = rng.choice(places)
    what = rng.randrange(6)
    if what == 0:
        parent[key] = rng.choice((None, True, False, [], {}, [None], {"a": 1}, [[1]]))
    elif what == 1:
        parent[key] = rng.choice(TEXTS)
    elif what == 2:
        other, name = rng.choice(places)
        parent[key], other[name] = other[name], parent[key]
    elif what == 3 and isinstance(parent, dict):
        parent[rng.choice(TEXTS)] = parent.pop(key)
    elif what == 4 and isinstance(parent, dict):
        del parent[key]
    else:
        parent[key] = "@@@"
    try:
        told = json.dumps(data)
    except (ValueError, RecursionError):
        return content
    depth = rng.choice((3, 200, 100_000))
    told = told.replace('"@@@"', rng.choice((*NUMBERS, "[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth)))
    changed = told.encode("utf-8", "surrogatepass")
    if number < 0:
        return changed
    lines[number] = changed
    return b"\n".join(lines)


def _places(data: Any, depth: int = 0) -> Any:
    if depth > 50:
        return
    pairs = list(data.items()) if isinstance(data, dict) else list(enumerate(data)) if isinstance(data, list) else []
    for key, value in pairs[:300]:
        yield data, key
        yield from _places(value, depth + 1)


_KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_flipped, _cut, _without, _doubled, _inserted, _renumbered, _renumbered, _reordered, _reencoded, _packed),
    *(_unpacked, _revalued, _revalued, _revalued, _revalued),
)
