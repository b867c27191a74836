"""Facts of evidence: every number, text and list of a tool's result, with whom it is about and what it is called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from aurora.agents.explain.telling.quantities import COUNT, UNITS, Amount, read
from aurora.tools.harness import Evidence
from aurora.tools.registry import TOOLS

REASONS = frozenset(
    "reason reasons summary never changes change because_of because conditions system_reason bound message messages "
    "text notes note remarks decision flip terms lacking waits waits_for maintenance risks constraints violations "
    "broken why claims explanation basis method error finding findings what_would_change".split()
)
"""Fields that carry reasons."""
FROM_OUTSIDE = frozenset({"system_reason", "labels", "taints", "annotations"})
"""Fields whose words come from outside: they are names and quotations, and license no word of a sentence."""
_ID_KEYS = re.compile(r"(?:^|_)(?:id|ids)$|^(?:zone|name|workload|policy|node|task|container|subject)$")
_OWNER_KEYS = re.compile(
    r"^(?:node_id|task_id|workload_id|policy_id|unique_id|plan_id|account_id|series_id|scenario_id|subject|container)$"
)
_MINUTE, _HOUR = 60.0, 3600.0
_UNITS = frozenset({"KiB", "MiB", "GiB", "TiB"})
_RESOURCES = {"cpu": "cores", "memory": "GiB", "ephemeral-storage": "GiB", "storage": "GiB"}
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:/@+-]*[A-Za-z0-9])?")
WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")


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
    """

    amount: Amount
    tokens: frozenset[str]
    owners: frozenset[str]
    where: tuple[str, str, str] = ("", "", "")
    is_length: bool = False
    said: str = ""
    key: frozenset[str] = frozenset()


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
    """

    tokens: frozenset[str]
    owners: frozenset[str]
    members: tuple[str, ...]
    size: int
    is_whole: bool = True
    order: str = ""


@dataclass
class Facts:
    """What a sentence may rest on.

    Attributes:
        figures, texts, listings: Facts of the evidence.
        names: Names that occur in it.
        words: Words of its keys and of AURORA's own texts, in lower case.
        nulls: Words of the paths of values that are not known.
        flags: Words of a path, owners, and the value, of what is true or false.
        raw: Everything as one text.
    """

    figures: list[Figure] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    nulls: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    flags: list[tuple[frozenset[str], frozenset[str], bool]] = field(default_factory=list)
    raw: str = ""

    @property
    def owners(self) -> frozenset[str]:
        """Names that anything is about."""
        return frozenset().union(*(f.owners for f in self.figures), *(t.owners for t in self.texts))

    @property
    def reasons(self) -> str:
        """All texts that carry reasons, in lower case."""
        return " ".join(t.text for t in self.texts if t.is_reason).casefold()


def facts_of(evidence: Sequence[Evidence]) -> Facts:
    """Return the facts of tool calls."""
    facts = Facts()
    for call in evidence:
        tool = _tokens(call.tool)
        facts.raw += f"\n{call.text}\n{json.dumps(call.arguments)}"
        arguments = _complete(call)
        facts.words |= tool | _chosen(arguments)
        _add_names(json.dumps(call.arguments), facts)
        order = str(arguments.get("order", "")) if isinstance(arguments, Mapping) else ""
        if call.outcome != "ok":
            _add_text(facts, call.text, frozenset({"error"}) | tool, frozenset(), is_reason=True)
            continue
        try:
            value = json.loads(call.text)
        except ValueError:
            _add_text(facts, call.text, tool, frozenset(), is_reason=True)
            continue
        _walk(facts, value, _Place(_chosen(arguments), frozenset(), "", "", order=order, tool=tool))
    _add_differences(facts)
    return facts


def _complete(call: Evidence) -> Any:
    """Return the arguments of a call with the defaults that it left to the tool."""
    if call.outcome != "ok" or call.tool not in TOOLS:
        return call.arguments
    try:
        return TOOLS[call.tool].arguments.model_validate(call.arguments).model_dump(mode="json")
    except ValidationError:
        return call.arguments


def _chosen(arguments: Any) -> frozenset[str]:
    """Return the words of a call's arguments that say what was asked for, such as the state of tasks."""
    if not isinstance(arguments, Mapping):
        return frozenset()
    return frozenset(str(arguments[k]) for k in ("state", "order", "metric", "resource") if k in arguments)


