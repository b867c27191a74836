"""Sentences that a person playing the model wrote about tools' results, true and false, in many styles.

`said/sentences.txt` has headings: set, sample, true or false. A line that begins with ~ is judged wrongly,
and known to be; when it is judged rightly, take the ~ off. `\\n` stands for a line break. `said/evidence.json` has the
results. `python -m tests.agents.operator.test_said_sentences` prints the shares of each set.
"""

from __future__ import annotations

import json
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
EVIDENCE = {
    sample: [Evidence(**call) for call in calls]
    for sample, calls in json.loads((SAID / "evidence.json").read_text()).items()
}
DESKS = {sample: Desk([], snapshot=load_sample(sample)) for sample in EVIDENCE}


def cases():
    for _, *case in sentences():
        yield tuple(case)


def sentences():
    """Yield each sentence with its set, its sample, whether it is true, and whether it is judged rightly."""
    number, sample, is_true = "", "", False
    text = "".join((SAID / name).read_text() for name in ("sentences.txt", "development.txt"))
    for line in text.splitlines():
        if line.startswith("# "):
            *_, number, sample, truth = line.split()
            is_true = truth == "true"
        elif line:
            yield number, sample, is_true, not line.startswith("~ "), line.removeprefix("~ ")


@pytest.mark.parametrize(("sample", "is_true", "is_judged", "text"), list(cases()))
def test_true_sentences_are_kept_and_false_ones_struck(sample, is_true, is_judged, text) -> None:
    is_kept, faults = judge(sample, text)
    assert (is_kept == is_true) == is_judged, faults


def judge(sample, text):
    parts = tuple(split_sentences(text.replace("\\n", "\n")))
    answer = Answer(question="How are things?", by="openai:model", sentences=parts)
    checked = check_answer(answer, EVIDENCE[sample], DESKS[sample])
    return bool(checked.sentences) and not any(s.struck for s in checked.sentences), [
        s.struck for s in checked.sentences
    ]


def main() -> None:
    """Print, for each set, how many true sentences are kept and how many false ones are struck."""
    made, judged = Counter(), Counter()
    for number, sample, is_true, _, text in sentences():
        kept, _ = judge(sample, text)
        made[number, is_true] += 1
        judged[number, is_true] += kept == is_true
    for number in sorted({n for n, _ in made}, key=int):
        kept, struck = (f"{judged[number, t]} of {made[number, t]}" for t in (True, False))
        print(f"set {number}: {kept} true ones kept, {struck} false ones struck")


if __name__ == "__main__":
    main()
