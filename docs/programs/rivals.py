"""Prints the tables of `docs/reference/rivals.md` from the result of `aurora eval benchmark`.

python -m docs.programs.rivals runs/eval/benchmark
"""

from __future__ import annotations

import sys
from pathlib import Path

from aurora.evals.results.result import Cell, EvalResult, Table, load_result

SHOWN = ("champion", "dqn", "ppo", "ppo_lstm", "random", "first_fit")
"""Policies of every table, with the `BEST` others."""
BEST = 3


def main() -> None:
    """Print the tables of the result in the folder that is named."""
    result = load_result(Path(sys.argv[1]))
    for table in result.tables:
        if table.columns[0] == "policy" and "champion less it" in table.columns:
            print(_suite(table))
        else:
            print(_plain(table))
    print("\n".join(_trainings(result)))


def _plain(table: Table) -> str:
    head = f"| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}"
    rows = [f"| {' | '.join(_text(cell) for cell in row)} |" for row in table.rows]
    return "\n".join([f"### {table.title.capitalize()}", "", head, *rows, "", table.note, ""])


def _suite(table: Table) -> str:
    """Return a suite's table with fewer policies and columns."""
    others = [row for row in table.rows if row[0] not in SHOWN][:BEST]
    rows = [row for row in table.rows if row[0] in SHOWN or row in others]
    place = {name: k for k, name in enumerate(table.columns)}
    wanted = ("mean latency, s", "$ a task", "SLA violations, %", "Pareto-optimal, %")
    shown = [n for n in wanted if n in place]
    head = ("policy", table.columns[1], "champion less it [95 %]", "p, adjusted", *shown)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        value = f"{_text(row[1])} [{_text(row[2])}, {_text(row[3])}]"
        lead = "" if row[4] is None else f"{_signed(row[4])} [{_signed(row[5])}, {_signed(row[6])}]"
        p = "" if row[7] is None else f"{float(row[7]):.2g}"
        lines.append(f"| {row[0]} | {value} | {lead} | {p} | {' | '.join(_text(row[place[n]]) for n in shown)} |")
    name, _, about = table.title.partition(": ")
    note = table.note[0].upper() + table.note[1:]
    return "\n".join([f"### {name}", "", f"{about[0].upper()}{about[1:]}. {note}", "", *lines, ""])


def _trainings(result: EvalResult) -> list[str]:
    return ["### Trainings", "", *(f"- {note}" for note in result.notes)]


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _signed(cell: Cell) -> str:
    return "-" if cell is None else f"{float(cell):+.3g}"


if __name__ == "__main__":
    main()
