"""The server's cluster: in sum, its nodes and tasks, what waits and why, what changed, what if."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from aurora.cluster.changes import Change
from aurora.cluster.differences import compare_snapshots
from aurora.cluster.feasibility import Room
from aurora.cluster.overview import node_state, node_states
from aurora.cluster.problems import find_problems
from aurora.cluster.report import node_json, report
from aurora.cluster.snapshot import Node, State, Task
from aurora.cluster.waiting import why_waiting
from aurora.cluster.what_if import what_if
from aurora.types import Frozen
from aurora.web.api.answers import USUAL_PAGE, Cursor, Limit, OpenModel, Page, page_of
from aurora.web.api.given import GivenPolicy, policy_of
from aurora.web.api.jobs import ACCEPTED, Jobs
from aurora.web.api.owners import Owner
from aurora.web.context import WebContext
from aurora.web.refusals import AbsentError, TooLargeError

MOST_PAIRS = 5_000_000
"""Most pairs of waiting task and node of a what-if: some seconds."""
Search = Annotated[str, Query(max_length=200, description="only those whose id has this text; empty: all")]


class Overview(OpenModel):
    """What `aurora snapshot show --json` prints, without the nodes."""

    snapshot_id: str = Field(description="name of the system")
    system: str = Field(description="kind of the system")
    taken_at: str = Field(description="when it was taken, UTC")
    nodes_usable: int = Field(description="nodes that take tasks")
    tasks: dict[str, int] = Field(description="state to number of tasks")
    price_per_hour: float | None = Field(description="dollars an hour of all nodes with a price; null: not known")
    nodes_without_price: int = Field(description="nodes whose price is not known")
    resources: dict[str, dict[str, Any]] = Field(description="resource to allocatable, requested, used")
    waiting: list[dict[str, Any]] = Field(description="what waits, by reason")
    sources: list[dict[str, Any]] = Field(description="where the facts came from")
    notes: list[dict[str, Any]] = Field(description="repairs, assumptions, and what is not represented")


class NodeRow(OpenModel):
    """A node and how full it is."""

    node_id: str = Field(description="name of the node")
    is_ready: bool = Field(description="whether it is up")
    is_cordoned: bool = Field(description="whether new tasks are kept away by hand")
    price_per_hour: float | None = Field(description="dollars an hour; null: not known")
    tasks: int = Field(description="tasks on it")
    resources: dict[str, dict[str, Any]] = Field(description="resource to allocatable, requested, used")


class NodeDetail(Frozen):
    """A node with its tasks."""

    node: Node = Field(description="the node")
    state: NodeRow = Field(description="how full it is")
    tasks: list[str] = Field(description="tasks on it")


class WhyWaiting(OpenModel):
    """Why a task waits."""

    task_id: str = Field(description="the task")
    seconds: float | None = Field(description="how long it has waited; null: not known")
    summary: str = Field(description="how many nodes fit, and what the others lack")
    nodes: list[dict[str, Any]] = Field(description="every node with its reasons; none where it fits")
    fits_now: list[str] = Field(description="nodes that fit now")
    never: str = Field(description="why no node could ever take it; empty: one could")
    remedies: list[dict[str, Any]] = Field(description="the smallest changes that would place it")


class Problems(OpenModel):
    """What `aurora snapshot check --json` prints."""

    snapshot_id: str = Field(description="name of the system")
    is_sound: bool = Field(description="true without errors and warnings")
    problems: list[dict[str, Any]] = Field(description="code, severity, message, subjects, cases")


class Difference(OpenModel):
    """What `aurora snapshot diff --json` prints."""

    is_empty: bool = Field(description="whether nothing differs but measured use and times")
    before: str = Field(description="name and time of the snapshot before")
    after: str = Field(description="name and time of the snapshot now")


class AskWhatIf(Frozen):
    """Changes to try on the cluster; nothing is changed."""

    changes: list[Change] = Field(min_length=1, max_length=50, description="changes, made one after the other")
    policy: GivenPolicy = Field(default="least_allocated", description="policy that places what waits")


class WhatIf(OpenModel):
    """The cluster before and after changes."""

    changes: list[str] = Field(description="the changes in words")
    policy_id: str = Field(description="policy that places waiting tasks on both sides")
    before: dict[str, Any] = Field(description="the cluster as it is, with what waits placed where it fits")
    after: dict[str, Any] = Field(description="the same after the changes")
    displaced: list[str] = Field(description="tasks that ran before and have to be placed anew")
    newly_waiting: list[str] = Field(description="tasks that have no node after the changes and had or could have one")


def router(context: WebContext, jobs: Jobs) -> APIRouter:
    """Return the routes of the cluster.

    Args:
        context: What the server shares.
        jobs: Runs what takes longer.
    """
    routes = APIRouter(prefix="/snapshot", tags=["cluster"])
    desk = context.desk

    @routes.get("", response_model=Overview)
    def read_overview() -> Any:
        """Read the cluster in sum: how full it is, what it costs, what waits."""
        return {k: v for k, v in report(desk.cluster).to_json().items() if k != "nodes"}

    @routes.post("/refresh", response_model=Overview)
    def refresh() -> Any:
        """Read the cluster anew; the snapshot before is kept for the difference."""
        return {k: v for k, v in report(context.refresh()).to_json().items() if k != "nodes"}

    @routes.get("/difference", response_model=Difference)
    def read_difference() -> Any:
        """Compare the cluster with the snapshot before the last refresh."""
        if context.previous is None:
            raise AbsentError("the cluster was not read anew yet; refresh it first")
        return compare_snapshots(context.previous, desk.cluster).to_json()

    @routes.get("/problems", response_model=Problems)
    def list_problems() -> Any:
        """List what is wrong with the cluster: overcommitted nodes, tasks that never fit, limits, budgets."""
        return find_problems(desk.cluster).to_json()

    @routes.get("/nodes", response_model=Page[NodeRow])
    def list_nodes(search: Search = "", limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List the nodes with how full each is."""
        states = [s for s in node_states(desk.cluster) if search in s.node.node_id]
        page = page_of(states, lambda s: s.node.node_id, limit, cursor)
        return {**page, "items": [node_json(s) for s in page["items"]]}

    @routes.get("/nodes/{node_id:path}", response_model=NodeDetail)
    def read_node(node_id: Annotated[str, Path(max_length=253, description="name of the node")]) -> Any:
        """Read a node with its tasks."""
        snapshot = desk.cluster
        if node_id not in snapshot.nodes_by_id:
            raise AbsentError("the cluster has no such node; list them", parameter="node_id")
        tasks = [t.task_id for t in snapshot.tasks_by_node[node_id]]
        state = node_json(node_state(snapshot, node_id))
        return {"node": snapshot.nodes_by_id[node_id], "state": state, "tasks": tasks}

    @routes.get("/tasks", response_model=Page[Task])
    def list_tasks(
        search: Search = "",
        state: Annotated[State | None, Query(description="only those in this state")] = None,
        node_id: Annotated[str, Query(max_length=253, description="only those of this node; empty: all")] = "",
        limit: Limit = USUAL_PAGE,
        cursor: Cursor = "",
    ) -> Any:
        """List the tasks."""
        found = [
            t
            for t in desk.cluster.tasks
            if search in t.task_id and (state is None or t.state == state) and (not node_id or t.node_id == node_id)
        ]
        return page_of(found, lambda t: t.task_id, limit, cursor)

    @routes.get("/waiting", response_model=WhyWaiting)
    def read_why_waiting(
        task_id: Annotated[str, Query(min_length=1, max_length=400, description="a task that waits")],
    ) -> Any:
        """Explain why a task waits, and the smallest changes that would place it."""
        snapshot = desk.cluster
        if task_id not in snapshot.tasks_by_id:
            raise AbsentError("the cluster has no such task; list those that wait", parameter="task_id")
        return why_waiting(snapshot, task_id, room=Room(snapshot)).to_json()

    @routes.post("/what-if", response_model=WhatIf, responses=ACCEPTED)
    async def ask_what_if(owner: Owner, given: AskWhatIf) -> Response:
        """Simulate changes of the cluster: what moves, what then waits, what it costs. Nothing is changed."""
        return await jobs.answer("what-if", owner, lambda _: _what_if(given))

    def _what_if(given: AskWhatIf) -> dict[str, Any]:
        snapshot = desk.cluster
        added = sum(getattr(c, "count", 0) for c in given.changes)
        scaled = sum(getattr(c, "replicas", 0) for c in given.changes)
        pairs = (len(snapshot.nodes) + added) * (len(snapshot.tasks) + scaled)
        if added + scaled and pairs > MOST_PAIRS:
            raise TooLargeError(
                f"this makes {pairs:,} pairs of task and node, and one request may have {MOST_PAIRS:,}; add fewer "
                "nodes or replicas",
                parameter="changes",
            )
        return what_if(snapshot, given.changes, policy_of(given.policy, desk)).to_json()

    return routes
