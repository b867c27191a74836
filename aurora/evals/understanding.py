"""Benchmark of the operator without a model: how many questions it understands, asks back, or takes for others."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aurora.agents.operator.answering.talk import POLICY_IDS
from aurora.agents.operator.understanding.meaning import Meaning, understand
from aurora.agents.operator.understanding.names import Names
from aurora.cluster.samples.load import load_sample
from aurora.errors import DataError, FileError, InputError
from aurora.statistics.intervals import wilson
from aurora.tools.desk import Desk

NOT_ANSWERED = ("other", "ambiguous")
"""Kinds of the file for which a question back is right."""
ASK = "ask"
"""Kind in `also_right`: a question back is right as well."""
MOST_WRONG = 0.01
"""Largest share of questions for development that may be taken for others."""
ONE_SIDED = 1.6448536269514722
"""Quantile of the normal distribution for a one-sided limit of 95 %."""
_OURS = frozenset({"metric", "claimed_node", "zone", "series"})
"""Slots of the operator that the file need not have."""


class Judged(NamedTuple):
    """A question and what was made of it.

    Attributes:
        number: Its number in the file.
        kind: What it asks, by the file.
        verdict: `right`, `asked back`, `wrong kind`, `wrong slots`, or `one reading`: an ambiguous question taken in
            one way, or one part of a double question.
        found: Kind that was understood, several with a comma; empty: asked back.
        is_shown: Whether the answer says how the question was read.
    """

    number: int
    kind: str
    verdict: str
    found: str
    is_shown: bool = False


def bench_understanding(questions: Path, *, threshold: float | None = None) -> dict[str, Any]:
    """Understand the questions of a file and compare with its labels; keys of `aurora bench operator --json`.

    Args:
        threshold: Least probability of a kind at which a question counts as understood; None: the operator's own.
        questions: JSON lines with `id`, `snapshot` (a sample), `question`, `kind` and `slots`. An ambiguous question
            has `kinds`, a double one `parts`, one with two fair readings `also_right`,
            where `ask` is a question back. See benchmarks/data/README.md.

    Raises:
        FileError: The file can't be read.
        DataError: A line is not such a question.
    """
    rows = _rows(questions)
    names: dict[str, Names] = {}
    judged = []
    started = time.perf_counter()
    for number, row in enumerate(rows, 1):
        try:
            sample = str(row["snapshot"])
            if sample not in names:
                names[sample] = Names(Desk([], snapshot=load_sample(sample)), (), POLICY_IDS)
            judged.append(judge(row, *understand(str(row["question"]), names[sample], threshold=threshold).questions))
        except (KeyError, TypeError) as error:
            raise DataError(f"{questions}: line {number} lacks {error}") from None
    seconds = time.perf_counter() - started
    return {**_summary(judged), "by_kind": _by_kind(judged), "seconds": seconds, "misread": _misread(judged)}


def lowest_threshold(questions: Sequence[Path], thresholds: Sequence[float], most_wrong: float = MOST_WRONG) -> float:
    """Return the lowest threshold at which few questions for development are taken for others.

    The one-sided 95 % upper limit of the share counts, as the operator was built with these questions in sight.

    Args:
        questions: Files of labelled questions that the operator was built with, never sealed ones.
        thresholds: Probabilities to try.
        most_wrong: Largest share of wrong answers.

    Raises:
        InputError: At each threshold more are wrong.
    """
    for threshold in sorted(thresholds):
        results = [bench_understanding(path, threshold=threshold) for path in questions]
        wrong, total = (
            sum(counts) for counts in zip(*((r["wrong"]["count"], r["questions"]) for r in results), strict=True)
        )
        if wilson(wrong, total, ONE_SIDED)[1] <= most_wrong:
            return threshold
    raise InputError(f"more than {most_wrong:g} of the questions are wrong at each of {len(thresholds)} thresholds")


def judge(row: Mapping[str, Any], *meanings: Meaning) -> Judged:
    """Compare what was understood with a label.

    Args:
        row: A question of the file.
        meanings: What was understood; several for a question that is answered in parts.
    """
    kind, found = str(row["kind"]), [meaning for meaning in meanings if meaning.kind]
    if not found:
        may_ask = kind in NOT_ANSWERED or any(r["kind"] == ASK for r in row.get("also_right", ()))
        verdict = "right" if may_ask else "asked back"
    elif kind == "ambiguous":
        verdict = "one reading" if all(meaning.kind in row.get("kinds", ()) for meaning in found) else "wrong kind"
    elif kind == "double":
        verdict = _verdict(row["parts"], found)
        if verdict == "right" and not all(any(_answers(m, part) for m in found) for part in row["parts"]):
            verdict = "one reading"
    else:
        verdict = _verdict([row, *row.get("also_right", ())], found)
    return Judged(
        int(row["id"]),
        kind,
        verdict,
        ", ".join(str(meaning.kind) for meaning in found),
        any(meaning.is_inferred for meaning in found),
    )


def _verdict(readings: Sequence[Mapping[str, Any]], found: Sequence[Meaning]) -> str:
    if all(any(_answers(meaning, reading) for reading in readings) for meaning in found):
        return "right"
    return "wrong slots" if {meaning.kind for meaning in found} <= {r["kind"] for r in readings} else "wrong kind"


def _answers(meaning: Meaning, reading: Mapping[str, Any]) -> bool:
    return meaning.kind == reading["kind"] and same_slots(reading["slots"], meaning.slots)


def same_slots(label: Mapping[str, Any], slots: Mapping[str, Any]) -> bool:
    """Return whether slots are those of a label: the same ids in any order, the same amounts.

    >>> same_slots({"node": ["a", "b"]}, {"node": ["b", "a"]}), same_slots({"factor": 1.3}, {"factor": 1.2})
    (True, False)
    """
    for name in set(slots) - set(label) - _OURS:
        if slots[name] != "all":
            return False
    for name, value in label.items():
        if name not in slots:
            if value != "all":
                return False
            continue
        mine = slots[name]
        if isinstance(value, int | float):
            if not isinstance(mine, int | float) or abs(mine - value) > 1e-6 * max(1.0, abs(value)):
                return False
        elif name == "like":
            if not set(_listed(mine)) & set(_listed(value)):
                return False
        elif set(_listed(mine)) != set(_listed(value)):
            return False
    return True


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _summary(judged: Sequence[Judged]) -> dict[str, Any]:
    counts = Counter(j.verdict for j in judged)
    wrong = counts["wrong kind"] + counts["wrong slots"]
    summary: dict[str, Any] = {"questions": len(judged)}
    for name, count in (
        ("right", counts["right"]),
        ("asked_back", counts["asked back"]),
        ("one_reading", counts["one reading"]),
        ("wrong", wrong),
        ("wrong_kind", counts["wrong kind"]),
        ("wrong_slots", counts["wrong slots"]),
    ):
        low, high = wilson(count, len(judged)) if judged else (0.0, 1.0)
        summary[name] = {"count": count, "share": count / len(judged) if judged else 0.0, "low": low, "high": high}
    summary["reading_shown"] = {
        name: sum(j.is_shown for j in judged if j.verdict.startswith(name)) for name in ("right", "wrong")
    }
    return summary


def _by_kind(judged: Iterable[Judged]) -> list[dict[str, Any]]:
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        counts.setdefault(one.kind, Counter())[one.verdict] += 1
    return [
        {
            "kind": kind,
            "questions": found.total(),
            "right": found["right"],
            "asked_back": found["asked back"],
            "one_reading": found["one reading"],
            "wrong": found["wrong kind"] + found["wrong slots"],
        }
        for kind, found in sorted(counts.items())
    ]


def _misread(judged: Iterable[Judged]) -> list[dict[str, Any]]:
    return [j._asdict() for j in judged if j.verdict.startswith("wrong")]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise FileError(f"can't read {path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        rows = [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise DataError(f"{path} is not JSON lines: {error}") from None
    if not all(isinstance(r, dict) for r in rows):
        raise DataError(f"{path} has lines that are not questions")
    return rows
