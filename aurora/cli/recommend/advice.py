"""Formats recommendations: one line for each account, fitted to the terminal, with totals and reasons."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from aurora.cli.terminal.output import emit_table, note, printable, say, terminal_width
from aurora.cli.terminal.tables import wrapped

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.accounts import Configuration
    from aurora.learning.rightsizing.recommend import Recommendation

COLUMNS = (
    "account",
    "finding",
    "now",
    "proposed",
    "$/month now",
    "$/month proposed",
    "saves",
    "low",
    "high",
    "risk",
    "confidence",
    "in plan",
    "not measured",
)
"""Columns of the formats that are not fitted to a terminal."""
WIDE_COLUMNS = 110
"""Least width of a terminal at which the interval of savings is shown."""
USUAL_COLUMNS = 76
"""Least width of a terminal at which there are two spaces between cells."""
LEAST_ACCOUNT, MOST_ACCOUNT = 12, 40
SHORT = 2
"""Position of the wording of a change that a usual terminal should have room for."""


def by_savings(recommendations: Sequence[Recommendation]) -> list[Recommendation]:
    """Return recommendations by savings, the largest first, those without any last."""
    return sorted(
        recommendations, key=lambda r: (r.savings is None, -r.savings.expected if r.savings else 0.0, r.account)
    )


def show_table(recommendations: Sequence[Recommendation]) -> None:
    """Print a line for each account on stdout: fitted to a terminal, tab-separated elsewhere; totals below."""
    if not sys.stdout.isatty():
        emit_table("recommendations", COLUMNS, [cells(r) for r in by_savings(recommendations)])
        for line in totals(recommendations):
            note(line)
        return
    columns = terminal_width()
    say("\n".join([*lines(by_savings(recommendations), columns), "", *_wrapped(totals(recommendations), columns)]))


def as_csv(recommendations: Sequence[Recommendation]) -> str:
    """Return the table as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(cells(r) for r in by_savings(recommendations))
    return stream.getvalue()


def as_markdown(recommendations: Sequence[Recommendation]) -> str:
    """Return the table as Markdown, with the totals."""
    rows = [[cell.replace("|", "\\|") for cell in cells(r)] for r in by_savings(recommendations)]
    body = [f"| {' | '.join(row)} |" for row in [list(COLUMNS), ["---"] * len(COLUMNS), *rows]]
    return "\n".join([*body, "", *totals(recommendations)]) + "\n"


def cells(r: Recommendation) -> tuple[str, ...]:
    """Return a row of the formats that are not fitted to a terminal."""
    saved = r.savings
    return (
        r.account,
        r.finding,
        "" if r.now is None else _whole(r.now),
        "" if r.proposed is None else _whole(r.proposed),
        "" if r.cost_now is None else f"{r.cost_now:.0f}",
        "" if r.cost_proposed is None else f"{r.cost_proposed:.0f}",
        *(("", "", "") if saved is None else (f"{saved.expected:.0f}", f"{saved.low:.0f}", f"{saved.high:.0f}")),
        "" if r.risk is None else str(r.risk),
        "" if r.confidence is None else f"{r.confidence.value:.0%}",
        "yes" if r.is_applicable else "no",
        " ".join(_unmeasured(r)),
    )


