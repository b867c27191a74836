"""The simulated effect of a plan, and its money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aurora.cluster.plans.plan import Effect, Estimate, Plan
from aurora.quantities import dollars, percent, plain

MEASURES: Mapping[str, str] = {
    "pending": "Tasks that wait",
    "cost_per_hour": "Price of all nodes, per hour",
    "fullest_node_cpu": "Fullest node, cores used at the peak",
    "fullest_node_memory": "Fullest node, memory used at the peak",
}
"""Measures of a simulated effect, in words."""


class Amount(NamedTuple):
    """An expected amount with the ends of its interval; both empty where it has no width."""

    expected: str
    low: str = ""
    high: str = ""


class EffectRow(NamedTuple):
    """A measure of the simulated effect before and after."""

    name: str
    before: Amount
    after: Amount


def effect_rows(effect: Effect) -> tuple[EffectRow, ...]:
    """Return the measures of a simulated effect, before and after."""
    return tuple(
        EffectRow(MEASURES.get(m.name, m.name), _amount(m.before, m.unit), _amount(m.after, m.unit))
        for m in effect.measures
    )


def _amount(estimate: Estimate, unit: str) -> Amount:
    texts = [_with_unit(v, unit) for v in (estimate.expected, estimate.low, estimate.high)]
    return Amount(texts[0]) if estimate.low == estimate.high else Amount(*texts)


def _with_unit(value: float, unit: str) -> str:
    if unit == "share":
        return percent(value)
    return dollars(value) if unit == "$" else f"{plain(value)} {unit}".rstrip()


def effect_note(effect: Effect) -> str:
    """Return how an effect was simulated, and what its intervals hold."""
    share = f"Intervals hold {percent(effect.level)} of {effect.runs:,} simulations. " if effect.runs > 1 else ""
    return f"{share}{effect.method[:1].upper()}{effect.method[1:]}."


def money_lines(plan: Plan) -> tuple[str, ...]:
    """Return what nodes cost before and after a plan, in sentences; none where no price is known."""
    money = plan.money
    if money is None:
        return ()
    lines = [
        f"Nodes with work cost {dollars(money.per_hour_now)} an hour now, and {dollars(money.per_hour_proposed)} "
        "afterwards."
    ]
    if money.emptied:
        lines.append(f"Emptied: {', '.join(money.emptied)}. Their price is saved only if they are given back.")
    if money.unpriced:
        lines.append(f"{money.unpriced} nodes have no known price and are left out.")
    return tuple(lines)
