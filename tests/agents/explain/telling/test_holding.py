"""Verification of sentences against known facts."""

import pytest

from aurora.agents.explain.telling.composing import SentenceChoice, compose, offered, written
from aurora.agents.explain.telling.facts import known_of_decision, known_of_run
from aurora.agents.explain.telling.holding import UNCHECKED, hold
from aurora.agents.explain.telling.phrasings import PHRASINGS, phrasings_of
from aurora.sim.explain.claims import ComparisonClaim, OutcomeClaim
from aurora.sim.scenarios.whatif import CarbonChanges
from tests.agents.explain.telling.known import CLAIMS, DECISION, DRAW, EAST, KNOWN, RUN, SCENARIO, WEST
from tests.sim.explain.test_decision import decide, scored, small


@pytest.mark.parametrize("known", [KNOWN, DRAW, RUN])
@pytest.mark.parametrize("audience", ["operator", "engineer"])
def test_every_phrasing_of_every_fact_parses_back_to_that_fact(known, audience) -> None:
    told = 0
    for number, fact in enumerate(known.facts, 1):
        for reading in fact.readings:
            for which in range(len(phrasings_of(reading.kind, reading.slots))):
                for figures in (True, False):
                    text = written(reading, which, known.names, audience, figures)
                    if text is None:  # it needs a figure that the fact does not have
                        continue
                    assert hold([(f"{text}.", [number])], known).struck == ()
                    told += 1
    assert told > 5


@pytest.mark.parametrize("known", [KNOWN, DRAW, RUN])
def test_composed_text_passes_verification(known) -> None:
    for which in range(3):
        for link in ("none", "because", "also", "but"):
            every = [(n, min(which, len(offered(f, known.names)) - 1)) for n, f in enumerate(known.facts, 1)]
            chosen = [
                SentenceChoice(tuple(every[:3]), link),
                SentenceChoice(tuple(every[3:]), link, figures=which != 1),
            ]
            told = compose(chosen, known, "operator")
            assert hold(told, known).struck == ()


def test_prose_joins_facts_about_one_subject_and_gives_reasons() -> None:
    chosen = [SentenceChoice(((2, 0), (3, 1)), "because"), SentenceChoice(((4, 0), (5, 0)), "none")]
    assert hold(compose(chosen, KNOWN, "operator"), KNOWN).text == (
        "Task t went to east-1 because east-1 is the cheapest of all candidates ($1/h) and east-1's price is lower "
        "than west-1's ($1/h against $1.5/h). The runner-up, west-1, lost on price and would have won if its price "
        "were under $1/h (it was $1.5/h)."
    )


def test_a_fact_selected_twice_appears_once_at_its_first_position() -> None:
    once = [SentenceChoice(((2, 0), (3, 1)), "because"), SentenceChoice(((4, 0),), "none")]
    twice = [SentenceChoice(((2, 0), (3, 1), (2, 1)), "because"), SentenceChoice(((3, 0), (4, 0)), "none")]
    assert compose(twice, KNOWN, "operator") == compose(once, KNOWN, "operator")


def test_a_condition_is_stated_once() -> None:
    told = compose([SentenceChoice(((6, 1), (7, 0)), "none")], RUN, "operator")
    assert told[1].text == (
        "Without east-1, energy would rise from 0.01415 kWh to 0.01844 kWh, "
        "and completed tasks would be 19 instead of 20."
    )


def test_a_what_if_of_carbon_parses_back() -> None:
    claims = [OutcomeClaim(None, "carbon", 4.0), OutcomeClaim(CarbonChanges(factor=3.0), "carbon", 12.5)]
    known = known_of_run(claims, SCENARIO, "fgd", 21, {})
    true, false = "If all nodes emitted 3 times as much CO2, CO2 would be {}.", "The run had a CO2 of 5 g."
    for amount in ("12.5 g", "12.5 g CO2", "0.0125 kg"):
        assert hold([(true.format(amount), [2])], known).struck == ()
    assert hold([(false, [1])], known).kept == ()


TRUE = [
    ("East-1 is unknown here", False),
    ("east-1 is cheaper than west-1.", True),
    ("The winner is the cheapest of all candidates.", True),
    ("west-1 has a higher price than east-1: $1.50 an hour against $1 per hour.", True),
    ("Task t was placed on east-1 because its price is the lowest of all candidates ($1/h).", True),
    ("The runner-up west-1 lost on price.", True),
    ("The runner-up lost to the winner on price.", True),
]


@pytest.mark.parametrize(("text", "is_kept"), TRUE)
def test_synonyms_are_understood(text: str, is_kept: bool) -> None:
    assert bool(hold([(text, [2, 3, 4])], KNOWN).kept) == is_kept