def lines(recommendations: Sequence[Recommendation], columns: int) -> list[str]:
    """Return a title and a line for each account, none longer than `columns` characters."""
    is_wide = columns >= WIDE_COLUMNS
    gap = "  " if columns >= USUAL_COLUMNS else " "
    titles = ["account", "now -> proposed", "$/month", "risk", "finding"]
    rows = [[printable(r.account), "", _money(r, is_wide=is_wide), _risk(r), r.finding] for r in recommendations]
    if is_wide:
        titles.insert(3, "saves (80 %)")
        for row, r in zip(rows, recommendations, strict=True):
            s = r.savings
            row.insert(3, "" if s is None else f"{s.expected:,.0f} ({s.low:,.0f} to {s.high:,.0f})")
    table = [titles, *rows]
    widths = [max(cell_len(row[k]) for row in table) for k in range(len(titles))]
    free = columns - 1 - sum(widths[2:]) - len(gap) * (len(titles) - 1)
    wanted = max((len(_changes(r)[0 if is_wide else SHORT]) for r in recommendations), default=0)
    account = min(widths[0], MOST_ACCOUNT, max(LEAST_ACCOUNT, free - wanted))
    longest = max([len(titles[1]), *(len(_changes(r)[0]) for r in recommendations)])
    widths[:2] = [account, max(LEAST_ACCOUNT, min(longest, free - account))]
    for row, r in zip(rows, recommendations, strict=True):
        row[1] = next((c for c in _changes(r) if len(c) <= widths[1]), _changes(r)[-1])
    return [gap.join(_fitted(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]


def _changes(r: Recommendation) -> list[str]:
    """Return the change in ever shorter words."""
    now, new = r.now, r.proposed
    if now is None or new is None:
        return ["" if now is None else f"{_size(now)}, as it is", "" if now is None else _size(now)] * 2
    other = [k for k in ("storage", "network", "target", "cooldown") if getattr(now, k) != getattr(new, k)]
    more = f" +{len(other)}" if other else ""
    if now.instance != new.instance:
        told = f"{_size(now)} -> {_size(new)}"
    elif _count(now) != _count(new):
        told = f"{_count(now)} -> {_size(new)}"
    else:
        told = _size(now)
    return [
        " ".join([told, *(f"+{k}" for k in other)]),
        f"{told}{more}",
        f"{told.replace(' -> ', '->')}{more}",
        f"{_count(now)}->{_size(new)}{more}",
        f"->{_size(new)}{more}",
    ]


def totals(recommendations: Sequence[Recommendation]) -> list[str]:
    """Return lines on the total cost now and proposed, what is in no plan, and what was not measured."""
    counted = [r for r in recommendations if r.cost_now is not None]
    moved = [r for r in counted if r.is_applicable]
    now = sum(r.cost_now or 0.0 for r in counted)
    new = now - sum(r.savings.expected for r in moved if r.savings is not None)
    texts = [
        f"{len(recommendations)} accounts: ${now:,.0f} a month now, ${new:,.0f} with the {len(moved)} changes that may "
        f"go into a plan: {_saved(now - new)}"
    ]
    if counted:
        texts.append("risk: 0 (low) to 4 of breaking the promise, and the confidence in the recommendation")
    held = [r for r in counted if r.proposed is not None and not r.is_applicable]
    if held:
        why = (f"{r.account} ({'conflict' if r.finding == 'conflict' else f'risk {r.risk}'})" for r in held)
        texts.append(f"not in a plan: {', '.join(why)}")
    silent = [r.account for r in recommendations if r.finding == "no_data"]
    if silent:
        texts.append(f"too little measured: {', '.join(silent)}")
    groups: dict[tuple[str, ...], list[str]] = {}
    for r in counted:
        groups.setdefault(_unmeasured(r), []).append(r.account)
    texts += [
        f"not measured, so no less is proposed than there is now: {', '.join(what)} of {', '.join(who)}"
        for what, who in groups.items()
        if what
    ]
    return texts


def why(r: Recommendation, columns: int) -> list[str]:
    """Return lines with the finding, its reasons, the bases of risk and confidence, and what would change it."""
    texts = [f"{r.account}: {r.finding}"]
    if r.now is not None and r.proposed is not None:
        texts.append(f"  {_whole(r.now)} -> {_whole(r.proposed)}")
    if r.savings is not None:
        s = r.savings
        texts.append(
            f"  {_saved(s.expected)} a month ({s.level:.0%} interval of what it saves: ${s.low:,.0f} to "
            f"${s.high:,.0f}); prices: {s.price_source}"
        )
    texts += [f"  - {reason}" for reason in r.reasons]
    if r.risk is not None and r.probability is not None:
        texts.append(f"  risk {r.risk}: probability {r.probability:.1%} {r.risk_basis}")
    if r.confidence is not None:
        texts.append(f"  confidence {r.confidence.value:.0%}: {r.confidence.basis}")
    texts += [f"  would change: {flip.text}" for flip in r.flips]
    return _wrapped([line.replace("$-", "-$") for line in texts], columns)


def _wrapped(told: Sequence[str], columns: int) -> list[str]:
    found: list[str] = []
    for line in told:
        found += wrapped(line, columns - 1, hang=" " * (len(line) - len(line.lstrip()) + 2))
    return found


def _saved(dollars: float) -> str:
    return f"saves ${dollars:,.0f}" if dollars >= 0 else f"costs ${-dollars:,.0f} more"


def _unmeasured(r: Recommendation) -> tuple[str, ...]:
    words = {"io": "storage", "bandwidth": "network"}
    return tuple(words.get(name, name) for name, is_measured in r.measured.items() if not is_measured)


def _money(r: Recommendation, *, is_wide: bool) -> str:
    if r.cost_now is None:
        return ""
    shown = "{:,.0f}" if is_wide else "{:.0f}"
    arrow = " -> " if is_wide else "->"
    costs = [r.cost_now] if r.proposed is None or r.cost_proposed is None else [r.cost_now, r.cost_proposed]
    return arrow.join(shown.format(cost) for cost in costs)


def _risk(r: Recommendation) -> str:
    """Return the level of risk and the confidence."""
    return "" if r.risk is None or r.confidence is None else f"{r.risk}, {r.confidence.value:.0%}"


def _count(c: Configuration) -> str:
    return str(c.minimum) if c.minimum == c.maximum else f"{c.minimum}-{c.maximum}"


def _size(c: Configuration) -> str:
    return f"{_count(c)} {c.instance}"


def _whole(c: Configuration) -> str:
    return f"{_size(c)}, {c.storage}, {c.network}, target {c.target:.0%}, cooldown {c.cooldown} s"


def _fitted(text: str, width: int) -> str:
    """Return a text padded, or with its middle left out: names differ at both ends."""
    wide = cell_len(text)
    if wide <= width:
        return text + " " * (width - wide)
    if wide > len(text):  # characters of two cells
        return text[: (width - 2) // 2] + ".."
    head = (width - 2) // 2
    return f"{text[:head]}..{text[len(text) - (width - 2 - head) :]}"
