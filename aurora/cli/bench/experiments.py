"""`aurora bench experiment`: measures false alarms, power, stopped harm and promised savings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling, steps

SOURCE = "aurora bench experiment --calibrate, populations 1000 to 1009 of 40 accounts"


def experiment(
    seeds: int = options.count(500, least=20, most=100_000, help="Number of experiments of each kind."),
    populations: int = options.count(
        5, least=0, most=100, help="Number of populations of 40 accounts for the savings; 0 skips them."
    ),
    calibrate: Path | None = options.path(
        None, help="Measure the calibration of savings again, and write it to this file."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure experiments that are evaluated every day, and compare promised with realised savings.

    Takes about 2 minutes on two cores.

    Example: aurora bench experiment --seeds 500 --json
    """
    from aurora.evals.experiments import bench_experiment  # heavy, used here only
    from aurora.evals.savings import bench_savings, calibrate_savings  # heavy, used here only
    from aurora.learning.rightsizing.plan_file import write_json  # heavy, used here only
    from aurora.learning.rightsizing.savings import calibration_json, shipped_calibration  # heavy, used here only

    note_compiling()
    with steps() as progress:
        if calibrate is None:
            calibration = shipped_calibration()
        else:
            calibration = calibrate_savings(SOURCE, progress)
            write_json(calibrate, calibration_json(calibration))
        result: dict[str, Any] = bench_experiment(seeds, progress)
        if populations:
            result["savings"] = bench_savings(calibration, populations, progress)
    if as_json:
        emit_json(result)
        return
    _show(result)


def _rate(cell: dict[str, float]) -> tuple[float, float, float]:
    return cell["rate"], cell["low"], cell["high"]


def _show(result: dict[str, Any]) -> None:
    nothing, effect = result["no_effect"], result["effect"]
    rows: list[tuple[object, ...]] = [
        ("false alarms, any", *_rate(nothing["alarms"])),
        ("false alarms of the metric alone", *_rate(nothing["alarms_of_metric"])),
        ("false alarms of the guardrail alone", *_rate(nothing["alarms_of_guardrail"])),
        ("false alarms of a z-test every day", *_rate(nothing["alarms_of_daily_z_test"])),
        ("false alarms of the normal mixture", *_rate(nothing["alarms_of_mixture"])),
        ("stopped for futility, no effect", *_rate(nothing["futility"])),
        ("detected, smallest effect", *_rate(effect["power"])),
        ("detected by the normal mixture", *_rate(effect["power_of_mixture"])),
        ("stopped for futility, smallest effect", *_rate(effect["futility"])),
        ("interval holds on all days", *_rate(effect["interval_holds_on_all_days"])),
    ]
    rows += [(f"harm of {h['size']:g} effects stopped", *_rate(h["stopped"])) for h in result["harm"]]
    savings = result.get("savings")
    if savings is not None:
        cover = savings["coverage"]
        rows.append((f"savings within their {cover['stated']:.0%} interval", *_rate(cover)))
    emit_table(f"{result['seeds']} experiments of each kind", ("what", "rate", "low", "high"), rows)
    worlds = [(w, effect["effects"][w], effect["promised_power"][w], p) for w, p in effect["power_by_world"].items()]
    emit_table("power by world", ("world", "smallest_effect", "promised", "reached"), worlds)
    if savings is not None:
        risks = [(r["risk"], r["cases"], r["stated"], r["broken"], r["low"], r["high"]) for r in savings["risk"]]
        emit_table("promise broken, by risk", ("risk", "cases", "stated", "broken", "low", "high"), risks)
        note(json.dumps({k: savings[k] for k in ("accounts", "findings", "predicted", "realised", "confidence")}))
