"""The table of phrasings: what may be said of each kind of fact, and in which words.

Both ways go by this table: code writes facts with it, and reads sentences back with it. What it does not hold
can't be said. The first phrasings of a kind are offered to models; a new kind is a row here, and what makes its
slots of a claim in `aurora.agents.telling.facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from aurora.agents.telling.grammar import Either, Maybe, Number, Part, Slots, Template, Word, template
from aurora.agents.telling.lexicon import LEXICONS

THE_RUN = "the run "
OFFERED = 3
"""Phrasings of a kind that a model may choose among."""


class Phrasing(NamedTuple):
    """A way to say a fact of a kind.

    Attributes:
        text: Its template.
        only: Slots that it is for.
    """

    text: str
    only: Slots = MappingProxyType({})

    @property
    def template(self) -> Template:
        """Parsed."""
        return template(self.text)

    @property
    def leads(self) -> bool:
        """Whether it begins with who it is about, so that a clause after "and" may leave that out."""
        return self.text.startswith(("{option} ", "{other} ", THE_RUN))

    @property
    def rest(self) -> Template:
        """What follows on whom it is about, where it begins with that."""
        return self.template[len(THE_RUN.split()) if self.text.startswith(THE_RUN) else 1 :]


_BOTH = "[ ⟨{own} (against|versus|vs|compared with|and) {against}⟩]"

PHRASINGS: Mapping[str, tuple[Phrasing, ...]] = {
    "placement": (
        Phrasing("{task} (went|goes) to {option}"),
        Phrasing("{task} (was|is) (placed|put|allocated|scheduled|started|running) on {option}"),
        Phrasing("{option} (got|took|received|won|runs|gets|was given) {task}"),
        Phrasing("{option} (was|is) (chosen|selected|picked)[ for {task}]"),
        Phrasing("{option} (won|wins)"),
        Phrasing("the (policy|scheduler) (chose|picked|placed|put|selected) {option}[ for {task}]"),
        Phrasing("the (policy|scheduler) (placed|put) {task} on {option}"),
    ),
    "best": (
        Phrasing("{option} (has|had|got) the (highest|best) score( of all candidates| of the candidates|)"),
        Phrasing("{option} scored (highest|best|the highest)( of all candidates| of the candidates|)"),
    ),
    "room": (
        Phrasing("{count} candidate~candidates had room( for it| for {task}|)"),
        Phrasing("there was room on {count} candidate~candidates"),
        Phrasing("{count} candidate~candidates could have taken {task}"),
        Phrasing("{count} (node~nodes|candidate~candidates) (had|have) room( for it| for {task}|)"),
        Phrasing("there (was~were) {count} (candidate~candidates|node~nodes) with room( for it| for {task}|)"),
        Phrasing("{count} node~nodes could have taken {task}"),
    ),
    "lone": (
        Phrasing("{option} (was|is) the only candidate with room( for it| for {task}|)"),
        Phrasing("only {option} (had|has) room( for it| for {task}|)"),
        Phrasing("no other (candidate|node) (had|has) room( for it| for {task}|)"),
        Phrasing("{option} (was|is) the only (candidate|node) (that had room|with room)( for it| for {task}|)"),
    ),
    "admitted": (Phrasing("{option} (was|is) the only candidate (admitted|that was admitted)"),),
    "value": (
        Phrasing("the {feature} of {option} (is|was) {own}"),
        Phrasing("{option's} {feature} (is|was) {own}"),
        Phrasing("{feature} (of|on|at) {option} (is|was|were) {own}"),
        Phrasing("{option} (has|had) (a|) {feature} of {own}"),
        Phrasing("{option} (costs|cost) {own}", {"feature": "node.price"}),
        Phrasing("{option} (costs|cost) {own}", {"feature": "fit.cost"}),
    ),
    "pair": (
        Phrasing("{option} {pair} than {other}" + _BOTH),
        Phrasing("{option's} {feature} (is|was) {degree} than {other's}" + _BOTH),
        Phrasing("[at {own} against {against},] {option} {pair} than {other}"),
        Phrasing(
            "{option} {pair} than {other} (:|,) [at] {own} (against|versus|vs|compared with|instead of) {against}"
        ),
        Phrasing("{option's} {feature} (is|was) {degree} than {other's} (:|,) {own} (against|versus|vs) {against}"),
        Phrasing("(with|at) {own}(,| ) {option} {pair} than {other}[ ( |,) (with|at) {against}]"),
        Phrasing("{option} {pair} ⟨{own}⟩ than {other} ⟨{against}⟩"),
        Phrasing("the {feature} (of|on) {option} (is|was) {degree} than (that of|on) {other}" + _BOTH),
        Phrasing("(|the) {feature} (is|was) {degree} on {option} than on {other}" + _BOTH),
        Phrasing("compared with {other}, {option} {pair}[ ⟨{own} (against|versus|vs) {against}⟩]"),
        Phrasing("compared (to|with) {other}, {option's} {feature} (is|was) {degree}" + _BOTH),
    ),
    "top": (
        Phrasing("{option} {top}( of all candidates| of the candidates| among the candidates| of all|)[ ⟨{own}⟩]"),
        Phrasing("(of|among) (all|the) candidates, {option} {top}[ ⟨{own}⟩]"),
        Phrasing("{option's} {feature} (is|was) {extreme}( of all candidates| of the candidates| of all|)[ ⟨{own}⟩]"),
        Phrasing("{option's} {feature} of {own} (is|was) {extreme}( of all candidates| of the candidates| of all|)"),
        Phrasing("{option} {top}( of all candidates| of the candidates| of all|) (:|,) [at|with] {own}"),
        Phrasing("{option} {top} (candidate|node)[ ⟨{own}⟩]"),
        Phrasing("{option} {top} (candidate|node)(,|) at {own}"),
        Phrasing("(with|at) {own}, {option} {top}( of all candidates| of the candidates| of all|)"),
        Phrasing("the {feature} (of|on) {option} (is|was) {extreme}( of all candidates| of all|)[ ⟨{own}⟩]"),
    ),
    "none": (
        Phrasing("no (other) candidate {pair} than {option}[ ⟨{own}⟩]"),
        Phrasing("no (other|) (candidate|node) {pair} than {option}[ ⟨{own}⟩]"),
    ),
    "limit": (
        Phrasing("{option's} {feature} (is|was|stays|stayed) {within} the {limit}[ ⟨{own} of {of}⟩]"),
        Phrasing("the {feature} of {option} (is|was|stays|stayed) {within} the {limit}[ ⟨{own} of {of}⟩]"),
        Phrasing("[at {own},] {option's} {feature} (is|was|stays|stayed) {within} the {limit} of {of}"),
        Phrasing("{option's} {feature} of {own} (is|was|stays|stayed) {within} the {limit}[ of {of}]"),
        Phrasing("{feature} (of|on|at) {option} (is|was|stays|stayed) {within} the {limit}[ ⟨{own} of {of}⟩]"),
    ),
    "equal": (
        Phrasing("{option} has the same {feature} as {other}[ ⟨{own}⟩]"),
        Phrasing("{option} and {other} have the same {feature}[ ⟨{own}⟩]"),
        Phrasing("{option's} {feature} (is|was) the same as {other's}[ ⟨{own}⟩]"),
        Phrasing("{option} had the same {feature} as {other}[ ⟨{own}⟩]"),
        Phrasing("{option} and {other} had the same {feature}[ ⟨{own}⟩]"),
    ),
    "draw": (
        Phrasing("{option} and {other} have the same score[ ⟨{own}⟩], and {option} comes first in the list"),
        Phrasing("{option} has the same score as {other}[ ⟨{own}⟩] and comes first in the list"),
        Phrasing("{option} (drew|tied) with {other} at a score of {own} and comes first in the list"),
        Phrasing("{option} (drew|tied) with {other}"),
        Phrasing("{option} and {other} (drew|tied)"),
        Phrasing("{option} comes first in the list"),
    ),
    "cause": (
        Phrasing("{other} lost on {features}"),
        Phrasing("{other} lost to {chosen} on {features}"),
        Phrasing("what decided between {chosen} and {other} was {features}"),
        Phrasing("{chosen} (won over|beat|was chosen over|was preferred to) {other} (on|because of) (its|) {features}"),
        Phrasing("{features} decided (between {chosen} and {other}|against {other}|between {other} and {chosen})"),
        Phrasing("{other} lost (because of|due to) (its|) {features}"),
    ),
    "flip": (
        Phrasing("{option} would have won if its {feature} (were|was|had been) {side} {threshold}[ ⟨it was {now}⟩]"),
        Phrasing("with (a|) {feature} {side} {threshold}[ instead of {now}], {option} would have won"),
        Phrasing("had {option's} {feature} been {side} {threshold}[ instead of {now}], it would have won"),
        Phrasing("if {option's} {feature} (were|was|had been) {side} {threshold}[ ⟨it was {now}⟩], it would have won"),
        Phrasing("{option} would have won (with|at) (a|) {feature} {side} {threshold}[ (instead of|not) {now}]"),
        Phrasing("{option} would have needed (a|) {feature} {side} {threshold} to win[ ⟨it was {now}⟩]"),
        Phrasing("{option} would have won had its {feature} been {side} {threshold}[ (instead of|not) {now}]"),
    ),
    "outcome": (
        Phrasing("the run completed {value} task~tasks", {"measure": "completed"}),
        Phrasing("{value} task~tasks (was~were|) completed", {"measure": "completed"}),
        Phrasing("the run missed {value} SLA~SLAs", {"measure": "sla_violations"}),
        Phrasing("{value} SLA~SLAs was~were missed", {"measure": "sla_violations"}),
        Phrasing("the run cost {value}", {"measure": "cost"}),
        Phrasing("the run (took|used|consumed|needed) {value}( of energy|)", {"measure": "energy"}),
        Phrasing("{measure} (was|is|came to|were) {value}"),
        Phrasing("{measure}: {value}"),
        Phrasing("the run (had|has) (a|) {measure} of {value}"),
    ),
    "none_missed": (Phrasing("(no SLA was missed|every SLA was met|all SLAs were met)"),),
    "change": (
        Phrasing("without {node}", {"change": "node_removed"}),
        Phrasing("if {node} were (removed|not there)", {"change": "node_removed"}),
        Phrasing("if {node} failed at {start} for good", {"change": "node_fails", "duration": None}),
        Phrasing("if {node} failed at {start} for {duration}", {"change": "node_fails"}),
        Phrasing("if all tasks asked for {factor} times as much", {"change": "load_changes", "task": None}),
        Phrasing("if {task} asked for {factor} times as much", {"change": "load_changes"}),
        Phrasing("if all nodes cost {factor} times as much", {"change": "price_changes", "node": None}),
        Phrasing("if {node} cost {factor} times as much", {"change": "price_changes"}),
    ),
    "what_if": (
        Phrasing("<change>, {measure} would be {value}[ instead of {now}]"),
        Phrasing("<change>, {measure} would {direction} (from {now} to {value}|to {value} from {now}|to {value})"),
        Phrasing("{measure} would be {value} <change>[ (instead of|not) {now}]"),
        Phrasing("{measure} would {direction} (to {value}|from {now} to {value}) <change>"),
        Phrasing("<change>, {measure} would have been {value}[ instead of {now}]"),
        Phrasing("<change>, (only|) {value} task~tasks would be completed", {"measure": "completed"}),
        Phrasing("<change>, {value} SLA~SLAs would be missed", {"measure": "sla_violations"}),
    ),
    "run": (
        Phrasing("{policy} made {count} placement~placements for the {total} task~tasks of {scenario}"),
        Phrasing("{policy} (made|needed) {count} placement~placements for {total} task~tasks"),
    ),
    "decided": (
        Phrasing("{features} decided {count} of {total} placement~placements"),
        Phrasing("{count} of {total} placement~placements was~were decided by {features}"),
        Phrasing("{features} decided {count} placement~placements"),
        Phrasing("{count} placement~placements was~were decided by {features}"),
    ),
    "undecided": (
        Phrasing("{count} of {total} placement~placements was~were a draw", {"how": "a draw"}),
        Phrasing("{count} of {total} placement~placements had no alternative", {"how": "no alternative"}),
        Phrasing("{count} of {total} placement~placements hung on many things at once", {"how": "many things at once"}),
        Phrasing("for {count} of {total} placement~placements there was no alternative", {"how": "no alternative"}),
    ),
}
"""Kind -> its phrasings."""

CONNECTIVES: tuple[str, ...] = ("also", "and", "but", "because", "since", "while", "however", "in addition", "as")
"""Words that join clauses."""


@cache
def vocabulary() -> frozenset[str]:
    """Every word that a phrasing may hold, in lower case."""
    found = {"it", "its", "the", "node", "task", "policy", "scenario", "winner", "runner-up", "candidate", *CONNECTIVES}
    for phrasings in PHRASINGS.values():
        for phrasing in phrasings:
            found |= set(_words(phrasing.template))
    for lexicon in LEXICONS.values():
        found |= lexicon.words()
    return frozenset(found)


def _words(nodes: Template) -> list[str]:
    words: list[str] = []
    for node in nodes:
        match node:
            case Word(text):
                words.append(text.lower())
            case Number(one, many):
                words += [one.lower(), many.lower()]
            case Either(ways):
                words += [w for way in ways for w in _words(way)]
            case Maybe(inner):
                words += _words(inner)
            case Part():
                pass  # a kind of its own
    return words


def phrasings_of(kind: str, slots: Slots) -> tuple[Phrasing, ...]:
    """The phrasings that fit a fact: those whose own slots are the fact's."""
    return tuple(p for p in PHRASINGS[kind] if all(slots.get(name) == value for name, value in p.only.items()))
