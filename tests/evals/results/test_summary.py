import numpy as np
import pytest

from aurora.errors import InputError
from aurora.evals.results.samples import Sample
from aurora.evals.results.summary import compare_subjects, mean_metric, paired_strata
from tests.evals.results.made_up import samples


def test_pairing_removes_the_difficulty_of_the_samples() -> None:
    both = samples("a", 0.2) + samples("b")
    (difference,) = compare_subjects(both, "a", ["b"], ["reward"])
    assert difference.difference.low < 0.2 < difference.difference.high
    assert difference.difference.high - difference.difference.low < 0.2
    assert difference.adjusted < 0.01
    alone = mean_metric(samples("a", 0.2), "reward", unit="score", better="higher", subject="a")
    assert alone is not None
    assert alone.low is not None
    assert alone.high is not None
    assert alone.high - alone.low > 0.5


def test_adjusted_values_count_all_comparisons() -> None:
    rivals = [f"r{k}" for k in range(6)]
    every = samples("a") + [s for r in rivals for s in samples(r)]
    differences = compare_subjects(every, "a", rivals, ["reward"])
    smallest = min(differences, key=lambda d: d.p_value)
    assert smallest.adjusted == pytest.approx(min(1.0, 6 * smallest.p_value))


def test_samples_that_failed_on_one_side_are_left_out() -> None:
    own, others = samples("a"), samples("b")
    others[0] = others[0].model_copy(update={"values": {}, "failure": "out of memory"})
    assert sum(len(s) for s in paired_strata(own, others, "reward")) == len(own) - 1


def test_trials_of_a_sample_are_one_cluster() -> None:
    once = samples("a", count=12, strata=1)
    often = [s.model_copy(update={"trial": t}) for s in once for t in range(5)]
    single, repeated = (mean_metric(s, "reward") for s in (once, often))
    assert single is not None
    assert repeated is not None
    assert (single.low, single.samples) == (pytest.approx(repeated.low), repeated.samples)


def test_subjects_without_common_samples_are_not_compared() -> None:
    other = [s.model_copy(update={"sample": f"x{s.sample}"}) for s in samples("b")]
    with pytest.raises(InputError, match="in common"):
        compare_subjects(samples("a") + other, "a", ["b"], ["reward"])


def test_a_metric_that_no_sample_has_is_none() -> None:
    assert mean_metric([Sample(subject="a", sample="s")], "reward") is None


def test_strata_count_the_same_whatever_their_size() -> None:
    uneven = [
        Sample(subject="a", sample=f"{stratum}{k}", stratum=stratum, values={"reward": value})
        for stratum, count, value in (("large", 90, 0.0), ("small", 10, 1.0))
        for k in range(count)
    ]
    found = mean_metric(uneven, "reward")
    assert found is not None
    assert found.value == pytest.approx(np.mean([0.0, 1.0]))
