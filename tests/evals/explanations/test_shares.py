import numpy as np
import pytest

from aurora.evals.explanations.shares import clustered_share, share_metric
from aurora.evals.results.samples import Sample
from aurora.statistics.intervals import wilson


@pytest.mark.parametrize(
    ("clusters", "size", "share", "spread"), [(40, 5, 0.8, 4.0), (100, 5, 0.95, 10.0), (60, 8, 0.5, 1.0)]
)
def test_intervals_cover_the_share_of_dependent_statements(clusters, size, share, spread) -> None:
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        chances = rng.beta(share * spread, (1 - share) * spread, clusters)
        sizes = rng.integers(1, 2 * size, clusters)
        found = clustered_share([(float(rng.binomial(n, p)), int(n)) for n, p in zip(sizes, chances, strict=True)])
        covered.append(found.low <= share <= found.high)
    assert 0.91 <= np.mean(covered) <= 0.99


def test_statements_that_all_agree_count_once_a_cluster() -> None:
    found = clustered_share([(5.0, 5)] * 20)
    assert (found.low, found.high) == pytest.approx(wilson(20, 20))
    assert clustered_share([(3.0, 4)]) == (0.75, 0.0, 1.0)


def test_a_share_weighs_samples_by_their_statements() -> None:
    samples = [
        Sample(subject="s", sample="a", cluster="1", values={"held": 1.0}, counts={"held": 3}),
        Sample(subject="s", sample="b", cluster="1", values={"held": 0.0}, counts={"held": 1}),
        Sample(subject="s", sample="c", cluster="2", values={"held": 0.5}, counts={"held": 4}),
        Sample(subject="s", sample="d", cluster="3", failure="broken"),
    ]
    metric = share_metric(samples, "held")
    assert metric is not None
    assert (metric.value, metric.samples) == (0.625, 8)
    assert share_metric(samples, "other") is None
