"""Continuous mode: observed demand is compared once, and tiers adapt to keep their coverage."""

import json
from dataclasses import replace

import numpy as np
import pytest

from aurora.errors import AuroraError, FileError
from aurora.learning.futures.demand_forecast import Aim, forecast_demand
from aurora.learning.futures.tracking import (
    compared,
    expecting,
    new_tracking,
    read_tracking,
    steps_come,
    write_tracking,
)
from tests.learning.forecasting.forecasters import gaussian, series

RNG = np.random.default_rng(5)
LONG = series("a", np.abs(RNG.normal(20, 2, 900)))
AIM = Aim(horizon=6, futures=200, cores_per_unit=2.0)


def simulated(end: int, tracking=None):
    outlook = forecast_demand([LONG.between(0, end)], gaussian(20, 2), AIM, tracking and tracking.adjustment)
    what_ifs = {"as forecast": outlook.totals.mean(axis=0), "spike": 1.5 * outlook.totals.mean(axis=0)}
    return expecting(tracking or new_tracking(outlook, 2.0), outlook, what_ifs)


def test_observed_demand_is_compared_once_it_is_complete():
    tracking = simulated(500)
    assert steps_come(tracking, [LONG.between(0, 503)]) == (3, 6)
    with pytest.raises(AuroraError, match="3 of the 6 steps"):
        compared(tracking, [LONG.between(0, 503)])
    seen, after = compared(tracking, [LONG])
    assert seen.realised == pytest.approx(2 * LONG.y[500:506])
    assert seen.nearest == "as forecast" and after.nearest == {"as forecast": 1}
    assert after.rounds == 1 and after.steps == sum(after.histogram) == 6
    assert after.inside == tuple(round(6 * share) for share in seen.inside)
    with pytest.raises(AuroraError, match="nothing was simulated"):
        compared(after, [LONG])


def test_the_closest_what_if_is_named():
    tracking = simulated(500)
    spiked = replace(LONG, y=np.where(np.arange(900) >= 500, 1.5, 1.0) * LONG.y)
    seen, after = compared(tracking, [spiked])
    assert seen.nearest == "spike"
    # What lay outside is asked for with more confidence next time.
    assert all(offset > 0 for offset in after.step_offsets) and np.median(seen.places) > 0.99


def test_rounds_accumulate_and_tiers_keep_their_coverage():
    tracking, end = None, 500
    for _ in range(25):
        _, tracking = compared(simulated(end, tracking), [LONG])
        end += 6
    assert tracking.rounds == 25 and tracking.steps == 150
    inside = np.array(tracking.inside) / tracking.steps
    assert inside == pytest.approx(tracking.confidences, abs=0.09)
    # Places are spread evenly where the forecast is right.
    assert min(tracking.histogram) > 3 and max(tracking.histogram) < 32


def test_the_state_survives_complete_and_interrupted_writes(tmp_path):
    path = tmp_path / "state.json"
    tracking = simulated(500)
    write_tracking(tracking, path)
    assert read_tracking(path) == tracking
    (tmp_path / ".state.json.partial").write_text("{")  # as a kill in the middle of the next write leaves it
    assert read_tracking(path) == tracking
    _, after = compared(read_tracking(path), [LONG])
    write_tracking(after, path)
    assert read_tracking(path) == after


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "series": 5}', '{"format": 9, "pending": null}']
)
def test_a_file_that_is_no_state_is_refused(tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(AuroraError, match="not a state" if text else "is not JSON"):
        read_tracking(path)
    with pytest.raises(FileError, match="can't read"):
        read_tracking(tmp_path / "absent.json")


def test_a_state_with_lists_of_other_lengths_is_refused(tmp_path):
    path = tmp_path / "state.json"
    write_tracking(simulated(500), path)
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"inside": [0]}))
    with pytest.raises(AuroraError, match="not a state"):
        read_tracking(path)


def test_data_that_differ_from_the_simulated_ones_are_refused():
    tracking = simulated(500)
    with pytest.raises(AuroraError, match="other series"):
        compared(tracking, [replace(LONG, unique_id="b")])
    with pytest.raises(AuroraError, match="other step"):
        compared(tracking, [replace(LONG, step=600)])
    with pytest.raises(AuroraError, match="all are gaps"):
        compared(tracking, [replace(LONG, observed=np.arange(900) < 500)])
    seen, after = compared(tracking, [replace(LONG, observed=np.arange(900) != 502)])
    assert len(seen.realised) == after.steps == 5
    with pytest.raises(AuroraError, match="reach back"):
        compared(tracking, [LONG.between(600, 900)])
