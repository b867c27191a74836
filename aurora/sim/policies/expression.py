"""The expression language of policies: Python's expression syntax, a strict and total subset.

    expression := number | feature | -e | e + e | e - e | e * e | e / e | e % e
                | e < e | e <= e | e > e | e >= e | e == e | e != e        (chains as in Python)
                | e and e | e or e | not e | e if e else e
                | min(e, e, ...) | max(e, e, ...) | abs(e) | sqrt(e) | log(e) | exp(e)
                | floor(e) | sigmoid(e) | clip(e, low, high)

Python's parser only gives the syntax tree; every node of it is checked against a whitelist and
rebuilt, and nothing is ever executed as Python. `aurora.sim.policies.program.Op` gives each operation's value,
which is defined for all numbers.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aurora.errors import PolicyError
from aurora.sim.policies.features import FEATURE_INDEX, Scope
from aurora.sim.policies.policy import MAX_EXPRESSION_LENGTH
from aurora.sim.policies.program import Op

MAX_NODES = 200
MAX_DEPTH = 40
MAX_BRACKETS = 40
ALL_SCOPES: frozenset[Scope] = frozenset(("task", "node", "fit", "path", "cluster", "objective"))
DECISION_SCOPES: frozenset[Scope] = frozenset(("task", "cluster", "objective"))
"""Scopes that `order` and `when` may read: they are evaluated before there is a candidate."""
_PARSER = threading.RLock()
"""Python's parser counts its depth for all threads at once (python/cpython#106905), and filters of warnings
are global: one thread at a time. Re-entrant, as a finalizer may run inside the parser."""


@dataclass(frozen=True, slots=True)
class Num:
    """A finite constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of a feature in the table."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation on one to three operands."""

    op: Op
    args: tuple[Expr, ...]


Expr = Num | Ref | Apply

FUNCTIONS: Mapping[str, tuple[Op, int]] = {
    "min": (Op.MIN, 2),
    "max": (Op.MAX, 2),
    "abs": (Op.ABS, 1),
    "sqrt": (Op.SQRT, 1),
    "log": (Op.LOG, 1),
    "exp": (Op.EXP, 1),
    "floor": (Op.FLOOR, 1),
    "sigmoid": (Op.SIGMOID, 1),
    "clip": (Op.CLIP, 3),
}
"""Name -> operation and number of arguments (`min` and `max` take more)."""

_BINARY: Mapping[type[ast.operator], Op] = {
    ast.Add: Op.ADD,
    ast.Sub: Op.SUB,
    ast.Mult: Op.MUL,
    ast.Div: Op.DIV,
    ast.Mod: Op.MOD,
}
_FOREIGN: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Pow: ("**", "write x * x for x ** 2, exp(y * log(x)) for x ** y"),
    ast.BitXor: ("^", "write x * x for a square"),
    ast.FloorDiv: ("//", "write floor(x / y)"),
    ast.BitAnd: ("&", "write `x and y`"),
    ast.BitOr: ("|", "write `x or y`"),
    ast.Invert: ("~", "write `not x`"),
    ast.List: ("a list", ""),
    ast.Tuple: ("a list", ""),
    ast.Subscript: ("an index such as x[0]", "write a feature as scope.word"),
}
"""Syntax that people try although it is not in the language: its name, and a replacement."""
_LANGUAGE = (
    "use numbers, features, arithmetic (+ - * / %), comparisons, and/or/not, `a if c else b` and the listed functions"
)
_COMPARE: Mapping[type[ast.cmpop], Op] = {
    ast.Lt: Op.LT,
    ast.LtE: Op.LE,
    ast.Gt: Op.GT,
    ast.GtE: Op.GE,
    ast.Eq: Op.EQ,
    ast.NotEq: Op.NE,
}
_SYMBOL: Mapping[Op, tuple[str, int]] = {
    Op.OR: ("or", 2),
    Op.AND: ("and", 3),
    Op.LT: ("<", 5),
    Op.LE: ("<=", 5),
    Op.GT: (">", 5),
    Op.GE: (">=", 5),
    Op.EQ: ("==", 5),
    Op.NE: ("!=", 5),
    Op.ADD: ("+", 6),
    Op.SUB: ("-", 6),
    Op.MUL: ("*", 7),
    Op.DIV: ("/", 7),
    Op.MOD: ("%", 7),
}
"""Symbol and binding strength. The conditional binds at 1, `not` at 4, the unary minus at 8."""
_PRODUCT = 7
_NAMES = {op: name for name, (op, _) in FUNCTIONS.items()}


