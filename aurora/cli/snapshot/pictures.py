"""Prints the report of a snapshot: bars and tables on a terminal, plain columns elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aurora.cli.terminal.output import emit_table, on_terminal, say, terminal_width
from aurora.cli.terminal.tables import wrapped
from aurora.cluster.report import asks_for, state_of
from aurora.cluster.resources import amount_text
from aurora.quantities import dollars, duration, percent

if TYPE_CHECKING:
    from aurora.cluster.differences import SnapshotDifference
    from aurora.cluster.overview import Filled
    from aurora.cluster.problems import ProblemReport
    from aurora.cluster.report import SnapshotReport

BLOCKS = ("█", "▒", "▓", "·")
"""Parts of a bar: used, requested but not used, used beyond the requests, free."""
ASCII = ("#", "=", "!", ".")
WIDE = 110
"""Columns of a terminal from which zone, type, number of tasks and price are shown too."""
MIN_BAR, MAX_BAR = 6, 20
STATE_ROOM = "  maintenance 15 Jun 14:00"
WIDE_COLUMNS_ROOM = "  zone-name  instance-type  tasks  12.345"
MAX_NOTES = 20
MAX_WAITING = 40
MAX_CHANGES = 200


def print_report(found: SnapshotReport) -> None:
    """Print what a snapshot holds."""
    say("\n".join(_head(found)))
    resources = _shown_resources(found)
    if on_terminal():
        _print_bars(found, resources)
    else:
        _print_columns(found, resources)
    _print_waiting(found)
    _print_sources(found)


def _head(found: SnapshotReport) -> list[str]:
    snapshot, totals = found.snapshot, found.totals
    tasks = ", ".join(f"{count} {state}" for state, count in totals.tasks.items()) or "none"
    shut = totals.nodes - totals.usable
    nodes = f"nodes: {totals.nodes}" + (f", {shut} of them closed to new tasks" if shut else "")
    lines = [
        f"{snapshot.snapshot_id} ({snapshot.system}), taken {snapshot.taken_at:%Y-%m-%d %H:%M} UTC",
        nodes,
        f"tasks: {tasks}",
    ]
    if totals.price_per_hour is None:
        return [*lines, "cost: no price is known", ""]
    unpriced = f", {totals.unpriced} nodes without a price" if totals.unpriced else ""
    return [*lines, f"cost: {dollars(totals.price_per_hour)} an hour{unpriced}", ""]


def _shown_resources(found: SnapshotReport) -> list[str]:
    """Return the resources worth a column: cores, memory, and every kind of device."""
    hidden = ("ephemeral-storage", "hugepages-1Gi", "hugepages-2Mi")
    return [r for r, f in found.totals.resources.items() if r not in hidden and f.allocatable]


def _print_bars(found: SnapshotReport, resources: list[str]) -> None:
    width = terminal_width()
    parts = BLOCKS if "utf" in (sys.stdout.encoding or "").lower() else ASCII
    devices = [r for r in resources if r not in ("cpu", "memory")]
    shown = [r for r in resources if r not in devices]
    is_wide = width >= WIDE
    longest = max((len(s.node.node_id) for s in found.nodes), default=0)
    room = width - longest - len(STATE_ROOM) - (len(WIDE_COLUMNS_ROOM) if is_wide else 0)
    length = max(MIN_BAR, min(MAX_BAR, room // (len(shown) + bool(devices)) - len("  100 % ")))
    columns = ["node", *(["zone", "type", "tasks"] if is_wide else []), *shown]
    columns += [*(["devices"] if devices else []), *(["$/h"] if is_wide else []), "state"]
    rows = []
    for state in found.nodes:
        node = state.node
        row: list[object] = [node.node_id]
        row += [node.zone or "", node.instance_type or "", state.tasks] if is_wide else []
        row += [bar(state.resources[r], length, parts) if r in state.resources else "" for r in shown]
        if devices:
            own = [r for r in devices if r in state.resources]
            names = len(devices) > 1
            row.append(", ".join(bar(state.resources[r], length, parts) + f" {_short(r)}" * names for r in own))
        row += ["" if node.price_per_hour is None else f"{node.price_per_hour:.3f}"] if is_wide else []
        rows.append([*row, state_of(state)])
    emit_table("nodes", columns, rows)
    used, wanted, beyond, free = parts
    legend = f"{used} used  {wanted} requested  {beyond} used beyond requests  {free} free; % requested"
    say("\n".join(wrapped(legend, width)) + "\n")


def _print_columns(found: SnapshotReport, resources: list[str]) -> None:
    names = [_short(r) for r in resources]
    columns = ["node", "zone", "type", "tasks"]
    columns += [f"{name}_{what}" for name in names for what in ("used", "requested", "allocatable")]
    rows = []
    for state in found.nodes:
        node = state.node
        row: list[object] = [node.node_id, node.zone, node.instance_type, state.tasks]
        for r in resources:
            filled = state.resources.get(r)
            row += [None, None, None] if filled is None else [filled.used, filled.requested, filled.allocatable]
        rows.append([*row, node.price_per_hour, state_of(state)])
    emit_table("nodes", [*columns, "price_per_hour", "state"], rows)


def bar(filled: Filled, length: int, parts: tuple[str, str, str, str]) -> str:
    """Return a bar with the requested share after it.

    >>> from aurora.cluster.overview import Filled
    >>> bar(Filled(allocatable=4.0, requested=2.0, used=1.0), 8, ("#", "=", "!", "."))
    '##==.... 50 %'
    """
    if not filled.allocatable:
        return "-"
    used_part, wanted_part, beyond_part, free_part = parts
    wanted = _cells(filled.requested_share, length)
    used = _cells((filled.used or 0.0) / filled.allocatable, length)
    text = used_part * min(used, wanted) + wanted_part * (wanted - used) + beyond_part * (used - wanted)
    return f"{text.ljust(length, free_part)} {percent(round(filled.requested_share, 2))}"


def _cells(share: float, length: int) -> int:
    """Return the cells of a share: none only for nothing, all only for everything."""
    if share <= 0:
        return 0
    return length if share >= 1 else max(1, min(length - 1, round(share * length)))


def _print_waiting(found: SnapshotReport) -> None:
    if not found.waiting:
        return
    waiting = found.waiting[:MAX_WAITING]
    times = ["" if w.seconds is None else duration(w.seconds) for w in waiting]
    if on_terminal():
        width = terminal_width()
        lines = ["waiting"]
        for w, time in zip(waiting, times, strict=True):
            head = f"{w.name}{time and f', for {time}'}: asks for {asks_for(w.requests)}"
            lines += [*wrapped(head, width, hang="  "), *wrapped(f"  {w.reason}", width, hang="  ")]
        say("\n".join(lines) + "\n")
    else:
        rows = [(w.name, t or "-", asks_for(w.requests), w.reason) for w, t in zip(waiting, times, strict=True)]
        emit_table("waiting", ("task", "for", "asks for", "why"), rows)
    if len(found.waiting) > MAX_WAITING:
        say(f"and {len(found.waiting) - MAX_WAITING} more; see --json\n")


def _print_sources(found: SnapshotReport) -> None:
    rows = [(s.source_id, s.origin, f"{s.read_at:%Y-%m-%d %H:%M}", ", ".join(s.facts)) for s in found.sources]
    if rows:
        emit_table("sources (times in UTC)", ("source", "origin", "read at", "facts"), rows)
    notes = [(n.kind, n.count, n.message) for n in found.notes[:MAX_NOTES]]
    if notes:
        emit_table("notes", ("kind", "count", "what"), notes)
    if len(found.notes) > MAX_NOTES:
        say(f"and {len(found.notes) - MAX_NOTES} more; see --json")


def _short(resource: str) -> str:
    """Return the name of a resource without its domain.

    >>> _short("nvidia.com/mig-1g.10gb")
    'mig-1g.10gb'
    """
    return resource.rpartition("/")[2]


def print_problems(found: ProblemReport) -> None:
    """Print what is wrong, the worst first."""
    if not found.problems:
        say(f"{found.snapshot_id}: nothing is wrong")
        return
    counts = {s: sum(p.severity == s for p in found.problems) for s in ("error", "warning", "hint")}
    listed = ", ".join(f"{n} {s}{'s' if n > 1 else ''}" for s, n in counts.items() if n)
    if not on_terminal():
        rows = [(p.severity, p.code, p.cases, p.message, "; ".join(p.subjects)) for p in found.problems]
        emit_table(f"{found.snapshot_id}: {listed}", ("severity", "code", "cases", "message", "subjects"), rows)
        return
    width = terminal_width()
    lines = [f"{found.snapshot_id}: {listed}", ""]
    for p in found.problems:
        lines += wrapped(f"{p.severity}: {p.message}", width, hang="  ")
        for subject in p.subjects:
            lines += wrapped(f"  {subject}", width, hang="    ")
        if p.cases > len(p.subjects):
            lines.append(f"  and {p.cases - len(p.subjects)} more")
    say("\n".join(lines))


def print_difference(found: SnapshotDifference) -> None:
    """Print what differs between two snapshots."""
    say(f"before: {found.before}\nafter:  {found.after}")
    if found.is_empty:
        say("nothing differs but measured use and times")
        return
    rows = [("node", n, "", "gone", "") for n in found.nodes_gone] + [
        ("node", n, "", "", "new") for n in found.nodes_new
    ]
    rows += [("node", c.subject, c.field, c.before, c.after) for c in found.nodes]
    rows += [("tasks", w, "number", str(n), "gone") for w, n in found.tasks_gone.items()]
    rows += [("tasks", w, "number", "", f"{n} new") for w, n in found.tasks_new.items()]
    rows += [("task", m.task_id, "node", m.before or "none", m.after or "none") for m in found.moved]
    rows += [("task", c.subject, c.field, c.before, c.after) for c in (*found.states, *found.tasks)]
    rows += [("workload", c.subject, c.field, c.before, c.after) for c in found.workloads]
    emit_table("differences", ("kind", "what", "field", "before", "after"), rows[:MAX_CHANGES], keys=2)
    if len(rows) > MAX_CHANGES:
        say(f"and {len(rows) - MAX_CHANGES} more; see --json\n")
    totals = [
        (r, *(amount_text(r, f) for f in (a.requested, b.requested, a.allocatable, b.allocatable)))
        for r, (a, b) in found.totals.items()
        if (a.requested, a.allocatable) != (b.requested, b.allocatable)
    ]
    if totals:
        emit_table("sums", ("resource", "requested before", "after", "allocatable before", "after"), totals)
    before, after = ("not known" if p is None else f"{dollars(p)} an hour" for p in found.price)
    if before != after:
        say(f"cost: {before} before, {after} after")
