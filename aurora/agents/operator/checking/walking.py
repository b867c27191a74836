"""Walks the results of tools and collects their facts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from aurora.agents.explain.telling.quantities import COUNT, UNITS, Amount
from aurora.agents.operator.checking.derivation import add_derived
from aurora.agents.operator.checking.facts import Facts, Figure, Listing, tokens_of
from aurora.agents.operator.checking.reading.records import records_of, waiting_of
from aurora.agents.operator.checking.tables import tables_of
from aurora.agents.operator.checking.texts import add_names, add_text
from aurora.tools.harness import Evidence
from aurora.tools.registry import TOOLS

REASONS = frozenset(
    "reason reasons summary never changes change because_of because conditions system_reason bound message messages "
    "text notes note remarks decision flip terms lacking waits waits_for maintenance risks constraints violations "
    "broken why claims explanation basis method error finding findings what_would_change".split()
)
"""Fields that carry reasons."""
FROM_OUTSIDE = frozenset({"system_reason", "labels", "taints", "annotations", "about"})
"""Fields whose words come from outside: they are names and quotations, and license no word of a sentence."""
_ID_KEYS = re.compile(r"(?:^|_)(?:id|ids)$|^(?:zone|name|workload|policy|node|task|container|subject)$")
_OWNER_KEYS = re.compile(
    r"^(?:node_id|task_id|workload_id|policy_id|unique_id|plan_id|account_id|series_id|scenario_id|subject|container)$"
)
_MINUTE, _HOUR = 60.0, 3600.0
_RESOURCES = {"cpu": "cores", "memory": "GiB", "ephemeral-storage": "GiB", "storage": "GiB"}


def facts_of(evidence: Sequence[Evidence]) -> Facts:
    """Return the facts of tool calls; they are shared, and not to be changed."""
    return _facts_of(tuple((e.tool, json.dumps(e.arguments), e.outcome, e.text) for e in evidence))


@lru_cache(maxsize=64)
def _facts_of(calls: tuple[tuple[str, str, str, str], ...]) -> Facts:
    facts = Facts()
    for tool, written, outcome, text in calls:
        words = tokens_of(tool)
        facts.raw += f"\n{text}\n{written}"
        arguments = json.loads(written)
        if outcome == "ok":
            arguments = _complete(tool, arguments)
        facts.words |= words | _chosen(arguments)
        add_names(written, facts)
        order = str(arguments.get("order", "")) if isinstance(arguments, Mapping) else ""
        value = _read(text) if outcome == "ok" else None
        if value is None:
            about = words if outcome == "ok" else frozenset({"error"}) | words
            add_text(facts, text, about, frozenset(), is_reason=True, is_top=True)
            facts.groups += waiting_of(text)
            continue
        facts.tables += tables_of(value)
        wholes, groups = records_of(tool, value, arguments if isinstance(arguments, Mapping) else {})
        facts.wholes += wholes
        facts.groups += groups
        _walk(facts, value, _Place(_chosen(arguments), frozenset(), "", "", order=order, tool=words))
    add_derived(facts)
    return facts


def _read(text: str) -> Any:
    """Return the value of a result; None: it is no JSON, as where it was cut."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _complete(tool: str, arguments: Any) -> Any:
    """Return the arguments of a call with the defaults that it left to the tool."""
    if tool not in TOOLS:
        return arguments
    try:
        return TOOLS[tool].arguments.model_validate(arguments).model_dump(mode="json")
    except ValidationError:
        return arguments


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
    item: str = ""
    measure: frozenset[str] = frozenset()
    is_reason: bool = False
    is_outside: bool = False
    all_owners: frozenset[str] = frozenset()
    order: str = ""
    main: str = ""
    tool: frozenset[str] = frozenset()
    path: tuple[str | int, ...] = ()

    def at(self, key: str, **changed: Any) -> _Place:
        return replace(
            self,
            tokens=self.tokens | tokens_of(key),
            key=key,
            row=f"{self.row}.{key}",
            path=(*self.path, key),
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
        key = tokens_of(place.key) | _counted(value)
        is_top = not place.listed
        facts.figures.append(
            Figure(length, place.tokens, place.owners, is_length=True, key=key, is_top=is_top, path=place.path)
        )
        facts.listings.append(
            Listing(place.tokens, place.owners, tuple(m for m in members if m), len(value), order=place.order, key=key)
        )
        for number, item in enumerate(value):
            resource = str(item.get("resource", "")) if isinstance(item, dict) else ""
            is_part = bool(resource) and not _owner(item)  # of the row above, such as the resources of a node
            listed = place.listed if is_part else f"{place.listed}{place.row}[]"
            row = f"{place.row if is_part else ''}.{resource}" if resource else ""
            unnamed = (
                f"{listed}#{number}" if isinstance(item, dict) and not _owner(item) and not is_part else place.item
            )
            _walk(facts, item, replace(place, listed=listed, row=row, item=unnamed, path=(*place.path, number)))
    elif isinstance(value, bool):
        facts.flags.append((place.tokens, place.owners, value))
    elif isinstance(value, int | float):
        facts.figures.append(_figure(value, place))
    elif isinstance(value, str):
        add_text(
            facts,
            value,
            place.tokens,
            place.all_owners | place.owners,
            is_reason=place.is_reason,
            is_outside=place.is_outside,
            is_top=not place.listed,
            path=place.path,
        )
    elif value is None:
        facts.nulls.append((place.tokens, place.owners))


def _walk_row(facts: Facts, row: Mapping[str, Any], place: _Place) -> None:
    own = frozenset(str(v) for k, v in row.items() if _OWNER_KEYS.match(k) and isinstance(v, str) and v)
    if _is_placed_by_policy(row):
        own -= {str(row.get("policy_id"))}
    main = _owner(row)
    owners = _owners(row, main) if main else place.owners
    if isinstance(row.get("task_id"), str) and isinstance(row.get("node_id"), str) and "reasons" not in row:
        facts.goes_to.setdefault(row["task_id"], set()).update(
            str(row[k]) for k in ("node_id", "policy_chooses") if row.get(k)
        )
    changed: dict[str, Any] = {
        "owners": owners,
        "main": main or place.main,
        "all_owners": place.all_owners | place.owners | own,
    }
    if isinstance(row.get("resource"), str):
        facts.words |= tokens_of(row["resource"])
        changed |= {"resource": row["resource"], "tokens": place.tokens | tokens_of(row["resource"])}
    if isinstance(row.get("unit"), str):
        changed["unit"] = row["unit"]
    if isinstance(row.get("measure"), str):
        changed["measure"] = tokens_of(row["measure"])
        changed["tokens"] = place.tokens | changed["measure"]
    here = replace(place, **changed)
    totals = [row[k] for k in ("count", "found", "compared", "total") if isinstance(row.get(k), int)]
    for key, value in row.items():
        facts.words |= tokens_of(str(key))
        if _ID_KEYS.search(key) and isinstance(value, str):
            facts.names.add(value)
            facts.kinds.setdefault(value, str(key))
        before = len(facts.listings)
        if key in _RESOURCES or (here.key in ("requests", "limits", "used", "requested_share") and "/" in key):
            _walk(facts, value, here.at(key, resource=key))
        else:
            _walk(facts, value, here.at(key))
        more = row.get(f"more_{key}")
        if isinstance(value, list) and (any(t > len(value) for t in totals) or (isinstance(more, int) and more > 0)):
            facts.listings[before] = replace(facts.listings[before], is_whole=False)


def _owner(row: Any) -> str:
    """Return the name of what a row is about: its first identifying field."""
    if not isinstance(row, Mapping):
        return ""
    for key in ("task_id", "node_id", "workload_id", "unique_id", "policy_id", "plan_id", "account_id", "subject"):
        if isinstance(row.get(key), str) and row[key] and not (key == "policy_id" and _is_placed_by_policy(row)):
            return str(row[key])
    return ""


def _counted(rows: Sequence[Any]) -> frozenset[str]:
    """Return the words that the rows of a list may be counted by."""
    first = rows[0] if rows and isinstance(rows[0], Mapping) else {}
    if isinstance(first.get("task_id"), str):
        return frozenset({"task", "tasks", "pods"})
    return frozenset({"node", "nodes"}) if isinstance(first.get("node_id"), str) else frozenset()


def _owners(row: Mapping[str, Any], main: str) -> frozenset[str]:
    """Return whom the numbers of a row are about: its main name, its workload, container, or that of a series."""
    names = {main, str(row.get("workload_id") or main)}
    if isinstance(row.get("container"), str):
        names.add(row["container"])
    if main == row.get("unique_id") and "/" in main:
        names.add(main.rpartition("/")[0])
    return frozenset(names)


def _is_placed_by_policy(row: Mapping[str, Any]) -> bool:
    """Return whether a row is about a cluster, whose tasks a policy places, rather than about the policy."""
    return "before" in row and "after" in row


def _figure(value: float, place: _Place) -> Figure:
    more = place.tool if place.key in ("count", "found", "compared", "total") else frozenset()
    where = (place.row, place.listed, place.main)
    key = tokens_of(place.key) | tokens_of(place.resource) | place.measure | more
    return Figure(
        _amount(value, place),
        place.tokens | more,
        place.owners,
        where,
        key=key,
        is_top=not place.listed,
        item=place.item,
        path=place.path,
    )


def _amount(value: float, place: _Place) -> Amount:
    tokens = tokens_of(place.key)
    resource = place.resource or next((r for r in _RESOURCES if r in tokens), "")
    if "share" in place.tokens or tokens & {
        "probability",
        "chance",
        "confidence",
        "load",
        "observed",
        "coverage",
        "percent",
    }:
        return Amount(float(value), "share")
    if tokens & {"price", "cost", "dollars", "money", "saving", "savings"} or "$" in place.unit:
        hourly = bool(tokens & {"hour", "hourly", "hours"}) or place.key.startswith("per_hour")
        return Amount(float(value), "$/h" if hourly or place.unit == "$/h" else "$")
    if place.key.startswith("per_hour"):
        return Amount(float(value), "$/h")
    for name, size in (("minutes", _MINUTE), ("hours", _HOUR), ("days", 24 * _HOUR), ("ms", 1e-3)):
        if name in tokens:
            return Amount(float(value) * size, "s")
    if tokens & {"kills", "restarts"} or place.key in ("tasks", "replicas", "pods"):
        return Amount(float(value), COUNT)
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
