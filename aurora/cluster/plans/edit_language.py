"""The language in which changes are asked for: the options of `aurora plan new` and `edit`, and `/plan edit` of chats.

Such as `--move shop/web-1=node-a3 --scale shop/Deployment/web=5 --cordon node-b1`, or
`--resize shop/Deployment/web:web:requests.cpu=200m,limits.memory=none`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from aurora.cluster.kubernetes_quantities import NANO, parse_quantity
from aurora.cluster.plans.asks import FIELDS_OF_SIZES, MAX_SIZE, Ask
from aurora.cluster.plans.making import MAX_CHANGES
from aurora.cluster.resources import IN_GIB
from aurora.errors import DataError, InputError

EditKind = Literal["cordon", "uncordon", "scale", "resize", "move"]
KINDS: tuple[EditKind, ...] = get_args(EditKind)
"""Kinds of changes, in the order of their application."""
RESIZE = "WORKLOAD:CONTAINER:requests.cpu=0.5,limits.memory=2"
SCALE = "WORKLOAD=REPLICAS"
MOVE = "TASK=NODE"
USAGE = "/plan edit [ID] 2,5, or with --drop, --move, --scale, --resize, --cordon, --uncordon as in aurora plan edit"
MAX_REPLICAS = 100_000
MAX_QUOTED = 60
"""Most characters of a text that a message repeats."""
_PLAN = re.compile(r"[0-9a-f]{6,64}", re.IGNORECASE)
_NUMBERS = re.compile(r"[\d,\s-]+")


class Edit(NamedTuple):
    """What is to be otherwise in a plan.

    Attributes:
        plan_id: The plan; "": the one that is asked about, or the newest.
        without: Numbers of changes to leave out, from 1.
        asks: Changes in place of its own ones of the same matter, or at the end.
    """

    plan_id: str
    without: tuple[int, ...]
    asks: tuple[Ask, ...]


def parse_edit(text: str) -> Edit:
    """Parse what follows `/plan edit`.

    Args:
        text: Such as `1a2b3c 2,5` or `--drop 2 --move shop/web-1=node-a3`.

    Raises:
        InputError: It has another form.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"{error}; write {USAGE}") from None
    first = next((k for k, word in enumerate(words) if word.startswith("--")), len(words))
    plain = words[:first]
    is_plan = bool(plain) and _PLAN.fullmatch(plain[0]) is not None and (len(plain) > 1 or first < len(words))
    plan_id = plain.pop(0) if is_plan else ""
    drops: list[str] = []
    if plain:
        drops.append(",".join(w.strip(",") for w in plain))
        if not _NUMBERS.fullmatch(drops[0]):
            raise InputError(f"write {USAGE}")
    texts: dict[EditKind, list[str]] = {kind: [] for kind in KINDS}
    options = iter(words[first:])
    for word in options:
        name, _, value = word.removeprefix("--").partition("=")
        kept = drops if name == "drop" else next((texts[k] for k in KINDS if k == name), None)
        if kept is None or not word.startswith("--"):
            raise InputError(f"there is no {word}; write {USAGE}")
        value = value or next(options, "")
        if not value:
            raise InputError(f"--{name} needs a value; write {USAGE}")
        kept.append(value)
    if not drops and not any(texts.values()):
        raise InputError(f"say what to change: {USAGE}")
    return Edit(plan_id, tuple(n for drop in drops for n in parse_numbers(drop)), parse_asks(texts))


def parse_numbers(text: str) -> list[int]:
    """Return the numbers of changes in `2`, `1-3` or `1,3`.

    Raises:
        InputError: It is none of these, or a number is not from 1 to the most changes of a plan.
    """
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        ends = [first, last if dash else first]
        if not all(e.isascii() and e.isdigit() for e in ends):
            message = f"{_quoted(text)}: write one number like 2, a range like 1-3 or a list like 1,3"
            raise InputError(message, parameter="drop")
        low, high = (int(e[:MAX_QUOTED]) for e in ends)
        if not 1 <= low <= high <= MAX_CHANGES or len(numbers) + high - low >= MAX_CHANGES:
            message = f"{_quoted(part)}: there are numbers 1 to {MAX_CHANGES}, least first"
            raise InputError(message, parameter="drop")
        numbers += range(low, high + 1)
    return numbers


def parse_asks(texts: Mapping[EditKind, Sequence[str]]) -> tuple[Ask, ...]:
    """Return what texts ask for, in the order of its application.

    Args:
        texts: Texts of each kind of change, such as `{"scale": ["shop/Deployment/web=5"]}`.

    Raises:
        InputError: A text has another form; `parameter` is its kind.
    """
    return tuple(_parsed(kind, text) for kind in KINDS for text in texts.get(kind, ()))


def _parsed(kind: EditKind, text: str) -> Ask:
    match kind:
        case "scale":
            return _scale(text)
        case "resize":
            return _resize(text)
        case "move":
            task, node = sides(text, "move", MOVE)
            return Ask("move", task, node=node)
        case _:
            return Ask(kind, text)


def sides(text: str, parameter: str, form: str) -> tuple[str, str]:
    """Return the two sides of a text such as `shop/Deployment/web=5`.

    Args:
        text: The text.
        parameter: What it was given for.
        form: How it is written, for the message.

    Raises:
        InputError: It has no `=`, or nothing on a side of it.
    """
    name, _, value = text.rpartition("=")
    if not name or not value:
        raise InputError(f"{_quoted(text)}: write {form}", parameter=parameter)
    return name, value


def _scale(text: str) -> Ask:
    workload, replicas = sides(text, "scale", SCALE)
    if not (replicas.isascii() and replicas.isdigit()) or int(replicas[:9]) > MAX_REPLICAS:
        message = f"{_quoted(replicas)}: write a number of replicas, at most {MAX_REPLICAS:,}"
        raise InputError(message, parameter="scale")
    return Ask("scale", workload, replicas=int(replicas))


def _resize(text: str) -> Ask:
    workload, _, rest = text.partition(":")
    container, colon, sizes = rest.partition(":")
    if not colon and "=" in rest:
        container, sizes = "", rest
    elif not container:
        sizes = ""
    if not workload or not sizes:
        raise InputError(f"{_quoted(text)}: write {RESIZE}", parameter="resize")
    amounts: dict[str, float | None] = {}
    for part in sizes.split(","):
        place, value = sides(part, "resize", RESIZE)
        field, _, resource = place.partition(".")
        if field not in FIELDS_OF_SIZES or not resource:
            message = f"{_quoted(place)}: write requests.RESOURCE or limits.RESOURCE"
            raise InputError(message, parameter="resize")
        amounts[place] = None if value == "none" else _amount(value, resource)
    return Ask("resize", workload, container=container, sizes=amounts)


def _amount(text: str, resource: str) -> float:
    """Return cores, GiB or a number of things, of a number or a quantity of Kubernetes."""
    try:
        value = float(text)
    except ValueError:
        try:
            value = parse_quantity(text) / NANO / (2**30 if resource in IN_GIB else 1)
        except DataError:
            value = -1.0
    if not 0 <= value <= MAX_SIZE:
        message = f"{_quoted(text)}: write cores or GiB, such as 0.5, a quantity such as 200m, or none"
        raise InputError(message, parameter="resize")
    return value


def _quoted(text: str) -> str:
    quoted = repr(text[:MAX_QUOTED])
    return quoted if len(text) <= MAX_QUOTED else f"{quoted}... ({len(text):,} characters)"
