"""Limits of expressions apply to the tree and not only to its source text."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.champions.named import load_policy
from aurora.errors import PolicyError
from aurora.sim.policies.compiler import compile_policy, constants, with_constants
from aurora.sim.policies.expression import MAX_NODES, count_nodes, evaluate, parse, to_text
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES
from tests.examples import examples


def _nested(levels: int, shape: str) -> str:
    text = "task.cpu"
    for _ in range(levels):
        text = shape.format(text)
    return text


def _policy(score: str) -> Policy:
    return Policy(policy_id="p", allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score=score),)))


@pytest.mark.parametrize("shape", ["1<({})<2", "task.wait<({})<task.cpu"])
@pytest.mark.parametrize("levels", [8, 20, 39])
def test_nested_comparison_chains_are_refused_before_expansion(levels: int, shape: str) -> None:
    with pytest.raises(PolicyError, match=r"more than (200 operations|40 levels)"):
        parse(_nested(levels, shape))


operands = st.one_of(
    st.sampled_from(["task.cpu", "task.wait", "2", "-3", "0.1"]),
    st.integers(1, 6).map(lambda n: _nested(n, "-(+{})")),
)
texts = st.recursive(
    operands,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=12).map(lambda parts: f"min({', '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=12).map(lambda parts: f"max({', '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=5).map(lambda parts: " < ".join(f"({p})" for p in parts)),
        st.lists(inner, min_size=2, max_size=5).map(lambda parts: " or ".join(f"({p})" for p in parts)),
        inner.map("not ({})".format),
        inner.map("-({})".format),
    ),
    max_leaves=40,
)


@given(texts)
@settings(deadline=None, max_examples=examples(200))
def test_a_parsed_expression_can_be_written_and_parsed_again(text: str) -> None:
    try:
        tree = parse(text)
    except PolicyError:
        return
    assert count_nodes(tree) <= MAX_NODES
    assert parse(to_text(tree)) == tree
    values = {"task.cpu": 4.0, "task.wait": -1.5}
    assert evaluate(parse(to_text(tree)), values) == evaluate(tree, values)


@pytest.mark.parametrize("name", ["min", "max"])
def test_an_operation_with_a_hundred_arguments_accepts_new_constants(name: str) -> None:
    policy = _policy(f"{name}({', '.join(['1'] * 100)})")
    changed = with_constants(policy, [float(i) for i in range(102)])
    assert compile_policy(changed).consts.tolist() == list(constants(changed)) == list(range(102))


@pytest.mark.parametrize("text", ["-(+2)", "--2", "-(2)", "+(-(+2))", "3 - -2"])
def test_a_sign_belongs_to_its_constant(text: str) -> None:
    policy = _policy(text)
    values = tuple(float(i) for i in range(1, len(constants(policy)) + 1))
    changed = with_constants(policy, values)
    assert constants(changed) == values == tuple(compile_policy(changed).consts)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_constant_must_be_finite(value: float) -> None:
    with pytest.raises(PolicyError, match="finite"):
        with_constants(_policy("2 * node.cpu_free"), [1, 1, value])


@pytest.mark.parametrize(("text", "position"), [("   1 + \u00e9", 7), ("   1 + node.cpu_fre", 7), ("   1 +* 2", 6)])
def test_error_positions_count_leading_blanks(text: str, position: int) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(text)
    assert caught.value.position == position


@pytest.mark.parametrize("name", ["a" * 300, "", "a\0b", "\ud800", "fgdd", "a" * 300 + ".json"])
def test_an_unknown_policy_is_a_policy_error(name: str) -> None:
    with pytest.raises(PolicyError):
        load_policy(name)


def test_kube_scores_equal_integer_arithmetic() -> None:
    scores = {n: parse(REFERENCES[n].allocation_strategy.decision_rules[0].score) for n in REFERENCES}
    for capacity in range(1, 129):
        for used in range(capacity + 1):
            left = (capacity - used) / capacity
            seen = {"fit.cpu_left": left, "fit.memory_left": left}
            assert evaluate(scores["least_allocated"], seen) == (capacity - used) * 100 // capacity
            assert evaluate(scores["most_allocated"], seen) == used * 100 // capacity
