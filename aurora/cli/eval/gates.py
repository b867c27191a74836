"""The option `--fail-on` of evaluations: conditions under which the command fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import note

if TYPE_CHECKING:
    from aurora.evals.results.result import Metric


def fail_on() -> Any:
    """Declare the option `--fail-on`."""
    return options.text(
        [],
        "--fail-on",
        help="Condition on a metric under which the command ends with exit code 1, such as correctness.low<0.99; "
        "repeatable.",
    )


def require_passed(conditions: Sequence[str], metrics: Sequence[Metric]) -> None:
    """Print every metric that fails a condition, and end the command with exit code 1 if there is one.

    Args:
        conditions: Values of `--fail-on`.
        metrics: Metrics of the result.

    Raises:
        InputError: A condition is not valid, or names no metric.
        typer.Exit: A metric fails.
    """
    from aurora.evals.results.gates import failed_gates, parse_gate

    failed = failed_gates([parse_gate(text) for text in conditions], metrics)
    for reason in failed:
        note(str(reason))
    if failed:
        raise typer.Exit(1)
