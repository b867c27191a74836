"""Messages arrive as they were sent, in whatever pieces they arrive."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import DataError
from aurora.learning.composition.engine.frames import (
    HEAD_BYTES,
    Frame,
    FrameReader,
    Kind,
    answer_frame,
    answer_of,
    batch_frame,
    batch_of,
)

TEXTS = st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=20), min_size=1, max_size=6)


@settings(deadline=None, max_examples=50)
@given(TEXTS, st.integers(1, 60))
def test_texts_survive_being_cut_anywhere(texts, step):
    data = batch_frame(texts, 2, 7).encode() + Frame(Kind.PING, number=8).encode()
    reader = FrameReader()
    frames = [f for start in range(0, len(data), step) for f in reader.feed(data[start : start + step])]
    assert [f.kind for f in frames] == [Kind.TEXTS, Kind.PING]
    assert (frames[0].stage, frames[0].number, frames[1].number) == (2, 7, 8)
    assert batch_of(frames[0]) == texts


def test_numbers_and_answers_are_the_same_bits():
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    asked = batch_frame(rows[:, ::-1], 1, 9)
    assert np.array_equal(batch_of(asked), rows[:, ::-1])
    seconds, values, faults = answer_of(answer_frame(asked, 0.25, rows, ("a: one", "b: zwei ä")))
    assert (seconds, faults) == (0.25, ("a: one", "b: zwei ä"))
    assert np.array_equal(values, rows)


@pytest.mark.parametrize("data", [b"\xff" * HEAD_BYTES, b"\0" * HEAD_BYTES])
def test_what_is_no_message_is_refused(data):
    with pytest.raises(DataError):
        FrameReader().feed(data)
