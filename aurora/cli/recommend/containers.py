"""`aurora recommend containers`: requests and limits of containers, from what they were measured to use."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.data import parse_span, parse_time
from aurora.cli.terminal.output import emit_json, emit_table, note, on_terminal, printable, say, terminal_width
from aurora.cli.terminal.steps import steps
from aurora.quantities import dollars, percent, plain

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.rightsizing.containers import ContainerAdvice, ContainerReport, ContainerUse, ResourceAdvice
    from aurora.learning.series.series import Finding

COLUMNS = (
    "container",
    "resource",
    "finding",
    "replicas",
    "request now",
    "request",
    "limit now",
    "limit",
    "unused now",
    "unused",
    "chance now",
    "chance",
    "confidence",
    "autoscaler target",
    "$/month now",
    "$/month",
)
"""Columns of the table for other programs; money and target stand in a container's first row."""
SHORT_COLUMNS = ("container", "resource", "finding", "request", "limit", "unused", "chance")
"""Columns on a terminal."""
LEAST_CHANCE = 0.001
"""Least probability that is shown as a number."""
MAX_FINDINGS_SHOWN = 5
"""Most defects of the data that are printed one by one."""


class StrategyName(StrEnum):
    """Strategies of `aurora.learning.rightsizing.containers.STRATEGIES`."""

    aurora = "aurora"
    krr = "krr"
    vpa = "vpa"


