"""Parses what Slurm writes in fields: lists of hosts, memory, durations, times, generic resources, constraints."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from aurora.cluster.resources import GPU
from aurora.cluster.snapshot import Requirement, Term

MAX_HOSTS = 100_000
"""Most hosts of one list, and most tasks of one array."""
MAX_TERMS = 64
"""Most alternatives of a constraint."""
UNSET = ("", "(null)", "null", "n/a", "none", "unknown", "not_set", "not set", "(none)")
"""Words for nothing."""
PARTITION, FEATURE = "partition.slurm/", "feature.slurm/"
"""Start of the labels for a node's partitions and features; their value is `true`."""

_RANGES = re.compile(r"\[([^\[\]]*)\]")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)([KMGTP]?)B?([cn]?)", re.IGNORECASE)
_GRES = re.compile(
    r"(?:gres[/:])?([A-Za-z_][\w.-]*)(?::([A-Za-z_][\w.-]*|\d+[a-z_][\w.-]*))?(?:[:=](\d+)([kmgtp]?))?", re.I
)
_FACTORS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_DURATION = re.compile(r"(?:(\d{1,6})-)?(\d{1,6})(?::(\d{1,2}))?(?::(\d{1,2}))?(?:\.\d+)?")


class Gres(NamedTuple):
    """A generic resource.

    Attributes:
        name: Name, such as `gpu`.
        model: Type, such as `a100`; None where it is not said.
        amount: How many.
    """

    name: str
    model: str | None
    amount: float

    @property
    def resource(self) -> str:
        """Name of the resource in a snapshot."""
        return GPU if self.name == "gpu" else f"gres/{self.name}"


def is_set(text: str | None) -> bool:
    """Return whether a field says something."""
    return text is not None and text.strip().lower() not in UNSET


def hosts(text: str) -> list[str]:
    """Return the hosts of a list with ranges, up to `MAX_HOSTS`.

    Raises:
        ValueError: It is no such list, or too long.

    Example:
        >>> hosts("n[001-003,007],gpu1")
        ['n001', 'n002', 'n003', 'n007', 'gpu1']
        >>> hosts("r[1-2]n[1-2]")
        ['r1n1', 'r1n2', 'r2n1', 'r2n2']
    """
    found: list[str] = []
    for part in _parts(text):
        found += itertools.islice(_expanded(part), MAX_HOSTS + 1 - len(found))
        if len(found) > MAX_HOSTS:
            raise ValueError(f"more than {MAX_HOSTS:,} hosts")
    return found


def _parts(text: str) -> Iterator[str]:
    """Yield the parts between commas that stand outside brackets."""
    depth, start = 0, 0
    for k, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            yield text[start:k].strip()
            start = k + 1
    if depth:
        raise ValueError("a bracket is not closed")
    if text[start:].strip():
        yield text[start:].strip()


def _expanded(part: str) -> Iterator[str]:
    pieces = _RANGES.split(part)  # text and the inside of brackets, in turn
    choices = [list(numbers(p)) if k % 2 else [p] for k, p in enumerate(pieces)]
    return ("".join(chosen) for chosen in itertools.product(*choices))


def numbers(text: str) -> Iterator[str]:
    """Yield the numbers of a list of ranges, with leading zeros as they stand.

    Raises:
        ValueError: It is no such list, or too long.

    Example:
        >>> list(numbers("08-10,12,1-5:2"))
        ['08', '09', '10', '12', '1', '3', '5']
    """
    for part in text.split(","):
        bounds, _, step = part.strip().partition(":")
        first, dash, last = bounds.partition("-")
        if not (first.isascii() and first.isdigit()) or (dash and not (last.isascii() and last.isdigit())):
            raise ValueError(f"{part[:40]!r} is no range of numbers")
        low, high, stride = int(first[:9]), int((last if dash else first)[:9]), int(step[:9]) if step.isdigit() else 1
        if high - low > MAX_HOSTS * max(1, stride):
            raise ValueError(f"{part[:40]!r} has more than {MAX_HOSTS:,} members")
        for value in range(low, high + 1, max(1, stride)):
            yield str(value).zfill(len(first))


def memory(text: str) -> tuple[float, str]:
    """Return GiB and what they are for: `c` of each core, `n` of each node, "" where it is not said.

    A number without a unit is in MiB.

    Raises:
        ValueError: It is no amount of memory.

    Example:
        >>> memory("4Gc"), memory("2048"), memory("1.5T")
        ((4.0, 'c'), (2.0, ''), (1536.0, ''))
    """
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is no amount of memory; it is written as 4G, 16000M, 4Gc or 16Gn")
    factor = _FACTORS[match[2].lower() or "m"]
    return float(match[1]) * factor / 2**30, match[3].lower()


def duration(text: str) -> float | None:
    """Return seconds of `1-02:03:04`, `02:03:04`, `30:00`, `90` (minutes) or `2-12`; None for no limit.

    Raises:
        ValueError: It is no duration.

    Example:
        >>> duration("1-02:03:04"), duration("30:00"), duration("UNLIMITED"), duration("90")
        (93784.0, 1800.0, None, 5400.0)
    """
    text = text.strip()
    if text.lower() in ("unlimited", "infinite", "infinity", "partition_limit", "invalid") or not is_set(text):
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is no duration; it is written as 1-02:03:04, 02:03:04 or 30:00")
    days, *rest = (None if g is None else int(g) for g in match.groups())
    given = [g for g in rest if g is not None]
    if days is not None:  # hours first
        hours, minutes, seconds = (*given, 0, 0)[:3]
    elif len(given) == 3:  # noqa: PLR2004  # hours, minutes, seconds
        hours, minutes, seconds = given
    else:  # minutes first
        hours, (minutes, seconds) = 0, (*given, 0)[:2]
    return float((days or 0) * 86_400 + hours * 3600 + minutes * 60 + seconds)


def moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return a time such as 2026-06-15T13:20:00; None for an unknown one.

    Args:
        text: The time as Slurm writes it.
        zone: Time zone of a time that names none. Of an hour that occurs twice, the first is taken.

    Raises:
        ValueError: It is no time.
    """
    if not is_set(text):
        return None
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time; it is written as 2026-06-15T13:20:00") from None
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def gres(text: str) -> list[Gres]:
    """Return generic resources; unreadable parts raise an error.

    Raises:
        ValueError: A part is no generic resource.

    Example:
        >>> gres("gpu:a100:4(S:0-1),shard:8")
        [Gres(name='gpu', model='a100', amount=4.0), Gres(name='shard', model=None, amount=8.0)]
        >>> gres("gres/gpu=2"), gres("gres:gpu")
        ([Gres(name='gpu', model=None, amount=2.0)], [Gres(name='gpu', model=None, amount=1.0)])
    """
    found = []
    for part in re.sub(r"\([^()]*\)", "", text).split(","):
        if not is_set(part):
            continue
        match = _GRES.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{part[:40]!r} is no generic resource; it is written as gpu:a100:4 or gres/gpu=2")
        amount = float(match[3]) * _FACTORS[match[4].lower()] if match[3] else 1.0
        found.append(Gres(match[1].lower(), match[2], amount))
    return found


def tres(text: str) -> tuple[dict[str, float], str | None]:
    """Return trackable resources (cores, GiB, devices, and `node`), and the model of the devices where it is said.

    Raises:
        ValueError: A part is no such resource.

    Example:
        >>> tres("cpu=64,mem=256G,node=2,billing=64,gres/gpu=8,gres/gpu:a100=8")
        ({'cpu': 64.0, 'memory': 256.0, 'node': 2.0, 'nvidia.com/gpu': 8.0}, 'a100')
    """
    found: dict[str, float] = {}
    model: str | None = None
    for part in text.split(",") if is_set(text) else ():
        name, equals, value = part.strip().partition("=")
        if not equals:
            raise ValueError(f"{part[:40]!r} is no trackable resource; it is written as cpu=4")
        if name == "mem":
            found["memory"] = memory(value)[0]
        elif name in ("cpu", "node"):
            found[name] = _count(value)
        elif name.startswith("gres/"):
            kind, _, of_model = name.removeprefix("gres/").partition(":")
            resource = Gres(kind, None, 0).resource
            found[resource] = max(found.get(resource, 0.0), _count(value))
            model = of_model or model if kind == "gpu" else model
    return found, model


def _count(text: str) -> float:
    match = re.fullmatch(r"(\d{1,15})([KMGTP]?)", text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"{text[:40]!r} is no number")
    return float(match[1]) * _FACTORS[match[2].lower()]


class Constraint(NamedTuple):
    """Features that a job asks of its nodes.

    Attributes:
        terms: One of these must hold.
        counts: Whether some features are asked of a number of its nodes only.
        matching: Whether all of its nodes must have the same of some features.
    """

    terms: tuple[Term, ...]
    counts: bool = False
    matching: bool = False


def constraint(text: str) -> Constraint:
    """Return the alternatives of a constraint.

    Raises:
        ValueError: It is no constraint, or has more than `MAX_TERMS` alternatives.

    Example:
        >>> [[r.key for r in term] for term in constraint("ib&(a100|h100)").terms]
        [['feature.slurm/ib', 'feature.slurm/a100'], ['feature.slurm/ib', 'feature.slurm/h100']]
    """
    tokens = re.findall(r"[A-Za-z0-9_.:/+=-]+|\*\s*\d+|[&|,()\[\]!]", text)
    if "".join(tokens).replace(" ", "") != re.sub(r"\s", "", text):
        raise ValueError(f"{text[:40]!r} is no constraint; it is written as a100|h100, ib&zen3")
    kept = [t for t in tokens if not t.startswith("*")]
    alternatives, rest = _either(kept)
    if rest:
        raise ValueError(f"{text[:40]!r}: {rest[0]!r} is not expected there")
    return Constraint(tuple(alternatives), len(kept) < len(tokens), "[" in tokens)


def _either(tokens: list[str]) -> tuple[list[Term], list[str]]:
    terms, rest = _both(tokens)
    while rest and rest[0] == "|":
        more, rest = _both(rest[1:])
        terms += more
    return terms, rest


def _both(tokens: list[str]) -> tuple[list[Term], list[str]]:
    terms, rest = _one(tokens)
    while rest and rest[0] in "&,":
        more, rest = _one(rest[1:])
        terms = [a + b for a in terms for b in more]
        if len(terms) > MAX_TERMS:
            raise ValueError(f"more than {MAX_TERMS} alternatives")
    return terms, rest


def _one(tokens: list[str]) -> tuple[list[Term], list[str]]:
    if not tokens or tokens[0] in "&|,)]":
        raise ValueError("a feature is expected")
    if tokens[0] in "([":
        terms, rest = _either(tokens[1:])
        if not rest or rest[0] not in ")]":
            raise ValueError("a parenthesis is not closed")
        return terms, rest[1:]
    if tokens[0] == "!":
        if len(tokens) == 1 or tokens[1] in "&|,()[]!":
            raise ValueError("a feature is expected")
        return [(Requirement(key=FEATURE + tokens[1], operator="DoesNotExist"),)], tokens[2:]
    return [(Requirement(key=FEATURE + tokens[0], operator="Exists"),)], tokens[1:]
