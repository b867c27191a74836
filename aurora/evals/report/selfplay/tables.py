"""Tables of a report as HTML; texts from files and models are escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from aurora.evals.champion import Verdict
from aurora.evals.optimality import Distance
from aurora.evals.report.selfplay.words import (
    GLOSSARY,
    OBJECTIVE_NAMES,
    change_text,
    interval_text,
    value_text,
)
from aurora.statistics.intervals import Interval


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Render a table that scrolls within its card on a narrow screen."""
    head = "".join(f"<th>{html.escape(n)}</th>" for n in names)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>"


COMPARISON = (
    "level",
    "closest reference",
    "start",
    "champion",
    "champion less reference [95 %]",
    "champion less start [95 %]",
    "ahead of all references",
)
"""Columns of `comparison_rows`."""


def comparison_rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """Return the champion, the start and the closest reference at each level, in words."""
    return [
        (
            _level(v),
            f"{v.comparisons[0].reference} {v.comparisons[0].reference_mean:.4f}",
            f"{v.start.reference_mean:.4f}",
            f"{v.mean:.4f}",
            interval_text(*v.comparisons[0].difference),
            interval_text(*v.start.difference),
            "yes" if v.is_ahead else "no",
        )
        for v in verdicts
    ]


def comparison_table(verdicts: Sequence[Verdict]) -> str:
    """Render the champion, the start and the closest reference at each level."""
    return table(COMPARISON, comparison_rows(verdicts))


def gains_table(verdicts: Sequence[Verdict]) -> str:
    """Render each objective in its unit for closest reference, start and champion; empty without a reward."""
    rows = [
        (
            _level(v),
            OBJECTIVE_NAMES[gain.objective],
            value_text(gain, gain.before),
            value_text(over_start, over_start.before),
            value_text(gain, gain.after),
            change_text(gain),
            change_text(over_start),
        )
        for v in verdicts
        for gain, over_start in zip(v.gains, v.gains_over_start, strict=True)
    ]
    if not rows:
        return ""
    names = ("level", "per task", "closest reference", "start", "champion", "against reference", "against start")
    return table(names, rows)


def distances_table(verdicts: Sequence[Verdict]) -> str:
    """Render the champion's distance from the bounds, a row per level."""
    objectives = list(dict.fromkeys(name for v in verdicts if v.distance for name in v.distance.ratios))
    rows = [
        (
            _level(v),
            str(v.distance.scenarios),
            f"{v.distance.bound:.4f}",
            f"{v.distance.reward:.4f}",
            _gap(v.distance.gap),
            *_joint(v.distance),
            *(_ratio(v.distance.ratios.get(name)) for name in objectives),
        )
        for v in verdicts
        if v.distance is not None
    ]
    joint = ("joint bound", "gap to it [95 %]", "best known plan", "gap to it [95 %]")
    names = ("level", "scenarios", "bound", "champion", "gap [95 %]", *joint, *(f"{name} ×" for name in objectives))
    return table(names, rows)


def _joint(distance: Distance) -> tuple[str, str, str, str]:
    joint = distance.joint
    if joint is None:
        return "-", "-", "-", "-"
    return f"{joint.bound:.4f}", _gap(joint.gap), f"{joint.plan:.4f}", _gap(joint.plan_gap)


def _gap(gap: Interval) -> str:
    return f"{gap.mean:.4f} [{gap.low:.4f}, {gap.high:.4f}]"


def usage_table(usage: dict[str, Any]) -> str:
    """Render the usage and the faults of the model."""
    rows = [
        ("calls", f"{usage['calls']:,}"),
        ("tokens in", f"{usage['tokens_in']:,}"),
        ("tokens out", f"{usage['tokens_out']:,}"),
        ("dollars", f"{usage['dollars']:.4f}" if usage["dollars"] else "0, or no price is known"),
        ("seconds of waiting", f"{usage['seconds']:.1f}"),
        ("answers sent back to it", str(usage["answers_sent_back"])),
        *((f"fault: {name}", str(count)) for name, count in usage["faults"].items()),
        *((f"tool calls, {name}", str(count)) for name, count in usage["tool_calls"].items()),
    ]
    return table(("what", "how much"), rows)


def forgetting_table(events: Sequence[dict[str, Any]]) -> str:
    """Render the champion's success on earlier levels after each advance to another one."""
    rows = [
        (str(e["level"]), str(e["iteration"] + 1), ", ".join(f"level {k}: {v:.0%}" for k, v in e["success"].items()))
        for e in events
        if e["event"] == "forgetting"
    ]
    if not rows:
        return "<p>The run has not moved up a level.</p>"
    return table(("moved up to level", "iteration", "champion's success on earlier levels"), rows)


def glossary() -> str:
    """Render the terms of the page with their meanings."""
    return "<dl>" + "".join(f"<dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd>" for k, v in GLOSSARY) + "</dl>"


def _level(verdict: Verdict) -> str:
    return str(verdict.level) if verdict.level else "all"


def _ratio(ratio: float | None) -> str:
    return "bound is 0" if ratio is None else f"{ratio:.2f}"
