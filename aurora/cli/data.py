"""`aurora data`: reads series from files or a Prometheus server, repairs them, and lists their defects."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.terminal.groups import with_default
from aurora.cli.terminal.output import emit_json, emit_table, note, printable
from aurora.errors import InputError

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.series.series import Finding, Panel, Series

MAX_NOTATIONS_SHOWN = 10
"""Largest number of inferred forms that are shown on stderr."""
MAX_CHARTS = 24
"""Largest number of series in a plot."""
_SECONDS_OF_UNIT = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


app = typer.Typer(
    cls=with_default("read"),
    help="Measured series: `aurora data FILE...` is short for `aurora data read FILE...`.",
)


@app.command("read")
def data(  # one parameter an option
    paths: list[Path] | None = options.path_argument(
        None, help="Files in long form (.csv, .csv.gz, .parquet), exports or known traces; folders or patterns of them."
    ),
    prometheus: str = options.text("", help="Address of a Prometheus server, instead of files."),
    query: str = options.text("", help="With --prometheus: query in PromQL.", most=options.MAX_TEXT, lines=True),
    start: str = options.text(
        "", "--from", help="With --prometheus: start, in ISO 8601, Unix seconds, or a form such as now-7d."
    ),
    end: str = options.text("now", "--to", help="With --prometheus: end, in the same forms."),
    step: str = options.text("5m", help="With --prometheus: step, in seconds or a form such as 30s, 5m, 1h."),
    hash_accounts: bool = typer.Option(
        False, "--hash-accounts", help="Replace names of accounts by hashes, keyed by AURORA_ACCOUNT_KEY."
    ),
    detect: bool = typer.Option(True, help="Search for lasting steps and outliers."),
    out: Path | None = options.path(None, help="File for the repaired series: .parquet, .csv or .csv.gz."),
    plot: Path | None = options.path(None, help=f"File for charts of the first {MAX_CHARTS} series: .html or .png."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Read and repair series, and report their defects on stderr.

    Examples: aurora data usage.csv.gz --out repaired.parquet

    aurora data --prometheus http://HOST:9090 --query 'instance:cpu:ratio' --from now-14d --step 5m
    """
    from aurora.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.learning.series.charts import series_chart  # heavy, used here only
    from aurora.learning.series.long_form import check_long_form_path, write_long_form  # heavy, used here only

    check_plot_path(plot)
    if out is not None:
        check_long_form_path(out)
    key = account_key() if hash_accounts else None
    began = time.perf_counter()
    if prometheus:
        if paths:
            raise options.usage_error("--prometheus", "give files or --prometheus, not both")
        panel = _from_prometheus(prometheus, query, (start, end, step), key, detect)
    else:
        from aurora.learning.series.read import read_panel  # heavy, used here only

        panel = read_panel(paths or [], hash_accounts_with=key, detect=detect)
    seconds = time.perf_counter() - began
    if out is not None:
        write_long_form(panel, out)
        note(f"wrote {out}")
    if plot is not None:
        charts = [series_chart(series, panel.findings) for series in panel.series[:MAX_CHARTS]]
        write_charts([replace(chart, title=printable(chart.title)) for chart in charts], plot)
        note(f"wrote {plot}")
    if as_json:
        emit_json(panel.to_json() | {"seconds": seconds})
        return
    columns = ("unique_id", "from", "to", "step", "n", "observed", "metric", "unit")
    emit_table(f"{len(panel.series)} series", columns, [_row(s) for s in panel.series])
    for line in _grouped(panel.findings):
        note(line)
    note(f"{len(panel.series)} series, {sum(map(len, panel.series))} values, read in {seconds:.2f} s")


@app.command()
def sample(
    out: Path = options.path(..., help="File to write: .csv, .csv.gz or .parquet."),
    number: int = options.count(3, "--series", most=1000, help="Number of series."),
    days: int = options.count(7, most=365, help="Days of five-minute values."),
    seed: int = options.seed(),
) -> None:
    """Write made-up load of services (cores in use), for trying `data`, `forecast` and `futures`.

    Example: aurora data sample --out cpu.csv
    """
    from aurora.learning.made_up import made_up_series  # heavy, used here only
    from aurora.learning.series.long_form import write_long_form  # heavy, used here only

    write_long_form(made_up_series(number, days, seed), out)
    note(f"wrote {out}: {number} series, {days} days of five minutes from 1 June 2026, in cores; made up")


