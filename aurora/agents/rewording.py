"""Holds a model's sentences against the claims that they say they tell; what does not match is struck out."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from typing import NamedTuple

from aurora.agents.explainer import LIMITS, lookups, shown_values
from aurora.agents.wording import sentence
from aurora.sim.claims import CauseClaim, Claim, ComparisonClaim, FlipClaim, OutcomeClaim, ValueClaim
from aurora.sim.decision import Decision
from aurora.sim.scenario import Scenario
from aurora.sim.whatif import NodeFails, NodeRemoved, PriceChanges

LOWER = frozenset(
    [
        "lower",
        "lowest",
        "less",
        "least",
        "fewer",
        "fewest",
        "smaller",
        "smallest",
        "under",
        "below",
        "shorter",
        "shortest",
        "cheaper",
        "cheapest",
        "closer",
        "closest",
        "nearer",
        "nearest",
        "faster",
        "fastest",
        "lighter",
        "lightest",
    ]
)
HIGHER = frozenset(
    [
        "higher",
        "highest",
        "more",
        "most",
        "larger",
        "largest",
        "bigger",
        "biggest",
        "over",
        "above",
        "longer",
        "longest",
        "dearer",
        "dearest",
        "farther",
        "farthest",
        "slower",
        "slowest",
        "heavier",
        "heaviest",
        "greater",
        "greatest",
    ]
)
SCALES = (1.0, 100.0, 1000.0, 1 / 60, 1 / 3600, 1e-3, 1e-6)
"""In which a sentence may tell a number: as it is, in percent, milli, minutes, hours, kilo, mega."""
ROUNDED = 0.05
"""A number may be rounded by so much of it, and no more."""
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z]+")


class Reworded(NamedTuple):
    """What a model made of the claims.

    Attributes:
        text: The sentences that match.
        struck: Those that don't, each with the reason.
    """

    text: str
    struck: tuple[tuple[str, str], ...]


def hold(
    sentences: Sequence[tuple[str, Sequence[int]]],
    claims: Sequence[Claim],
    decision: Decision | None,
    scenario: Scenario,
) -> Reworded:
    """Keep the sentences whose numbers, names and comparisons are those of the claims they cite.

    Args:
        sentences: Each with the numbers, from 1, of the claims that it tells.
        claims: Checked ones that hold.
        decision: What they are about; None: a whole run.
        scenario: Whose names may not be used where no claim has them.
    """
    kept, struck = [], []
    for text, cited in sentences:
        reason = _fault(text, cited, claims, decision, scenario)
        if reason:
            struck.append((text, reason))
        else:
            kept.append(text.strip())
    return Reworded(" ".join(kept), tuple(struck))


def _fault(
    text: str, cited: Sequence[int], claims: Sequence[Claim], decision: Decision | None, scenario: Scenario
) -> str:
    if not cited:
        return "it cites no claim"
    wrong = [n for n in cited if not 1 <= n <= len(claims)]
    if wrong:
        return f"there is no claim {wrong[0]}"
    told = [claims[n - 1] for n in cited]
    names = {name for claim in told for name in _names(claim, decision)}
    if decision is not None:
        names.add(decision.task_id)
    rest = _without(text, names)
    for name in _all_names(decision, scenario):
        if name not in names and not name.isdecimal() and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", rest):
            return f"it names {name}, of which its claims say nothing"
    unknown = re.search(r"\b(?:node|task|link)\s+([\w-]*\d[\w-]*)|\b([A-Za-z]+[-_]\d+)\b", rest)
    if unknown:
        return f"it names {(unknown.group(1) or unknown.group(2))!r}, which its claims don't"
    return _wrong_number(rest, told, names, decision) or _wrong_way(rest, told)


def _names(claim: Claim, decision: Decision | None) -> list[str]:
    winner = [] if decision is None else [decision.chosen.name]
    match claim:
        case ValueClaim():
            return [claim.option]
        case ComparisonClaim():
            return [claim.option] if claim.relation in LIMITS else [claim.option, claim.other]
        case CauseClaim():
            return [claim.other, *winner]
        case FlipClaim():
            return [claim.option, *winner]
        case OutcomeClaim(change=NodeFails(node_id=name) | NodeRemoved(node_id=name)):
            return [name]
        case OutcomeClaim(change=PriceChanges(node_id=str(name))):
            return [name]
    return []


def _all_names(decision: Decision | None, scenario: Scenario) -> list[str]:
    ids = (
        [n.node_id for n in scenario.nodes] + [t.task_id for t in scenario.tasks] + [l.link_id for l in scenario.links]
    )
    return ids if decision is None else [*ids, *(o.name for o in decision.options)]


def _without(text: str, names: Set[str]) -> str:
    """A text without these names: what digits they have are no numbers."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", " ", text)
    return text


def _wrong_number(text: str, told: Sequence[Claim], names: Set[str], decision: Decision | None) -> str:
    known = [v for claim in told for v in lookups(decision, claim)]
    values = shown_values(decision)
    printed = {n for claim in told for n in _NUMBER.findall(_without(sentence(claim, values, "operator"), names))}
    for number in _NUMBER.findall(text):
        if number in printed:
            continue
        value = float(number.replace(",", ""))
        decimals = len(number.partition(".")[2]) if "e" not in number.lower() else 6
        meant = [abs(k) * scale for k in known for scale in SCALES]
        if not any(round(m, decimals) == value and abs(m - value) <= ROUNDED * m for m in meant):
            return f"the number {number} is in none of its claims"
    return ""


def _wrong_way(text: str, told: Sequence[Claim]) -> str:
    words = {w.lower() for w in _WORD.findall(text)}
    down, up = bool(words & LOWER), bool(words & HIGHER)
    ways = set()
    for claim in told:
        if isinstance(claim, ComparisonClaim):
            ways.add({"lower": "down", "lowest": "down", "higher": "up", "highest": "up"}.get(claim.relation, ""))
        elif isinstance(claim, FlipClaim):
            ways.add("down" if claim.is_below else "up")
    if down and not up and "up" in ways and "down" not in ways:
        return "it says lower where its claims say higher"
    if up and not down and "down" in ways and "up" not in ways:
        return "it says higher where its claims say lower"
    return ""
