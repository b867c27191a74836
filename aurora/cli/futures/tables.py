"""Tables and sentences of `aurora futures`."""

from __future__ import annotations

from typing import Any

from aurora.cli.terminal.output import emit_table, note
from aurora.quantities import JOULES_PER_KWH, count, dollars, duration, number, percent, period, plain


def show(result: dict[str, Any]) -> None:
    """Print the keys of `aurora futures --json` as tables, and the best plan as a sentence."""
    if result["compared"] is not None:
        show_compared(result["compared"])
    _show_tiers(result)
    _show_plans(result["plans"])
    _show_what_ifs(result)
    note(_best_text(result))
    note(
        f"{count(result['runs'])} runs of {count(result['futures'])} futures in {duration(result['seconds'])}; "
        f"forecast by {result['model']}, {result['backtests']} back-tests"
    )


def show_compared(compared: dict[str, Any]) -> None:
    """Print measured demand compared with what was simulated."""
    emit_table(
        f"measured demand compared with simulated demand, {compared['rounds']} rounds",
        ("tier", "inside", "of all steps so far", "horizons inside", "asked for now"),
        [
            (
                percent(t["confidence"]),
                percent(t["inside"]),
                percent(t["inside_all"]),
                percent(t["peaks_all"]),
                t["asked"],
            )
            for t in compared["tiers"]
        ],
    )
    note(f"nearest what-if: {compared['nearest']}; places of all steps by tenths: {compared['histogram']}")


def _scale_text(result: dict[str, Any]) -> str:
    """Say what the values of the series are in cores; empty where the data says so itself."""
    if result["assumed_unit"]:
        return "y is taken for cores, as its unit is not stated: say --cores-per-unit if it is another"
    if result["unit"] == "cores" and result["cores_per_unit"] == 1:
        return ""
    of = f"1 {result['unit']}" if result["unit"] else "1 of y"
    return f"{of} is {plain(result['cores_per_unit'])} cores"


def _show_tiers(result: dict[str, Any]) -> None:
    when = period(result["start"], result["end"])
    title = f"cores that cover {when} ({result['horizon']} steps of {duration(result['step'])})"
    if scale := _scale_text(result):
        title += f"; {scale}"
    emit_table(
        title,
        ("tier", "confidence", "cores", "exceeded at a step", "exceeded at some step"),
        [
            (
                t["kind"],
                percent(t["confidence"]) + ("" if t["is_backed"] else " (unchecked)"),
                t["cores"],
                percent(t["above_step"]),
                percent(t["above_horizon"]),
            )
            for t in result["tiers"]
        ],
    )


def _show_plans(plans: list[dict[str, Any]]) -> None:
    """Node size and prices stand in the title where all plans share them, else in columns."""
    terms = {(p["node_cores"], p["reserved_price"], p["burst_price"]) for p in plans}
    title = "plans, best first, over all what-ifs"
    columns = ["plan", "reserved", "burst", "loss", "worse by", "95 % interval", "best with"]
    rows = [
        [
            p["plan_id"],
            p["reserved_nodes"],
            p["burst_nodes"],
            number(p["loss"], 4),
            number(p["worse"], 3),
            f"{number(p['low'], 3)} to {number(p['high'], 3)}",
            percent(p["probability_best"]),
        ]
        for p in plans
    ]
    if len(terms) == 1:
        cores, reserved, burst = terms.pop()
        title += f"; nodes of {plain(cores)} cores, {dollars(reserved)}/h reserved, {dollars(burst)}/h on demand"
    else:
        columns += ["cores a node", "reserved $/h", "burst $/h"]
        rows = [
            [*row, p["node_cores"], p["reserved_price"], p["burst_price"]] for row, p in zip(rows, plans, strict=True)
        ]
    emit_table(title, columns, rows)


def _show_what_ifs(result: dict[str, Any]) -> None:
    emit_table(
        "by what-if (means)",
        ("what-if", "plan", "cost $", "cost p95", "wait s", "wait p95 s", "SLA missed", "energy kWh"),
        [
            (
                name,
                p["plan_id"],
                number(m["cost"]["mean"], 4),
                number(m["cost"]["p95"], 4),
                number(m["latency"]["mean"], 4),
                number(m["latency_p95"]["mean"], 4),
                percent(m["sla"]["mean"]),
                number(m["energy"]["mean"] / JOULES_PER_KWH, 4),
            )
            for name in result["what_ifs"]
            for p in result["plans"]
            for m in (p["measures"][name],)
        ],
        keys=2,
    )


def _best_text(result: dict[str, Any]) -> str:
    best = result["plans"][0]
    cost = best["measures"][result["what_ifs"][0]]["cost"]["mean"]
    text = (
        f"best: {best['plan_id']}: {_nodes(best['reserved_nodes'])} of {plain(best['node_cores'])} cores reserved and "
        f"{_nodes(best['burst_nodes'])} on demand from {period(result['start'], result['end'])}, {dollars(cost)} "
        "as forecast"
    )
    others = [(n, p) for n, p in result["best_by_what_if"].items() if p != best["plan_id"]]
    if others:
        text += "; by one what-if alone: " + ", ".join(f"{plan} ({name})" for name, plan in others)
    return text


def _nodes(n: int) -> str:
    return f"{count(n)} node{'' if n == 1 else 's'}"
