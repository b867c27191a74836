"""All doubts about a question, in the order in which they are said."""

from __future__ import annotations

from collections.abc import Callable

from aurora.agents.operator.understanding.doubts import combining, objects, quantities, terms, vocabulary, wishes
from aurora.agents.operator.understanding.doubts.reading import Reading


def doubt(reading: Reading) -> str:
    """Return why a question is asked back; empty if nothing speaks against its kind."""
    return _first(_CHECKS, reading)


def strangeness(reading: Reading) -> str:
    """Return why a question is asked back for a word that its kind does not account for; empty if there is none."""
    return _first(_STRANGE, reading)


def _first(checks: tuple[Callable[[Reading], str], ...], reading: Reading) -> str:
    return next((reason for check in checks if (reason := check(reading))), "")


_CHECKS: tuple[Callable[[Reading], str], ...] = (
    wishes.leaves_out,
    wishes.is_unwanted,
    wishes.orders_things,
    quantities.has_several_amounts,
    wishes.has_another_change,
    objects.is_about_something_unnamed,
    objects.has_a_name_without_use,
    quantities.has_several_spans,
    quantities.measures_something_else,
    quantities.has_a_number_without_use,
    quantities.has_a_share_without_use,
    quantities.is_unclear_how_far,
    wishes.asks_about_a_deed,
    objects.names_a_part_of_a_group,
    objects.names_the_most_of_some,
    wishes.asks_for_a_manual,
    wishes.explains_nothing,
    wishes.is_about_another_time,
    terms.says_what_is_not_meant,
    terms.asks_about_a_drain,
    terms.sets_a_condition,
    terms.lasts_for_a_time,
    terms.starts_at_a_time,
    terms.is_about_a_part,
    terms.says_the_opposite,
    combining.joins_what_stands_apart,
    combining.drops_a_name,
    combining.changes_a_part,
)
_STRANGE: tuple[Callable[[Reading], str], ...] = (
    vocabulary.has_a_turn_without_use,
    vocabulary.has_the_mark_of_another_kind,
    vocabulary.has_words_without_use,
)
