from dataclasses import replace

import numpy as np
import pytest

from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.pipelines.chains import chains
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.learning.composition.profiles import profiling
from aurora.learning.composition.profiles.profiling import measure_branch, measure_task, task_chains
from tests.learning.composition.small import small_task

TASK = small_task()
BRANCHES = [Branch((), "tree-8"), Branch(("standardise",), "logistic"), Branch(("standardise",), "tree-8")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compose")


@pytest.fixture(scope="module")
def profile(folder):
    return measure_task(TASK, folder, branches=BRANCHES)


def test_a_measurement_has_every_item_and_what_the_chain_occupies(profile):
    assert list(profile.measurements) == BRANCHES
    assert not profile.failures
    for measured in profile.measurements.values():
        assert measured.probabilities.shape == (60, 3)
        assert np.allclose(measured.probabilities.sum(axis=1), 1, atol=1e-5)
        assert measured.seconds.shape == (60,)
        assert (measured.seconds > 0).all()
        assert set(measured.batch_seconds) == {1, 8, 32}
        assert measured.batch_seconds[32] < 32 * measured.batch_seconds[1]
        assert measured.size > 0
        assert measured.memory >= 0


def test_a_chain_takes_the_time_of_all_its_components(profile):
    alone, after = profile.measurements[BRANCHES[0]], profile.measurements[BRANCHES[2]]
    assert after.size > alone.size
    assert np.median(after.seconds) > np.median(alone.seconds)


def test_memory_and_size_are_those_of_the_components_which_chains_share(profile):
    for measured in profile.measurements.values():
        assert len(measured.component_memory) == len(measured.component_size) == len(measured.branch.components)
        assert sum(measured.component_memory) == pytest.approx(measured.memory)
        assert sum(measured.component_size) == measured.size
    scaled = [profile.measurements[branch] for branch in BRANCHES[1:]]
    assert scaled[0].component_size[0] == scaled[1].component_size[0]


def test_nothing_is_measured_twice(profile, folder, monkeypatch):
    def measure(*_):
        raise AssertionError("it was measured already")

    monkeypatch.setattr(profiling, "measure_step", measure)
    again = measure_task(TASK, folder, branches=BRANCHES)
    for branch, measured in profile.measurements.items():
        assert np.array_equal(again.measurements[branch].seconds, measured.seconds)
        assert np.array_equal(again.measurements[branch].probabilities, measured.probabilities)
        assert again.measurements[branch].batch_seconds == measured.batch_seconds


def test_an_interrupted_profile_goes_on_where_it_was(tmp_path):
    def stop(stage, done, total=None, detail=""):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_task(TASK, tmp_path, branches=BRANCHES, progress=stop)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    assert len(kept) == 3
    assert len(measure_task(TASK, tmp_path, branches=BRANCHES).measurements) == 3
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_chain_that_fails_is_reported_and_the_others_go_on(folder):
    profile = measure_task(TASK, folder, branches=[Branch((), "oracle"), *BRANCHES])
    assert list(profile.failures) == [Branch((), "oracle")]
    assert "no component oracle" in profile.failures[Branch((), "oracle")]
    assert list(profile.measurements) == BRANCHES


def test_the_sealed_split_is_measured_on_its_own_items(folder):
    sealed = measure_branch(BRANCHES[0], TASK, folder, split="sealed")
    assert sealed.probabilities.shape == (40, 3)


def test_the_chains_of_a_task_are_those_that_fit():
    listed = task_chains(replace(TASK, name="machines"), shipped())
    assert Branch(("standardise", "products"), "logistic") in listed
    assert not any("halve-image" in branch.transformations for branch in listed)
    assert len(set(listed)) == len(listed)
    assert max(len(branch.transformations) for branch in listed) == 2
    images = chains(ValueType("image", 784), shipped().values())
    assert Branch(("halve-image", "pca-32"), "svc") in images
    assert Branch(("pca-32", "halve-image"), "svc") not in images


def test_a_component_of_another_task_or_a_deprecated_one_is_left_out():
    withdrawn = {**shipped(), "svc": shipped()["svc"].model_copy(update={"deprecated": "too slow"})}
    listed = task_chains(TASK, withdrawn)
    assert Branch((), "logistic") in listed
    assert not {"svc", "boosting-300"} & {branch.model for branch in listed}
