"""Sentences that a person playing the model wrote about tools' results, true and false, in many styles.

`said/sentences.txt` has headings: set, sample, true or false. A line that begins with ~ is judged wrongly,
and known to be; when it is judged rightly, take the ~ off. `\\n` stands for a line break. `said/evidence.json` has the
results. `python -m tests.agents.operator.test_said_sentences` prints the shares of each set.

`said/development.txt` has sets 8 to 10, on which the check was developed further.

Set 7, `said/sentences_7.txt` about `said/evidence_7.json`, was labelled by calculation from the evidence before any
run. It was measured once while nobody had tuned on it, 23 of 60 true ones kept and 55 of 60 false ones struck, and is
a development set since. A second annotator, blind to the verdicts, agreed on 119 of its 120 sentences
(Krippendorff's alpha 0.98). The other one had a unit that the evidence lacks, and was reworded.
"""

from __future__ import annotations

import json
import re
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


def read_evidence(name):
    calls_by_sample = json.loads((SAID / name).read_text())
    return {sample: [Evidence(**call) for call in calls] for sample, calls in calls_by_sample.items()}


EVIDENCE = read_evidence("evidence.json")
OTHER = {"7": read_evidence("evidence_7.json")}
"""Set to the evidence that it alone is about."""
DESKS = {sample: Desk([], snapshot=load_sample(sample)) for sample in EVIDENCE}


def sentences_of_all_sets():
    for name in ("sentences.txt", "sentences_7.txt", "development.txt"):
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


@pytest.mark.parametrize(("number", "sample", "is_true", "is_judged", "text"), list(sentences_of_all_sets()))
def test_true_sentences_are_kept_and_false_ones_struck(number, sample, is_true, is_judged, text) -> None:
    is_kept, faults = judge(sample, text, OTHER.get(number, EVIDENCE))
    assert (is_kept == is_true) == is_judged, faults


def test_set_7_has_different_sentences_about_its_evidence() -> None:
    rows = list(sentences("sentences_7.txt"))
    numbers = {sample: {e.number for e in calls} for sample, calls in OTHER["7"].items()}
    assert Counter(is_true for _, _, is_true, _, _ in rows) == {True: 60, False: 60}
    assert len({text for *_, text in rows}) == len(rows)
    for row_number, sample, _, _, text in rows:
        cited = {int(digits) for digits in re.findall(r"\[E(\d+)\]", text)}
        assert row_number == "7"
        assert set() < cited <= numbers[sample], text


def judge(sample, text, evidence=EVIDENCE):
    parts = tuple(split_sentences(text.replace("\\n", "\n")))
    answer = Answer(question="How are things?", by="openai:model", sentences=parts)
    checked = check_answer(answer, evidence[sample], DESKS[sample])
    return bool(checked.sentences) and not any(s.struck for s in checked.sentences), [
        s.struck for s in checked.sentences
    ]


def main() -> None:
    """Print, for each set, how many true sentences are kept and how many false ones are struck."""
    made, judged = Counter(), Counter()
    for number, sample, is_true, _, text in sentences_of_all_sets():
        kept, _ = judge(sample, text, OTHER.get(number, EVIDENCE))
        made[number, is_true] += 1
        judged[number, is_true] += kept == is_true
    for number in sorted({n for n, _ in made}, key=int):
        shares = {t: f"{judged[number, t]} of {made[number, t]}" for t in (True, False) if made[number, t]}
        parts = [
            f"{shares[t]} {words}"
            for t, words in ((True, "true ones kept"), (False, "false ones struck"))
            if t in shares
        ]
        print(f"set {number}: {', '.join(parts)}")


if __name__ == "__main__":
    main()