def parse(text: str, *, scopes: frozenset[Scope] = ALL_SCOPES) -> Expr:
    """Parse an expression.

    Args:
        text: The expression, at most 4,000 ASCII characters.
        scopes: Scopes of the features that it may read.

    Returns:
        Its tree `e`: at most 200 nodes; `parse(to_text(e)) == e`.

    Raises:
        PolicyError: The text is not an expression of the language; the error has the position.

    Example:
        >>> to_text(parse("-(node.cpu_free - task.cpu)"))
        '-(node.cpu_free - task.cpu)'
    """
    _guard(text)
    try:
        with _PARSER, warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        lead = len(text) - len(text.lstrip())
        position = None if error.offset is None else max(0, error.offset - 1 + lead)
        raise PolicyError(
            f"not an expression ({error.msg}); use + - * / %, comparisons, and/or/not, `a if c else b` "
            f"and {', '.join(FUNCTIONS)}",
            expression=text,
            position=position,
        ) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise PolicyError("too deeply nested or not text; write it simpler", expression=text) from None
    return _Builder(text, scopes).build(tree, 1)


def _guard(text: str) -> None:
    """Refuse texts that Python's own parser should not get."""
    if len(text) > MAX_EXPRESSION_LENGTH:
        raise PolicyError(f"{len(text)} characters, at most {MAX_EXPRESSION_LENGTH}; write it shorter", expression=text)
    odd = re.search(r"[^\x20-\x7e]|#", text.strip())
    if odd is not None:
        raise PolicyError(
            "only plain ASCII on one line is allowed, without comments",
            expression=text,
            position=odd.start() + len(text) - len(text.lstrip()),
        )
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_BRACKETS:
            raise PolicyError(f"more than {MAX_BRACKETS} nested brackets", expression=text, position=position)