def account_key() -> str:
    """Read the key for hashing names of accounts from the environment.

    Raises:
        InputError: The environment has no key.
    """
    from aurora.learning.series.pseudonyms import KEY_VARIABLE, MIN_KEY_CHARACTERS  # heavy, used here only

    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        raise InputError(f"--hash-accounts needs a secret of {MIN_KEY_CHARACTERS} characters or more in {KEY_VARIABLE}")
    return key


def _from_prometheus(url: str, query: str, window: tuple[str, str, str], key: str | None, detect: bool) -> Panel:
    from aurora.learning.series.prometheus import read_prometheus  # heavy, used here only
    from aurora.learning.series.prometheus_http import access_from_environment  # heavy, used here only

    start, end, step = window
    if not query or not start:
        raise options.usage_error("--query", "--prometheus needs --query and --from")
    seconds = parse_span("--step", step)
    first = parse_time("--from", start)
    if start.strip().startswith("now"):
        first -= first % max(1, seconds)  # on the grid of all days, so that a later query gives the same points
    return read_prometheus(
        url,
        query,
        first,
        parse_time("--to", end),
        seconds,
        access=access_from_environment(),
        hash_accounts_with=key,
        detect=detect,
        tell=note,
    )


def parse_span(option: str, text: str) -> int:
    """Parse a span such as `300`, `5m`, `1h` or `7d` as seconds.

    Raises:
        BadParameter: The text is in none of these forms.
    """
    parts = re.fullmatch(r"(\d{1,9})([smhd]?)", text.strip())
    if not parts:
        raise options.usage_error(option, f"{options.shown(text)}: write whole seconds, or such as 30s, 5m, 1h, 7d")
    return int(parts[1]) * _SECONDS_OF_UNIT[parts[2]]


def parse_time(option: str, text: str) -> int:
    """Parse ISO 8601 (UTC without a zone), Unix seconds, `now` or `now-7d` as Unix time.

    Raises:
        BadParameter: The text is in none of these forms.
    """
    text = text.strip()
    if text == "now" or text.startswith("now-"):
        return int(time.time()) - (parse_span(option, text[4:]) if text != "now" else 0)
    if re.fullmatch(r"\d{1,12}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise options.usage_error(
            option, f"{options.shown(text)}: write ISO 8601, Unix seconds, or such as now-7d"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _row(series: Series) -> tuple[object, ...]:
    last = series.start + (len(series) - 1) * series.step
    return (
        printable(series.unique_id),
        _iso(series.start),
        _iso(last),
        series.step,
        len(series),
        float(series.observed.mean()),
        printable(series.labels.get("metric", "")),
        printable(series.labels.get("unit", "")),
    )


def _iso(time_: int) -> str:
    return datetime.fromtimestamp(time_, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _grouped(findings: Sequence[Finding]) -> list[str]:
    """Return a line for each inferred form of a file, and for each kind of defect."""
    notations = list(dict.fromkeys(f.message for f in findings if f.defect == "notation"))
    lines = [f"notation: {printable(message)}" for message in notations[:MAX_NOTATIONS_SHOWN]]
    if len(notations) > MAX_NOTATIONS_SHOWN:
        lines.append(f"notation: and {len(notations) - MAX_NOTATIONS_SHOWN} more; see --json")
    findings = [f for f in findings if f.defect != "notation"]
    series = Counter(f.defect for f in findings)
    values: Counter[str] = Counter()
    for f in findings:
        values[f.defect] += f.count
    first = {f.defect: f for f in reversed(findings)}
    return lines + [
        f"{defect}: {values[defect]} in {count} findings, such as {printable(first[defect].unique_id)} "
        f"from {_iso(first[defect].first)}: {first[defect].message}"
        for defect, count in series.most_common()
    ]
