"""Records of evidence: what each row, and each result as a whole, has under which name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aurora.agents.explain.telling.quantities import COUNT, UNITS
from aurora.agents.operator.checking.facts import Cell, Group, Record, tokens_of
from aurora.agents.operator.checking.reading.words import TOPICS, concept, concepts_of_key
from aurora.agents.operator.checking.tables import IDS

_SHORTAGE = re.compile(
    r"insufficient (?P<what>[\w.\-/]+): asks for (?P<asked>[\d.]+)[^,]*, (?P<free>[\d.]+) ?(?:GiB|cores?)?[^,]* free"
)
_TOTALS = ("count", "found", "compared")
_OF_TASKS = frozenset({"running", "pending", "waiting", "displaced", "unplaced", "newly"})
_STATES = frozenset({"state", "status"})
_SKIPPED = frozenset({"pods", "sha256", "number"})
_ADDED = frozenset({"cores", "GiB", "$/h", "$", COUNT})


def records_of(tool: str, value: Any, arguments: Mapping[str, Any]) -> tuple[list[Record], list[Group]]:
    """Return a result as a whole, first, and the groups of its lists.

    Args:
        tool: Name of the tool.
        value: The result.
        arguments: Arguments of the call, with defaults.
    """
    if not isinstance(value, Mapping):
        return [], []
    asked = frozenset(concept(str(arguments[k])) for k in ("state", "finding") if arguments.get(k))
    order = str(arguments.get("order") or "")
    groups = list(_groups(value, "", asked, order))
    listed = {n: frozenset(_listed(value, n)) for n in ("cordoned", "not_ready", "maintenance")}
    kind = _kind([value])
    whole = _record(value, kind, is_whole=True, asked=asked)
    sums = [c for g in groups if g.is_whole and g.kind for c in summed(g.records, g.words | {"total"})]
    effects = [
        replace(c, words=c.words | {"used"} if c.words & {"cpu", "memory"} else c.words)
        for g in groups
        if not g.kind
        for r in g.records
        if r.is_effect
        for c in r.cells
    ]
    cells = (*whole.cells, *effects, *_counted_reasons(whole.texts), *sums)
    whole = replace(whole, cells=(*cells, *_differences(cells)), topic=TOPICS.get(tool, frozenset()))
    groups = [_with_heat(g, value.get("hot_share")) for g in groups]
    groups += _changed(value)
    groups += [g for t in value.values() if isinstance(t, str) for g in waiting_of(t)]
    groups = [replace(g, records=tuple(replace(r, topic=whole.topic) for r in g.records)) for g in groups]
    if kind:
        groups.append(Group(kind, frozenset(), (whole,), False, "", 0))
    for key, item in value.items():
        if isinstance(item, Mapping) and (inner := _kind([item])):
            record = replace(_record(item, inner, is_whole=False), topic=whole.topic)
            more = [
                c
                for k, v in value.items()
                if k != key and not isinstance(v, list | Mapping)
                for c in _cells({k: v}, "", "", frozenset())
            ]
            more += [
                c
                for k, v in value.items()
                if k != key and isinstance(v, Mapping) and not _kind([v])
                for c in _cells(v, f"{k}.", "", frozenset())
            ]
            groups.append(Group(inner, frozenset(), (replace(record, cells=(*record.cells, *more)),), False, "", 0))
    named = [Record(n, "node_id", frozenset({n}), (), _listed_states(n, listed)) for n in _all(listed)]
    if named:
        groups.append(Group("node_id", frozenset({"node"}), tuple(named), False, "", 0))
    return [whole], groups


def _needs(cells: Iterable[Cell], kind: str) -> Iterator[Cell]:
    """Yield cells with the word "need" where it may be said of them."""
    cells = list(cells)
    is_resized = any("proposed" in c.words for c in cells)
    meant = "short" if kind == "node_id" else "proposed" if is_resized else "requested"
    for cell in cells:
        yield cell
        if cell.words & {meant, "change"}:
            yield replace(cell, words=(cell.words - {meant}) | {"need"})
        if "freed" in cell.words:
            yield replace(cell, words=(cell.words - {"freed"}) | {"free"})


def _waiting(texts: Iterable[str]) -> Iterator[Record]:
    """Yield the tasks of a text that says how many nodes have which reason not to fit each."""
    for text in texts:
        for match in re.finditer(r"(\S+) (?:still )?waits: (\d+ of \d+ nodes fit: [^;\n]*)", text):
            cells = tuple(_counted_reasons((match[2],)))
            yield Record(match[1], "task_id", frozenset({match[1]}), cells, {"pending": True, "running": False})


def waiting_of(text: str) -> list[Group]:
    """Return the tasks of an error's text with the reasons why each waits."""
    records = tuple(_waiting((text,)))
    return [Group("task_id", frozenset({"task", "pending"}), records, True, "", len(records))] if records else []


