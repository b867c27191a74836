"""Descriptions say what is wrong with them, and name no code but AURORA's."""

import pytest

from aurora.errors import InputError
from aurora.learning.composition.engine.description import Deployment, read_description


def test_a_description_is_the_same_after_a_round_trip():
    one = read_description('{"name": "films", "pipeline": "vader?0.8|b > c+a", "workers": 2}')
    assert one.pipeline == "vader ? 0.8 | a + b > c"
    assert read_description(one.model_dump_json()) == one
    assert [stage.threshold for stage in one.graph().stages] == [0.8, None]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"pipeline": "a ? 0.8"}, "last stage"),
        ({"pipeline": "a | b"}, "threshold"),
        ({"pipeline": "a ? 0.3 | b"}, "threshold"),
        ({"pipeline": "a > > b"}, "pipeline"),
        ({"name": "Films"}, "name"),
        ({"load": "os:system"}, "load"),
        ({"load": "aurora.x:y:z"}, "load"),
        ({"workers": 0}, "workers"),
        ({"colour": "red"}, "colour"),
        ({"timeouts": {"request_ms": 1e9}}, "request_ms"),
    ],
)
def test_a_bad_field_is_named(fields, named):
    with pytest.raises(InputError, match=named):
        read_description({"name": "films", "pipeline": "a", **fields})


def test_no_json_is_refused():
    with pytest.raises(InputError, match="no JSON"):
        read_description("{")


def test_loopback_is_the_default():
    assert Deployment(name="a", pipeline="a").host == "127.0.0.1"
