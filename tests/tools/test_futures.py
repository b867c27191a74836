"""The tool `futures`: limits, and errors that say what to correct."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from tests.learning.forecasting.forecasters import series

RNG = np.random.default_rng(0)
BASE = RNG.normal(0, 1, 500)
SERIES = [series(n, np.abs(10 + BASE + RNG.normal(0, 0.5, 500))) for n in "ab"]
SHORT = series("short", np.ones(200))


def call(arguments: dict) -> str:
    return Harness(Desk([], series=[*SERIES, SHORT]), ["futures"]).call("futures", arguments)


def test_it_returns_tiers_and_the_best_plan() -> None:
    shown = call(
        {
            "futures": 200,
            "series_ids": ["a", "b"],
            "what_ifs": ["spike:+20%@20m/30m", "node_loss:2"],
        }
    )
    found = json.loads(shown.split("] ", 1)[1].splitlines()[0])
    assert [t["kind"] for t in found["tiers"]] == ["reserved", "reserved", "burst", "burst"]
    assert 19 < found["tiers"][0]["cores"] < found["tiers"][-1]["cores"] < 40
    assert found["plans"][0]["plan_id"] == found["best"] and found["plans"][0]["worse"] == 0
    assert set(found["best_by_what_if"]) == {"as forecast", "spike:+20%@20m/30m", "node_loss:2"}


def test_it_states_its_assumptions_and_refuses_units_other_than_cores() -> None:
    found = json.loads(call({"futures": 50, "series_ids": ["a"]}).split("] ", 1)[1].splitlines()[0])
    assert found["notes"] == ["y is taken for cores, as its unit is not stated"]
    percent = replace(SERIES[0], labels={"unit": "percent"})
    said = Harness(Desk([], series=[percent]), ["futures"]).call("futures", {"futures": 50})
    assert "y is in percent" in said and "cores_per_unit" in said
    cores = replace(SERIES[1], labels={"unit": "cores"})
    said = Harness(Desk([], series=[cores, percent]), ["futures"]).call("futures", {"futures": 50})
    assert "can't be summed; name those of one in series_ids" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"series_ids": ["c"]}, "no series 'c'; open are a, b, short"),
        ({"futures": 5000}, "less than or equal to 2000"),
        ({"futures": 2000, "what_ifs": ["dos", "spike", "growth"]}, "at most 200000"),
        ({"what_ifs": ["flood"]}, "NAME is one of"),
        ({"weights": {"speed": 1}}, "'speed' is unknown"),
        ({"horizon": 287, "futures": 20, "series_ids": ["short"]}, "are needed"),
    ],
)
def test_its_errors_say_what_to_correct(arguments, told) -> None:
    assert told in call(arguments)


def test_its_run_time_is_limited() -> None:
    started = time.perf_counter()
    assert "times too many jobs" in call({"series_ids": ["a"], "futures": 2000, "what_ifs": ["dos:x20/1d"]})
    assert time.perf_counter() - started < 10
