"""The facts that a question about a cluster needs, computed by tools, and the check that an answer tells them.

A fact counts in any wording: by one of its names, or by one of its amounts within a sentence about it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aurora.tools.harness import Harness

_NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w-])")
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NONE = re.compile(r"\b(?:no|none|nothing|nobody|never|without)\b|n't\b|\bnot\b", re.IGNORECASE)
MOST_NAMES = 3
"""Most names of a list that an answer needs one by one."""


class Needed(NamedTuple):
    """A fact that a question needs.

    Attributes:
        what: The fact in words.
        names: Names, one of which tells it.
        amounts: Amounts in the units in which people state them, one of which tells it.
        about: Words, one of which is in a sentence that tells it by an amount; none: any sentence may.
    """

    what: str
    names: tuple[str, ...] = ()
    amounts: tuple[float, ...] = ()
    about: tuple[str, ...] = ()

    def is_told(self, sentences: Sequence[str]) -> bool:
        """Return whether a sentence tells the fact."""
        return any(self._in(s) for s in sentences)

    def _in(self, sentence: str) -> bool:
        if any(re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", sentence, re.IGNORECASE) for n in self.names):
            return True
        if self.about and not any(re.search(rf"\b{word}", sentence, re.IGNORECASE) for word in self.about):
            return False
        if 0 in self.amounts and _NONE.search(sentence):
            return True
        return bool({_rounded(a) for a in self.amounts} & _figures(sentence))


def _figures(sentence: str) -> set[str]:
    """Return the numbers of a sentence with two significant digits, those in words included."""
    told = [float(n.replace(",", "")) for n in _NUMBER.findall(sentence)]
    words = {w.lower() for w in re.findall(r"[A-Za-z]+", sentence)}
    return {_rounded(n) for n in (*told, *(k for k, word in enumerate(_WORDS) if word in words))}


def _rounded(number: float) -> str:
    return f"{number:.2g}"


def full(look: Callable[..., Any]) -> list[Needed]:
    """Return what the question needs how full the cluster is."""
    seen = look("cluster_overview")
    return [
        *(
            Needed(f"requested {r['resource']}", amounts=_share(r["requested_share"], r["requested"], r["free"]))
            for r in seen["resources"]
            if r["requested"]
        ),
        Needed("waiting tasks", amounts=(seen["pending"],), about=("wait", "pending", "queue")),
    ]


def room(look: Callable[..., Any], node: str) -> list[Needed]:
    """Return what the question needs how much room a node has left."""
    resources = look("node_details", node_id=node)["node"]["resources"]
    return [
        Needed(f"free {r['resource']}", amounts=(r["free"],))
        for r in resources
        if r["allocatable"] and r["resource"] != "ephemeral-storage"
    ]


def waiting(look: Callable[..., Any], task: str) -> list[Needed]:
    """Return what the question needs why a task waits."""
    why = look("why_task_waits", task_id=task)
    if why["fits_now"]:
        found = [Needed("a node that has room", names=tuple(why["fits_now"]))]
    elif why["never"]:
        found = [
            Needed(
                "that it fits nowhere",
                names=(
                    "never",
                    "nowhere",
                    "no node",
                    "none",
                    "not",
                    "empty cluster",
                    "everything free",
                    "largest node",
                ),
            )
        ]
    else:
        counts = tuple(float(n) for n in re.findall(r"(?<![\d.])(\d+) ", why["summary"].partition(":")[2]))
        found = [
            Needed("that no node fits", names=("no node", "none", "0 of"), amounts=(0,), about=("fit", "room", "node")),
            Needed("the commonest reason", amounts=counts[:1]),
        ]
        if why["remedies"]:
            found.append(Needed("the easiest remedy", names=(why["remedies"][0]["node_id"],)))
    reason = (why["system_reason"] or "").partition(",")[0]
    if reason and " " not in reason:  # a word such as Resources; a sentence repeats what each node lacks
        found.append(Needed("the system's own reason", names=(reason,)))
    return found


def failure(look: Callable[..., Any], node: str) -> list[Needed]:
    """Return what the question needs what happens if a node fails."""
    seen = look("cluster_what_if", changes=[{"kind": "node_fails", "node_id": node}])
    losing = ("lose", "displaced", "task", "place", "another", "elsewhere", "evict")
    return [
        Needed("tasks that lose it", amounts=(seen["displaced"],), about=losing),
        Needed(
            "tasks that wait then",
            amounts=(len(seen["newly_waiting"]), seen["after"]["waiting"]),
            about=("wait", "pending", "place", "another", "room"),
        ),
        *(Needed("a task that finds no node", names=(t["task_id"],)) for t in seen["newly_waiting"][:MOST_NAMES]),
    ]


def more_load(look: Callable[..., Any]) -> list[Needed]:
    """Return what the question needs what 30 % more load would do."""
    after = look("cluster_what_if", changes=[{"kind": "load", "factor": 1.3}])["after"]
    return [
        Needed("tasks that wait then", amounts=(after["waiting"],), about=("wait", "pending")),
        Needed("overfull nodes", amounts=(after["overfull_nodes"],), about=("overfull", "beyond", "over")),
        Needed("requested cores", amounts=_share(after["requested_share"]["cpu"])),
    ]


def free_memory(look: Callable[..., Any]) -> list[Needed]:
    """Return what the question needs which nodes have the most free memory."""
    free = {
        n["node_id"]: r["free"]
        for n in look("find_nodes", limit=40)["nodes"]
        if n["is_usable"]
        for r in n["resources"]
        if r["resource"] == "memory"
    }
    most = max(free.values())
    return [
        Needed("the node with the most", names=tuple(n for n, amount in free.items() if amount == most)),
        Needed("its free memory", amounts=(most,)),
    ]


def _share(share: float, *amounts: float) -> tuple[float, ...]:
    return (100 * share, share, *amounts)


QUESTIONS: Mapping[str, Callable[..., list[Needed]]] = {
    "How full is the cluster?": full,
    "How much room is left on {node}?": room,
    "Why is {waiting} waiting?": waiting,
    "What happens if {node} fails?": failure,
    "What would happen with 30 % more load?": more_load,
    "Which nodes have the most free memory?": free_memory,
}
"""Questions, with the functions that return what they need; a name in braces is filled in, and passed on."""


def looking(harness: Harness) -> Callable[..., Any]:
    """Return a function that calls a tool of a harness and returns its whole result."""

    def look(tool: str, **arguments: Any) -> Any:
        harness.call(tool, arguments)
        return json.loads(harness.journal[-1].text)

    return look