def containers(
    data: Path | None = options.path_argument(
        None, help="Histories of containers (.jsonl, .csv, also gzipped), or a snapshot (.json, sample:web-shop)."
    ),
    strategy: StrategyName = typer.Option(StrategyName.aurora, help="AURORA's own strategy, or a published rule."),
    risk: float = options.share(
        0.02, least=0.0001, most=0.5, help="Share of the time in which CPU demand may exceed the request, on average."
    ),
    memory_risk: float = options.share(
        0.01, least=0.0001, most=0.5, help="Probability of a kill for lack of memory within the horizon, on average."
    ),
    horizon: float = options.number(7.0, least=0.01, most=90, unit="days", help="Days for which the advice holds."),
    least_hours: float = options.number(
        48.0, least=1, most=8760, unit="hours", help="Hours of measurements below which nothing is proposed."
    ),
    core_price: float | None = options.number(
        None, least=0, most=options.MAX_PRICE, unit="dollars", help="Price of a requested core for an hour."
    ),
    gib_price: float | None = options.number(
        None, least=0, most=options.MAX_PRICE, unit="dollars", help="Price of a requested GiB for an hour."
    ),
    why: list[str] = options.text([], help="Print the reasons of this container; may be repeated; `all` prints all."),
    sample: Path | None = options.path(
        None, help="Write made-up containers to this file, .jsonl, and do nothing else."
    ),
    prometheus: str = options.text("", help="Address of a Prometheus server, instead of a file."),
    start: str = options.text("now-14d", "--from", help="With --prometheus: start, such as now-14d, or ISO 8601."),
    end: str = options.text("now", "--to", help="With --prometheus: end, in the same forms."),
    step: str = options.text("5m", help="With --prometheus: step, such as 5m."),
    matching: str = options.text("", help="With --prometheus: label matchers, such as 'namespace=\"shop\"'."),
    history: list[Path] = options.path(
        [], help="With a snapshot: series of its containers, with the labels task, container and metric; repeatable."
    ),
    out: Path | None = options.path(None, help="File for the histories that were read, .jsonl."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Recommend requests and limits for containers, from measured use.

    What was not measured stays as it is. Chance is that of throttling at a moment, and of a kill in the horizon.

    Examples: aurora recommend containers --sample shop.jsonl

    aurora recommend containers shop.jsonl --core-price 0.03 --gib-price 0.004 --why all

    aurora recommend containers sample:web-shop
    """
    from aurora.learning.rightsizing.containers import Prices, advise
    from aurora.learning.rightsizing.containers.files import write_containers
    from aurora.learning.rightsizing.containers.samples import made_up_containers

    if sample is not None:
        made = made_up_containers()
        write_containers(made, sample)
        note(f"wrote {sample}: {len(made)} containers, 14 days of five minutes from 1 June 2026; made up")
        return
    if (core_price is None) != (gib_price is None):
        raise options.usage_error("--core-price", "give --core-price and --gib-price together, or neither")
    uses, findings = _read(data, history, prometheus, (start, end, step), matching)
    _note_findings(findings)
    if out is not None:
        write_containers(uses, out)
        note(f"wrote {out}: {len(uses)} containers")
    prices = None if core_price is None or gib_price is None else Prices(core_price, gib_price)
    with steps() as progress:
        report = advise(
            uses,
            strategy.value,
            prices,
            risk=risk,
            memory_risk=memory_risk,
            horizon=86_400 * horizon,
            least_hours=least_hours,
            progress=progress,
        )
    wanted = _wanted(report, why)
    if as_json:
        emit_json(report.to_json() | {"findings": [f.to_json() for f in findings]})
        return
    _show(report)
    for advice in wanted:
        say("\n" + "\n".join(explained(advice, terminal_width())))
    if not wanted:
        note("reasons: --why CONTAINER, or --why all")


def _read(
    data: Path | None, history: list[Path], prometheus: str, window: tuple[str, str, str], matching: str
) -> tuple[tuple[ContainerUse, ...], tuple[Finding, ...]]:
    if prometheus:
        if data is not None:
            raise options.usage_error("--prometheus", "give a file or --prometheus, not both")
        from aurora.learning.rightsizing.containers.cluster_metrics import read_cluster_metrics
        from aurora.learning.series.prometheus_http import access_from_environment

        seconds = parse_span("--step", window[2])
        first = parse_time("--from", window[0])
        first -= first % max(1, seconds)  # the same points in a later query
        last = parse_time("--to", window[1])
        access = access_from_environment()
        read = read_cluster_metrics(prometheus, first, last, seconds, matching=matching, access=access, tell=note)
        return read.uses, read.findings
    if data is None:
        raise options.usage_error("DATA", "give a file of histories, --prometheus URL, or --sample FILE to write one")
    if str(data).startswith("sample:") or data.suffix == ".json":
        return _of_snapshot(data, history)
    if history:
        raise options.usage_error(
            "--history", "it goes with a snapshot: a file .json, or a sample such as sample:web-shop"
        )
    from aurora.learning.rightsizing.containers.files import read_containers

    read = read_containers(data)
    return read.uses, read.findings


def _of_snapshot(data: Path, history: list[Path]) -> tuple[tuple[ContainerUse, ...], tuple[Finding, ...]]:
    from aurora.cluster.container_use import container_uses
    from aurora.cluster.opening import open_snapshot
    from aurora.cluster.samples import sample_history
    from aurora.learning.series.dataframes import read_series

    snapshot = open_snapshot(str(data))
    if history:
        panel = read_series(history)
    elif str(data).startswith("sample:"):
        panel = sample_history(str(data).removeprefix("sample:"), by="container")
    else:
        raise options.usage_error("--history", "give the measured series of the snapshot's containers")
    return container_uses(snapshot, panel.series), panel.findings


def _note_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings[:MAX_FINDINGS_SHOWN]:
        note(f"{finding.unique_id}: {finding.message}")
    if len(findings) > MAX_FINDINGS_SHOWN:
        note(f"and {len(findings) - MAX_FINDINGS_SHOWN} more defects of the data: --json")


def _wanted(report: ContainerReport, why: list[str]) -> list[ContainerAdvice]:
    """Return the containers whose reasons are requested."""
    from aurora.errors import InputError

    names = [a.name for a in report.containers]
    unknown = sorted(set(why) - set(names) - {"all"})
    if unknown:
        raise InputError(
            f"no container {', '.join(unknown[:3])}; there are {', '.join(names[:3])} ...", parameter="why"
        )
    return [a for a in report.containers if "all" in why or a.name in why]


def _show(report: ContainerReport) -> None:
    title = f"requests and limits by {report.strategy}, cores and GiB a pod"
    rows: list[tuple[object, ...]] = []
    for advice in report.containers:
        for part in (advice.cpu, advice.memory):
            rows.append(_short(advice, part) if on_terminal() else _whole(advice, part))
    emit_table(title, SHORT_COLUMNS if on_terminal() else COLUMNS, rows, keys=2)
    for line in report.summary():
        note(line)
    for c in report.calibrations:
        note(
            f"{c.resource}: {c.tests} back-tests of {c.containers} containers; asked for {percent(c.risk)}, the "
            f"distributions are used at {percent(c.working_risk)}"
        )


def _whole(advice: ContainerAdvice, part: ResourceAdvice) -> tuple[object, ...]:
    is_first = part.resource == "cpu"
    return (
        advice.name,
        part.resource,
        part.finding,
        advice.replicas,
        part.now.request,
        part.proposed.request,
        part.now.limit,
        part.proposed.limit,
        part.slack_now,
        part.slack,
        part.chance_now,
        part.chance,
        part.confidence,
        advice.autoscaler_target if is_first else None,
        advice.month_now if is_first else None,
        advice.month if is_first else None,
    )


def _short(advice: ContainerAdvice, part: ResourceAdvice) -> tuple[object, ...]:
    return (
        printable(advice.name),
        part.resource,
        part.finding,
        _change(_size(part.now.request), _size(part.proposed.request)),
        _change(_size(part.now.limit), _size(part.proposed.limit)),
        _change(_size(part.slack_now), _size(part.slack)),
        _change(_chance(part.chance_now), _chance(part.chance)),
    )


def _change(now: str, proposed: str) -> str:
    return now if now == proposed else f"{now} -> {proposed}"


def _size(value: float | None) -> str:
    return "-" if value is None else plain(value, 3)


def _chance(value: float | None) -> str:
    """Return a probability in few characters; nobody has enough back-tests for a very small one."""
    if value is None:
        return "?"
    return f"<{percent(LEAST_CHANCE)}" if value < LEAST_CHANCE else f"{plain(100 * value, 2)} %"


def explained(advice: ContainerAdvice, columns: int) -> list[str]:
    """Return lines with the reasons of a container's advice, and what would change it, wrapped at a width."""
    from aurora.cli.terminal.tables import wrapped

    lines = [printable(advice.name)]
    if advice.month_now is not None and advice.month is not None:
        lines.append(f"  {dollars(advice.month_now)} a month now, {dollars(advice.month)} proposed")
    for part in (advice.cpu, advice.memory):
        sure = "" if part.confidence is None else f", confidence {percent(part.confidence)}"
        lines.append(f"  {part.resource}: {part.finding}{sure}")
        lines += [f"    - {reason}" for reason in part.reasons]
        lines += [f"    would change it: {text}" for text in part.would_change]
    return [w for line in lines for w in wrapped(line, columns - 1, hang=" " * (len(line) - len(line.lstrip()) + 2))]
