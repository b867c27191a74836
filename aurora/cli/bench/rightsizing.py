"""`aurora bench rightsizing`: slack against violations of strategies for requests, on public traces."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import steps
from aurora.quantities import duration, percent, plain

COLUMNS = (
    "data",
    "resource",
    "rival",
    "at violations",
    "rival's slack",
    "slack",
    "less slack [95 %]",
    "violations at its slack",
    "fewer violations [95 %]",
    "n",
)


RELIABILITY_COLUMNS = ("data", "resource", "within", "stated", "mean stated", "seen [95 %]", "sizes", "series")


def rightsizing(
    data: Path = options.path(
        ...,
        help="Folder with the traces: any of planetlab/, dc_util/, google_2011_days/, azure_vms/, nab/, bitbrains/.",
    ),
    seed: int = options.seed("Random seed of the bootstrap."),
    plot: Path | None = options.path(None, help="File for the curves, .html or .png."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON, with the curves."),
) -> None:
    """Compare AURORA's requests with KRR's and VPA's: slack at equal violations, violations at equal slack.

    Each strategy is swept by its own knob. Takes about a minute on one core.

    Example: aurora bench rightsizing --data TRACES
    """
    from aurora.charts import check_plot_path, write_charts
    from aurora.evals.rightsizing import bench_rightsizing, curve_charts

    check_plot_path(plot)
    with steps() as progress:
        result = bench_rightsizing(data, seed=seed, progress=progress)
    if plot is not None:
        write_charts(curve_charts(result), plot)
        note(f"wrote {plot}")
    if as_json:
        emit_json(result)
        return
    rows = [
        (
            c["data"],
            c["resource"],
            c["rival"],
            _at(c["at"], c["violations"]),
            _number(c["rival_slack"]),
            _number(c["slack"]),
            _difference(c["less_slack"], c["less_slack_low"], c["less_slack_high"]),
            "-" if c["violations_at_slack"] is None else percent(c["violations_at_slack"]),
            _difference(c["fewer_violations"], c["fewer_violations_low"], c["fewer_violations_high"]),
            c["n"],
        )
        for c in result["comparisons"]
    ]
    emit_table("AURORA against other strategies", COLUMNS, rows, keys=4)
    promises = [tuple(p.values()) for p in result["promises"]]
    emit_table("promised and realised risk of AURORA", ("data", "resource", "promised", "realised"), promises, keys=2)
    reliability = [
        (
            r["data"],
            r["resource"],
            duration(r["horizon"]),
            f"{percent(r['low'])} to {percent(r['high'])}",
            percent(r["stated"]),
            f"{percent(r['seen'])} [{100 * r['seen_low']:.1f}, {100 * r['seen_high']:.1f}]",
            r["sizes"],
            r["series"],
        )
        for r in result["reliability"]
    ]
    emit_table("stated and seen probabilities", RELIABILITY_COLUMNS, reliability, keys=4)


def _at(at: str, violations: float | None) -> str:
    return f"{percent(violations or 0.0)} ({at})" if at.startswith("its default") else percent(float(at))


def _number(value: float | None) -> str:
    return "-" if value is None else plain(value, 3)


def _difference(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    interval = "" if low is None or high is None else f" [{100 * low:+.0f}, {100 * high:+.0f}]"
    return f"{100 * value:+.0f} %{interval}"
