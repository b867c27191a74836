"""What a person asks for, change by change, as requests of plans and as changes of a plan that is edited."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from aurora.cluster.changes import parse_plan_change
from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.making import Proposal
from aurora.cluster.plans.moves import propose_move
from aurora.cluster.plans.proposals import ASKED_FOR, only_container
from aurora.cluster.plans.requests import PlanRequest
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError
from aurora.sim.policies.policy import Policy

AskKind = Literal["drain", "place", "move", "away", "remedy", "scale", "resize", "cordon", "uncordon"]
Subject = Literal["node", "task", "waiting", "workload", "task or node", ""]


class Form(NamedTuple):
    """A kind of change and what it asks for.

    Attributes:
        title: What it does.
        about: What happens.
        subject: Names that it is about.
        takes_node: Whether it names a node besides.
        node_is_optional: Whether the node may be left to a policy.
        takes_replicas: Whether it takes a number of replicas.
        takes_sizes: Whether it takes a container's requests and limits.
        in_edits: Whether a plan that is edited may take it.
    """

    title: str
    about: str
    subject: Subject
    takes_node: bool = False
    node_is_optional: bool = False
    takes_replicas: bool = False
    takes_sizes: bool = False
    in_edits: bool = True


FORMS: Mapping[AskKind, Form] = {
    "drain": Form("Drain a node", "It is closed, and its tasks move where they fit.", "node", in_edits=False),
    "place": Form("Place what waits", "Waiting tasks that fit somewhere get a node.", "", in_edits=False),
    "move": Form("Move a task to a node", "A task that waits is placed there.", "task", takes_node=True),
    "away": Form("Move away", "A task, or all of a node, go where a policy puts them.", "task or node", in_edits=False),
    "remedy": Form(
        "Make room for a waiting task",
        "The smallest changes that let a node take it, and its move there.",
        "waiting",
        takes_node=True,
        node_is_optional=True,
        in_edits=False,
    ),
    "scale": Form("Scale a workload", "It gets another number of tasks.", "workload", takes_replicas=True),
    "resize": Form(
        "Resize a container", "Requests and limits change; its tasks restart.", "workload", takes_sizes=True
    ),
    "cordon": Form("Close a node", "New tasks stay away from it.", "node"),
    "uncordon": Form("Open a node", "New tasks may use it again.", "node"),
}
"""Kinds of changes, in the order of the form."""

FIELDS_OF_SIZES = ("requests", "limits")
MAX_ASKS = 50
MAX_SIZE = 1e9
"""Most cores or GiB of a request or limit."""


class Ask(NamedTuple):
    """One thing that is asked for.

    Attributes:
        kind: What.
        subject: Node, task or workload; empty where none is asked.
        node: Node that a task goes to.
        replicas: Wanted number.
        container: Container of a resize; empty: the only one.
        sizes: Cores or GiB by field and resource, such as `requests.cpu`; None takes the request or limit away.
    """

    kind: AskKind
    subject: str = ""
    node: str = ""
    replicas: int | None = None
    container: str = ""
    sizes: Mapping[str, float | None] = {}

    @property
    def text(self) -> str:
        """What is asked for, in words."""
        title = FORMS[self.kind].title
        sizes = [f"{name} {'none' if value is None else format(value, 'g')}" for name, value in self.sizes.items()]
        parts = [
            self.subject,
            f"to {self.node}" if self.node else "",
            "" if self.replicas is None else f"{self.replicas} tasks",
            self.container,
            ", ".join(sizes),
        ]
        rest = ", ".join(p for p in parts if p)
        return f"{title}: {rest}" if rest else title


def check_ask(ask: Ask) -> None:
    """Check that an ask is complete.

    Raises:
        InputError: Something is lacking, or no number that is possible.
    """
    form = FORMS[ask.kind]
    if form.subject and not ask.subject.strip():
        raise InputError(f"name a {form.subject.replace('waiting', 'waiting task')}", parameter="subject")
    if form.takes_node and not form.node_is_optional and not ask.node.strip():
        raise InputError("name the node that it goes to", parameter="node")
    if form.takes_replicas and (ask.replicas is None or ask.replicas < 0):
        raise InputError("say how many tasks it is to have, 0 or more", parameter="replicas")
    if form.takes_sizes and not (ask.sizes and all(_is_size(name, value) for name, value in ask.sizes.items())):
        raise InputError("give at least one request or limit, in cores or GiB, from 0", parameter="sizes")


def _is_size(name: str, value: float | None) -> bool:
    field, _, resource = name.partition(".")
    is_amount = value is None or (math.isfinite(value) and 0 <= value <= MAX_SIZE)
    return field in FIELDS_OF_SIZES and bool(resource) and is_amount


def request_of(
    asks: Sequence[Ask], snapshot: Snapshot, policy: Policy = DEFAULT_POLICY, *, is_simulated: bool = True
) -> PlanRequest:
    """Return the request of what was asked for.

    Args:
        asks: What was asked for.
        snapshot: The system.
        policy: Policy that chooses nodes.
        is_simulated: Whether the effect is simulated.

    Raises:
        InputError: Nothing or too much is asked for, or an ask is not valid.
    """
    if not asks:
        raise InputError("add at least one change", parameter="asks")
    if len(asks) > MAX_ASKS:
        raise InputError(f"{len(asks)} changes; a form takes at most {MAX_ASKS}", parameter="asks")
    return PlanRequest(
        asked=changes_of(asks, snapshot),
        away=tuple(a.subject for a in asks if a.kind == "away"),
        remedies=tuple((a.subject, a.node) for a in asks if a.kind == "remedy"),
        drains=tuple(dict.fromkeys(a.subject for a in asks if a.kind == "drain")),
        places_pending=any(a.kind == "place" for a in asks),
        policy=policy,
        seed=0 if is_simulated else None,
    )


def changes_of(asks: Iterable[Ask], snapshot: Snapshot) -> tuple[Proposal, ...]:
    """Return the changes among asks that are named in full.

    Raises:
        InputError: An ask is not complete, or a name or an amount is not valid.
    """
    return tuple(p for a in asks if (p := _change(a, snapshot)) is not None)


def _change(ask: Ask, snapshot: Snapshot) -> Proposal | None:
    check_ask(ask)
    match ask.kind:
        case "move":
            return propose_move(snapshot, ask.subject, ask.node)
        case "scale":
            return _asked(kind="scale", workload_id=ask.subject, replicas=ask.replicas)
        case "resize":
            container = ask.container or only_container(snapshot, ask.subject)
            amounts: dict[str, dict[str, float | None]] = {field: {} for field in FIELDS_OF_SIZES}
            for name, value in ask.sizes.items():
                field, _, resource = name.partition(".")
                amounts[field][resource] = value
            return _asked(kind="resize", workload_id=ask.subject, container=container, **amounts)
        case "cordon" | "uncordon":
            return _asked(kind=ask.kind, node_id=ask.subject)
        case _:
            return None


def _asked(**fields: object) -> Proposal:
    return Proposal(parse_plan_change(fields), ASKED_FOR)
