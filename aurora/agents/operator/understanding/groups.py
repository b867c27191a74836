"""Groups of nodes: Slurm's lists of hosts, sorts of nodes, and what names have in common."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from aurora.cluster.snapshot import Node

_HOSTLIST = re.compile(r"\b([a-z][\w-]*)\[([\d,-]+)\]")
MAX_RANGE = 200
"""Most hosts of one range."""


def with_hosts(text: str) -> str:
    """Return a text with Slurm's lists of hosts written out.

    >>> with_hosts("drain cn[01-03,07]")
    'drain cn01 cn02 cn03 cn07'
    """
    return _HOSTLIST.sub(lambda match: " ".join(f"{match[1]}{n}" for n in _numbers(match[2])), text)


def _numbers(listed: str) -> Iterator[str]:
    for part in listed.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            stop = min(int(last or first), int(first) + MAX_RANGE)
            yield from (f"{n:0{len(first)}d}" for n in range(int(first), stop + 1))


def stem_of(name: str) -> str:
    """Return a name without the digits at its end."""
    return name.rstrip("0123456789")


def groups_of(nodes: Sequence[Node]) -> dict[str, list[str]]:
    """Return the sorts of nodes by name: machine type, device, beginning of the names, partition or feature.

    >>> groups_of([Node(node_id="cn01", labels={"partition.slurm/compute": "true"})])
    {'cn': ['cn01'], 'compute': ['cn01']}
    """
    groups: dict[str, list[str]] = {}
    stems = {node.node_id: re.sub(r"[-_]?\d+$", "", node.node_id.casefold()) for node in nodes}
    for node in nodes:
        kinds = {
            (node.instance_type or "").casefold(),
            *re.split(r"[-_.]", (node.accelerator_model or "").casefold())[:1],
            stems[node.node_id],
            *(label.rpartition("/")[2] for label, value in node.labels.items() if value == "true"),
            *(value for label, value in node.labels.items() if label.casefold() in ("lifecycle", "pool", "partition")),
            *("gpu" for resource in node.allocatable if "gpu" in resource),
        } - {"", "node", "worker"}
        for kind in sorted(k for k in kinds if len(k) > 1):
            if kind in stems.values() and stems[node.node_id] != kind:
                continue  # nodes that go by that name are meant
            groups.setdefault(kind, []).append(node.node_id)
    return groups


def common_stem(names: Collection[str]) -> str:
    """Return what all names begin with, up to a separator; empty for fewer than two."""
    common = common_beginning(names)
    cut = max(common.rfind(c) for c in "-_.")
    return common[: cut + 1]


def common_beginning(names: Collection[str]) -> str:
    """Return the letters that all names begin with; empty for fewer than two names."""
    if len(names) <= 1:
        return ""
    first, last = min(names), max(names)
    same = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]
