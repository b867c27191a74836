import json
from dataclasses import replace

import numpy as np
import pytest

from aurora.errors import DataError, InputError
from aurora.learning.composition.pipelines.chains import chains_of
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.scores.evaluation import TableEvaluator, batch_times, mean_probabilities
from aurora.learning.composition.scores.prices import EXAMPLE, Prices, cost_of_requests, read_prices, write_example
from aurora.learning.composition.scores.queueing import Batching, QueueModel, quantile
from tests.learning.composition.made_up import measured, rules

CHAINS, LABELS = measured(chains_of(rules(transformations=1)))
VADER, MINILM, TF_IDF = Branch((), "vader"), Branch(("minilm",), "logistic"), Branch(("tf-idf",), "logistic")
CASCADE = parse_pipeline("vader ? 0.8 | minilm > logistic + tf-idf > logistic")


def evaluator(**service):
    return TableEvaluator(CHAINS, LABELS, QueueModel(**{"rate": 1e-3, "requests": 2000, **service}))


def test_a_cascade_is_scored_item_by_item():
    found = evaluator()(CASCADE)
    correct, seconds = [], []
    for k in range(len(LABELS)):
        answer, time = CHAINS[VADER].probabilities[k], CHAINS[VADER].seconds[k]
        if answer.max() < 0.8:
            answer = np.mean([CHAINS[MINILM].probabilities[k], CHAINS[TF_IDF].probabilities[k]], axis=0)
            time += CHAINS[MINILM].seconds[k] + CHAINS[TF_IDF].seconds[k]
        correct.append(answer.argmax() == LABELS[k])
        seconds.append(time)
    assert found.accuracy == pytest.approx(np.mean(correct))
    assert found.latency == pytest.approx(quantile(np.array(seconds), 0.95), rel=1e-6)  # no queue at this rate
    assert found.memory == 5e6
    assert found.size == 5e5
    wanted = cost_of_requests(float(np.mean(seconds)), 5e6, 1e-3, EXAMPLE)
    assert found.cost == pytest.approx(wanted)


def test_a_single_chain_has_its_own_measurements():
    found = evaluator()(parse_pipeline("vader"))
    assert found.accuracy == (CHAINS[VADER].probabilities.argmax(axis=1) == LABELS).mean()
    assert found.latency == pytest.approx(quantile(CHAINS[VADER].seconds, 0.95))


def test_what_holds_a_worker_beside_its_components_takes_time_in_every_stage_but_no_core():
    plain, held = evaluator(), evaluator(handover=0.05)
    both = plain.trace(CASCADE).seconds[1] >= 0
    gained = held.trace(CASCADE).total_seconds - plain.trace(CASCADE).total_seconds
    np.testing.assert_allclose(gained, np.where(both, 0.1, 0.05))
    assert held(CASCADE).cost == plain(CASCADE).cost
    busy = 0.5 / CHAINS[VADER].seconds.mean()
    assert evaluator(rate=busy).predict(parse_pipeline("vader")).utilisation == pytest.approx(0.5)
    slower = evaluator(rate=busy, handover=0.001).predict(parse_pipeline("vader"))
    assert slower.utilisation == pytest.approx(0.5 + busy * 0.001)


def test_a_batch_is_handed_over_once():
    batching = Batching(size=4, deadline=10.0)
    held = evaluator(rate=100.0, handover=1.0, batching=batching).predict(parse_pipeline("vader")).utilisation
    plain = evaluator(rate=100.0, batching=batching).predict(parse_pipeline("vader")).utilisation
    assert held - plain == pytest.approx(100.0 / 4, rel=1e-3)


def test_branches_with_own_workers_take_the_time_of_the_slowest_and_the_cores_of_all():
    ensemble = parse_pipeline("minilm > logistic + tf-idf > logistic")
    one, other = evaluator()(ensemble), evaluator(is_split=True)(ensemble)
    assert other.latency < one.latency
    slowest = np.maximum(CHAINS[MINILM].seconds, CHAINS[TF_IDF].seconds)
    assert other.latency == pytest.approx(quantile(slowest, 0.95))
    assert (one.memory, other.memory) == (4e6, 4e6)
    both = evaluator(is_split=True).resources(parse_pipeline("minilm > logistic + minilm > logistic ? 0.8 | vader"))
    assert both[0] == 3e6


def test_own_workers_of_each_branch_bear_more_than_workers_of_the_whole():
    seconds = [CHAINS[branch].seconds.mean() for branch in (MINILM, TF_IDF)]
    ensemble, rate = parse_pipeline("minilm > logistic + tf-idf > logistic"), 0.8 / max(seconds)
    assert evaluator(rate=rate).predict(ensemble).is_overloaded
    split = evaluator(rate=rate, is_split=True)
    assert split.predict(ensemble).utilisation == pytest.approx(0.8)
    alone = evaluator(rate=rate)
    slower = [alone.predict(parse_pipeline(text)).p95 for text in ("minilm > logistic", "tf-idf > logistic")]
    assert split.predict(ensemble).p95 >= max(slower)


