import numpy as np
import pytest

from aurora.errors import InputError
from aurora.learning.composition.tasks import machines
from aurora.learning.composition.tasks.machines import INPUT, Conditions, readings


def test_a_seed_gives_the_same_readings_and_another_seed_gives_others():
    first, again, other = readings(50, 1), readings(50, 1), readings(50, 2)
    assert np.array_equal(first.items, again.items)
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.items, other.items)


def test_the_share_of_labels_that_are_not_the_true_state_is_the_noise():
    """The best classifier answers the true state, so its accuracy is one minus this share."""
    true = readings(20_000, 3, Conditions(noise=0.0))
    noisy = readings(20_000, 3, Conditions(noise=0.06))
    assert np.array_equal(true.items, noisy.items)
    share = (true.labels != noisy.labels).mean()
    assert abs(share - 0.06) < 4 * np.sqrt(0.06 * 0.94 / 20_000)
    assert machines.best_accuracy(Conditions(noise=0.06)) == 0.94


def test_columns_have_the_means_and_deviations_that_are_stated():
    items = readings(20_000, 4).items
    for k, (name, mean, deviation) in enumerate(machines.COLUMNS):
        assert abs(items[:, k].mean() - mean) < 5 * deviation / np.sqrt(20_000), name
        assert abs(items[:, k].std() / deviation - 1) < 0.03, name


def test_a_shift_moves_four_columns_and_leaves_the_law():
    usual, moved = readings(5000, 5), readings(5000, 5, Conditions(shift=1.0))
    difference = (moved.items - usual.items).mean(axis=0) / [column[2] for column in machines.COLUMNS]
    is_moved = np.array([name in ("ambient_c", "temperature_c", "load_share", "current_a") for name in INPUT.names])
    assert np.allclose(difference, is_moved, atol=1e-3)


def test_a_change_of_the_law_changes_states_and_no_columns():
    usual, changed = readings(5000, 6), readings(5000, 6, Conditions(change=1.0))
    assert np.array_equal(usual.items, changed.items)
    assert (usual.labels != changed.labels).mean() > 0.2


def test_a_missing_sensor_is_stuck_at_its_mean():
    items = readings(100, 7, Conditions(missing=("age_h",))).items
    assert (items[:, INPUT.names.index("age_h")] == 9000).all()


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        (Conditions(change=1.5), "change"),
        (Conditions(noise=0.7), "noise"),
        (Conditions(missing=("colour",)), "missing"),
        (Conditions(shift=float("nan")), "shift"),
    ],
)
def test_conditions_out_of_range_are_refused(conditions, named):
    with pytest.raises(InputError, match=named):
        readings(10, 0, conditions)


def test_splits_are_disjoint_and_the_fingerprint_follows_the_data():
    task = machines.task()
    rows = np.concatenate([task.split(name).items for name in ("fit", "select", "sealed")])
    assert len(np.unique(rows, axis=0)) == 8000
    assert task.fingerprint == machines.task().fingerprint
    assert task.fingerprint != machines.task(seed=1).fingerprint
    assert task.fingerprint != machines.task(Conditions(shift=0.1)).fingerprint
