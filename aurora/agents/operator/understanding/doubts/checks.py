"""All doubts about a question, in the order in which they are said."""

from __future__ import annotations

from collections.abc import Callable

from aurora.agents.operator.understanding.doubts import objects, quantities, vocabulary, wishes
from aurora.agents.operator.understanding.doubts.reading import Reading


def doubt(reading: Reading) -> str:
    """Return why a question is asked back; empty if all that it says is accounted for."""
    return next((reason for check in _CHECKS if (reason := check(reading))), "")


_CHECKS: tuple[Callable[[Reading], str], ...] = (
    wishes.leaves_out,
    wishes.is_unwanted,
    wishes.orders_things,
    quantities.has_several_amounts,
    wishes.has_another_change,
    objects.is_about_something_unnamed,
    objects.has_a_name_without_use,
    quantities.has_a_number_without_use,
    quantities.has_a_share_without_use,
    quantities.is_unclear_how_far,
    wishes.asks_about_a_deed,
    objects.names_a_part_of_a_group,
    wishes.asks_for_a_manual,
    wishes.is_about_another_time,
    vocabulary.has_words_without_use,
)