def _differences(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield changes from before to after, now to proposed: the new value with its direction, and the difference."""
    for first, second in (("before", "after"), ("now", "proposed")):
        sides = {(c.words - {first}, c.dimension): c for c in cells if first in c.words}
        for cell in cells:
            old = sides.get((cell.words - {second}, cell.dimension)) if second in cell.words else None
            if old is None or cell.words & {"low", "high"}:
                continue
            change = cell.value - old.value
            way = "stay" if not change else "rise" if change > 0 else "fall"
            words = (cell.words - {second}) | {way}
            yield Cell(cell.value, cell.dimension, cell.words | {way})
            if change:
                yield Cell(round(abs(change), 9), cell.dimension, words | {"difference"})
                yield Cell(old.value, cell.dimension, old.words | {way})
            if change < 0:
                yield Cell(round(-change, 9), cell.dimension, (words - {way}) | {"freed"})


def _counted_reasons(texts: Sequence[str]) -> Iterator[Cell]:
    """Yield how many nodes have each reason: "0 of 12 nodes fit: 8 insufficient cpu, 3 untolerated taint"."""
    for text in texts:
        for total in re.finditer(r"(\d+) of (\d+) nodes fit", text):
            yield Cell(float(total[1]), COUNT, frozenset({"node", "fit"}))
            yield Cell(float(total[2]), COUNT, frozenset({"node"}))
        if " nodes fit: " in text and text.count(" nodes fit: ") == 1:
            for part in text.partition(" nodes fit: ")[2].split(", "):
                match = re.match(r"(\d+) (.+)$", part)
                if match:
                    words = frozenset(
                        concept(w) for w in re.findall(r"[a-z]+", match[2].partition(" node.")[0].partition("=")[0])
                    )
                    yield Cell(float(match[1]), COUNT, words | {"node"})


def summed(records: Sequence[Record], words: frozenset[str] = frozenset(), factor: float = 1.0) -> tuple[Cell, ...]:
    """Return the sums of the columns that all records have, in units that can be added.

    Args:
        records: The records.
        words: Concepts that each sum has besides those of its column.
        factor: What the sums are multiplied by, such as the inverse of their number for means.
    """
    columns: dict[tuple[frozenset[str], str], list[float]] = {}
    for record in records:
        for cell in {(c.words, c.dimension): c for c in record.cells}.values():
            columns.setdefault((cell.words, cell.dimension), []).append(cell.value)
    return tuple(
        Cell(round(sum(values) * factor, 9), dimension if factor == 1 or dimension != COUNT else "", column | words)
        for (column, dimension), values in columns.items()
        if len(values) == len(records) and dimension in _ADDED
    )


def _listed_states(name: str, listed: Mapping[str, frozenset[str]]) -> dict[str, bool]:
    states = {s: name in m for s, m in listed.items()}
    is_unusable = states["cordoned"] or states["not_ready"]
    return states | {"unusable": is_unusable, "usable": not is_unusable}


def _all(listed: Mapping[str, frozenset[str]]) -> list[str]:
    return sorted(frozenset().union(*listed.values()))


def _with_heat(group: Group, hot: Any) -> Group:
    """Return the fullest nodes of a trial with whether each is hot or overfull."""
    if "full" not in group.words or not isinstance(hot, int | float):
        return group
    records = []
    for record in group.records:
        share = max((c.value for c in record.cells if c.words >= {"requested", "share"}), default=0.0)
        records.append(replace(record, states={**record.states, "hot": share > hot, "overfull": share > 1}))
    return replace(group, records=tuple(records))


def _changed(value: Mapping[str, Any]) -> list[Group]:
    """Return what a plan changes from one number to another: "workload: replicas 4 -> 3"."""
    records = []
    for change in value.get("changes") or ():
        for text in (change.get("now_proposed") or ()) if isinstance(change, Mapping) else ():
            match = re.fullmatch(r"(\S+): ([a-z _]+?) (\d+(?:\.\d+)?) -> (\d+(?:\.\d+)?)", str(text))
            if match:
                words = frozenset(concept(w) for w in match[2].split())
                cells = [
                    Cell(float(match[3]), COUNT, words | {"now"}),
                    Cell(float(match[4]), COUNT, words | {"proposed"}),
                ]
                cells += _differences(cells)
                records.append(Record(match[1], "workload_id", frozenset({match[1]}), tuple(cells)))
    return [Group("workload_id", frozenset({"workload"}), tuple(records), False, "", len(records))] if records else []


def _listed(value: Mapping[str, Any], key: str) -> Iterator[str]:
    for item in value.get(key) or ():
        if isinstance(item, str):
            yield item.partition(":")[0]


def _groups(value: Mapping[str, Any], key: str, asked: frozenset[str], order: str) -> Iterator[Group]:
    totals = [value[k] for k in _TOTALS if isinstance(value.get(k), int)]
    for name, item in value.items():
        if isinstance(item, Mapping):
            if name == "scores":
                named = [
                    Record(k, "node_id", frozenset({k}), (Cell(float(v), COUNT, frozenset({"score"})),))
                    for k, v in item.items()
                ]
                yield Group("node_id", frozenset({"score"}), tuple(named), False, "", len(named))
            yield from _groups(item, f"{key}.{name}" if key else name, asked, order)
        elif isinstance(item, list) and item and all(isinstance(r, Mapping) for r in item):
            records = tuple(_record(r, kind := _kind(item), is_whole=False) for r in item)
            more = value.get(f"more_{name}")
            total = max([len(item), *totals]) if not key else len(item) + (more if isinstance(more, int) else 0)
            words = concepts_of_key(f"{key}.{name}") | asked
            yield Group(kind, words, records, total == len(item), order, total)


def _kind(rows: list[Any]) -> str:
    if all(isinstance(r.get("resource"), str) for r in rows) and not any(k in rows[0] for k in IDS):
        return "resource"
    return next((k for k in IDS if all(isinstance(r.get(k), str) for r in rows)), "")


def _record(row: Mapping[str, Any], kind: str, *, is_whole: bool, asked: frozenset[str] = frozenset()) -> Record:
    name = str(row.get(kind) or "")
    unit = str(row.get("unit") or "")
    extra = frozenset(
        c for k in ("resource", "metric", "measure") if isinstance(row.get(k), str) for c in concepts_of_key(row[k])
    )
    cells = list(_cells(row, "", unit, extra))
    if is_whole:
        cells += list(_of_whole(row, cells, asked))
    names = {str(v) for k, v in row.items() if isinstance(v, str) and (k in IDS or k in ("zone", "container"))}
    texts = tuple(_texts(row))
    cells += [*_shortages(texts), *_shares(cells), *_each(row)]
    if kind == "node_id":
        cells += [replace(c, words=c.words | {"running"}) for c in tuple(cells) if c.words == {"task"}]
    if kind == "policy_id":
        cells += [
            replace(c, words=c.words | {"task"}) for c in cells if c.words == {"pending"} and c.dimension == COUNT
        ]
    cells = list(_needs(cells, kind))
    lists = {
        concepts_of_key(k): tuple(map(str, v))
        for k, v in row.items()
        if isinstance(v, list) and v and isinstance(v[0], str)
    }
    states = _states(row, texts)
    if kind == "node_id":
        cells += [replace(c, words=c.words | {"running"}) for c in tuple(cells) if c.words == {"task"}]
    if kind == "policy_id":
        cells = [
            replace(c, words=c.words | {"task"}) if "pending" in c.words and c.dimension == COUNT else c for c in cells
        ]
    if kind == "node_id" and isinstance(row.get("tasks"), int):
        states["empty"] = row["tasks"] == 0
    if "is_usable" in row:
        states["unusable"] = not row["is_usable"]
    return Record(name, kind, frozenset(names), tuple(cells), states, texts, lists=lists, is_effect="measure" in row)


def _each(row: Mapping[str, Any]) -> Iterator[Cell]:
    """Yield what each replica of a workload requests."""
    replicas = row.get("replicas")
    for key, dimension in (("cpu_requested", "cores"), ("memory_requested", "GiB")):
        if isinstance(replicas, int) and replicas and key in row:
            yield Cell(row[key] / replicas, dimension, concepts_of_key(key) | {"each", "replica"})


def _shares(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield what share of what there is, or is requested, is free or used."""
    by_words = {c.words: c for c in cells}
    for cell in cells:
        for part, whole in (
            ("free", "allocatable"),
            ("used", "allocatable"),
            ("used", "requested"),
            ("requested", "limit"),
        ):
            total = by_words.get(cell.words - {part} | {whole}) if part in cell.words else None
            if total is not None and total.value and cell.dimension == total.dimension:
                yield Cell(cell.value / total.value, "share", cell.words | {whole, "share"})
                if part == "free":
                    yield Cell(cell.value / total.value, "share", cell.words | {"share"})


def _of_whole(row: Mapping[str, Any], cells: Sequence[Cell], asked: frozenset[str]) -> Iterator[Cell]:
    """Yield the numbers of a result as a whole under further names, and those that follow from them."""
    for cell in cells:
        words = cell.words
        if "count" in words:
            yield replace(cell, words=words | asked | _counted(row))
        if words & {"running", "pending", "displaced"} and cell.dimension == COUNT and "node" not in words:
            yield replace(cell, words=words | {"task"})
        if words & {"cordoned", "ready", "maintenance", "unpriced"}:
            yield replace(cell, words=words | {"node"})
        if words & {"oversized", "undersized", "unmeasured"}:
            yield replace(cell, words=words | {"container"})
        if words == {"price", "per", "hour"}:
            yield Cell(24 * cell.value, "$", frozenset({"price", "day"}))
    if isinstance(row.get("nodes"), int) and isinstance(row.get("usable_nodes"), int):
        yield Cell(float(row["nodes"] - row["usable_nodes"]), COUNT, frozenset({"node", "unusable"}))


def _counted(row: Mapping[str, Any]) -> frozenset[str]:
    lists = [k for k, v in row.items() if isinstance(v, list) and v and isinstance(v[0], Mapping)]
    return concepts_of_key(lists[0]) if len(lists) == 1 else frozenset()


def _cells(row: Mapping[str, Any], prefix: str, unit: str, extra: frozenset[str]) -> Iterator[Cell]:
    for key, value in row.items():
        path = f"{prefix}{key}"
        if key in _SKIPPED or isinstance(value, bool):
            continue
        if isinstance(value, Mapping):
            yield from _cells(value, f"{path}.", unit, extra)
        elif isinstance(value, int | float):
            yield Cell(*_sized(float(value), path, unit), concepts_of_key(path) | extra)
        elif isinstance(value, list):
            if (
                value
                and all(isinstance(r, Mapping) and "resource" in r for r in value)
                and key in ("resources", "totals")
            ):
                for part in value:
                    rest = {k: v for k, v in part.items() if k != "resource"}
                    yield from _cells(rest, f"{prefix}{part['resource']}.", str(part.get("unit") or unit), extra)
            else:
                words = concepts_of_key(path) | extra
                if value and all(isinstance(v, str) and v.startswith("move ") for v in value):
                    words |= {"move"}
                yield Cell(float(len(value)), COUNT, words)
                yield from _kinds_of_changes(value)


def _kinds_of_changes(rows: Sequence[Any]) -> Iterator[Cell]:
    """Yield how many changes of each kind a plan has."""
    kinds = Counter(str(r["change"]).split()[0] for r in rows if isinstance(r, Mapping) and r.get("change"))
    for kind, number in kinds.items():
        words = {concept(kind), "change"} | ({"node"} if "cordon" in kind else {"task"})
        yield Cell(float(number), COUNT, frozenset(words))


def _sized(value: float, path: str, unit: str) -> tuple[float, str]:
    """Return a value in the base unit of its dimension, and the dimension."""
    tokens = tokens_of(path)
    last = tokens_of(path.rpartition(".")[2])
    if "share" in tokens or last & {"probability", "confidence", "chance", "coverage", "percent", "observed"}:
        return value, "share"
    if tokens & {"price", "cost"}:
        return value, "$/h" if "hour" in tokens else "$"
    for word, size in (("minutes", 60.0), ("hours", 3600.0), ("seconds", 1.0), ("days", 86400.0)):
        if word in last:
            return value * size, "s"
    if unit == "share":
        return value, "share"
    if unit in UNITS and unit:
        return value, "count" if last & {"values", "tasks"} else unit
    if "gpu" in tokens or "mig" in tokens:
        return value, COUNT
    if tokens & {"cpu", "cores"}:
        return value, "cores"
    if tokens & {"memory", "gib", "storage"}:
        return value, "GiB"
    return value, COUNT if value.is_integer() else ""


def _texts(row: Mapping[str, Any]) -> Iterator[str]:
    for value in row.values():
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and text:
                yield text.casefold()


def _shortages(texts: tuple[str, ...]) -> Iterator[Cell]:
    """Yield what a node has free, and by how much it is short, by the reason that it does not fit."""
    for text in texts:
        match = _SHORTAGE.match(text)
        if match is None:
            continue
        resource = concepts_of_key(match["what"]) & {"cpu", "memory", "gpu", "mig"}
        dimension = "cores" if "cpu" in resource else "GiB" if "memory" in resource else COUNT
        asked, free = float(match["asked"]), float(match["free"].rstrip("."))
        yield Cell(free, dimension, resource | {"free"})
        yield Cell(round(asked - free, 9), dimension, resource | {"short"})


def _states(row: Mapping[str, Any], texts: tuple[str, ...]) -> dict[str, bool]:
    states: dict[str, bool] = {}
    for key, value in row.items():
        if isinstance(value, bool):
            states |= dict.fromkeys(tokens_of(key) - {"is"}, value)
        elif key in _STATES and isinstance(value, str):
            states[value.casefold()] = True
            if value in ("pending", "running"):
                states |= {"pending": value == "pending", "running": value == "running"}
    if "reasons" in row:
        joined = " ".join(texts)
        states |= {
            "cordoned": "is cordoned" in joined,
            "maintenance": "maintenance" in joined,
            "untolerated": "not tolerated" in joined,
            "lacks cpu": "insufficient cpu" in joined,
            "lacks memory": "insufficient memory" in joined,
            "lacks gpu": "insufficient nvidia.com/gpu" in joined,
        }
    return states
