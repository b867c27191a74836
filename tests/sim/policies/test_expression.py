import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import PolicyError
from aurora.sim.policies.compiler import compile_policy, constants, policy_key, with_constants
from aurora.sim.policies.expression import DECISION_SCOPES, Apply, Expr, Num, Ref, evaluate, parse, to_text
from aurora.sim.policies.features import FEATURES
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy, parse_policy
from aurora.sim.policies.program import Op
from tests.examples import examples

UNARY = [Op.NEG, Op.NOT, Op.ABS, Op.SQRT, Op.LOG, Op.EXP, Op.FLOOR, Op.SIGMOID]
BINARY = [Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD, Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE, Op.AND, Op.OR, Op.MIN]

leaves = st.one_of(
    st.floats(-1e6, 1e6).map(lambda x: Num(x + 0.0)),
    st.sampled_from([f.name for f in FEATURES]).map(Ref),
)


def _negated(op: Op, arg: Expr) -> Expr:
    # `-2` reads as the constant minus two.
    return Num(-arg.value) if op is Op.NEG and isinstance(arg, Num) else Apply(op, (arg,))


trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(_negated, st.sampled_from(UNARY), inner),
        st.builds(lambda op, a, b: Apply(op, (a, b)), st.sampled_from(BINARY), inner, inner),
        st.builds(lambda op, a, b, c: Apply(op, (a, b, c)), st.sampled_from([Op.SELECT, Op.CLIP]), inner, inner, inner),
    ),
    max_leaves=25,
)


@given(trees)
@settings(deadline=None)
def test_an_unparsed_tree_parses_to_the_same_tree(tree: Expr) -> None:
    assert parse(to_text(tree)) == tree


@given(trees, st.floats(-1e9, 1e9))
@settings(deadline=None)
def test_every_expression_has_a_value(tree: Expr, value: float) -> None:
    assert isinstance(evaluate(tree, dict.fromkeys((f.name for f in FEATURES), value)), float)


HOSTILE = [
    "",
    "   ",
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "task.__class__",
    "task.cpu.real",
    "open('/etc/passwd')",
    "eval('1')",
    "lambda: 1",
    "[x for x in (1,)]",
    "{1: 2}",
    "f'{task.cpu}'",
    "'text'",
    "b'bytes'",
    "1j",
    "True",
    "None",
    "...",
    "1e400",
    "-1e999",
    "9**9**9",
    "1 << 3",
    "7 // 2",
    "~1",
    "task.cpu := 3",
    "(x := 1)",
    "task.cpu = 3",
    "task.cpu; task.cpu",
    "import os",
    "task.cpu if task.cpu",
    "min(1)",
    "abs(1, 2)",
    "clip(1, 2)",
    "max(*task.cpu)",
    "max(a=1, b=2)",
    "task.cpu in (1, 2)",
    "task.cpu is task.cpu",
    "task[0]",
    "await task.cpu",
    "yield 1",
    "ｔask.cpu",  # a full-width letter that Python would fold into an ASCII one
    "tаsk.cpu",  # a Cyrillic letter
    "task.cpu\n+ 1",
    "task.cpu # comment\n",
    "task.cpu\x00",
    "nan",
    "inf",
    "(" * 300 + "1" + ")" * 300,
    "-" * 3000 + "1",
    "not " * 900 + "1",
    "1+" * 1500 + "1",
    "1" * 5000,
    "1" * 3999,
    "0x" + "f" * 3000,
    "\\",
    "'",
    "(",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse(text)


@given(st.text(max_size=200))
@settings(max_examples=examples(300), deadline=None)
def test_any_text_is_an_expression_or_a_policy_error(text: str) -> None:
    try:
        tree = parse(text)
    except PolicyError:
        return
    assert parse(to_text(tree)) == tree


@given(st.text(alphabet="taskcpunode.()+-*/%<>=! 0123456789,if else and or not min", max_size=80))
@settings(max_examples=examples(500), deadline=None)
def test_text_near_the_language_is_an_expression_or_a_policy_error(text: str) -> None:
    try:
        parse(text)
    except PolicyError as error:
        assert str(error)


def test_an_error_says_where_and_suggests_the_nearest_name() -> None:
    with pytest.raises(PolicyError, match=r"did you mean node\.cpu_free") as caught:
        parse("1 + node.cpu_fre")
    assert caught.value.position == 4


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("node.cpu_free ** 2", r"\*\* is not part of the language; write x \* x"),
        ("2 // task.cpu", r"// .* write floor\(x / y\)"),
        ("2 ^ 3", r"\^ .* write x \* x"),
        ("node.is_up & task.cpu", "& .* write `x and y`"),
        ("~task.cpu", "~ .* write `not x`"),
        ("[1]", "a list .* use numbers"),
    ],
)
def test_syntax_of_other_languages_is_refused_with_the_alternative(text: str, remedy: str) -> None:
    with pytest.raises(PolicyError, match=remedy):
        parse(text)


def test_admission_cannot_use_features_of_candidates() -> None:
    with pytest.raises(PolicyError, match=r"node\.cpu_free can't be read here"):
        parse("node.cpu_free", scopes=DECISION_SCOPES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 / 0", 0.0),
        ("5 % 0", 0.0),
        ("-7 % 3", 2.0),
        ("log(0)", math.log(1e-300)),
        ("sqrt(-4)", 0.0),
        ("exp(1000)", math.exp(700)),
        ("clip(5, 1, 3)", 3.0),
        ("1 < 2 < 3", 1.0),
        ("0 or 3", 1.0),
        ("2 if 0 else 4", 4.0),
    ],
)
def test_operations_are_total(text: str, value: float) -> None:
    assert evaluate(parse(text), {}) == value


def _policy(score: str, **more: object) -> Policy:
    return Policy(
        policy_id="p",
        allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score=score),), **more),  # type: ignore[arg-type]
    )


def test_constants_are_in_the_order_of_the_program() -> None:
    policy = _policy("2 * node.cpu_free - 3 * (node.cpu_free + 2)", order="task.wait * 7", admit="node.tasks < 5")
    assert constants(policy) == (7.0, 5.0, 1.0, 2.0, 3.0, 2.0)
    assert compile_policy(policy).consts.tolist() == list(constants(policy))
    changed = with_constants(policy, [1, 2, 3, 4, 5, 6])
    assert compile_policy(changed).consts.tolist() == [1, 2, 3, 4, 5, 6]


def test_the_key_of_a_policy_ignores_spacing_and_descriptions() -> None:
    one = _policy("node.cpu_free+1")
    other = _policy("(node.cpu_free  + 1.0)").model_copy(update={"policy_id": "q", "policy_description": "x"})
    assert policy_key(one) == policy_key(other)
    assert policy_key(one) != policy_key(_policy("node.cpu_free + 2"))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"policy_id": "x"},
        {"policy_id": "", "allocation_strategy": {"decision_rules": [{"score": "1"}]}},
        {"policy_id": "x", "allocation_strategy": {"decision_rules": []}},
        {"policy_id": "x", "allocation_strategy": {"decision_rules": [{"score": "1"}]}, "extra": 1},
        {"policy_id": "x", "allocation_strategy": {"decision_rules": [{"score": 3}]}},
        {"policy_id": "x", "allocation_strategy": {"decision_rules": [{"score": "1"}] * 99}},
    ],
)
def test_a_malformed_policy_is_refused(data: object) -> None:
    with pytest.raises(PolicyError):
        parse_policy(data)


def test_a_bad_expression_names_its_field() -> None:
    with pytest.raises(PolicyError, match=r"decision_rules\.0\.score"):
        compile_policy(_policy("nodes.cpu"))
