import numpy as np

from aurora.statistics import paired_interval


def test_the_confidence_interval_has_its_nominal_coverage() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        interval = paired_interval(rng.normal(0.5, 1, 40), seed=seed)
        covered += interval.low <= 0.5 <= interval.high
    assert 0.90 <= covered / 200 <= 0.985
