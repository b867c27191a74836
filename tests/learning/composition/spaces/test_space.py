import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import DataError, FileError, InputError
from aurora.learning.composition.pipelines.chains import chains_of
from aurora.learning.composition.pipelines.edits import EditSpace
from aurora.learning.composition.pipelines.pipeline import single
from aurora.learning.composition.pipelines.rules import Limits
from aurora.learning.composition.pipelines.validation import check
from aurora.learning.composition.scores.evaluation import TableEvaluator
from aurora.learning.composition.scores.objective import Measured, Weights, pareto_set, reward
from aurora.learning.composition.scores.prices import Prices
from aurora.learning.composition.scores.queueing import Batching, QueueModel
from aurora.learning.composition.spaces.scored_space import read_space, undominated
from aurora.learning.composition.spaces.space import enumerate_space, origin_of, pipelines, scored_space, space_size
from aurora.learning.composition.spaces.survey import climb_all, leading_chains, survey
from tests.learning.composition.made_up import measured, rules

RULES = rules(branches=3, gate_branches=2, thresholds=(0.6, 0.8, 0.95))
CHAINS, LABELS = measured(chains_of(RULES)[:5])
SERVICE = QueueModel(rate=60.0, workers=2, requests=1000)
EVALUATOR = TableEvaluator(CHAINS, LABELS, SERVICE)
SPACE = enumerate_space(RULES.limits, EVALUATOR)


def test_the_iterator_gives_each_valid_pipeline_once_and_the_size_is_their_number():
    found = list(pipelines(RULES.limits, list(CHAINS)))
    assert len(found) == len(set(found)) == space_size(RULES.limits, len(CHAINS)) == len(SPACE)
    assert all(check(one, RULES) == [] for one in found)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2))
def test_the_size_is_the_number_of_pipelines_for_any_limits(stages, branches, gates, chains, thresholds):
    limits = Limits(
        stages=stages,
        branches=branches,
        gate_branches=min(gates, branches),
        thresholds=(0.6, 0.9)[:thresholds] if stages == 1 else (0.6, 0.9)[: max(1, thresholds)],
    )
    listed = list(CHAINS)[:chains]
    assert sum(1 for _ in pipelines(limits, listed)) == space_size(limits, len(listed))


@pytest.mark.parametrize(
    "service",
    [
        SERVICE,
        QueueModel(rate=60.0, is_split=True, requests=500),
        QueueModel(rate=50.0, batching=Batching(4), requests=300),
        QueueModel(rate=40.0, handover=0.003, overhead=0.001, requests=500),
    ],
)
@pytest.mark.parametrize("stages", [2, 3])
def test_the_table_has_the_scores_that_the_evaluator_gives(service, stages):
    limits = Limits(stages=stages, branches=2, thresholds=(0.7, 0.9))
    table = TableEvaluator(CHAINS, LABELS, service)
    space = enumerate_space(limits, table)
    for number, pipeline in list(enumerate(pipelines(limits, list(CHAINS))))[:: 7 if stages == 2 else 97]:
        assert space.pipeline(number) == pipeline
        assert space.number(pipeline) == number
        np.testing.assert_allclose(space.measured(number), table(pipeline), rtol=1e-6)


def test_the_optimum_and_the_front_are_those_of_all_pipelines():
    everything = {one: EVALUATOR(one) for one in pipelines(RULES.limits, list(CHAINS))}
    scales = SPACE.scales()
    for accuracy, latency, cost in ((1, 0, 0), (1, 0.1, 0), (1, 0.02, 0.05), (0, 1, 0)):
        weights = Weights(accuracy, latency, cost, *scales)
        finite = {k: v for k, v in everything.items() if np.isfinite(v.latency)}
        best = (
            max(reward(v, weights) for v in (everything if latency == 0 else finite).values())
            if latency
            else (max(v.accuracy for v in everything.values()))
        )
        assert SPACE.rewards(weights)[SPACE.optimum(weights)] == pytest.approx(best, rel=1e-9)
    wanted = pareto_set({k: v for k, v in everything.items() if np.isfinite(v.latency)})
    assert [SPACE.pipeline(k) for k in SPACE.front()] == wanted


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=40))
def test_what_is_undominated_is_the_pareto_set(points):
    losses = np.array(points, float)
    wanted = pareto_set({k: Measured(-c, a, b) for k, (a, b, c) in enumerate(points)})
    assert set(np.flatnonzero(undominated(losses))) == set(wanted)


