"""Variation: every child is a valid policy, and simplification keeps its meaning."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aurora.agents.arena.sources import open_source
from aurora.agents.arena.templates import general_template, placement_template, queue_templates
from aurora.agents.search.simplification import magnitude, simplify, simplify_sections
from aurora.agents.search.tree_edits import CONDITION_EDITS, EDITS, at, substitute
from aurora.agents.search.variation import OPERATORS, cross, flip, vary
from aurora.errors import PolicyError
from aurora.sim.kernel import encode
from aurora.sim.kernel import evaluate as simulate
from aurora.sim.policies.compiler import compile_policy, parse_sections, policy_key, with_sections
from aurora.sim.policies.expression import (
    ALL_SCOPES,
    DECISION_SCOPES,
    MAX_NODES,
    Apply,
    Num,
    Ref,
    count_nodes,
    evaluate,
    parse,
    to_text,
    walk,
)
from aurora.sim.policies.features import FEATURES
from aurora.sim.policies.policy import MAX_RULES, AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.program import Op
from aurora.sim.policies.references import REFERENCES

PARENTS = [general_template(), placement_template(), queue_templates()[0], *REFERENCES.values()]
SOURCE = open_source("generated", None)
SEEDS = st.integers(0, 2**32 - 1)
ARITY = {
    **dict.fromkeys((Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD, Op.LT, Op.GE, Op.EQ, Op.AND, Op.OR, Op.MIN, Op.MAX), 2),
    **dict.fromkeys((Op.NEG, Op.NOT, Op.ABS, Op.SQRT, Op.LOG, Op.EXP, Op.FLOOR, Op.SIGMOID), 1),
    **dict.fromkeys((Op.SELECT, Op.CLIP), 3),
}


def trees() -> st.SearchStrategy:
    numbers = st.sampled_from([0.0, 0.0, 1.0, 1.0, -1.0, 2.0, 0.5, 1e6]) | st.floats(-1e9, 1e9)
    leaves = numbers.map(Num) | st.sampled_from([Ref(f.name) for f in FEATURES])
    return st.recursive(
        leaves,
        lambda inner: st.sampled_from(sorted(ARITY)).flatmap(
            lambda op: st.tuples(*[inner] * ARITY[op]).map(lambda args: Apply(op, args))
        ),
        max_leaves=12,
    )


def features_of(seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    return {f.name: float(rng.choice([0.0, 1.0, -0.5, f.scale, 1e9, rng.normal()])) for f in FEATURES}


@given(trees(), SEEDS)
def test_simplification_shortens_an_expression_and_keeps_its_value(tree, seed: int) -> None:
    shorter = simplify(tree)
    assert count_nodes(shorter) <= count_nodes(tree)
    assert simplify(shorter) == shorter
    features = features_of(seed)
    before, after = evaluate(tree, features), evaluate(shorter, features)
    assert before == after or (math.isnan(before) and math.isnan(after))


@given(trees(), SEEDS)
def test_magnitudes_bound_the_values_of_an_expression(tree, seed: int) -> None:
    limit = magnitude(tree)
    assert limit >= 0
    if limit < 1e300:
        assert abs(evaluate(tree, features_of(seed))) <= limit * (1 + 1e-9)


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("0 * fit.cost + 2 * fit.latency - 0 * node.price", "2 * fit.latency"),
        ("(1 + 1) * fit.cost", "2 * fit.cost"),
        ("fit.cost if 2 > 1 else fit.latency", "fit.cost"),
        ("fit.cost if task.cpu > 1 else fit.cost", "fit.cost"),
        ("0 * (fit.cost / node.price)", "0 * (fit.cost / node.price)"),  # might be no number
        ("task.cpu / 0", "0"),
        ("node.cpu_free > 1 and 0", "0"),
    ],
)
def test_terms_without_effect_are_removed(text: str, shorter: str) -> None:
    assert to_text(simplify(parse(text))) == shorter


@pytest.mark.parametrize("name", sorted(REFERENCES))
@pytest.mark.parametrize("family", ["batch", "sensors", "slices"])
def test_a_simplified_policy_makes_the_same_decisions_on_random_scenarios(name: str, family: str) -> None:
    policy = REFERENCES[name]
    sections = parse_sections(policy)
    heavier = sections._replace(
        order=Apply(Op.ADD, (sections.order, Apply(Op.MUL, (Num(0.0), Ref("task.wait"))))),
        rules=(
            (Num(0.0), Num(3.0)),
            *((w, Apply(Op.MUL, (Num(1.0), s))) for w, s in sections.rules),
            (Num(1.0), Num(5.0)),
        ),
    )
    shorter = simplify_sections(heavier)
    assert [count_nodes(e) for e in shorter.flat()] < [count_nodes(e) for e in heavier.flat()]
    rng = np.random.default_rng(3)
    encoded = encode(SOURCE.expand(SOURCE.sample(family, 2, rng)))

    def outcome(of):
        strategy = with_sections(policy.allocation_strategy, of)
        return simulate(encoded, compile_policy(policy.model_copy(update={"allocation_strategy": strategy})))

    assert outcome(shorter) == outcome(heavier)


def test_unreachable_rules_are_removed() -> None:
    score = parse("fit.cost")
    sections = parse_sections(REFERENCES["fgd"])._replace(
        rules=((Num(0.0), Num(1.0)), (parse("task.cpu > 1"), score), (Num(2.0), score), (Num(1.0), Num(7.0)))
    )
    assert simplify_sections(sections).rules == ((parse("task.cpu > 1"), score), (Num(2.0), score))
    assert simplify_sections(sections._replace(rules=((Num(0.0), score),))).rules[0][0] == Num(0.0)


@settings(deadline=None)
@given(st.sampled_from(PARENTS), st.sampled_from(PARENTS), SEEDS, st.integers(1, 6))
def test_generations_of_children_are_valid_and_new(parent: Policy, other: Policy, seed: int, generations: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(generations):
        child = vary(parent, other, rng)
        compile_policy(child)
        assert Policy.model_validate(child.model_dump()) == child
        assert child.policy_id == policy_key(child) != policy_key(parent)
        parent = child


@settings(deadline=None)
@example(REFERENCES["unicep_published"], 86577354)  # a dropped term left the minus of a constant
@given(st.sampled_from(PARENTS), SEEDS)
def test_each_operator_returns_a_policy_or_is_rejected(parent: Policy, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for operator in (*OPERATORS, lambda s, r: cross(s, parse_sections(REFERENCES["unicep+easy"]), r)):
        sections = operator(parse_sections(parent), rng)
        strategy = with_sections(parent.allocation_strategy, sections)
        assert parse_sections(parent.model_copy(update={"allocation_strategy": strategy})) == sections


@given(trees(), SEEDS)
def test_edits_use_only_features_in_scope(tree, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scopes = DECISION_SCOPES if seed % 2 else ALL_SCOPES
    before = {n.name for n in walk(tree) if isinstance(n, Ref)}
    for edit in {*EDITS, *CONDITION_EDITS}:
        new = {n.name for n in walk(edit(tree, rng, scopes)) if isinstance(n, Ref)} - before
        assert all(name.split(".")[0] in scopes for name in new)


@given(trees(), trees(), SEEDS)
def test_a_replaced_subtree_is_at_the_requested_position(tree, new, seed: int) -> None:
    place = seed % count_nodes(tree)
    replaced = substitute(tree, place, new)
    assert at(replaced, place) == new
    assert count_nodes(replaced) == count_nodes(tree) - count_nodes(at(tree, place)) + count_nodes(new)


def test_variation_keeps_the_queue_of_the_protocol() -> None:
    parent = queue_templates()[0]
    rng = np.random.default_rng(0)
    children = [vary(parent, REFERENCES["wfp3+easy"], rng, queue_is_given=True) for _ in range(200)]
    queues = {(c.allocation_strategy.head_of_line_blocking, c.allocation_strategy.backfill) for c in children}
    assert queues == {(True, "easy")}


def test_a_flip_changes_one_choice_to_a_valid_one() -> None:
    rng = np.random.default_rng(0)
    strategy = queue_templates()[0].allocation_strategy
    seen = set()
    for _ in range(100):
        flipped = flip(strategy, rng, queue_is_given=False)
        assert flipped != strategy
        assert flipped.head_of_line_blocking or flipped.backfill == "none"
        strategy = flipped
        seen.add((flipped.head_of_line_blocking, flipped.backfill, flipped.device_choice))
    assert len(seen) == 9


def test_variation_reaches_every_part_of_a_policy_and_adds_and_removes_rules() -> None:
    parent = placement_template()
    rng = np.random.default_rng(1)
    before = parse_sections(parent)
    children = [parse_sections(vary(parent, general_template(), rng)) for _ in range(100)]
    assert {len(c.rules) for c in children} == {3, 4, 5}
    assert any(c.order != before.order for c in children)
    assert any(c.admit != before.admit for c in children)
    assert any([w for w, _ in c.rules] != [w for w, _ in before.rules] and len(c.rules) == 4 for c in children)
    assert any(sorted(map(str, c.rules)) == sorted(map(str, before.rules)) and c != before for c in children)


def test_a_child_of_a_policy_at_the_limits_stays_within_them() -> None:
    score = " + ".join(["fit.cost"] * 38)
    assert MAX_NODES > count_nodes(parse(score)) > 70
    rules = tuple(DecisionRule(when="task.cpu > 1", score=score) for _ in range(MAX_RULES))
    parent = Policy(policy_id="full", allocation_strategy=AllocationStrategy(decision_rules=rules))
    rng = np.random.default_rng(0)
    for _ in range(12):
        try:
            child = vary(parent, REFERENCES["fgd"], rng)
        except PolicyError as error:
            assert "no valid variation" in str(error)
            continue
        assert len(child.allocation_strategy.decision_rules) <= MAX_RULES
        compile_policy(child)
