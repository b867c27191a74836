"""The wire format of kube-scheduler's extenders, version 1.

The types are those of `k8s.io/kube-scheduler/extender/v1` (staging/src/k8s.io/kube-scheduler/extender/v1/types.go).
They have no JSON tags, so their keys are the names of Go's fields (`NodeNames`); up to Kubernetes 1.16 they were lower
case. Go ignores the case of keys when it reads, and so does this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from aurora.cluster.scheduler.binding import Binding
from aurora.cluster.scheduler.cluster import Ranked
from aurora.cluster.scheduler.names import ListCache, NameTable, NodeList, names_of
from aurora.cluster.scheduler.scoring import SCORED
from aurora.cluster.scheduler.state import REASONS, Decision
from aurora.errors import DataError
from aurora.sim.kernel.lanes import LOWEST

MAX_PRIORITY = 10
"""`MaxExtenderPriority`: the highest score of a node; kube-scheduler multiplies it by ten and by the weight."""
PREFIX = "aurora: "
"""What reasons begin with in the events of a pod."""
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_NAMES_KEY = b'"NodeNames":['


class ExtenderArgs(NamedTuple):
    """What kube-scheduler sends to filter and to prioritize.

    Attributes:
        pod: The pod.
        nodes: The nodes that are asked about.
        objects: The same as objects, where `nodeCacheCapable` is false; None otherwise.
    """

    pod: Mapping[str, Any]
    nodes: NodeList
    objects: Sequence[Mapping[str, Any]] | None


def parse_arguments(body: bytes, table: NameTable, lists: ListCache) -> ExtenderArgs:
    """Parse `ExtenderArgs`.

    Args:
        body: JSON.
        table: Names of the cluster's nodes.
        lists: Lists of names that came before; a new one is added.

    Raises:
        DataError: It is no JSON, or not of that type; says where.
    """
    try:
        return _split_arguments(body, table, lists) or _whole_arguments(orjson.loads(body), table)
    except ValueError as error:  # of orjson
        raise DataError(f"the body is no JSON: {str(error)[:200]}") from None


def _split_arguments(body: bytes, table: NameTable, lists: ListCache) -> ExtenderArgs | None:
    """Parse a body that ends with a list of names, as kube-scheduler writes it; None for another one.

    The list is cut out and `null` put in its place. If the rest is JSON then, and `NodeNames` is its last key, the list
    was the value of that key: no other place of `null` before the closing brace makes an object.
    """
    begin, end = body.rfind(_NAMES_KEY), body.rfind(b"]") + 1
    begin += len(_NAMES_KEY) - 1
    if not len(_NAMES_KEY) <= begin < end or body[end:].strip(b" \t\r\n") != b"}":
        return None
    try:
        data = orjson.loads(body[:begin] + b"null}")
    except ValueError:
        return None
    if next(reversed(data)) != "NodeNames":
        return None
    return ExtenderArgs(_pod(data), lists.read(body[begin:end], table), None)


def _whole_arguments(data: Any, table: NameTable) -> ExtenderArgs:
    if not isinstance(data, dict):
        raise DataError("the body is no object; ExtenderArgs has the keys Pod, and Nodes or NodeNames")
    pod, nodes, names = _pod(data), _value(data, "Nodes"), _value(data, "NodeNames")
    if names is not None:
        return ExtenderArgs(pod, table.resolve(names_of(names)), None)
    if nodes is None:
        raise DataError("there are neither Nodes nor NodeNames")
    items = nodes.get("items") if isinstance(nodes, dict) else None
    if items is None and isinstance(nodes, dict):
        items = []
    if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
        raise DataError("Nodes.items: it is no list of nodes")
    return ExtenderArgs(pod, table.resolve([_name(k, item) for k, item in enumerate(items)]), items)


def _pod(data: Mapping[str, Any]) -> Mapping[str, Any]:
    pod = _value(data, "Pod")
    if not isinstance(pod, dict):
        raise DataError("Pod: there is none" if pod is None else "Pod: it is no object")
    return pod


def filter_result(arguments: ExtenderArgs, ranked: Ranked) -> bytes:
    """Return `ExtenderFilterResult`: nodes as they came in, in the form in which they came in."""
    marks, nodes = ranked.decision.marks, ranked.nodes
    is_kept = nodes.passed(marks != SCORED)
    failed = [nodes.encode_texts((marks == m) & ~ranked.never, f"{PREFIX}{text}") for m, text in REASONS.items()]
    kept, names = b"null", b"null"
    if arguments.objects is None:
        names = nodes.encode_names(is_kept)
    else:
        items = list(compress(arguments.objects, is_kept.tolist()))
        kept = b'{"metadata":{},"items":' + orjson.dumps(items) + b"}"
    return b'{"Nodes":%b,"NodeNames":%b,"FailedNodes":{%b},"FailedAndUnresolvableNodes":{%b},"Error":""}' % (
        kept,
        names,
        b",".join(filter(None, failed)),
        nodes.encode_texts(ranked.never, f"{PREFIX}too small, or of another model"),
    )


def filter_error(message: str) -> bytes:
    """Return an `ExtenderFilterResult` with an error, which kube-scheduler writes to the pod's events."""
    return orjson.dumps(
        {"Nodes": None, "NodeNames": None, "FailedNodes": {}, "FailedAndUnresolvableNodes": {}, "Error": message}
    )


def parse_binding(body: bytes) -> Binding:
    """Parse `ExtenderBindingArgs`.

    Raises:
        DataError: It is no JSON, or not of that type; says where.
    """
    try:
        data = orjson.loads(body)
    except ValueError as error:
        raise DataError(f"the body is no JSON: {str(error)[:200]}") from None
    values = []
    for key in ("PodName", "PodNamespace", "PodUID", "Node"):
        value = _value(data, key) if isinstance(data, dict) else None
        if not isinstance(value, str) or not (value if key == "PodUID" else _NAME.fullmatch(value)):
            raise DataError(f"{key}: there is none, or it is no name of Kubernetes")
        values.append(value)
    return Binding(*values)


def binding_result(error: str) -> bytes:
    """Return `ExtenderBindingResult`; without an error the pod is bound."""
    return orjson.dumps({"Error": error})


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
