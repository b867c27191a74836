"""Hand-written sentences: every false one is rejected, and no true one is called false."""

import pytest

from aurora.agents.explain.telling.holding import UNCHECKED, hold
from aurora.evals.explanations.mutations import MUTATORS
from aurora.evals.explanations.wording import bench_wording
from tests.agents.explain.telling.known import KNOWN, RUN
from tests.agents.explain.telling.sentences import FALSE, FALSE_OF_THE_RUN, TRUE, TRUE_OF_THE_RUN

READ_BACK = 53
"""True sentences that are read back, as docs/explanation/explanations.md says; the others could not be checked."""


@pytest.mark.parametrize(
    ("text", "cited", "known"), [(*s, KNOWN) for s in FALSE] + [(*s, RUN) for s in FALSE_OF_THE_RUN]
)
def test_a_false_sentence_is_rejected(text, cited, known) -> None:
    assert hold([(text, cited)], known).kept == ()


def test_a_true_sentence_is_kept_or_reported_as_unchecked() -> None:
    kept = 0
    every = [(*s, KNOWN) for s in TRUE] + [(*s, RUN) for s in TRUE_OF_THE_RUN]
    for text, cited, known in every:
        held = hold([(text, cited)], known)
        kept += len(held.kept)
        assert all(reason.startswith(UNCHECKED) for _, reason in held.struck), held.struck
    assert kept >= READ_BACK


def test_false_sentences_of_every_kind_are_rejected_and_true_ones_kept() -> None:
    found = bench_wording(false=460, true=200, seed=11, decisions=40)
    assert {r["kind"] for r in found["false"]} == set(MUTATORS)
    assert found["struck_pct"] >= 99, found["wrong"]
    assert found["kept_pct"] == 100, found["wrong"]
