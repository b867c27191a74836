"""Sentences that a person playing the model wrote about tools' results, true and false, in many styles.

`said/sentences.txt` has headings: set, sample, true or false. A line that begins with ~ is judged wrongly,
and known to be; when it is judged rightly, take the ~ off. `\\n` stands for a line break. `said/evidence.json` has the
results. `python -m tests.agents.operator.test_said_sentences` prints the shares of each set.

`said/development.txt` has sets 8 and 9, on which the check was developed further.

Set 7 is sealed: `said/sentences_7.txt` and `said/evidence_7.json`, labelled by calculation from the evidence before any
run. Nobody may tune on it; it is judged by totals only, once measured: `test_said_sentences 7`.
A second annotator, blind to the verdicts, agreed on 119 of its 120 sentences (Krippendorff's alpha 0.98).
The other one had a unit that the evidence lacks, and was reworded.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from aurora.agents.operator.answer import Answer
from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.checking.splitting import split_sentences
from aurora.cluster.samples.load import load_sample
from aurora.tools.desk import Desk
from aurora.tools.harness import Evidence

SAID = Path(__file__).parent / "said"
SEALED: dict[str, tuple[int, int] | None] = {"7": (23, 55)}
"""Sealed set to the least numbers of true sentences kept and of false ones struck; None: not measured yet."""


def read_evidence(name):
    calls_by_sample = json.loads((SAID / name).read_text())
    return {sample: [Evidence(**call) for call in calls] for sample, calls in calls_by_sample.items()}


EVIDENCE = read_evidence("evidence.json")
DESKS = {sample: Desk([], snapshot=load_sample(sample)) for sample in EVIDENCE}


def cases():
    for _, *case in open_sentences():
        yield tuple(case)


def open_sentences():
    for name in ("sentences.txt", "development.txt"):
        yield from sentences(name)


def sentences(name="sentences.txt"):
    """Yield each sentence with its set, its sample, whether it is true, and whether it is judged rightly."""
    number, sample, is_true = "", "", False
    for line in (SAID / name).read_text().splitlines():
        if line.startswith("# "):
            *_, number, sample, truth = line.split()
            is_true = truth == "true"
        elif line:
            yield number, sample, is_true, not line.startswith("~ "), line.removeprefix("~ ")


@pytest.mark.parametrize(("sample", "is_true", "is_judged", "text"), list(cases()))
def test_true_sentences_are_kept_and_false_ones_struck(sample, is_true, is_judged, text) -> None:
    is_kept, faults = judge(sample, text)
    assert (is_kept == is_true) == is_judged, faults


@pytest.mark.parametrize("number", SEALED)
def test_a_sealed_set_has_different_sentences_about_its_evidence(number) -> None:
    rows = list(sentences(f"sentences_{number}.txt"))
    numbers = {sample: {e.number for e in calls} for sample, calls in read_evidence(f"evidence_{number}.json").items()}
    assert Counter(is_true for _, _, is_true, _, _ in rows) == {True: 60, False: 60}
    assert len({text for *_, text in rows}) == len(rows)
    for row_number, sample, _, _, text in rows:
        cited = {int(digits) for digits in re.findall(r"\[E(\d+)\]", text)}
        assert row_number == number
        assert set() < cited <= numbers[sample], text


@pytest.mark.parametrize("number", SEALED)
def test_a_sealed_set_is_judged_as_well_as_it_was_measured(number) -> None:
    floor = SEALED[number]
    if floor is None:
        pytest.skip("not measured yet")
    judged = judge_sealed(number)
    assert judged[True] >= floor[0]
    assert judged[False] >= floor[1]


def judge_sealed(number):
    """Return how many true sentences of a sealed set are kept, and how many false ones are struck."""
    evidence, judged = read_evidence(f"evidence_{number}.json"), Counter()
    for _, sample, is_true, _, text in sentences(f"sentences_{number}.txt"):
        judged[is_true] += judge(sample, text, evidence)[0] == is_true
    return judged


def judge(sample, text, evidence=EVIDENCE):
    parts = tuple(split_sentences(text.replace("\\n", "\n")))
    answer = Answer(question="How are things?", by="openai:model", sentences=parts)
    checked = check_answer(answer, evidence[sample], DESKS[sample])
    return bool(checked.sentences) and not any(s.struck for s in checked.sentences), [
        s.struck for s in checked.sentences
    ]


def main(sealed=()) -> None:
    """Print, for each open set or for sealed ones, how many true sentences are kept and how many false ones struck."""
    for number in sealed:
        judged = judge_sealed(number)
        print(f"set {number}: {judged[True]} true ones kept, {judged[False]} false ones struck")
    if sealed:
        return
    made, judged = Counter(), Counter()
    for number, sample, is_true, _, text in open_sentences():
        kept, _ = judge(sample, text)
        made[number, is_true] += 1
        judged[number, is_true] += kept == is_true
    for number in sorted({n for n, _ in made}, key=int):
        kept, struck = (f"{judged[number, t]} of {made[number, t]}" for t in (True, False))
        print(f"set {number}: {kept} true ones kept, {struck} false ones struck")


if __name__ == "__main__":
    main(sys.argv[1:])
