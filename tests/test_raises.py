"""Checks the `Raises` sections of docstrings against the `raise` statements of the code.

A public function documents every error of AURORA that it raises itself or through private functions of its module, and
none that nothing it calls can raise. Calls are resolved by name alone, and errors of other libraries are not checked.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from aurora import errors

ROOT = Path(errors.__file__).parent
ERRORS = {n: c for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, errors.AuroraError)}

Node = ast.FunctionDef | ast.AsyncFunctionDef


class Function(NamedTuple):
    """A function or method.

    Attributes:
        module: Path of its module, relative to the package.
        node: Its syntax tree.
        raised: Errors that its own statements raise and that it doesn't catch.
        called: Names that it calls, each with the errors caught around the call.
        named: Names in it that may be functions, such as those handed on.
        mentioned: Errors named anywhere in it, such as an argument `error=RunError`.
        documented: Errors in its `Raises` section.
        is_nested: True if defined within another function or a private class.
    """

    module: str
    node: Node
    raised: frozenset[str]
    called: tuple[tuple[str, frozenset[str]], ...]
    named: frozenset[str]
    mentioned: frozenset[str]
    documented: frozenset[str]
    is_nested: bool = False

    @property
    def has_contract(self) -> bool:
        """True for public functions with a body, except commands and tools, whose docstrings are help or prompt."""
        is_command = re.search("Examples?: aurora", ast.get_docstring(self.node) or "")
        is_tool = any(a.arg == "desk" for a in self.node.args.args) and self.module.startswith("tools/")
        is_declared = all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in self.node.body)
        return not (self.node.name.startswith("_") or self.is_nested or is_command or is_tool or is_declared)


def covers(documented: str, raised: str) -> bool:
    """Return True if an error is the documented one or a subclass."""
    return documented in ERRORS and issubclass(ERRORS[raised], ERRORS[documented])


def documented_errors(node: Node) -> frozenset[str]:
    section = re.search(r"^Raises:\n((?:[ \n].*\n?)*)", ast.get_docstring(node) or "", re.MULTILINE)
    return frozenset(re.findall(r"^    (\w+):", section[1], re.MULTILINE)) if section else frozenset()


def walk(node: ast.AST, caught: frozenset[str] = frozenset()) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """Yield every node below one, with the errors caught around it; functions within are left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Try):
            names = {n.id for h in child.handlers if h.type for n in ast.walk(h.type) if isinstance(n, ast.Name)}
            for statement in child.body:
                yield statement, caught | names
                yield from walk(statement, caught | names)
            for part in (*child.handlers, *child.orelse, *child.finalbody):
                yield part, caught
                yield from walk(part, caught)
        elif not isinstance(child, Node | ast.Lambda):  # a function within may be called elsewhere
            yield child, caught
            yield from walk(child, caught)


def is_caught(raised: str, caught: frozenset[str]) -> bool:
    return "Exception" in caught or any(covers(name, raised) for name in caught)


def definitions(tree: ast.AST, is_nested: bool = False) -> Iterator[tuple[Node, bool]]:
    """Yield every function of a module, with whether a function or a private class holds it."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, Node):
            yield child, is_nested
        is_private = isinstance(child, ast.ClassDef) and child.name.startswith("_")
        yield from definitions(child, is_nested or is_private or isinstance(child, Node))


def function_of(module: str, node: Node, is_nested: bool = False) -> Function:
    raised, called = set(), []
    for child, caught in walk(node):
        name = child.exc if isinstance(child, ast.Raise) else None
        name = name.func if isinstance(name, ast.Call) else name
        if isinstance(name, ast.Name) and name.id in ERRORS and not is_caught(name.id, caught):
            raised.add(name.id)
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
            called.append((child.func.id, caught))
        elif isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
            called.append((child.func.attr, caught))
    named = {getattr(n, "id", None) or getattr(n, "attr", "") for n in ast.walk(node)}
    mentioned = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in ERRORS}
    return Function(
        module,
        node,
        frozenset(raised),
        tuple(called),
        frozenset(named),
        frozenset(mentioned),
        documented_errors(node),
        is_nested,
    )


@cache
def functions() -> tuple[Function, ...]:
    return tuple(
        function_of(str(path.relative_to(ROOT)), node, is_nested)
        for path in sorted(ROOT.rglob("*.py"))
        for node, is_nested in definitions(ast.parse(path.read_text()))
    )


@cache
def by_name() -> dict[str, list[Function]]:
    found = defaultdict(list)
    for function in functions():
        found[function.node.name].append(function)
    return found


def raised_here(function: Function, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return errors that a function raises itself or through private functions of its module."""
    raised = set(function.raised)
    for name, caught in function.called:
        if name.startswith("_") and name not in seen:
            for called in by_name().get(name, ()):
                if called.module == function.module:
                    below = raised_here(called, seen | {name})
                    raised |= {error for error in below if not is_caught(error, caught)}
    return raised


@cache
def errors_below() -> dict[str, set[str]]:
    """Return errors that any function of a name may raise, by its code, docstring or calls; by name."""
    found: dict[str, set[str]] = {name: set() for name in by_name()}
    callers = defaultdict(set)
    for function in functions():
        name = function.node.name
        found[name] |= function.raised | function.mentioned | (function.documented & ERRORS.keys())
        for called in function.named & found.keys():
            callers[called].add(name)
    changed = set(found)
    while changed:
        called = changed.pop()
        for caller in callers[called]:
            if not found[called] <= found[caller]:
                found[caller] |= found[called]
                changed.add(caller)
    return found


def complaints(function: Function) -> list[str]:
    where = f"{function.module}:{function.node.lineno} {function.node.name}"
    raised = raised_here(function)
    lacking = {r for r in raised if not any(covers(d, r) for d in function.documented)}
    possible = raised.union(function.mentioned, *(errors_below().get(n, ()) for n in function.named))
    untrue = {d for d in function.documented & ERRORS.keys() if not any(covers(d, p) or covers(p, d) for p in possible)}
    return [f"{where} does not document {r}" for r in sorted(lacking)] + [
        f"{where} documents {d}, which nothing in it raises" for d in sorted(untrue)
    ]


def test_docstrings_list_the_errors_that_functions_raise() -> None:
    assert not [text for function in functions() if function.has_contract for text in complaints(function)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    raise DataError('x')", ["does not document DataError"]),
        ("def f():\n    '''Do.\n\n    Raises:\n        DataError: Always.\n    '''\n    raise DataError('x')", []),
        ("def f():\n    '''Do.\n\n    Raises:\n        AuroraError: Always.\n    '''\n    raise DataError('x')", []),
        ("def f():\n    '''Do.\n\n    Raises:\n        DataError: Never.\n    '''", ["documents DataError"]),
        ("def f():\n    try:\n        raise DataError('x')\n    except DataError:\n        pass", []),
    ],
)
def test_a_docstring_is_compared_with_the_raise_statements(source: str, expected: list[str]) -> None:
    node = ast.parse(source).body[0]
    assert isinstance(node, Node)
    found = complaints(function_of("made_up.py", node))
    assert len(found) == len(expected)
    assert all(text in line for text, line in zip(expected, found, strict=True))
