"""What the address of the page Decisions asks for, so that a link shows the same to somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, get_args
from urllib.parse import quote

from aurora.cluster.placement import DEFAULT_POLICY
from aurora.web.views.decisions.runs import Resource
from aurora.web.views.decisions.sources import SNAPSHOT

PATH = "/decisions"
MOST = 600
"""Longest value that is read."""
MAX_CHANGES = 5


class Asked(NamedTuple):
    """What is asked for.

    Attributes:
        scenario, policy: Keys, see `sources`.
        task: Task that is explained; empty: none.
        node: Node or path whose tasks are listed; empty: all.
        against: Candidate that the task did not go to; empty: none.
        show: Resource whose load is shown; empty: placements.
        changes: Changes of a what-if, such as `remove:node-b`.
    """

    scenario: str = SNAPSHOT
    policy: str = DEFAULT_POLICY.policy_id
    task: str = ""
    node: str = ""
    against: str = ""
    show: str = ""
    changes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Address of the page that shows this."""
        usual = Asked()
        pairs = [(n, getattr(self, n)) for n in ("scenario", "policy", "task", "node", "against", "show")]
        given = [(n, v) for n, v in pairs if v and v != getattr(usual, n)] + [("change", c) for c in self.changes]
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given)
        return f"{PATH}?{query}" if query else PATH


class Query(Protocol):
    """Parameters of an address."""

    def getlist(self, key: str) -> Sequence[str]:
        """Return all values of a parameter."""


def read_asked(query: Query) -> Asked:
    """Return what an address asks for; what is too long, or no choice, is left out."""

    def value(name: str, usual: str = "") -> str:
        found = [v for v in query.getlist(name) if v and len(v) <= MOST]
        return found[0] if found else usual

    usual = Asked()
    show = value("show")
    return Asked(
        scenario=value("scenario", usual.scenario),
        policy=value("policy", usual.policy),
        task=value("task"),
        node=value("node"),
        against=value("against"),
        show=show if show in get_args(Resource) else "",
        changes=tuple(c for c in query.getlist("change") if c and len(c) <= MOST)[:MAX_CHANGES],
    )