def test_one_branch_with_own_workers_is_the_whole():
    rate = 0.7 / CHAINS[VADER].seconds.mean()
    alone = parse_pipeline("vader")
    for batching in (Batching(), Batching(size=8, deadline=0.001)):
        whole, split = (evaluator(rate=rate, workers=2, batching=batching, is_split=s) for s in (False, True))
        np.testing.assert_allclose(split.response_times(alone), whole.response_times(alone))


def test_shared_transformations_count_once():
    two = Branch(("minilm",), "svc")
    table = {**CHAINS, two: replace(CHAINS[MINILM], branch=two)}
    shared = TableEvaluator(table, LABELS)
    assert shared.resources(parse_pipeline("minilm > logistic + minilm > svc")) == (3e6, 3e5)
    assert shared.resources(parse_pipeline("vader ? 0.8 | vader + minilm > svc")) == (3e6, 3e5)
    whole = {b: replace(one, component_memory=(), component_size=()) for b, one in table.items()}
    apart = TableEvaluator(whole, LABELS)
    assert apart.resources(parse_pipeline("minilm > logistic + minilm > svc")) == (4e6, 4e5)


def test_load_makes_requests_wait_and_overload_is_said():
    quiet, busy = evaluator(), evaluator(rate=0.8 / CHAINS[MINILM].seconds.mean())
    alone = parse_pipeline("minilm > logistic")
    assert busy(alone).latency > 1.5 * quiet(alone).latency
    assert busy.predict(alone).utilisation == pytest.approx(0.8)
    assert not busy.predict(alone).is_overloaded
    over = evaluator(rate=1.1 / CHAINS[MINILM].seconds.mean())
    assert over.predict(alone).is_overloaded
    assert over(alone).latency == np.inf
    assert np.isfinite(over.response_times(alone)).all()
    assert not evaluator(rate=1.1 / CHAINS[MINILM].seconds.mean(), workers=2).predict(alone).is_overloaded
    # a gate that answers most requests makes the same load bearable
    assert np.isfinite(over(parse_pipeline("vader ? 0.6 | minilm > logistic")).latency)


def test_batches_raise_what_a_service_can_bear():
    alone = parse_pipeline("minilm > logistic")
    rate = 1.3 / CHAINS[MINILM].seconds.mean()
    assert evaluator(rate=rate)(alone).latency == np.inf
    batched = evaluator(rate=rate, batching=Batching(size=8))
    assert batched.predict(alone).utilisation == pytest.approx(0.65, rel=0.1)  # a batch of 8 takes the time of 4
    assert np.isfinite(batched(alone).latency)
    one = evaluator(rate=0.5 * rate, batching=Batching(size=1, deadline=1e-12))
    assert one(CASCADE).latency == pytest.approx(evaluator(rate=0.5 * rate)(CASCADE).latency, rel=1e-3)


def test_batch_times_are_straight_between_measured_sizes():
    times = batch_times(CHAINS[VADER], np.array([1, 8, 20, 32, 44]))
    one = CHAINS[VADER].batch_seconds[1]
    np.testing.assert_allclose(times, np.array([1, 4, 8, 12, 16]) * one)
    single = replace(CHAINS[VADER], batch_seconds={})
    np.testing.assert_allclose(batch_times(single, np.array([1, 4])), CHAINS[VADER].seconds.mean() * np.array([1, 4]))


def test_means_are_those_of_the_engine():
    answers = [one.probabilities for one in CHAINS.values()]
    assert mean_probabilities(answers[:1]) is answers[0]
    found = mean_probabilities(answers)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.mean(answers, axis=0), rtol=1e-6)


def test_what_has_not_been_measured_is_refused():
    with pytest.raises(InputError, match="has not been measured"):
        evaluator()(parse_pipeline("minilm > svc"))
    with pytest.raises(InputError, match="no stage"):
        evaluator()(type(CASCADE)(()))
    with pytest.raises(InputError, match="measured on 200 items; there are 3 labels"):
        TableEvaluator(CHAINS, LABELS[:3])


def test_cost_is_that_of_the_stated_formula(tmp_path):
    prices = Prices(currency="EUR", core_hour=0.036, gb_hour=0.0072)
    assert cost_of_requests(0.5, 0.0, 10.0, prices) == pytest.approx(1000 * 0.5 * 1e-5)
    assert cost_of_requests(0.0, 2e9, 10.0, prices) == pytest.approx(1000 * 2 * 2e-6 / 10)
    with pytest.raises(InputError, match="rate"):
        cost_of_requests(0.1, 1e9, 0.0, prices)
    path = tmp_path / "prices.json"
    write_example(path)
    assert read_prices(path) == EXAMPLE
    path.write_text(json.dumps({"currency": "EUR", "core_hour": -1, "gb_hour": 0.1}))
    with pytest.raises(DataError, match="core_hour"):
        read_prices(path)
