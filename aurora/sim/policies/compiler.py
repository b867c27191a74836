"""Compiles policies to bytecode."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aurora.errors import PolicyError
from aurora.sim.policies.expression import (
    ALL_SCOPES,
    DECISION_SCOPES,
    Apply,
    Expr,
    Num,
    Ref,
    depth_of,
    parse,
    to_text,
    walk,
)
from aurora.sim.policies.features import FEATURE_INDEX, FEATURES, Scope
from aurora.sim.policies.layers import compile_network
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Network, Policy
from aurora.sim.policies.program import LEFT_SCALAR, MAX_REGISTERS, RIGHT_SCALAR, VECTOR, Instruction, Op, Program

_DEVICE_CHOICES = ("best_fit", "worst_fit", "least_fragmentation", "random")
_ORDER_AXIS: frozenset[Scope] = frozenset(("task",))
_CANDIDATE_AXIS: frozenset[Scope] = frozenset(("node", "fit", "path"))
_NO_AXIS: frozenset[Scope] = frozenset()
_MIRRORED = {op: op for op in (Op.ADD, Op.MUL, Op.EQ, Op.NE, Op.AND, Op.OR)} | {
    Op.LT: Op.GT,
    Op.LE: Op.GE,
    Op.GT: Op.LT,
    Op.GE: Op.LE,
}
"""Operation with the same result after its operands are exchanged."""


class Sections(NamedTuple):
    """The expressions of a policy, parsed.

    Attributes:
        order: Key of a waiting task, lowest first.
        admit: Expression that is 0 for candidates that may not be used now.
        rules: Pairs of `when` and `score`; none where a network scores.
    """

    order: Expr
    admit: Expr
    rules: tuple[tuple[Expr, Expr], ...]

    def flat(self) -> tuple[Expr, ...]:
        """Return all expressions in the order of `Program.sections`: order, admit, then when and score of each rule."""
        return (self.order, self.admit, *(e for rule in self.rules for e in rule))


def parse_sections(policy: Policy) -> Sections:
    """Parse every expression of a policy.

    Raises:
        PolicyError: An expression is not valid; the message names the field.
    """
    strategy = policy.allocation_strategy

    def read(field: str, text: str, scopes: frozenset[Scope]) -> Expr:
        try:
            return parse(text, scopes=scopes)
        except PolicyError as error:
            message = f"policy {policy.policy_id}, {field}: {error.args[0]}"
            wrapped = PolicyError(message)
            wrapped.expression, wrapped.position = error.expression, error.position
            raise wrapped from None

    return Sections(
        read("order", strategy.order, DECISION_SCOPES),
        read("admit", strategy.admit, ALL_SCOPES),
        tuple(
            (
                read(f"decision_rules.{i}.when", rule.when, DECISION_SCOPES),
                read(f"decision_rules.{i}.score", rule.score, ALL_SCOPES),
            )
            for i, rule in enumerate(strategy.decision_rules)
        ),
    )


def with_sections(strategy: AllocationStrategy, sections: Sections) -> AllocationStrategy:
    """Return the strategy with other expressions; rationales and pseudocode are kept."""
    return strategy.model_copy(
        update={
            "order": to_text(sections.order),
            "admit": to_text(sections.admit),
            "decision_rules": tuple(
                DecisionRule(when=to_text(when), score=to_text(score)) for when, score in sections.rules
            ),
        }
    )


def compile_policy(policy: Policy) -> Program:
    """Compile a policy for the kernel.

    Raises:
        PolicyError: An expression is not valid.
    """
    strategy = policy.allocation_strategy
    sections = parse_sections(policy)
    code: list[Instruction] = []
    consts: list[float] = []
    rows: list[tuple[int, int, int, int]] = []
    uses = np.zeros(len(FEATURES), np.uint8)
    uses_order = np.zeros(len(FEATURES), np.uint8)
    for number, expr in enumerate(sections.flat()):
        is_when = number >= 2 and number % 2 == 0  # noqa: PLR2004  # after order and admit
        axis = _ORDER_AXIS if number == 0 else _NO_AXIS if is_when else _CANDIDATE_AXIS
        section = _Section(axis, len(consts))
        result, is_vector = section.emit(expr)
        rows.append((len(code), len(code) + len(section.code), result, int(is_vector)))
        code += section.code
        consts += section.consts
        for node in walk(expr):
            if isinstance(node, Ref):
                (uses_order if number == 0 else uses)[FEATURE_INDEX[node.name]] = 1
    if strategy.network is not None:
        rows.append((len(code), len(code) + 1, 0, 0))
        code.append((Op.CONST, 0, len(consts), 0, 0))
        consts.append(1.0)
        scoring = compile_network(strategy.network, len(consts))
        rows.append((len(code), len(code) + len(scoring.code), scoring.result, 1))
        code += scoring.code
        consts += scoring.consts
        uses[list(scoring.features)] = 1
    changes = np.array([f.changes_idle for f in FEATURES])
    return Program(
        code=np.array(code, np.int32).reshape(-1, 5),
        consts=np.array(consts, np.float64),
        sections=np.array(rows, np.int32),
        uses=uses,
        uses_order=uses_order,
        order_changes=int((uses_order[changes] == 1).any()),
        scores_change=int((uses[changes] == 1).any()),
        blocking=int(strategy.head_of_line_blocking),
        easy=int(strategy.head_of_line_blocking and strategy.backfill == "easy"),
        device_choice=_DEVICE_CHOICES.index(strategy.device_choice),
        admits_all=int(sections.admit == Num(1.0)),
    )


class _Section:
    """Emits one expression: shared subtrees once, scalars and vectors in separate registers, few registers."""

    def __init__(self, axis: frozenset[Scope], first_const: int) -> None:
        self._axis = axis
        self._first_const = first_const
        self._known: dict[Expr, tuple[int, bool]] = {}
        self._broadcast: dict[int, int] = {}
        self._used = [0, 0]
        self.code: list[Instruction] = []
        self.consts: list[float] = []

    def _register(self, *, vector: bool) -> int:
        number = self._used[vector]
        if number >= MAX_REGISTERS:
            raise PolicyError(f"an expression needs more than {MAX_REGISTERS} registers; write it simpler")
        self._used[vector] += 1
        return number

    def emit(self, expr: Expr) -> tuple[int, bool]:
        """Emit code for `expr`; return its register, and whether that is a vector."""
        if isinstance(expr, Num):
            # Constants are never shared: search changes each of them on its own.
            register = self._register(vector=False)
            self.code.append((Op.CONST, register, self._first_const + len(self.consts), 0, 0))
            self.consts.append(expr.value)
            return register, False
        # A subtree with constants must not be shared either.
        shareable = not any(isinstance(node, Num) for node in walk(expr))
        if shareable and expr in self._known:
            return self._known[expr]
        result = self._feature(expr) if isinstance(expr, Ref) else self._apply(expr)
        if shareable:
            self._known[expr] = result
        return result

    def _feature(self, ref: Ref) -> tuple[int, bool]:
        vector = ref.name.split(".")[0] in self._axis
        register = self._register(vector=vector)
        op = Op.FEATURE_VECTOR if vector else Op.FEATURE_SCALAR
        self.code.append((op, register, FEATURE_INDEX[ref.name], 0, 0))
        return register, vector

    def _apply(self, expr: Apply) -> tuple[int, bool]:
        if expr.op is Op.NEG and isinstance(expr.args[0], Apply) and expr.args[0].op is Op.SUB:
            # -(a - b) is b - a, one operation less; only a zero's sign may differ.
            operands = [self.emit(arg) for arg in expr.args[0].args][::-1]
            return self._operation(Op.SUB, operands)
        return self._operation(expr.op, [self.emit(arg) for arg in expr.args])

    def _operation(self, op: Op, operands: list[tuple[int, bool]]) -> tuple[int, bool]:
        vector = any(is_vector for _, is_vector in operands)
        if len(operands) == 2 and operands[0][1] != operands[1][1]:  # noqa: PLR2004  # a binary operation
            return self._mixed(op, operands), True
        registers = [
            self._vector(register) if vector and not is_vector else register for register, is_vector in operands
        ]
        result = self._register(vector=vector)
        padded = registers + [registers[0]] * (3 - len(registers))
        self.code.append((int(op) + (VECTOR if vector else 0), result, padded[0], padded[1], padded[2]))
        return result, vector

    def _mixed(self, op: Op, operands: list[tuple[int, bool]]) -> int:
        """Emit a binary operation on a number and a vector, with the number on the right if the result is the same."""
        if operands[1][1] and op in _MIRRORED:
            op, operands = _MIRRORED[op], operands[::-1]
        result = self._register(vector=True)
        form = LEFT_SCALAR if operands[1][1] else RIGHT_SCALAR
        self.code.append((int(op) + form, result, operands[0][0], operands[1][0], 0))
        return result

    def _vector(self, scalar: int) -> int:
        if scalar not in self._broadcast:
            self._broadcast[scalar] = self._register(vector=True)
            self.code.append((Op.BROADCAST, self._broadcast[scalar], scalar, 0, 0))
        return self._broadcast[scalar]


def constants(policy: Policy) -> tuple[float, ...]:
    """Return every literal of a policy in the order of `Program.consts`."""
    sections = parse_sections(policy).flat()
    return tuple(node.value for expr in sections for node in walk(expr) if isinstance(node, Num))


def with_constants(policy: Policy, values: Sequence[float]) -> Policy:
    """Return the policy with other literals, in the order of `constants`.

    Raises:
        PolicyError: There are not as many values as literals, or one is not finite.
    """
    sections = parse_sections(policy)
    remaining = [float(v) for v in values]
    wanted = sum(isinstance(node, Num) for expr in sections.flat() for node in walk(expr))
    if len(remaining) != wanted:
        raise PolicyError(f"{len(remaining)} values for {wanted} literals of policy {policy.policy_id}")
    if not all(map(math.isfinite, remaining)):
        raise PolicyError(f"policy {policy.policy_id}: a literal must be finite, not NaN or infinite")
    remaining.reverse()

    def swap(expr: Expr) -> Expr:
        if isinstance(expr, Num):
            return Num(remaining.pop())
        return Apply(expr.op, tuple(swap(a) for a in expr.args)) if isinstance(expr, Apply) else expr

    order, admit = swap(sections.order), swap(sections.admit)
    rules = tuple((swap(when), swap(score)) for when, score in sections.rules)
    strategy = with_sections(policy.allocation_strategy, Sections(order, admit, rules))
    return policy.model_copy(update={"allocation_strategy": strategy})


def policy_key(policy: Policy) -> str:
    """Return a hash of a policy's behaviour, equal for policies that differ in words and spacing only."""
    strategy = policy.allocation_strategy
    parts: list[object] = [to_text(e) for e in parse_sections(policy).flat()]
    parts += [strategy.head_of_line_blocking, strategy.backfill, strategy.device_choice]
    if strategy.network is not None:
        parts.append(strategy.network.model_dump(mode="json"))
    if policy.allocation_plan is not None:
        parts.append([line.model_dump(mode="json") for line in policy.allocation_plan])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def readable(policy: Policy) -> str:
    """Return the executable part of a policy over several lines, for people."""
    strategy, sections = policy.allocation_strategy, parse_sections(policy)
    line = "the head of the line blocks" if strategy.head_of_line_blocking else "whatever fits is placed"
    if strategy.head_of_line_blocking and strategy.backfill == "easy":
        line += ", EASY backfilling"
    order = _broken(sections.order)
    gap = "\n    " if "\n" in order else "  "
    lines = [f"next: lowest {order}{gap}({line})"]
    if sections.admit != Num(1.0):
        lines.append(f"only where {to_text(sections.admit)}")
    for when, score in sections.rules:
        guard = "" if when == Num(1.0) else f"if {to_text(when)}: "
        lines.append(f"{guard}highest {_broken(score)}")
    if strategy.network is not None:
        lines.append(f"highest score of {network_in_words(strategy.network)}")
    lines.append(f"a fraction of a device: {strategy.device_choice.replace('_', ' ')}")
    return "\n".join(lines)


def network_in_words(network: Network) -> str:
    """Describe the kind of network in a line."""
    hidden = " and ".join(str(len(layer.weights)) for layer in network.layers[:-1])
    kind = f"{hidden} hidden units, {network.activation}" if hidden else "no hidden units"
    return f"a trained network of {len(network.inputs)} inputs ({kind})"


def _broken(score: Expr) -> str:
    """Return a long sum with one term on each line, and other expressions as they are."""
    terms: list[str] = []
    if depth_of(score) <= 3:  # noqa: PLR2004  # a short sum
        return to_text(score)
    while isinstance(score, Apply) and score.op in (Op.ADD, Op.SUB):
        is_added, term = score.op is Op.ADD, score.args[1]
        if isinstance(term, Apply) and term.op is Op.MUL and isinstance(term.args[0], Num) and term.args[0].value < 0:
            is_added, term = not is_added, Apply(Op.MUL, (Num(-term.args[0].value), term.args[1]))
        terms.append(f"\n    {'+' if is_added else '-'} {to_text(term)}")
        score = score.args[0]
    return to_text(score) + "".join(reversed(terms))
