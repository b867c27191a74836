"""`aurora eval compare`: compares two evaluations sample by sample."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.terminal.output import emit_json, emit_table, note


def compare(
    first: Path = options.path_argument(help="Folder of the evaluation to compare with."),
    second: Path = options.path_argument(help="Folder of the evaluation in question."),
    rename: list[str] = options.text(
        [], help="OLD=NEW: subject of the first that has another name in the second; repeatable."
    ),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the comparison as JSON."),
) -> None:
    """Compare two evaluations on the samples that both have: differences with intervals and adjusted p-values.

    A condition of `--fail-on` is about the difference, second less first.

    Example: aurora eval compare runs/eval/before runs/eval/after --fail-on "reward.high<0"
    """
    from aurora.evals.results.comparison import compare_evaluations

    names = dict(_pair(text) for text in rename)
    result = compare_evaluations(first, second, renamed=names)
    if as_json:
        emit_json(result.to_json())
    else:
        emit_table(
            "second less first",
            ("suite", "subject", "metric", "difference", "low", "high", "p, adjusted", "samples"),
            [(d.suite, d.subject, d.name, *d.difference, d.adjusted, d.clusters) for d in result.differences],
            keys=3,
        )
        left_out = [
            f"{count:,} samples {where}"
            for count, where in (
                (result.only_first, "are only in the first"),
                (result.only_second, "are only in the second"),
                (result.failures, "failed in either"),
            )
            if count
        ]
        if left_out:
            note(f"Left out: {'; '.join(left_out)}.")
    require_passed(fails, result.metrics())


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not (old and sign and new):
        raise options.usage_error("--rename", f"{options.shown(text)} is no pair; give OLD=NEW")
    return old, new