def test_a_file_gives_back_the_space_and_is_used_only_for_the_same_measurements(tmp_path):
    path = tmp_path / "space.npz"
    calls = []
    first = scored_space(RULES.limits, EVALUATOR, path, progress=lambda *_: calls.append(1))
    again = scored_space(RULES.limits, EVALUATOR, path, progress=lambda *_: pytest.fail("scored again"))
    assert calls
    assert again.chains == first.chains
    assert again.origin == first.origin == SPACE.origin
    for name in ("stages", "thresholds", "accuracy", "latency", "cost", "memory", "size"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    other = TableEvaluator(CHAINS, LABELS, SERVICE, Prices(currency="EUR", core_hour=2, gb_hour=3))
    assert (scored_space(RULES.limits, other, path).cost != first.cost).all()
    assert read_space(path)(first.pipeline(5)).accuracy == first.accuracy[5]


def test_a_file_that_is_no_space_is_refused(tmp_path):
    path = tmp_path / "space.npz"
    with pytest.raises(FileError):
        read_space(path)
    for content in (b"", b"no archive", b"PK\x03\x04 truncated"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="delete it"):
            read_space(path)
    np.savez(path, format=1)
    with pytest.raises(DataError, match="no scored space"):
        read_space(path)


def test_overloaded_pipelines_are_never_chosen_where_latency_counts():
    slow = TableEvaluator(CHAINS, LABELS, QueueModel(rate=400.0, requests=500))
    space = enumerate_space(RULES.limits, slow)
    assert np.isinf(space.latency).any()
    weights = Weights(1.0, 0.01, 0.0, *space.scales())
    assert np.isfinite(space.latency[space.optimum(weights)])
    assert np.isfinite(space.latency[space.front()]).all()
    with pytest.raises(InputError, match="no single chain keeps up"):
        enumerate_space(RULES.limits, TableEvaluator(CHAINS, LABELS, QueueModel(rate=1e6, requests=50))).scales()
    with pytest.raises(InputError, match="no chain"):
        enumerate_space(RULES.limits, TableEvaluator({}, LABELS))


def test_leading_chains_are_fronts_in_turn():
    accuracies = {chain: EVALUATOR.stage((chain,)).is_correct.mean() for chain in CHAINS}
    ranked = [leading_chains(CHAINS, accuracies, count) for count in range(1, 6)]
    assert [len(one) for one in ranked] == [1, 2, 3, 4, 5]
    assert all(set(a) < set(b) for a, b in pairwise(ranked))
    assert max(accuracies, key=accuracies.get) in ranked[0]
    assert leading_chains(CHAINS, accuracies, 99) == tuple(sorted(CHAINS))


def test_a_survey_names_the_front_and_the_best_single_chain():
    other, labels = measured(list(CHAINS), seed=9)
    found = survey(SPACE, TableEvaluator(other, labels, SERVICE))
    assert (found.chains, found.pipelines) == (5, len(SPACE))
    assert found.overloaded == np.isinf(SPACE.latency).sum()
    singles = {c: EVALUATOR(single(c.model, *c.transformations)) for c in CHAINS}
    assert found.best_single.selection.accuracy == max(m.accuracy for m in singles.values() if np.isfinite(m.latency))
    assert found.best.selection.accuracy == SPACE.accuracy[np.isfinite(SPACE.latency)].max()
    assert found.front[-1].sealed.accuracy != found.front[-1].selection.accuracy
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["front"][0]["sealed"]["accuracy"] > 0
    assert survey(SPACE).best.sealed is None


def test_climbs_end_at_the_optimum_or_below_it():
    edits = EditSpace(RULES, CHAINS)
    weights = Weights(1.0, 0.05, 0.0, *SPACE.scales())
    found = climb_all(SPACE, edits, weights, starts=20)
    assert 0 <= found.missed <= found.starts == 20
    assert found.low <= found.missed / 20 <= found.high
    assert found.mean_gap >= 0
    assert (found.mean_gap == 0) == (found.missed == 0)
    assert climb_all(SPACE, edits, weights, starts=20) == found
    # only speed counts: the fastest chain is next to every pipeline, or nearly
    assert climb_all(SPACE, edits, Weights(0.0, 1.0, 0.0, *SPACE.scales()), starts=10).missed == 0


def test_the_origin_depends_on_values_and_not_on_their_python_types():
    def retyped(one):
        batches = {size: np.float64(seconds) for size, seconds in one.batch_seconds.items()}
        return replace(one, batch_seconds=batches, memory=np.float64(one.memory))

    same = TableEvaluator({chain: retyped(one) for chain, one in CHAINS.items()}, LABELS, SERVICE)
    assert origin_of(RULES.limits, same) == SPACE.origin
    other = {chain: replace(one, memory=one.memory + 1) for chain, one in CHAINS.items()}
    assert origin_of(RULES.limits, TableEvaluator(other, LABELS, SERVICE)) != SPACE.origin
