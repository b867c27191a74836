"""Facts that follow from others: differences, directions, counts of changes and of moves."""

from __future__ import annotations

import re
from collections import Counter

from aurora.agents.explain.telling.quantities import COUNT, Amount
from aurora.agents.operator.checking.facts import Facts, Figure, Trend

_PAIRS = (("before", "after"), ("now", "proposed"))
_TIMES = re.compile(r"\btimes (\d+(?:\.\d+)?)\b")
_KINDS = {
    "move": "move moves moved pod pods task tasks job jobs",
    "place": "place places placed placement placements pod pods task tasks job jobs",
    "evict": "evict evicts eviction evictions pod pods task tasks job jobs",
    "cordon": "cordon cordons node nodes",
    "uncordon": "uncordon uncordons node nodes",
    "drain": "drain drains node nodes",
    "scale": "scale scales workload workloads",
    "resize": "resize resizes container containers",
}
"""First word of a change -> words that its number may be given with."""
_MOVED = frozenset("move moves moved pod pods task tasks job jobs".split())
_WAITING = frozenset("pod pods task tasks job jobs waiting waits pending".split())


_FROM_TO = re.compile(r"\b(\d{2}:\d{2}) to (\d{2}:\d{2})\b")
_DAY = 86400.0
_LASTS = frozenset("lasts last duration long covers cover".split())
_REQUESTED = frozenset({"requested", "requests"})


def add_derived(facts: Facts) -> None:
    """Add the differences between before and after, and what can be counted."""
    _add_differences(facts)
    _add_changes(facts)
    _add_moves(facts)
    _add_groups(facts)
    _add_durations(facts)
    _add_shares(facts)
    for text in list(facts.texts):
        for factor in _TIMES.findall(text.text):
            tokens = text.tokens | {"load", "more", "difference"}
            facts.figures.append(Figure(Amount(abs(float(factor) - 1), "share"), tokens, text.owners, key=tokens))
        waiting = len(re.findall(r"\S waits: ", text.text))
        if waiting > 1:
            amount = Amount(float(waiting), COUNT)
            facts.figures.append(Figure(amount, text.tokens | _WAITING, frozenset(), key=_WAITING, is_top=True))


def _add_differences(facts: Facts) -> None:
    """Add the differences between before and after, now and proposed."""
    for first, second in _PAIRS:
        sides: dict[tuple[frozenset[str], frozenset[str], str], Figure] = {}
        for figure in facts.figures:
            if first in figure.tokens and second not in figure.tokens:
                sides[figure.tokens - {first}, figure.owners, figure.where[0].replace(first, "")] = figure
        for figure in list(facts.figures):
            other = sides.get((figure.tokens - {second}, figure.owners, figure.where[0].replace(second, "")))
            if second in figure.tokens and other is not None and not figure.is_length:
                change = figure.amount.value - other.amount.value
                tokens = (figure.tokens - {second}) | {"difference"}
                amount = Amount(abs(change), figure.amount.dimension)
                facts.figures.append(Figure(amount, tokens, figure.owners, key=figure.key, is_top=figure.is_top))
                facts.trends.append(Trend(figure.tokens, figure.owners, change))


def _add_changes(facts: Facts) -> None:
    """Add how many changes of each kind a plan has."""
    kinds: Counter[tuple[str, frozenset[str]]] = Counter()
    for text in facts.texts:
        kind = text.text.partition(" ")[0]
        if "change" in text.tokens and kind in _KINDS:
            kinds[kind, text.owners] += 1
    for (kind, owners), number in kinds.items():
        key = frozenset(_KINDS[kind].split())
        facts.figures.append(Figure(Amount(float(number), COUNT), key | {"changes"}, owners, key=key, is_top=True))


def _add_moves(facts: Facts) -> None:
    """Add how many tasks go to each node, and how many leave each."""
    moved = facts.comes_from
    for moves in ({t: facts.goes_to[t] for t in moved}, moved):
        number = Counter(node for nodes in moves.values() for node in nodes)
        for node, tasks in number.items():
            facts.figures.append(Figure(Amount(float(tasks), COUNT), _MOVED, frozenset({node}), key=_MOVED))


def _add_groups(facts: Facts) -> None:
    """Add how many tasks of each workload a whole list has, and how many go to each node."""
    for table in facts.tables:
        if table.kind != "task_id" or not table.is_whole:
            continue
        for column in ("workload_id", "node_id"):
            number = Counter(str(r.values[column]) for r in table.rows if r.values.get(column))
            for name, tasks in number.items():
                facts.figures.append(
                    Figure(Amount(float(tasks), COUNT), _MOVED | _WAITING, frozenset({name}), key=_MOVED | _WAITING)
                )


def _add_durations(facts: Facts) -> None:
    """Add how long what is given with its beginning and end lasts, and the time that a series covers."""
    for text in list(facts.texts):
        for start, end in _FROM_TO.findall(text.text):
            seconds = (_seconds(end) - _seconds(start)) % _DAY
            names = frozenset({text.text.partition(":")[0]})
            facts.figures.append(Figure(Amount(seconds, "s"), text.tokens | _LASTS, names, key=_LASTS))
    for table in facts.tables:
        for row in table.rows:
            if {"values", "step_minutes"} <= set(row.values):
                seconds = 60.0 * row.values["values"] * row.values["step_minutes"]
                facts.figures.append(Figure(Amount(seconds, "s"), _LASTS, frozenset({row.name}), key=_LASTS))


def _seconds(time: str) -> float:
    hours, minutes = time.split(":")
    return 3600.0 * int(hours) + 60.0 * int(minutes)


def _add_shares(facts: Facts) -> None:
    """Add how much of a request is used, and what each replica of a workload requests."""
    requested = {(f.owners, f.amount.dimension, _resource(f)): f for f in facts.figures if f.tokens & _REQUESTED}
    for figure in list(facts.figures):
        whole = requested.get((figure.owners, figure.amount.dimension, _resource(figure)))
        if "used" in figure.tokens and "share" not in figure.tokens and whole is not None and whole.amount.value:
            key = frozenset({"used", "request"}) | _resource(figure)
            share = Amount(figure.amount.value / whole.amount.value, "share")
            facts.figures.append(Figure(share, key, figure.owners, key=key, is_top=figure.is_top))
    for table in facts.tables:
        for row in table.rows:
            replicas = row.values.get("replicas")
            for column, dimension in (("cpu_requested", "cores"), ("memory_requested", "GiB")):
                if replicas and column in row.values:
                    key = frozenset({"each", "replica", "requested", column.partition("_")[0]})
                    amount = Amount(row.values[column] / replicas, dimension)
                    facts.figures.append(Figure(amount, key, frozenset({row.name}), key=key))


def _resource(figure: Figure) -> frozenset[str]:
    return figure.tokens & {"cpu", "memory", "gpu", "mig"}
