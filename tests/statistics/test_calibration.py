import numpy as np
import pytest

from aurora.errors import InputError
from aurora.statistics.calibration import calibration


def test_true_probabilities_are_calibrated_and_others_are_not() -> None:
    rng = np.random.default_rng(1)
    stated = rng.uniform(size=20_000)
    right = calibration(stated, rng.uniform(size=20_000) < stated)
    wrong = calibration(stated, rng.uniform(size=20_000) < stated**3)
    assert right.error < 0.02
    assert wrong.error > 0.15
    assert all(b.happened_low - 0.02 <= b.stated <= b.happened_high + 0.02 for b in right.bins)
    assert right.brier == pytest.approx(1 / 6, abs=0.01)
    assert sum(b.statements for b in right.bins) == 20_000


def test_statements_without_outcomes_are_refused() -> None:
    with pytest.raises(InputError):
        calibration(np.array([]), np.array([], dtype=bool))
    with pytest.raises(InputError):
        calibration(np.array([1.2]), np.array([True]))