class _Builder:
    """Rebuilds Python's syntax tree in the language's types, counting nodes and levels."""

    def __init__(self, text: str, scopes: frozenset[Scope]) -> None:
        self._text = text
        self._scopes = scopes
        self._nodes = 0
        self._lead = len(text) - len(text.lstrip())

    def _error(self, message: str, node: ast.AST) -> PolicyError:
        column = getattr(node, "col_offset", 0)
        return PolicyError(message, expression=self._text, position=column + self._lead)

    def _apply(self, op: Op, *args: Expr) -> Apply:
        self._nodes += 1
        return Apply(op, args)

    def build(self, node: ast.expr, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} levels deep; put parts of a long sum in parentheses", node)
        expr = self._build(node, depth)
        self._nodes += isinstance(expr, Num | Ref)
        if self._nodes > MAX_NODES:
            raise self._error(f"more than {MAX_NODES} operations, names and numbers", node)
        return expr

    def _build(self, node: ast.expr, depth: int) -> Expr:
        match node:
            case ast.Constant():
                return self._number(node)
            case ast.Attribute():
                return self._feature(node)
            case ast.UnaryOp(op=ast.USub()):
                operand = self.build(node.operand, depth + 1)
                # A minus always folds into a constant, with or without brackets and signs between them: the
                # syntax tree has no brackets, so `-(+2)` and `-2` can't be distinguished.
                return Num(-operand.value) if isinstance(operand, Num) else self._apply(Op.NEG, operand)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.build(node.operand, depth + 1)
            case ast.UnaryOp(op=ast.Not()):
                return self._apply(Op.NOT, self.build(node.operand, depth + 1))
            case ast.BinOp() if type(node.op) in _BINARY:
                left, right = self.build(node.left, depth + 1), self.build(node.right, depth + 1)
                return self._apply(_BINARY[type(node.op)], left, right)
            case ast.BoolOp():
                op = Op.AND if isinstance(node.op, ast.And) else Op.OR
                return self._fold(op, [self.build(v, depth + 1) for v in node.values])
            case ast.Compare():
                return self._compare(node, depth)
            case ast.IfExp():
                parts = [self.build(n, depth + 1) for n in (node.test, node.body, node.orelse)]
                return self._apply(Op.SELECT, *parts)
            case ast.Call():
                return self._call(node, depth)
            case ast.Name():
                raise self._error(f"unknown name {node.id!r}; a feature is written scope.word{_nearest(node.id)}", node)
        operator = getattr(node, "op", None)
        what, instead = _FOREIGN.get(type(operator if operator is not None else node), (type(node).__name__, ""))
        raise self._error(
            f"{what} is not part of the language; {instead or _LANGUAGE}",
            node,
        )

    def _fold(self, op: Op, parts: list[Expr]) -> Expr:
        folded = parts[0]
        for part in parts[1:]:
            folded = self._apply(op, folded, part)
        return folded

    def _number(self, node: ast.Constant) -> Num:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self._error(f"{node.value!r:.40} is not a number", node)
        try:
            value = float(node.value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self._error("the number is too large", node)
        return Num(value)

    def _feature(self, node: ast.Attribute) -> Ref:
        if not isinstance(node.value, ast.Name):
            raise self._error("a feature is written scope.word, as in node.cpu_free", node)
        name = f"{node.value.id}.{node.attr}"
        if name not in FEATURE_INDEX:
            raise self._error(f"unknown feature {name!r}{_nearest(name)}", node)
        if node.value.id not in self._scopes:
            allowed = ", ".join(f"{s}.*" for s in sorted(self._scopes))
            raise self._error(f"{name} can't be read here; only {allowed} can", node)
        return Ref(name)

    def _compare(self, node: ast.Compare, depth: int) -> Expr:
        # `a < b < c` is rebuilt as `a < b and b < c`: one level more, and `b` stands there twice. Uncounted,
        # chains inside chains would double the tree at each level.
        below = depth + (2 if len(node.ops) > 1 else 1)
        operands = [self.build(n, below) for n in (node.left, *node.comparators)]
        self._nodes += sum(count_nodes(operand) for operand in operands[1:-1])
        parts: list[Expr] = []
        for i, operator in enumerate(node.ops):
            if type(operator) not in _COMPARE:
                raise self._error("only < <= > >= == != compare", node)
            parts.append(self._apply(_COMPARE[type(operator)], operands[i], operands[i + 1]))
        return self._fold(Op.AND, parts)

    def _call(self, node: ast.Call, depth: int) -> Expr:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            raise self._error(f"unknown function; there are {', '.join(FUNCTIONS)}", node)
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self._error("functions take plain arguments only", node)
        op, arity = FUNCTIONS[node.func.id]
        many = op in (Op.MIN, Op.MAX)
        if len(node.args) != arity and not (many and len(node.args) > arity):
            wanted = f"{arity} or more" if many else str(arity)
            raise self._error(f"{node.func.id} takes {wanted} arguments, not {len(node.args)}", node)
        args = [self.build(a, depth + 1) for a in node.args]
        return self._fold(op, args) if many else self._apply(op, *args)


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, FEATURE_INDEX, n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def to_text(expr: Expr) -> str:
    """Return an expression as text, with the fewest parentheses that keep its tree."""
    return _text(expr, 0)


def _text(expr: Expr, outer: int) -> str:
    if isinstance(expr, Num):
        text = repr(expr.value)
        text = text.removesuffix(".0") if "e" not in text else text
        return f"({text})" if text.startswith("-") and outer > _PRODUCT else text
    if isinstance(expr, Ref):
        return expr.name
    args = expr.args
    if expr.op in (Op.MIN, Op.MAX):
        # `min(a, b, c)` is read as min(min(a, b), c); written flat, it stays within the limits of depth.
        operands = [args[1]]
        while isinstance(args[0], Apply) and args[0].op is expr.op:
            args = args[0].args
            operands.append(args[1])
        operands.append(args[0])
        return f"{_NAMES[expr.op]}({', '.join(_text(a, 0) for a in reversed(operands))})"
    if expr.op in _NAMES:
        return f"{_NAMES[expr.op]}({', '.join(_text(a, 0) for a in args)})"
    if expr.op is Op.SELECT:
        text, strength = f"{_text(args[1], 2)} if {_text(args[0], 2)} else {_text(args[2], 1)}", 1
    elif expr.op is Op.NOT:
        text, strength = f"not {_text(args[0], 4)}", 4
    elif expr.op is Op.NEG:
        # The parser never makes the minus of a constant; written so, it reads as the negative constant.
        inner = f"({_text(args[0], 0)})" if isinstance(args[0], Num) else _text(args[0], 8)
        text, strength = f"-{inner}", 8
    else:
        symbol, strength = _SYMBOL[expr.op]
        # Comparisons chain in Python, so a comparison inside one is always bracketed.
        left = strength + 1 if strength == 5 else strength  # noqa: PLR2004  # 5: comparisons
        text = f"{_text(args[0], left)} {symbol} {_text(args[1], strength + 1)}"
    return f"({text})" if strength < outer else text


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield every node, parents before children, left to right."""
    yield expr
    if isinstance(expr, Apply):
        for arg in expr.args:
            yield from walk(arg)


def count_nodes(expr: Expr) -> int:
    """Return the number of operations, names and numbers."""
    return sum(1 for _ in walk(expr))


def depth_of(expr: Expr) -> int:
    """Return the number of levels; 1 for a number or a feature."""
    return 1 + max(map(depth_of, expr.args)) if isinstance(expr, Apply) else 1


def evaluate(expr: Expr, features: Mapping[str, float]) -> float:
    """Evaluate an expression, slowly and plainly: the reference for the virtual machine.

    Args:
        expr: The expression.
        features: Value of every feature that it reads.
    """
    if isinstance(expr, Num):
        return expr.value
    if isinstance(expr, Ref):
        return features[expr.name]
    return _operate(expr.op, [evaluate(a, features) for a in expr.args])


def _operate(op: Op, v: list[float]) -> float:  # one case an operation
    match op:
        case Op.ADD:
            return v[0] + v[1]
        case Op.SUB:
            return v[0] - v[1]
        case Op.MUL:
            return v[0] * v[1]
        case Op.DIV:
            return 0.0 if v[1] == 0 else v[0] / v[1]
        case Op.MOD:
            return 0.0 if v[1] == 0 else math.nan if math.isinf(v[0]) else v[0] % v[1]
        case Op.NEG:
            return -v[0]
        case Op.LT:
            return float(v[0] < v[1])
        case Op.LE:
            return float(v[0] <= v[1])
        case Op.GT:
            return float(v[0] > v[1])
        case Op.GE:
            return float(v[0] >= v[1])
        case Op.EQ:
            return float(v[0] == v[1])
        case Op.NE:
            return float(v[0] != v[1])
        case Op.AND:
            return float(v[0] != 0 and v[1] != 0)
        case Op.OR:
            return float(v[0] != 0 or v[1] != 0)
        case Op.NOT:
            return float(v[0] == 0)
        case Op.SELECT:
            return v[1] if v[0] != 0 else v[2]
        case Op.MIN:
            return v[1] if v[1] < v[0] else v[0]
        case Op.MAX:
            return v[1] if v[1] > v[0] else v[0]
        case Op.ABS:
            return abs(v[0])
        case Op.SQRT:
            return math.sqrt(0.0 if v[0] < 0 else v[0])
        case Op.LOG:
            return math.log(1e-300 if v[0] < 1e-300 else v[0])  # noqa: PLR2004  # the documented floor
        case Op.EXP:
            return math.exp(700.0 if v[0] > 700.0 else v[0])  # noqa: PLR2004  # the documented cap
        case Op.FLOOR:
            return float(math.floor(v[0])) if math.isfinite(v[0]) else v[0]
        case Op.SIGMOID:
            return 1.0 / (1.0 + math.exp(700.0 if v[0] < -700.0 else -v[0]))  # noqa: PLR2004  # as EXP
        case Op.CLIP:
            low = v[1] if v[1] > v[0] else v[0]
            return v[2] if v[2] < low else low
    raise AssertionError(op)