@dataclass(frozen=True, slots=True)
class _Place:
    tokens: frozenset[str]
    owners: frozenset[str]
    row: str
    listed: str
    key: str = ""
    resource: str = ""
    unit: str = ""
    is_reason: bool = False
    is_outside: bool = False
    all_owners: frozenset[str] = frozenset()
    order: str = ""
    main: str = ""
    tool: frozenset[str] = frozenset()

    def at(self, key: str, **changed: Any) -> _Place:
        return replace(
            self,
            tokens=self.tokens | _tokens(key),
            key=key,
            row=f"{self.row}.{key}",
            is_reason=self.is_reason or key in REASONS,
            is_outside=self.is_outside or key in FROM_OUTSIDE,
            **changed,
        )


def _walk(facts: Facts, value: Any, place: _Place) -> None:
    if isinstance(value, dict):
        _walk_row(facts, value, place)
    elif isinstance(value, list):
        members = [v if isinstance(v, str) else _owner(v) for v in value]
        length = Amount(float(len(value)), COUNT)
        facts.figures.append(Figure(length, place.tokens, place.owners, is_length=True, key=_tokens(place.key)))
        facts.listings.append(
            Listing(place.tokens, place.owners, tuple(m for m in members if m), len(value), order=place.order)
        )
        for item in value:
            resource = str(item.get("resource", "")) if isinstance(item, dict) else ""
            listed = place.listed if resource else f"{place.listed}{place.row}[]"
            row = f"{place.row}.{resource}" if resource else ""
            _walk(facts, item, replace(place, listed=listed, row=row))
    elif isinstance(value, bool):
        facts.flags.append((place.tokens, place.owners, value))
    elif isinstance(value, int | float):
        facts.figures.append(_figure(value, place))
    elif isinstance(value, str):
        _add_text(facts, value, place.tokens, place.all_owners | place.owners, place.is_reason, place.is_outside)
    elif value is None:
        facts.nulls.append((place.tokens, place.owners))


def _walk_row(facts: Facts, row: Mapping[str, Any], place: _Place) -> None:
    own = frozenset(str(v) for k, v in row.items() if _OWNER_KEYS.match(k) and isinstance(v, str) and v)
    if _is_placed_by_policy(row):
        own -= {str(row.get("policy_id"))}
    main = _owner(row)
    owners = frozenset({main, str(row.get("workload_id") or main)}) if main else place.owners
    changed: dict[str, Any] = {
        "owners": owners,
        "main": main or place.main,
        "all_owners": place.all_owners | place.owners | own,
    }
    if isinstance(row.get("resource"), str):
        changed |= {"resource": row["resource"], "tokens": place.tokens | _tokens(row["resource"])}
    if isinstance(row.get("unit"), str):
        changed["unit"] = row["unit"]
    here = replace(place, **changed)
    totals = [row[k] for k in ("count", "found", "compared", "total") if isinstance(row.get(k), int)]
    for key, value in row.items():
        facts.words |= _tokens(str(key))
        if _ID_KEYS.search(key) and isinstance(value, str):
            facts.names.add(value)
        before = len(facts.listings)
        if key in _RESOURCES or (here.key in ("requests", "limits", "used", "requested_share") and "/" in key):
            _walk(facts, value, here.at(key, resource=key))
        else:
            _walk(facts, value, here.at(key))
        more = row.get(f"more_{key}")
        if isinstance(value, list) and (any(t > len(value) for t in totals) or (isinstance(more, int) and more > 0)):
            facts.listings[before] = _with_more(facts.listings[before])


def _with_more(listing: Listing) -> Listing:
    return Listing(listing.tokens, listing.owners, listing.members, listing.size, False, listing.order)


def _owner(row: Any) -> str:
    """Return the name of what a row is about: its first identifying field."""
    if not isinstance(row, Mapping):
        return ""
    for key in ("task_id", "node_id", "workload_id", "unique_id", "policy_id", "plan_id", "account_id", "subject"):
        if isinstance(row.get(key), str) and row[key] and not (key == "policy_id" and _is_placed_by_policy(row)):
            return str(row[key])
    return ""


def _is_placed_by_policy(row: Mapping[str, Any]) -> bool:
    """Return whether a row is about a cluster, whose tasks a policy places, rather than about the policy."""
    return "before" in row and "after" in row


def _figure(value: float, place: _Place) -> Figure:
    more = place.tool if place.key in ("count", "found", "compared", "total") else frozenset()
    where = (place.row, place.listed, place.main)
    key = _tokens(place.key) | _tokens(place.resource) | more
    return Figure(_amount(value, place), place.tokens | more, place.owners, where, key=key)