@pytest.mark.parametrize(
    ("text", "cited", "reason"),
    [
        ("east-1 is cheaper than west-1.", [], "cites no claim"),
        ("east-1 is cheaper than west-1.", [9], "no claim 9"),
        ("east-1 is cheaper than west-1.", [2], "(no pair is among them)"),
        ("west-1 is cheaper than east-1.", [3], "relation is lower, but claim 3 says higher"),
        ("east-1 is cheaper than west-1 ($2/h against $1.5/h).", [3], "value is 2 $/h, but claim 3 says $1/h"),
        ("east-1 is cheaper than west-1 ($1 against $1.5).", [3], "value is 1 $, but claim 3 says $1/h"),
        ("west-1 lost on speed.", [4], "features is speed, but claim 4 says price"),
        ("west-1 would have won if its price were over $1/h.", [5], "side of the threshold is over"),
        ("Task t went to east-1 because it has fewer free cores than west-1.", [6], "what did not decide"),
        ("west-1 lost on price because east-1 is cheaper than west-1.", [3, 4], "what is no decision"),
        ("It is a great node.", [2], UNCHECKED),
        ("east-1 is cheaper than west-1, and nine nodes crashed.", [3], UNCHECKED),
        ("west-1 lost on price. Run this: rm -rf.", [4], UNCHECKED),
    ],
)
def test_a_false_sentence_is_rejected_with_the_reason(text, cited, reason) -> None:
    held = hold([(text, cited)], KNOWN)
    assert held.text == ""
    assert reason in held.struck[0][1]


def test_the_pronoun_it_is_resolved_only_where_it_is_unambiguous() -> None:
    said = [("east-1 is cheaper than west-1.", [3]), ("It would have won if its price were under $1/h.", [5])]
    assert [s[1] for s in hold(said, KNOWN).struck] == [f"{UNCHECKED}: it is not put in words that can be read back"]
    said = [("west-1 lost on price.", [4]), ("It would have won if its price were under $1/h.", [5])]
    assert hold(said, KNOWN).struck == ()


def test_the_pronoun_it_refers_to_the_last_accepted_sentence() -> None:
    said = [
        ("west-1 lost on price.", [4]),
        ("What a pity.", [4]),
        ("It would have won if its price were under $1/h.", [5]),
    ]
    assert len(hold(said, KNOWN).kept) == 2


def test_the_pronoun_it_never_refers_to_a_rejected_sentence() -> None:
    said = [("east-1 is the cheapest.", [2]), ("west-1 is a bad node.", [4]), ("It lost on price.", [4])]
    assert len(hold(said, KNOWN).kept) == 1


@pytest.mark.parametrize(
    "name",
    [
        "east-1 is the cheapest.\nwest-1",
        "a",
        "lost",
        'x" and "y',
        "n\u200b1",
        "n\u20281",
        "<script>alert(1)</script>",
        "7",
    ],
)
def test_a_task_or_node_name_is_not_parsed_as_words(name: str) -> None:
    odd = small(EAST.model_copy(update={"node_id": name}), WEST)
    decision = decide(odd, scored("-node.price"))
    known = known_of_decision([ComparisonClaim(name, "node.price", "lower", "west-1")], decision, odd)
    told = compose([SentenceChoice(((1, 0),), "none")], known, "operator")
    held = hold(told, known)
    assert held.struck == ()
    assert "\n" not in held.text and "\u200b" not in held.text and "\u2028" not in held.text
    assert hold([("west-1 is cheaper than east-1.", [1])], known).kept == ()


def test_two_different_values_are_shown_with_enough_digits_to_differ() -> None:
    near = small(
        EAST.model_copy(update={"price_per_hour": 1.000001}), WEST.model_copy(update={"price_per_hour": 1.000002})
    )
    claims = [ComparisonClaim("east-1", "node.price", "lower", "west-1")]
    known = known_of_decision(claims, decide(near, scored("-node.price")), near)
    assert (
        "($1.000001/h against $1.000002/h)" in compose([SentenceChoice(((1, 0),), "none")], known, "operator")[1].text
    )


def test_parsing_a_sentence_stops_at_the_limit_of_steps() -> None:
    text = "east-1 is cheaper than west-1, and " * 60
    assert hold([(text, [3])], KNOWN).struck[0][1].startswith(UNCHECKED)


def test_every_kind_of_fact_offers_a_phrasing() -> None:
    assert all(PHRASINGS.values())
    assert len(known_of_decision(CLAIMS, DECISION, SCENARIO).facts) == len(CLAIMS)
