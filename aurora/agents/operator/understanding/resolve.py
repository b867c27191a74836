"""Fills the slots of a kind from the names and amounts of a question."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding import slots as amounts
from aurora.agents.operator.understanding.groups import groups_of
from aurora.agents.operator.understanding.mentions import Mention
from aurora.agents.operator.understanding.names import Names
from aurora.agents.operator.understanding.orders import order_of
from aurora.cluster.snapshot import Snapshot, Task

Slots = Mapping[str, Any]
"""Slot to its value: ids (one, or a list where several are meant), `all`, or amounts."""

_MEMORY = re.compile(r"\b(?:memory|mem|ram|gib|gb|gigs?)\b")
_CPU = re.compile(r"\b(?:cpus?|cores?|vcpus?|compute|processor)\b")
_MOVES = re.compile(
    r"^(?:please |can you |could you |just )*(?:move|put|migrate|relocate|shift|pin|assign|bind|take|kick|"
    r"throw|evict|remove|push)\b"
)
_RESIZE = re.compile(r"\b(?:re-?siz\w*|right-?\s?siz\w*|requests?|limits?|oversized|overprovisioned|shrink|trim)\b")
_RISK = re.compile(
    r"\b(?:runs?|running) (?:out|short|low)\b|\b(?:out|short) of memory\b|\blow on memory\b|\boom\w*|\bkill\w*|"
    r"\b(?:near|close to|hitting|reaching) (?:its|their|the|a|any) (?:memory )?limits?\b"
)
_MONEY = re.compile(r"\b(?:money|dollars?|costs?|costing|expensive|pric\w+|bill)\b|\$")
_PLACE = re.compile(
    r"\b(?:plac\w*|wait\w*|pending|queue\w*|schedul\w*|run\w*|start\w*|stuck|unscheduled|find|home|room|"
    r"somewhere|put|"
    r"plan|going|up)\b"
)
_WHY = re.compile(r"\b(?:why|y|how come|reason\w*|explain\w*|justify|who|what (?:made|brought|led))\b")
_NODES = re.compile(
    r"\b(?:nodes?|box(?:es)?|hosts?|machines?|servers?|vms?|instances?|hardware|add\w*|buy|bought|extend)\b"
)
_SCALE = re.compile(r"\b(?:scal\w*|replicas?|copies|pods|instances)\b")
_NO_NAME = re.compile(r"p\d+|x\d+|k8s|k3s|ds\d|e\d+|v\d{1,2}|q\d")
"""Words of letters and digits that name nothing of a cluster."""
_LAST_PLAN = re.compile(
    r"\b(?:(?:the|this|that|last|latest|my|newest) plan|it|that)\b|<plan>|\bplan$|^(?:undo|roll ?back|go ahead)"
)


class Resolver:
    """The names and amounts of one question.

    Args:
        names: Names of the desk.
        mentions: Names in the question.
        plain: The question, names replaced by placeholders.
    """

    def __init__(self, names: Names, mentions: tuple[Mention, ...], plain: str) -> None:
        self._names = names
        self._mentions = mentions
        self._plain = plain
        self._bare = re.sub(r"<\w+>", " ", plain)
        self.has_referred = False

    @property
    def cluster(self) -> Snapshot:
        """The open cluster."""
        assert self._names.cluster is not None  # `have` finds no names without one
        return self._names.cluster

    def refer(self, mention: Mention) -> None:
        """Add what a pronoun stands for."""
        self._mentions = (*self._mentions, mention)
        self.has_referred = True

    def of(self, *kinds: str) -> list[Mention]:
        """Return the names of some kinds."""
        return [m for m in self._mentions if m.kind in kinds]

    def named(self) -> dict[str, str]:
        """Return what the question names, one of each sort, for questions back."""
        found: dict[str, str] = {
            m.kind: m.ids[0] for m in reversed(self._mentions) if m.kind in ("node", "zone", "plan", "workload")
        }
        tasks = self.tasks(lambda t: True) if self.of("task", "workload") else []
        workloads = self.workloads()
        return {
            **found,
            **({"task": tasks[0], "waiting": tasks[0]} if tasks else {}),
            **({"workload": workloads[0]} if workloads else {}),
        }

    def have(self) -> set[str]:
        """Return which names and amounts there are."""
        found = {k for k in ("node", "zone", "plan") if self.of(k)}
        if self.of("task", "workload", "series"):
            found.add("thing")
        if len({m.ids for m in self.of("policy")}) > 1:
            found.add("policies")
        elif self.of("policy"):
            found.add("policy")
        if amounts.factor(self._plain) is not None:
            found.add("factor")
        if "plan" not in found and self._names.plan_ids and _LAST_PLAN.search(self._bare.strip()):
            found.add("plan")
        return found

    def names_a_task(self) -> bool:
        """Return whether the question names a task rather than a workload."""
        things = self.of("task", "workload", "series")
        return bool(things) and things[0].kind == "task"

    def unknown_name(self) -> str:
        """Return a word that looks like a name of something and is none of the desk's; empty if there is none."""
        for word in re.findall(r"(?<![<\w.-])[a-z]+(?:-[a-z]+)*[-_]?\d+[a-z0-9-]*(?![\w>])", self._plain):
            is_node = re.search(
                rf"\b(?:node|box|host|machine|server|vm|task|pod|"
                rf"job)s? {re.escape(word)}",
                self._plain,
            )
            if (is_node or not _NO_NAME.fullmatch(word)) and not self._is_type(word):
                return str(word)
        return ""

    def _is_type(self, word: str) -> bool:
        """Return whether a word is a part of a machine type or a device model of the cluster."""
        if self._names.cluster is None:
            return False
        types = {t.casefold() for n in self.cluster.nodes for t in (n.instance_type, n.accelerator_model) if t}
        return any(word in re.split(r"[-_.]", t) or word == t for t in types)

    def is_sort_of_node(self, word: str) -> bool:
        """Return whether nodes go by a word: their type, device, partition or sort."""
        return self._names.cluster is not None and word.removesuffix("s") in groups_of(self.cluster.nodes)

    def has_node(self, tasks: str | list[str]) -> bool:
        """Return whether any of some tasks has a node."""
        return any(self.cluster.tasks_by_id[t].node_id for t in ([tasks] if isinstance(tasks, str) else tasks))

    def fill(self, kind: Kind) -> Slots | str:
        """Return the slots of a kind, or what is missing."""
        filler = _FILLERS.get(kind)
        return {} if filler is None else filler(self)

    def tasks(self, where: Callable[[Task], bool]) -> list[str]:
        """Return the tasks that are named, or those of the named workloads for which `where` holds."""
        found: list[str] = []
        for mention in self.of("task", "workload"):
            if mention.kind == "task":
                fitting = [t for t in mention.ids if where(self.cluster.tasks_by_id[t])]
                found += fitting if len(mention.ids) > 1 else mention.ids
            else:
                own = [t for t in self.cluster.tasks if t.workload_id in mention.ids]
                known = [t for t in own if t.state in ("pending", "running")] or own
                found += [t.task_id for t in known if where(t)]
        return list(dict.fromkeys(found))

    def workloads(self) -> list[str]:
        """Return the workloads that are named, or those of the named tasks."""
        found: list[str] = []
        for mention in self.of("task", "workload"):
            if mention.kind == "workload":
                found += mention.ids
            else:
                found += [w for t in mention.ids if (w := self.cluster.tasks_by_id[t].workload_id)]
        return list(dict.fromkeys(found))

    def why_here(self) -> Slots | str:
        """Tasks that hold a node, those on the named node first."""
        nodes = [i for m in self.of("node") for i in m.ids]
        zones = [i for m in self.of("zone") for i in m.ids]
        in_zone = {n.node_id for n in self.cluster.nodes if n.zone in zones}
        found = self.tasks(lambda t: t.node_id is not None)
        there = [t for t in found if self.cluster.tasks_by_id[t].node_id in (nodes or in_zone)]
        if not found:
            return self._waiting_instead()
        if nodes and not there and not _WHY.search(self._bare):
            return "it is not there now"
        claimed = {"claimed_node": nodes[0]} if nodes and not there else {}
        return {"task": _one(there or found)} | claimed

    def _waiting_instead(self) -> Slots | str:
        found = self.tasks(lambda t: True)
        return {"task": _one(found)} if found else "it has no task now"

    def why_waiting(self) -> Slots | str:
        """Waiting tasks that are named; all, where none is."""
        if not self.of("task", "workload"):
            return {"task": "all"}
        found = self.tasks(lambda t: t.state == "pending" and t.node_id is None)
        return {"task": _one(found)} if found else self._waiting_instead()

    def why_not(self) -> Slots | str:
        """Tasks, and the node that they are not on."""
        if _MOVES.search(self._plain):
            return "I plan placements, sizes and drains, but no moves of one task"
        if len(self.of("node")[-1].ids) > 1:
            return "it names several nodes; name one"
        nodes = [i for m in self.of("node") for i in m.ids]
        found = self.tasks(lambda t: True)
        homes = {self.cluster.tasks_by_id[t].node_id for t in found}
        others = [n for n in nodes if n not in homes] or nodes
        if len(nodes) > 1:  # "on A and not on B": tasks of A
            here = [t for t in found if self.cluster.tasks_by_id[t].node_id in set(nodes) - {others[-1]}]
            found = here or found
        elif len(homes) > 1:
            found = [t for t in found if self.cluster.tasks_by_id[t].node_id != others[-1]] or found
        waiting = [t for t in found if self.cluster.tasks_by_id[t].node_id is None]
        return {"task": _one(waiting or found), "node": others[-1]} if found else "it has no task now"

    def what_if_load(self) -> Slots | str:
        """Factor and workloads."""
        value = amounts.factor(self._plain)
        if value is None or value <= 0:
            return "it does not say by how much"
        return {"factor": value, "workload": _one(self.workloads()) if self.workloads() else "all"}

    def node(self) -> Slots | str:
        """One node or several."""
        return {"node": _one([i for m in self.of("node") for i in m.ids])}

    def zone(self) -> Slots | str:
        """One zone or several."""
        return {"zone": _one([i for m in self.of("zone") for i in m.ids])}

    def what_if_price(self) -> Slots | str:
        """Factor and nodes."""
        value = amounts.factor(self._plain)
        if value is None or value < 0:
            return "it does not say by how much"
        zones = [i for m in self.of("zone") for i in m.ids]
        in_zones = [n.node_id for n in self.cluster.nodes if n.zone in zones]
        nodes = [i for m in self.of("node") for i in m.ids] or in_zones or self._nodes_of_a_type()
        return {"factor": value, "node": _one(nodes) if nodes else "all"}

    def add_nodes(self) -> Slots | str:
        """Number of nodes, and one that they are like."""
        if not self.of("node") and not _NODES.search(self._bare) and not self._nodes_of_a_type():
            return "it does not say what is added"
        if amounts.is_vague_count(self._plain):
            return "it does not say how many nodes"
        found: dict[str, Any] = {"count": amounts.count(self._plain) or 1}
        like = [i for m in self.of("node") for i in m.ids] or self._nodes_of_a_type()
        return found | ({"like": like[0]} if like else {})

    def _nodes_of_a_type(self) -> list[str]:
        """Return the nodes whose machine type, device or sort of name is named."""
        wanted = {
            node
            for name, members in groups_of(self.cluster.nodes).items()
            if re.search(rf"(?<![\w-]){re.escape(name)}s?(?![\w-])", self._bare)
            for node in members
        }
        if re.search(r"\bgpus?\b", self._bare):
            wanted |= {n.node_id for n in self.cluster.nodes if any("gpu" in r for r in n.allocatable)}
        return [n.node_id for n in self.cluster.nodes if n.node_id in wanted]

    def forecast(self) -> Slots | str:
        """Workload, series and horizon."""
        found: dict[str, Any] = {"workload": _one(self._demanded()) if self._demanded() else "all"}
        series = self.of("series")
        if series:
            found["series"] = series[0].ids[0]
            found["workload"] = series[0].ids[0].rpartition("/")[0]
        elif self.metric() and len(self._demanded()) == 1:
            found["series"] = f"{self._demanded()[0]}/{self.metric()}"
        seconds = amounts.horizon(self._plain)
        return found | ({"horizon": seconds} if seconds else {})

    def _demanded(self) -> list[str]:
        return self.workloads()

    def metric(self) -> str:
        """Return the resource that is asked about; empty: none."""
        if _MEMORY.search(self._bare):
            return "memory"
        return "cpu" if _CPU.search(self._bare) else ""

    def reserve(self) -> Slots | str:
        """Workload, horizon, confidence, and the resource."""
        found: dict[str, Any] = dict(self.forecast())  # type: ignore[arg-type]  # never a text
        found.pop("series", None)
        if self.metric():
            found["metric"] = self.metric()
        value = amounts.confidence(self._plain)
        return found | ({"confidence": value} if value else {})

    def oversized(self) -> Slots | str:
        """Workloads; all, where none is named. What they are listed by, where that is money or the risk of a kill."""
        found = {"workload": _one(self.workloads()) if self.workloads() else "all"}
        by = "risk" if _RISK.search(self._bare) else "money" if _MONEY.search(self._bare) else ""
        return found | ({"by": by} if by else {})

    def compare_policies(self) -> Slots | str:
        """Policies, in their order."""
        return {"policies": list(dict.fromkeys(i for m in self.of("policy") for i in m.ids))}

    def plan(self) -> Slots | str:
        """The plan that is named, or the newest."""
        found = [i for m in self.of("plan") for i in m.ids]
        if len(set(found)) > 1:
            return "it names several plans; one at a time"
        if found:
            return {"plan": found[0]}
        return {"plan": self._names.plan_ids[0]} if self._names.plan_ids else "there is no plan yet"

    def make_plan(self) -> Slots | str:
        """Goal: to place what waits, to scale, or to resize."""
        workloads = self.workloads()
        if self.of("node"):
            return (
                "a plan for a node that you choose is made with `aurora plan new`; I plan placements, sizes and drains"
            )
        wanted = amounts.replicas(self._plain, self._replicas(workloads))
        if workloads and wanted is not None and (_SCALE.search(self._bare) or not _RESIZE.search(self._bare)):
            if len(workloads) > 1:
                return "it names several workloads to scale"
            return {"goal": "scale", "workload": workloads[0], "replicas": wanted}
        if _RESIZE.search(self._bare):
            return {"goal": "resize", "workload": _one(workloads)} if workloads else {"goal": "resize"}
        if _SCALE.search(self._bare) and workloads:
            return "it does not say how many replicas"
        if not _PLACE.search(self._bare):
            return "it does not say what the plan is for"
        tasks = self.tasks(lambda t: t.state == "pending" and t.node_id is None)
        if self.of("task", "workload") and not tasks:
            return "nothing of it waits, so there is nothing to place"
        return {"goal": "place_waiting"} | ({"task": _one(tasks)} if tasks else {})

    def _replicas(self, workloads: list[str]) -> int | None:
        """Return how many tasks one workload has; None: of several workloads, or not known."""
        if len(workloads) != 1:
            return None
        return next((w.replicas for w in self.cluster.workloads if w.workload_id == workloads[0]), None)

    def show_task(self) -> Slots | str:
        """Tasks."""
        return {"task": _one(self.tasks(lambda t: True))}

    def show_workload(self) -> Slots | str:
        """Workloads."""
        return {"workload": _one(self.workloads())} if self.workloads() else "it belongs to no workload"

    def find_nodes(self) -> Slots | str:
        """Order of the nodes."""
        order = order_of(self._bare)
        if not order:
            return "I order nodes by how full, how empty or how dear they are"
        zones = [i for m in self.of("zone") for i in m.ids]
        return {"order": order} | ({"zone": zones[0]} if zones else {})


def _one(ids: list[str]) -> str | list[str]:
    distinct = list(dict.fromkeys(ids))
    return distinct[0] if len(distinct) == 1 else distinct


_FILLERS: Mapping[str, Callable[[Resolver], Slots | str]] = {
    "why_here": Resolver.why_here,
    "why_waiting": Resolver.why_waiting,
    "why_not": Resolver.why_not,
    "what_if_load": Resolver.what_if_load,
    "what_if_node_fails": Resolver.node,
    "what_if_zone_fails": Resolver.zone,
    "what_if_price": Resolver.what_if_price,
    "what_if_add_nodes": Resolver.add_nodes,
    "what_if_remove_node": Resolver.node,
    "forecast": Resolver.forecast,
    "reserve": Resolver.reserve,
    "oversized": Resolver.oversized,
    "compare_policies": Resolver.compare_policies,
    "check_plan": Resolver.plan,
    "make_plan": Resolver.make_plan,
    "drain": Resolver.node,
    "show_node": Resolver.node,
    "show_task": Resolver.show_task,
    "show_workload": Resolver.show_workload,
    "find_nodes": Resolver.find_nodes,
    "apply_plan": Resolver.plan,
    "rollback_plan": Resolver.plan,
}
