from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage, single
from aurora.learning.composition.pipelines.value_types import ValueType, misfit
from aurora.learning.composition.scores.objective import Measured, Weights, pareto_set, reward


def test_branches_of_a_stage_have_no_order() -> None:
    first, second = Branch((), "vader"), Branch(("tf-idf",), "logistic")
    assert Stage((second, first)) == Stage((first, second))


def test_a_pipeline_is_written_as_people_read_it() -> None:
    last = Stage((Branch(("minilm",), "logistic"), Branch(("tf-idf",), "logistic")))
    pipeline = Pipeline((Stage((Branch((), "vader"),), 0.8), last))
    assert str(pipeline) == "vader ? 0.8 | minilm > logistic + tf-idf > logistic"
    assert pipeline.components == ("vader", "minilm", "logistic", "tf-idf")
    assert str(single("svc", "pca-32")) == "pca-32 > svc"


def test_a_misfit_names_both_types() -> None:
    assert misfit(ValueType("text"), (ValueType("text"),)) == ""
    assert misfit(ValueType("embedding", 32), (ValueType("text"), ValueType("embedding"))) == ""
    assert misfit(ValueType("text"), (ValueType("columns", 3),)) == "it takes columns[3], and is given text"
    given = ValueType("columns", 2, ("a", "b"))
    assert misfit(given, (ValueType("columns", 2, ("a", "c")),)) == "it takes columns that are missing: c"


def test_the_reward_is_the_weighted_sum_of_normalised_terms() -> None:
    weights = Weights(accuracy=1.0, latency=0.5, cost=0.25, latency_scale=0.02, cost_scale=4.0)
    assert reward(Measured(0.9, 0.01, 2.0), weights) == 0.9 - 0.25 - 0.125


def test_latency_without_weight_does_not_count_even_if_it_is_infinite() -> None:
    overloaded = Measured(0.9, float("inf"), 2.0)
    assert reward(overloaded, Weights(1.0, 0.0, 0.25, 0.02, 4.0)) == 0.9 - 0.125
    assert reward(overloaded, Weights(1.0, 0.1, 0.0, 0.02, 4.0)) == -float("inf")


def test_the_pareto_set_keeps_ties_and_drops_what_is_dominated() -> None:
    measured = {
        "slow and good": Measured(0.9, 2.0, 1.0),
        "fast": Measured(0.5, 1.0, 1.0),
        "equal": Measured(0.5, 1.0, 1.0),
        "dominated": Measured(0.8, 2.0, 1.0),
    }
    assert pareto_set(measured) == ["fast", "equal", "slow and good"]
    assert pareto_set({}) == []
