"""Requests and limits of pods, as kube-scheduler and `kubectl describe node` compute them.

Source: `k8s.io/component-helpers/resource/helpers.go` (`PodRequests`, `PodLimits`), Kubernetes 1.33 to 1.35: main
containers and sidecars run together; init containers run one after another before them, each beside the sidecars that
precede it; requests of the whole pod replace the sum of its containers'; overhead of the runtime comes on top. During
a resize each container counts with the largest of what it asks for and holds. Later versions take the largest of the
sums, which is less where two containers of a pod are resized in opposite directions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from aurora.cluster.kubernetes_quantities import Nanos, in_units, quantities
from aurora.cluster.readers.kubernetes.fields import Object, mapping, named, nested, objects, text
from aurora.cluster.snapshot import Container
from aurora.errors import DataError

Kind = Literal["main", "init", "sidecar"]


class Part(NamedTuple):
    """A container with its amounts in billionths.

    Attributes:
        name: Name within the pod.
        kind: Kind of the container.
        requests: Its requests, or the amounts that it holds now if they are larger.
        limits: Its limits.
        is_resizing: True if it holds other amounts than its pod asks for.
        has_request_from_limit: True if a request was absent and taken from the limit.
    """

    name: str
    kind: Kind
    requests: Nanos
    limits: Nanos
    is_resizing: bool = False
    has_request_from_limit: bool = False

    def container(self) -> Container:
        """Return the container for a snapshot."""
        return Container(
            name=self.name,
            kind=self.kind,
            requests=_without_zeros(in_units(self.requests, f"{self.name}.requests")),
            limits=_without_zeros(in_units(self.limits, f"{self.name}.limits")),
        )


def parts(spec: Object, status: Object) -> tuple[Part, ...]:
    """Return the containers of a pod: init containers and sidecars in their order, then the main ones.

    Args:
        spec: `spec` of the pod, or of a template.
        status: `status` of the pod; empty for a template.

    Raises:
        DataError: A field is not what it should be; names the container.
    """
    held = {text(s, "name"): s for key in ("containerStatuses", "initContainerStatuses") for s in objects(status, key)}
    is_infeasible = _is_infeasible(status)
    found = []
    for key in ("initContainers", "containers"):
        for number, container in enumerate(objects(spec, key)):
            try:
                name = named(container)
                found.append(_part(container, name, key == "initContainers", held.get(name, {}), is_infeasible))
            except DataError as error:
                raise DataError(f"spec.{key}[{number}]: {error}") from None
    return tuple(found)


def _is_infeasible(status: Object) -> bool:
    """Return whether the node refused a resize for good: what is held counts then, not what is asked for."""
    return text(status, "resize") == "Infeasible" or any(
        text(c, "type") == "PodResizePending" and text(c, "reason") == "Infeasible"
        for c in objects(status, "conditions")
    )


def _part(container: Object, name: str, is_first: bool, held: Object, is_infeasible: bool) -> Part:
    resources = mapping(container, "resources")
    limits = quantities(mapping(resources, "limits"), "limits")
    asked = quantities(mapping(resources, "requests"), "requests")
    requests = {**limits, **asked} if limits else asked
    kind: Kind = "main" if not is_first else "sidecar" if text(container, "restartPolicy") == "Always" else "init"
    is_resizing = False
    if held and kind != "init":
        now = most(
            quantities(nested(held, "resources", "requests"), "status.resources.requests"),
            quantities(mapping(held, "allocatedResources"), "status.allocatedResources"),
        )
        is_resizing = any(requests.get(r, 0) != amount for r, amount in now.items())
        if is_resizing:
            requests = now if is_infeasible else most(requests, now)
        actual = quantities(nested(held, "resources", "limits"), "status.resources.limits")
        limits = actual if is_infeasible and actual else most(limits, actual) if limits else limits
    return Part(name, kind, requests, limits, is_resizing, len(requests) > len(asked) and not is_resizing)


def pod_requests(containers: Iterable[Part], spec: Object, status: Object) -> Nanos:
    """Return what a pod asks for in all, in billionths.

    Raises:
        DataError: A field is not what it should be.
    """
    amounts = _together(containers, "requests")
    overhead = quantities(mapping(spec, "overhead"), "spec.overhead")
    whole = quantities(nested(spec, "resources", "requests"), "spec.resources.requests")
    if whole:
        now = most(
            quantities(nested(status, "resources", "requests"), "status.resources.requests"),
            quantities(mapping(status, "allocatedResources"), "status.allocatedResources"),
        )
        held = {
            r: max(0, amount - overhead.get(r, 0)) for r, amount in now.items()
        }  # the status has the overhead in it
        whole = held if held and _is_infeasible(status) else most(whole, held)
        amounts |= {r: amount for r, amount in whole.items() if _is_of_whole_pods(r)}
    return _plus(amounts, overhead)


def pod_limits(containers: Iterable[Part], spec: Object) -> Nanos:
    """Return the limits of a pod in all, in billionths.

    Raises:
        DataError: A field is not what it should be.
    """
    amounts = _together(containers, "limits")
    whole = quantities(nested(spec, "resources", "limits"), "spec.resources.limits")
    amounts |= {r: amount for r, amount in whole.items() if _is_of_whole_pods(r)}
    overhead = quantities(mapping(spec, "overhead"), "spec.overhead")
    return _plus(amounts, {r: amount for r, amount in overhead.items() if amounts.get(r)})


def amounts_of(nanos: Nanos, where: str) -> dict[str, float]:
    """Return amounts of a pod in the snapshot's units, those of 0 left out.

    Raises:
        DataError: One is larger than a snapshot holds.
    """
    return _without_zeros(in_units(nanos, where))


def most(first: Nanos, second: Nanos) -> Nanos:
    """Return the larger amount of each resource."""
    return {r: max(first.get(r, 0), second.get(r, 0)) for r in [*first, *(r for r in second if r not in first)]}


def _together(containers: Iterable[Part], field: Literal["requests", "limits"]) -> Nanos:
    """Return the largest amount held at one time: while all run, or while an init container does."""
    running: Nanos = {}
    beside: Nanos = {}
    before: Nanos = {}
    for part in containers:
        amounts: Nanos = part.requests if field == "requests" else part.limits
        if part.kind == "main":
            running = _plus(running, amounts)
        elif part.kind == "sidecar":
            running = _plus(running, amounts)
            beside = _plus(beside, amounts)
            before = most(before, beside)
        else:
            before = most(before, _plus(amounts, beside))
    return most(running, before)


def _plus(first: Nanos, second: Nanos) -> Nanos:
    result = dict(first)
    for resource, amount in second.items():
        result[resource] = result.get(resource, 0) + amount
    return result


def _is_of_whole_pods(resource: str) -> bool:
    return resource in ("cpu", "memory") or resource.startswith("hugepages-")


def _without_zeros(amounts: dict[str, float]) -> dict[str, float]:
    return {resource: amount for resource, amount in amounts.items() if amount}
