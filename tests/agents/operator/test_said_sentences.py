"""Sentences that a person playing the model wrote about tools' results, true and false, in many styles.

`said/sentences.txt` has headings: set, sample, true or false. A line that begins with ~ is judged wrongly,
and known to be; when it is judged rightly, take the ~ off. `\\n` stands for a line break. `said/evidence.json` has the
results.
"""

from __future__ import annotations

import json
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
    sample, is_true = "", False
    for line in (SAID / "sentences.txt").read_text().splitlines():
        if line.startswith("# "):
            *_, sample, truth = line.split()
            is_true = truth == "true"
        elif line:
            yield sample, is_true, not line.startswith("~ "), line.removeprefix("~ ")


@pytest.mark.parametrize(("sample", "is_true", "is_judged", "text"), list(cases()))
def test_true_sentences_are_kept_and_false_ones_struck(sample, is_true, is_judged, text) -> None:
    sentences = tuple(split_sentences(text.replace("\\n", "\n")))
    answer = Answer(question="How are things?", by="openai:model", sentences=sentences)
    checked = check_answer(answer, EVIDENCE[sample], DESKS[sample])
    is_kept = bool(checked.sentences) and not any(s.struck for s in checked.sentences)
    assert (is_kept == is_true) == is_judged, [s.struck for s in checked.sentences]