def _amount(value: float, place: _Place) -> Amount:
    tokens = _tokens(place.key)
    resource = place.resource or next((r for r in _RESOURCES if r in tokens), "")
    if "share" in place.tokens or tokens & {"probability", "confidence", "load", "observed", "coverage", "percent"}:
        return Amount(float(value), "share")
    if tokens & {"price", "cost", "dollars", "money", "saving", "savings"} or "$" in place.unit:
        hourly = bool(tokens & {"hour", "hourly", "hours"}) or place.key.startswith("per_hour")
        return Amount(float(value), "$/h" if hourly or place.unit == "$/h" else "$")
    if place.key.startswith("per_hour"):
        return Amount(float(value), "$/h")
    for name, size in (("minutes", _MINUTE), ("hours", _HOUR), ("days", 24 * _HOUR), ("ms", 1e-3)):
        if name in tokens:
            return Amount(float(value) * size, "s")
    if tokens & {"seconds", "wait", "latency", "late", "duration", "step"}:
        return Amount(float(value), "s")
    if place.unit and place.unit in UNITS:
        return Amount(float(value), place.unit)
    if resource in _RESOURCES:
        return Amount(float(value), _RESOURCES[resource])
    if tokens & {"cores"}:
        return Amount(float(value), "cores")
    if tokens & {"gib"}:
        return Amount(float(value), "GiB")
    return Amount(float(value), COUNT if float(value).is_integer() else "")


def _add_text(
    facts: Facts,
    text: str,
    tokens: frozenset[str],
    owners: frozenset[str],
    is_reason: bool,
    is_outside: bool = False,
) -> None:
    facts.texts.append(Text(text, tokens, owners, is_reason))
    _add_names(text, facts)
    if not is_outside and (" " in text or text.isalpha()):
        facts.words |= {w.casefold() for w in WORD.findall(text)}
    if " " not in text and not text[:1].isdigit():
        return
    at = 0
    while at < len(text):
        found = None if at and (text[at - 1].isalnum() or text[at - 1] in "_-./:") else read(text, at)
        if found is None:
            at += 1
            continue
        quantity, at = found
        unit = quantity.unit
        dimension = next((d for d, units in UNITS.items() if unit and unit in units), COUNT)
        value = quantity.number * (UNITS[dimension].get(unit, 1.0) if unit else 1.0)
        if dimension in ("tasks", "links", "starts", "devices"):
            dimension = COUNT
        if dimension == COUNT and not float(value).is_integer():
            dimension = ""
        words = frozenset(w.casefold() for w in WORD.findall(_part(text, at)))
        amount = Amount(value, dimension)
        facts.figures.append(Figure(amount, tokens | words, owners, said=text.casefold(), key=words))


def _part(text: str, at: int) -> str:
    """Return the part of a text between the commas around a place."""
    start = max(text.rfind(c, 0, at) for c in ",;:(") + 1
    ends = [e for c in ",;:)" if (e := text.find(c, at)) >= 0]
    return text[start : min(ends, default=len(text))]


def _add_names(text: str, facts: Facts) -> None:
    facts.names |= {t for t in NAME.findall(text) if looks_like_name(t)}


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


def _add_differences(facts: Facts) -> None:
    """Add the differences between before and after, now and proposed."""
    pairs = (("before", "after"), ("now", "proposed"))
    for first, second in pairs:
        sides: dict[tuple[frozenset[str], frozenset[str], str], Figure] = {}
        for figure in facts.figures:
            if first in figure.tokens and second not in figure.tokens:
                sides[figure.tokens - {first}, figure.owners, figure.where[0].replace(first, "")] = figure
        for figure in list(facts.figures):
            other = sides.get((figure.tokens - {second}, figure.owners, figure.where[0].replace(second, "")))
            if second in figure.tokens and other is not None and not figure.is_length:
                change = abs(figure.amount.value - other.amount.value)
                tokens = (figure.tokens - {second}) | {"difference"}
                amount = Amount(change, figure.amount.dimension)
                facts.figures.append(Figure(amount, tokens, figure.owners, key=figure.key))


def _tokens(key: str) -> frozenset[str]:
    return frozenset(t for t in re.split(r"[^a-z0-9]+", key.casefold()) if t)


def rows_of(facts: Facts) -> Iterator[tuple[str, str, str, Figure]]:
    """Yield each number of a listed row: path of the list, path within the row, name of the row, the number."""
    for figure in facts.figures:
        row, listed, name = figure.where
        if listed and name and not figure.is_length:
            yield listed, row, name, figure
