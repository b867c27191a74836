"""`aurora bench operator`: how well the operator without a model understands questions."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.quantities import percent

_FIRST = Path("benchmarks/data/operator_questions.jsonl")
_SECOND = Path("benchmarks/data/operator_questions_2.jsonl")
_THIRD = Path("benchmarks/data/operator_questions_3.jsonl")
_QUESTIONS = Path("benchmarks/data/operator_questions_4.jsonl")
"""The sealed set, in a checkout of the project."""

COLUMNS = ("kind", "questions", "right", "asked back", "one reading", "wrong")


def operator(
    questions: Path = options.path(
        _QUESTIONS, help=f"Questions with labels, .jsonl: {_QUESTIONS}, {_THIRD}, {_SECOND} or {_FIRST}."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure how many questions the operator without a model understands, asks back, or takes for others.

    A question is right with its kind and all its names and amounts. Nothing is looked up. The default is the fourth
    set of 300 questions, which nobody may tune on; the first three are beside it.

    Example: aurora bench operator --questions benchmarks/data/operator_questions_4.jsonl
    """
    from aurora.evals.understanding import bench_understanding  # heavy, used here only

    result = bench_understanding(questions)
    if as_json:
        emit_json(result)
        return
    emit_table("questions understood", COLUMNS, [tuple(row.values()) for row in result["by_kind"]])
    for name in ("right", "asked_back", "one_reading", "wrong"):
        part = result[name]
        interval = f"[{percent(part['low'])}, {percent(part['high'])}]"
        note(f"{name.replace('_', ' ')}: {part['count']} of {result['questions']}, {percent(part['share'])} {interval}")
    shown, right, wrong = result["reading_shown"], result["right"]["count"], result["wrong"]["count"]
    note(f"the answer says how it was read: {shown['right']} of {right} right, {shown['wrong']} of {wrong} wrong")
    misread = ", ".join(f"{m['number']} ({m['verdict']})" for m in result["misread"])
    note(f"misread: {misread or 'none'}; {1000 * result['seconds'] / max(1, result['questions']):.1f} ms a question")
