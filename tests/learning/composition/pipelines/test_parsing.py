import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.learning.composition.pipelines.parsing import (
    parse_pipeline,
    pipeline_from_json,
    pipeline_schema,
    pipeline_to_json,
)
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from tests.learning.composition.made_up import any_pipeline


@given(any_pipeline())
def test_text_and_json_are_read_back_as_they_were_written(pipeline):
    assert parse_pipeline(str(pipeline)) == pipeline
    written = json.loads(json.dumps(pipeline_to_json(pipeline)))
    jsonschema.validate(written, pipeline_schema())
    assert pipeline_from_json(written) == pipeline


@given(st.text(alphabet="ab >+|?0.58\n_$", max_size=40))
def test_any_text_is_a_pipeline_or_an_error_that_repeats_it(text):
    try:
        assert parse_pipeline(str(parse_pipeline(text))) == parse_pipeline(text)
    except InputError as error:
        assert error.parameter == "pipeline"


def test_spaces_mean_nothing():
    written = parse_pipeline("vader?0.8|tf-idf>logistic+\n minilm > logistic ")
    assert written == Pipeline(
        (
            Stage((Branch((), "vader"),), 0.8),
            Stage((Branch(("tf-idf",), "logistic"), Branch(("minilm",), "logistic"))),
        )
    )
    assert pipeline_from_json("vader") == parse_pipeline("vader")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected the id of a component after its end"),
        ("a >", "expected the id of a component after its end"),
        ("a | ? 0.5", "character 5 ('? 0.5'): expected the id of a component here"),
        ("a b", "character 3 ('b'): expected `>`, `+`, `?`, `|` or the end here"),
        ("a ? high | b", "character 5 ('high | b'): expected a threshold from 0.5 to 1 here, such as 0.8"),
        ("a ? 0.3 | b", "character 5 ('0.3 | b'): a threshold is from 0.5 to 1"),
        ("a; rm", "character 2 ('; rm'): expected `>`, `+`, `?`, `|` or the end here"),
    ],
)
def test_an_error_points_at_the_place(text, reason):
    with pytest.raises(InputError) as caught:
        parse_pipeline(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({}, "stages: Field required"),
        ({"stages": []}, "stages:"),
        ({"stages": [{"branches": [{"model": "a b"}]}]}, "stages.0.branches.0.model:"),
        ({"stages": [{"branches": [{"model": "a"}], "threshold": 0.2}]}, "stages.0.threshold:"),
        ({"stages": [{"branches": [{"model": "a"}], "treshold": 0.8}]}, "stages.0.treshold:"),
        ([], "value:"),
        (7, "value:"),
    ],
)
def test_json_that_is_no_pipeline_names_the_field(data, place):
    with pytest.raises(InputError) as caught:
        pipeline_from_json(data)
    assert caught.value.reason.startswith(place)


def test_a_text_without_end_is_refused():
    with pytest.raises(InputError, match="more than"):
        parse_pipeline("a+" * 20_000 + "a")
