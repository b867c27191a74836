"""Programs of policies for a model: in the fields of an answer, and of a champion its idea and what decides."""

from __future__ import annotations

from aurora.agents.search.tree_edits import sum_of, terms_of
from aurora.champions.champion import Champion, Loss
from aurora.sim.policies.compiler import network_in_words, parse_sections
from aurora.sim.policies.expression import Apply, Expr, Num, to_text
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Op

MAX_CHAMPION_CHARACTERS = 1000
"""Longest program of a champion that is shown in full."""
MAX_LOSSES_SHOWN = 5
"""Most parts of a champion whose effect is shown, of either sign."""
_INDENT = "    "


def program_told(policy: Policy) -> str:
    """Write a policy in the fields of a `PolicyAnswer`, with short constants."""
    return _fields(policy, {})


def champion_told(champion: Champion) -> str:
    """Write what a shipped champion does: its idea, the parts that decide, and its program.

    A long program is cut to the terms without which the champion is worse for sure. Each rule says how many it lacks.
    """
    told = [f"idea: {champion.idea}"] if champion.idea else []
    told += _effects(champion)
    program = program_told(champion.policy)
    if len(program) > MAX_CHAMPION_CHARACTERS and champion.parts:
        program = _fields(champion.policy, {loss.part: loss for loss in champion.parts})
    return "\n".join([*(_INDENT + line for line in told), program])


def _effects(champion: Champion) -> list[str]:
    """Tell which parts raise or lower the value for sure, by its ablation."""
    parts = champion.parts
    worse = sorted((p for p in parts if p.low > 0), key=lambda p: -p.mean)[:MAX_LOSSES_SHOWN]
    better = sorted((p for p in parts if p.high < 0), key=lambda p: p.mean)[:MAX_LOSSES_SHOWN]
    lines = [f"value lost without a part: {'; '.join(f'{p.part} {p.mean:.2g}' for p in worse)}"] if worse else []
    if better:
        lines.append(f"value gained without a part: {'; '.join(f'{p.part} {-p.mean:.2g}' for p in better)}")
    return lines


def _fields(policy: Policy, parts: dict[str, Loss]) -> str:
    strategy, sections = policy.allocation_strategy, parse_sections(policy)
    lines = [f"order: {_main_terms(sections.order, 'order', parts)}", f"admit: {_short(sections.admit)}"]
    lines += [
        f"rule: when {_short(when)} score {_main_terms(score, 'scores', parts)}" for when, score in sections.rules
    ]
    if strategy.network is not None:
        lines.append(f"score: {network_in_words(strategy.network)}, which can't be written as rules")
    blocking = "true" if strategy.head_of_line_blocking else "false"
    lines.append(
        f"head_of_line_blocking: {blocking}, backfill: {strategy.backfill}, device_choice: {strategy.device_choice}"
    )
    return "\n".join(_INDENT + line for line in lines)


def _main_terms(whole: Expr, of: str, parts: dict[str, Loss]) -> str:
    """Write a sum without the terms whose removal was measured to cost nothing for sure, and their number."""
    terms = terms_of(whole)
    losses = [parts.get(f"term {to_text(_bare(t))} of the {of}") for t in terms]
    kept = [t for t, loss in zip(terms, losses, strict=True) if loss is None or loss.low > 0]
    if not kept or len(kept) == len(terms):
        return _short(whole)
    return f"{_short(sum_of(kept))}   (and {len(terms) - len(kept)} terms without a sure effect)"


def _bare(term: Expr) -> Expr:
    """Return what constant factors of a term multiply, by which an ablation names it."""
    match term:
        case Apply(op=Op.NEG, args=(rest,)) | Apply(op=Op.MUL, args=(Num(), rest)):
            return _bare(rest)
        case Apply(op=Op.MUL | Op.DIV, args=(rest, Num())):
            return _bare(rest)
    return term


def _short(expr: Expr) -> str:
    return to_text(_rounded(expr))


_OTHER_SIGN = {Op.ADD: Op.SUB, Op.SUB: Op.ADD}


def _rounded(expr: Expr) -> Expr:
    if isinstance(expr, Num):
        return Num(float(f"{expr.value:.3g}"))
    if not isinstance(expr, Apply):
        return expr
    args = tuple(_rounded(a) for a in expr.args)
    if expr.op in _OTHER_SIGN and (turned := _without_minus(args[1])) is not None:
        return Apply(_OTHER_SIGN[expr.op], (args[0], turned))
    return Apply(expr.op, args)


def _without_minus(expr: Expr) -> Expr | None:
    """Negate a negative constant, alone or as a factor; None if there is none."""
    if isinstance(expr, Num) and expr.value < 0:
        return Num(-expr.value)
    if isinstance(expr, Apply) and expr.op is Op.MUL and (turned := _without_minus(expr.args[0])) is not None:
        return Apply(Op.MUL, (turned, *expr.args[1:]))
    return None
