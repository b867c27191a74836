"""Entries of the navigation; a page that is not there yet is not named."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A page of the navigation.

    Attributes:
        key: Name by which a page says that it is shown.
        title: Word of the navigation.
        path: Path of the page.
        icon: Name of a Material icon.
        group: Heading under which it stands.
    """

    key: str
    title: str
    path: str
    icon: str
    group: str


NAVIGATION: tuple[Entry, ...] = (
    Entry("cluster", "Cluster", "/", "dns", "Operate"),
    Entry("chat", "Chat", "/chat", "forum", "Operate"),
    Entry("decisions", "Decisions", "/decisions", "timeline", "Operate"),
    Entry("plans", "Plans", "/plans", "assignment", "Operate"),
    Entry("forecasts", "Forecasts and what-if", "/forecasts", "show_chart", "Look ahead"),
    Entry("recommendations", "Recommendations", "/recommendations", "recommend", "Look ahead"),
    Entry("experiments", "Experiments", "/experiments", "science", "Look ahead"),
    Entry("selfplay", "Self-play", "/selfplay", "sports_kabaddi", "Learn and judge"),
    Entry("policies", "Policies", "/policies", "account_tree", "Learn and judge"),
    Entry("composition", "Composition", "/composition", "schema", "Learn and judge"),
    Entry("studies", "Studies", "/studies", "query_stats", "Learn and judge"),
    Entry("rating", "Rating", "/rating", "rate_review", "Learn and judge"),
)
"""Each page's module has its own line, in the order of the navigation."""
