"""The wire format of kube-scheduler's extenders, version 1.

The types are those of `k8s.io/kube-scheduler/extender/v1` (staging/src/k8s.io/kube-scheduler/extender/v1/types.go).
They have no JSON tags, so their keys are the names of Go's fields (`NodeNames`); up to Kubernetes 1.16 they were lower
case. Go ignores the case of keys when it reads, and so does this module.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.cluster.scheduler.scoring import SCORED
from aurora.cluster.scheduler.state import Decision
from aurora.errors import DataError
from aurora.sim.kernel.lanes import LOWEST

MAX_PRIORITY = 10
"""`MaxExtenderPriority`: the highest score of a node; kube-scheduler multiplies it by ten and by the weight."""


class ExtenderArgs(NamedTuple):
    """What kube-scheduler sends to filter and to prioritize.

    Attributes:
        pod: The pod.
        nodes: Node objects, where `nodeCacheCapable` is false; None otherwise.
        names: Names of the nodes that are asked about.
    """

    pod: Mapping[str, Any]
    nodes: tuple[Mapping[str, Any], ...] | None
    names: tuple[str, ...]


def parse_arguments(body: bytes) -> ExtenderArgs:
    """Parse `ExtenderArgs`.

    Raises:
        DataError: It is no JSON, or not of that type; says where.
    """
    try:
        data = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the body is no JSON: {str(error)[:200]}") from None
    if not isinstance(data, dict):
        raise DataError("the body is no object; ExtenderArgs has the keys Pod, and Nodes or NodeNames")
    pod, nodes, names = (_value(data, key) for key in ("Pod", "Nodes", "NodeNames"))
    if not isinstance(pod, dict):
        raise DataError("Pod: there is none" if pod is None else "Pod: it is no object")
    if names is not None:
        if not isinstance(names, list) or not set(map(type, names)) <= {str}:
            raise DataError("NodeNames: it is no list of names")
        return ExtenderArgs(pod, None, tuple(names))
    if nodes is None:
        raise DataError("there are neither Nodes nor NodeNames")
    items = nodes.get("items") if isinstance(nodes, dict) else None
    if items is None and isinstance(nodes, dict):
        items = []
    if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
        raise DataError("Nodes.items: it is no list of nodes")
    return ExtenderArgs(pod, tuple(items), tuple(_name(k, item) for k, item in enumerate(items)))


def filter_result(
    arguments: ExtenderArgs, passed: set[str], failed: Mapping[str, str], unresolvable: Mapping[str, str]
) -> bytes:
    """Return `ExtenderFilterResult`: nodes as they came in, in the form in which they came in.

    Args:
        arguments: The request.
        passed: Names of the nodes on which the pod may go.
        failed: Why others are out, by name.
        unresolvable: The same where evicting pods would not help.
    """
    nodes = names = None
    if arguments.nodes is None:
        names = [n for n in arguments.names if n in passed]
    else:
        kept = [item for name, item in zip(arguments.names, arguments.nodes, strict=True) if name in passed]
        nodes = {"metadata": {}, "items": kept}
    return _encoded(
        {
            "Nodes": nodes,
            "NodeNames": names,
            "FailedNodes": failed,
            "FailedAndUnresolvableNodes": unresolvable,
            "Error": "",
        }
    )


def filter_error(message: str) -> bytes:
    """Return an `ExtenderFilterResult` with an error, which kube-scheduler writes to the pod's events."""
    return _encoded(
        {"Nodes": None, "NodeNames": None, "FailedNodes": {}, "FailedAndUnresolvableNodes": {}, "Error": message}
    )


def host_priorities(names: Sequence[str], scores: Mapping[str, int]) -> bytes:
    """Return `HostPriorityList`; nodes without a score have 0."""
    entries = [f'{{"Host":{encode_basestring_ascii(n)},"Score":{scores.get(n, 0)}}}' for n in names]
    return f"[{','.join(entries)}]".encode()


def scaled(decision: Decision) -> NDArray[np.int64]:
    """Return scores from 0 to 10 in the order of the candidates.

    The policy's choice alone has 10, so that kube-scheduler, which draws among equals, takes it. The others have 0 to
    9, linearly between the lowest and the highest score.
    """
    found = np.zeros(len(decision.candidates), np.int64)
    usable = (decision.marks == SCORED) & (decision.scores > LOWEST)
    if usable.any():
        scores = decision.scores[usable]
        low, high = float(scores.min()), float(scores.max())
        with np.errstate(over="ignore"):
            width = high - low
        share = (scores / width - low / width) if 0 < width < np.inf else (scores == high).astype(float)
        found[usable] = np.clip(np.floor((MAX_PRIORITY - 1) * share), 0, MAX_PRIORITY - 1)
    if decision.node >= 0:
        found[np.searchsorted(decision.candidates, decision.node)] = MAX_PRIORITY
    return found


def _value(data: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key, whatever its case, as Go finds it."""
    if key in data:
        return data[key]
    return next((value for name, value in data.items() if name.lower() == key.lower()), None)


def _name(number: int, node: Mapping[str, Any]) -> str:
    metadata = node.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name:
        raise DataError(f"Nodes.items[{number}]: it has no metadata.name")
    return name


def _encoded(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON number")
