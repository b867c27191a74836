"""Binds pods to nodes where kube-scheduler leaves that to the extender (`bindVerb`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aurora.cluster.plans.targets.api import Api, ApiError


class Binding(NamedTuple):
    """`ExtenderBindingArgs`: a pod and its node, by names of Kubernetes.

    Attributes:
        name: Name of the pod.
        namespace: Its namespace.
        uid: Its uid.
        node: Name of the node.
    """

    name: str
    namespace: str
    uid: str
    node: str


class Refused(NamedTuple):
    """A binding that was not made.

    Attributes:
        message: Why.
        is_certain: Whether the cluster refused it; otherwise it did not answer, and may have made it.
    """

    message: str
    is_certain: bool


Binder = Callable[[Binding], Refused | None]
"""Makes a binding; returns why not, None if it was made."""


def binder_of(api: Api) -> Binder:
    """Return what makes bindings in a cluster; it needs the right `create` on `pods/binding`."""

    def bind(binding: Binding) -> Refused | None:
        path = f"/api/v1/namespaces/{binding.namespace}/pods/{binding.name}/binding"
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": binding.name, "namespace": binding.namespace, "uid": binding.uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": binding.node},
        }
        try:
            api.post(path, body)
        except ApiError as error:
            return Refused(str(error), 400 <= error.code < 500)  # noqa: PLR2004  # the client's fault
        return None

    return bind
