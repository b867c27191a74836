"""Grammar of the policy language for constrained generation: a local model can only write policies that parse.

The notation is Lark's as llguidance reads it. The grammar covers a bounded part of the language: without recursion,
so that any model terminates, and with its longest expression within the language's limits.
"""

from __future__ import annotations

from aurora.sim.policies.expression import ALL_SCOPES, DECISION_SCOPES, FUNCTIONS
from aurora.sim.policies.features import GENERAL_FEATURES, Scope

MAX_DESCRIPTION = 200
"""Most characters of a policy's description; fewer than a policy may have, since a model pays for each."""
_CLIP = "clip"
_NUMBER = r"/(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?/"


def expression_grammar(scopes: frozenset[Scope] = ALL_SCOPES) -> str:
    """Return the grammar of an expression that reads features of these scopes."""
    return "\n".join(["start: e_expr", *_expression("e", scopes)])


def policy_grammar() -> str:
    """Return the grammar of a `PolicyAnswer` as JSON. No expression has a character that JSON would escape."""
    rule = r'"{\"when\":\"" d_test "\",\"score\":\"" c_expr "\"}"'
    fields = (
        r'"{\"description\":" description',
        r'",\"order\":\"" d_expr "\""',
        r'",\"admit\":\"" c_test "\""',
        r'",\"rules\":[" rule ("," rule){0,1} "]"',
        r'",\"head_of_line_blocking\":" ("true" | "false")',
        r'",\"backfill\":\"" ("none" | "easy") "\""',
        r'",\"device_choice\":\"" ("best_fit" | "worst_fit" | "least_fragmentation" | "random") "\"}"',
    )
    return "\n".join(
        [
            f"start: {' '.join(fields)}",
            f"rule: {rule}",
            f'description: %json {{"type": "string", "maxLength": {MAX_DESCRIPTION}}}',
            *_expression("d", DECISION_SCOPES),
            *_expression("c", ALL_SCOPES),
        ]
    )


def _expression(p: str, scopes: frozenset[Scope]) -> list[str]:
    """Return the rules of an expression, named with the prefix `p_`: `p_expr`, and the condition `p_test`.

    A flat sum has at most 7 nodes, an atom 15 (a function of two flat sums), a sum 95, a conditional 142.
    """
    features = " | ".join(f'"{f.name}"' for f in GENERAL_FEATURES if f.scope in scopes)
    comma = '", " '
    functions = [(name, 2 if name in ("min", "max") else arity) for name, (_, arity) in FUNCTIONS.items()]
    calls = [
        f'"{name}(" {" ".join([f"{p}_flat", *[comma + f"{p}_flat"] * (arity - 1)])} ")"'
        for name, arity in functions
        if name != _CLIP
    ]
    calls.append(f'"{_CLIP}(" {p}_leaf ", " {p}_leaf ", " {p}_leaf ")"')
    compare = '(" < " | " <= " | " > " | " >= ")'
    plus, times = '(" + " | " - ")', '(" * " | " / ")'
    return [
        f'{p}_expr: {p}_sum | {p}_pair " if " {p}_compare " else " {p}_pair',
        f'{p}_test: "1" | {p}_compare',
        f"{p}_sum: {p}_product ({plus} {p}_product){{0,2}}",
        f"{p}_pair: {p}_product ({plus} {p}_product){{0,1}}",
        f"{p}_product: {p}_atom ({times} {p}_atom){{0,1}}",
        f'{p}_atom: {p}_leaf | {" | ".join(calls)} | "(" {p}_flat ")"',
        f"{p}_compare: {p}_flat {compare} {p}_flat",
        f"{p}_flat: {p}_plain ({plus} {p}_plain){{0,1}}",
        f"{p}_plain: {p}_leaf ({times} {p}_leaf){{0,1}}",
        f"{p}_leaf: {p.upper()}_NUMBER | {p.upper()}_FEATURE",
        f"{p.upper()}_NUMBER: {_NUMBER}",
        f"{p.upper()}_FEATURE: {features}",
    ]
