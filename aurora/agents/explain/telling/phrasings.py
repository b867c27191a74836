"""The table of phrasings: every sentence that may be written of each kind of fact.

Both ways go by this table: code writes facts with it, and reads sentences back with it. What it does not hold
can't be said. The first two phrasings of a kind are offered to models; a new kind is a row here, and what makes its
slots of a claim in `aurora.agents.explain.telling.facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from aurora.agents.explain.telling.grammar import Either, Maybe, Number, Part, Slots, Template, Word, template
from aurora.agents.explain.telling.lexicon import LEXICONS

MAX_PHRASINGS_OFFERED = 2
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
    def lead(self) -> Lead | None:
        """With whom or what it begins, so that a clause after "and" may leave that out; None: with something else."""
        return next((lead for start, lead in _LEADS.items() if self.text.startswith(start)), None)


class Lead(NamedTuple):
    """The beginning of a phrasing.

    Attributes:
        slot: Who it is about; "" where it is about the run.
        length: Length of the lead, in parts of the template.
    """

    slot: str
    length: int


THE_RUN = "the run"
_LEADS: Mapping[str, Lead] = {
    "{option} ": Lead("option", 1),
    "{other} ": Lead("other", 1),
    "the runner-up, {other}, ": Lead("other", 5),
    "{task} ": Lead("task", 1),
    "the run ": Lead("", 2),
}
_BOTH = "[ ⟨{own} (against|versus|vs|compared with|and) {against}⟩]"


def _ends(how: str) -> Slots:
    return {"ending": how}


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
    "overdue": (
        Phrasing("no time was left for {task}, which was {late} late already"),
        Phrasing("{task} was {late} late already"),
        Phrasing("{task} started {late} too late for its limit"),
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
        Phrasing("the runner-up, {other}, lost on {features}", {"rank": "runner-up"}),
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
        Phrasing("{measure} (was|is|came to) {value}", {"number": "one"}),
        Phrasing("{measure} (were|was|came to) {value}", {"number": "many"}),
        Phrasing("(the run|it) had (a|an|) {measure} of {value}", {"number": "one"}),
        Phrasing("{measure}: {value}"),
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
        Phrasing("if all nodes emitted {factor} times as much CO2", {"change": "carbon_changes", "node": None}),
        Phrasing("if {node} emitted {factor} times as much CO2", {"change": "carbon_changes"}),
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
    "status": (
        Phrasing("{task} (was completed|completed)", {"status": "completed"}),
        Phrasing("{task} (was completed|completed) {late} after its limit", {"status": "late"}),
        Phrasing("{task} was {late} late", {"status": "late"}),
        Phrasing("{task} was not placed by the end of the run", {"status": "unplaced"}),
        Phrasing("{task} (was never placed|was not placed)", {"status": "unplaced"}),
        Phrasing("{task} left when its patience was used up", {"status": "dropped"}),
        Phrasing("{task} was lost in its last attempt and not started again", {"status": "failed"}),
        Phrasing("{task} can never be placed", {"status": "unplaceable"}),
    ),
    "attempt": (
        Phrasing("in attempt {number}, {task} ran on {option} from {start} to {end} and completed", _ends("completed")),
        Phrasing("{task} ran on {option} from {start} to {end} and completed", _ends("completed")),
        Phrasing("{task} (started on {option} at {start}|completed on {option} at {end})", _ends("completed")),
        Phrasing("in attempt {number}, {task} was lost at {end} when {option} failed", _ends("node_failed")),
        Phrasing("{task} was lost at {end} when {option} failed", _ends("node_failed")),
        Phrasing(
            "in attempt {number}, {task} was lost at {end}, when the battery of {option} was empty",
            _ends("battery_empty"),
        ),
        Phrasing("{task} was lost at {end} when the battery of {option} was empty", _ends("battery_empty")),
        Phrasing("{task} (was started|started) on {option} at {start}"),
    ),
    "wait": (
        Phrasing("{task} waited {waited} for {tasks}( to complete|)", {"reason": "dependency"}),
        Phrasing("{task} waited to the end of the run for {tasks}", {"reason": "dependency", "lasts": "on"}),
        Phrasing("{task} waited {waited} behind {tasks} at the head of the queue", {"reason": "queue"}),
        Phrasing("{task} waited to the end of the run behind {tasks}", {"reason": "queue", "lasts": "on"}),
        Phrasing("{task} waited {waited} though there was room: the policy did not place it", {"reason": "policy"}),
        Phrasing("{task} waited {waited} (though|although) there was room", {"reason": "policy"}),
        Phrasing("{task} waited {waited} for room, until {tasks} ended", {"reason": "room", "by": "tasks"}),
        Phrasing("{task} waited {waited} for room, until {nodes} came back", {"reason": "room", "by": "nodes"}),
        Phrasing("{task} waited {waited} for room, until {tasks} ended and {nodes} came back", {"reason": "room"}),
        Phrasing("{task} waited {waited} for room", {"reason": "room"}),
        Phrasing("{task} waited for room to the end of the run", {"reason": "room", "lasts": "on"}),
        Phrasing("{task} waited {waited}"),
        Phrasing("{task} waited from {start} to {end}"),
    ),
    "hold": (
        Phrasing("{task} held {held} of {where} from {start} to {end}"),
        Phrasing("{held} of {where} (was held by|were held by|belonged to) {task} from {start} to {end}"),
        Phrasing("{task} held {held} of {where}( until {end}|)"),
    ),
    "infeasible": (
        Phrasing(
            "[at {time},] {count} of {total} candidates lacked {resource}( for it| for {task}|)"
            "[ ⟨most free {free} of {asked} asked⟩]",
            {"what": "amount", "when": "then", "of": "all"},
        ),
        Phrasing(
            "even with everything free, {count} of {total} candidates lack {resource}( for it| for {task}|)"
            "[ ⟨largest {free} of {asked} asked⟩]",
            {"what": "amount", "when": "never", "of": "all"},
        ),
        Phrasing("[at {time},] {count} of {total} candidates {state}", {"what": "state", "when": "then", "of": "all"}),
        Phrasing(
            "even with everything free, {count} of {total} candidates {state}",
            {"what": "state", "when": "never", "of": "all"},
        ),
        Phrasing("[at {time},] {option} had {free} free, and {task} asked for {asked}", {"when": "then", "of": "one"}),
        Phrasing(
            "[at {time},] {option} lacked {resource}[ ⟨{free} free of {asked} asked⟩]",
            {"what": "amount", "when": "then", "of": "one"},
        ),
        Phrasing("[at {time},] {option} {state}", {"what": "state", "when": "then", "of": "one"}),
        Phrasing(
            "even with everything free, {option} lacks {resource}[ ⟨{free} of {asked} asked⟩]",
            {"what": "amount", "when": "never", "of": "one"},
        ),
        Phrasing("even with everything free, {option} {state}", {"what": "state", "when": "never", "of": "one"}),
    ),
}
"""Kind -> its phrasings."""

CONNECTIVES: tuple[str, ...] = ("also", "and", "but", "because", "since", "while", "however", "in addition", "as")
"""Words that join clauses."""


@cache
def vocabulary() -> frozenset[str]:
    """Every word that a phrasing may hold, in lower case."""
    words = {"it", "its", "the", "node", "task", "policy", "scenario", "winner", "runner-up", "candidate", *CONNECTIVES}
    for phrasings in PHRASINGS.values():
        for phrasing in phrasings:
            words |= set(_words(phrasing.template))
    for lexicon in LEXICONS.values():
        words |= lexicon.words()
    return frozenset(words)


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
