"""The runner in this process answers as the pipeline says."""

import numpy as np
import pytest

from aurora.errors import InputError, RunError
from aurora.learning.composition.engine.in_process import InProcess
from tests.learning.composition.engine.trials import described, rows


def test_a_cascade_asks_the_next_stage_only_where_it_is_unsure():
    answer = InProcess(described("plain ? 0.8 | plain + sleep-0ms")).answer(rows(0.1, 0.6, 0.9))
    assert answer.stages.tolist() == [0, 1, 0]
    assert np.allclose(answer.probabilities[:, 1], [0.1, 0.6, 0.9])


def test_texts_are_answered():
    answer = InProcess(described("words")).answer(["a good one", "a bad one"])
    assert [answer.classes[k] for k in answer.probabilities.argmax(axis=1)] == ["yes", "no"]


@pytest.mark.parametrize("model", ["raises", "wrong-shape", "wrong-values"])
def test_a_bad_component_is_told_or_left_out(model):
    items = rows(0, is_bad=True)
    with pytest.raises(RunError, match=model):
        InProcess(described(f"{model} + plain")).answer(items)
    answer = InProcess(described(f"{model} + plain", degraded_answers=True)).answer(items)
    assert answer.probabilities[0].tolist() == [1, 0]
    assert model in answer.degraded[0]


def test_what_can_not_be_loaded_is_told():
    with pytest.raises(InputError, match="can't be loaded"):
        InProcess(described("bad-start"))
