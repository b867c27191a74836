"""What a component costs follows from its profile, and what a deployment can serve from its chains' times."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.learning.composition.adaptation.catalogue_changes import catalogue_changes, listed_components
from aurora.learning.composition.adaptation.chain_times import capacity_of, measured_chain, queue_of
from aurora.learning.composition.catalogue import ARTEFACTS, entries_of
from aurora.learning.composition.components.loading import load_branch
from aurora.learning.composition.engine.description import Deployment
from aurora.learning.composition.pipelines.pipeline import Branch, single
from aurora.learning.composition.profiles.chain_profiles import read_profiles
from aurora.learning.composition.profiles.profiling import machine_id, measure_branch
from aurora.learning.composition.scores.prices import EXAMPLE
from tests.learning.composition.small import small_task

TASK = small_task()
BRANCH = Branch((), "tree-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compose")
    measure_branch(BRANCH, TASK, folder)
    return folder


@pytest.fixture(scope="module")
def profiles(folder):
    return read_profiles(folder, machine_id(), TASK.name)


def test_a_component_costs_its_time_on_a_core_and_what_is_not_measured_nothing(folder, profiles):
    entries = entries_of(folder)
    found = listed_components(entries, profiles, EXAMPLE.model_copy(update={"gb_hour": 0.0}))
    assert found["tree-8"].cost == pytest.approx(1000 * profiles[0].components[0].seconds_p50 / 3600)
    assert found["svc"].cost == 0


def test_other_prices_make_the_running_model_dearer(folder, profiles):
    entries = entries_of(folder)
    before = listed_components(entries, profiles, EXAMPLE)
    dear = listed_components(entries, profiles, EXAMPLE.model_copy(update={"core_hour": 3.0, "gb_hour": 0.3}))
    (change,) = catalogue_changes(before, dear, single("tree-8"))
    assert (change.subject, change.needs_recomposition) == ("tree-8", True)
    assert change.after == pytest.approx(3 * change.before)
    assert not catalogue_changes(before, before, single("tree-8"))


def described(folder, **fields):
    given = {"name": "small", "task": "small", "pipeline": "tree-8", "artefacts": str(folder / ARTEFACTS)}
    return Deployment(**given, **fields)


def test_more_workers_serve_more_within_a_limit_and_a_limit_below_the_service_time_nothing(folder):
    chain = measured_chain(BRANCH, load_branch(BRANCH, "small", folder / ARTEFACTS), TASK.select.items)
    limit = 20 * float(np.mean(chain.seconds))
    one, four = (capacity_of(described(folder, workers=n), TASK, limit) for n in (1, 4))
    assert 0 < one < four
    assert capacity_of(described(folder), TASK, 1e-9) == 0


def test_what_keeps_a_worker_beside_its_components_costs_capacity(folder):
    limit = 0.05
    plain = capacity_of(described(folder), TASK, limit)
    held = capacity_of(described(folder), TASK, limit, {"overhead": 0.0, "handover": 0.01})
    assert held < 100 < plain  # a worker that is held for 10 ms by each request serves fewer than 100 a second


def test_branches_with_workers_of_their_own_are_predicted_so(folder):
    assert queue_of(described(folder, layout="branches", workers=2), 5.0).is_split
    assert not queue_of(described(folder), 5.0).is_split
