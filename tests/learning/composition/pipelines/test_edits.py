from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.learning.composition.pipelines.edits import Edit, EditSpace, apply_edit
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, single
from aurora.learning.composition.pipelines.validation import check
from aurora.learning.composition.spaces.space import pipelines
from tests.learning.composition.made_up import any_pipeline, rules

SHAPES = (
    {},
    {"stages": 1, "branches": 1, "transformations": 1},
    {"stages": 1, "branches": 1},
    {"stages": 3, "branches": 1, "thresholds": (0.7,)},
    {"gate_branches": 2, "transformations": 1},
    {"stages": 3, "branches": 3, "gate_branches": 2},
)


@cache
def edit_space(shape):
    return EditSpace(rules(**SHAPES[shape]))


@st.composite
def reached(draw):
    """Return an edit space and a valid pipeline of it, by a random walk."""
    space = edit_space(draw(st.integers(0, len(SHAPES) - 1)))
    pipeline = single(space.chains[0].model, *space.chains[0].transformations)
    for _ in range(draw(st.integers(0, 6))):
        neighbours = space.neighbours(pipeline)
        pipeline = neighbours[draw(st.integers(0, len(neighbours) - 1))][1]
    return space, pipeline


@given(reached(), st.data())
@settings(deadline=None)
def test_an_edit_that_is_not_masked_gives_a_valid_pipeline_and_a_masked_one_says_why_not(walk, data):
    space, pipeline = walk
    assert check(pipeline, space.rules) == []
    mask = space.mask(pipeline)
    assert mask.shape == (space.size,)
    for number in data.draw(st.lists(st.integers(0, space.size - 1), min_size=20, max_size=20)):
        if mask[number]:
            edited = space.apply(pipeline, number)
            assert check(edited, space.rules) == []
            assert edited != pipeline
            assert dict(space.neighbours(pipeline))[number] == edited
        else:
            with pytest.raises(InputError) as caught:
                space.apply(pipeline, number)
            assert caught.value.reason


@given(any_pipeline(), st.data())
@settings(deadline=None)
def test_the_quick_check_of_the_mask_agrees_with_validation_on_any_pipeline(pipeline, data):
    space = edit_space(data.draw(st.integers(0, len(SHAPES) - 1)))
    assert space._is_valid(pipeline) == (check(pipeline, space.rules) == [])


def hops(space, start, limit):
    """Return the number of edits from a pipeline to every one that can be reached."""
    found, layer = {start: 0}, [start]
    for hop in range(1, limit):
        layer = sorted({p for one in layer for _, p in space.neighbours(one)} - found.keys(), key=str)
        found |= dict.fromkeys(layer, hop)
    return found


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_every_valid_pipeline_can_be_reached_from_every_other(shape):
    """Reachable from the first, and the first from all: then from any to any."""
    space = EditSpace(rules(**{**SHAPES[shape], "transformations": 1, "thresholds": (0.6, 0.9)}))
    everything = set(pipelines(space.rules.limits, space.chains))
    first = next(iter(pipelines(space.rules.limits, space.chains)))
    assert set(hops(space, first, 12)) == everything
    back = {first}
    while True:
        more = {p for p in everything - back if any(q in back for _, q in space.neighbours(p))}
        if not more:
            break
        back |= more
    assert back == everything


def test_the_numbers_are_the_same_for_the_same_rules():
    assert EditSpace(rules()).edits == EditSpace(rules()).edits
    assert len(set(edit_space(5).edits)) == edit_space(5).size


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (Edit("add model", 0, chain=Branch(("minilm",), "logistic")), "vader", "vader + minilm > logistic"),
        (
            Edit("add model", 1, chain=Branch(("minilm",), "logistic"), is_stage=True),
            "vader",
            "vader ? 0.8 | minilm > logistic",
        ),
        (
            Edit("add model", 0, chain=Branch((), "vader"), is_stage=True),
            "minilm > logistic",
            "vader ? 0.8 | minilm > logistic",
        ),
        (Edit("remove model", 1, 0), "vader ? 0.6 | minilm > logistic", "vader"),
        (Edit("remove model", 0, 0), "vader ? 0.6 | minilm > logistic", "minilm > logistic"),
        (Edit("swap model", 0, 0, chain=Branch(("tf-idf",), "logistic")), "vader", "tf-idf > logistic"),
        (Edit("add transformation", 0, 0, 1, transformation="pca-8"), "minilm > logistic", "minilm > pca-8 > logistic"),
        (Edit("remove transformation", 0, 0, 1), "minilm > pca-8 > logistic", "minilm > logistic"),
        (Edit("reorder", 0, 0, 1, step=1), "minilm > pca-8 > scaler > logistic", "minilm > scaler > pca-8 > logistic"),
        (Edit("reorder", 0, step=1), "vader ? 0.6 | minilm > logistic", "minilm > logistic ? 0.6 | vader"),
        (Edit("reorder", 0, 1, step=1), "vader + minilm > logistic", "vader ? 0.8 | minilm > logistic"),
        (Edit("reorder", 0, 0, step=1), "vader ? 0.6 | minilm > logistic", "vader + minilm > logistic"),
        (Edit("raise threshold", 0), "vader ? 0.6 | minilm > logistic", "vader ? 0.8 | minilm > logistic"),
        (Edit("lower threshold", 0), "vader ? 0.7 | minilm > logistic", "vader ? 0.6 | minilm > logistic"),
    ],
)
def test_an_edit_does_what_it_says(edit, before, after):
    assert str(apply_edit(parse_pipeline(before), edit, rules(transformations=3))) == after


@pytest.mark.parametrize(
    ("edit", "before", "reason"),
    [
        (Edit("remove model", 0, 0), "vader", "it is the only model"),
        (Edit("remove model", 0, 1), "vader", "stage 1 has no branch 2"),
        (
            Edit("raise threshold", 0),
            "vader ? 0.95 | minilm > logistic",
            "its threshold 0.95 is at the end of 0.6, 0.8, 0.95",
        ),
        (Edit("raise threshold", 0), "vader", "the stage has no threshold"),
        (Edit("swap model", 0, 0, chain=Branch((), "vader")), "vader", "it changes nothing"),
        (
            Edit("add transformation", 0, 0, 0, transformation="minilm"),
            "vader",
            "it takes text, and is given embedding",
        ),
        (Edit("reorder", 0, 0, step=-1), "vader", "it changes nothing"),
    ],
)
def test_a_refusal_says_why(edit, before, reason):
    with pytest.raises(InputError, match=r".") as caught:
        apply_edit(parse_pipeline(before), edit, rules())
    assert reason in caught.value.reason


def test_chains_to_choose_from_can_be_fewer_than_those_that_fit():
    space = EditSpace(rules(), [Branch((), "vader"), Branch(("minilm",), "logistic")])
    reached = {p for _, p in space.neighbours(single("logistic", "minilm"))}
    assert reached <= set(pipelines(space.rules.limits, space.chains))
    number = space.edits.index(Edit("add transformation", 0, 0, 1, transformation="scaler"))
    with pytest.raises(InputError, match="measure it first"):
        space.apply(single("logistic", "minilm"), number)
    with pytest.raises(InputError, match="takes embedding"):
        EditSpace(rules(), [Branch((), "logistic")])
    with pytest.raises(InputError, match="from 0 to"):
        space.apply(single("vader"), space.size)
    assert np.flatnonzero(space.mask(Pipeline(()))).size == 2  # a model can be added to nothing
