"""The fields of Kubernetes objects that are kept; everything else is left out as soon as it is read.

Environment variables, commands, arguments, probes, mounts, images, secrets, managed fields and all annotations but
those below never get beyond this module. It also escapes control characters in whatever is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aurora.errors import DataError

MAX_DEPTH = 30
"""Most levels of nested lists and objects in a field that is kept."""

MAX_CHARACTERS = 1024
"""Most characters of a text that is kept; labels and names have at most 253."""

_WHOLE: Final = None
"""Stands for a field that is kept with all that is in it."""

Shape = Mapping[str, Any]
"""Field to the shape of its value, `_WHOLE` for all of it; a list has the shape of its items."""


def _fields(names: str, **shapes: Shape) -> Shape:
    return {**dict.fromkeys(names.split(), _WHOLE), **shapes}


ANNOTATIONS = _fields(
    "kubernetes.io/config.mirror meta.helm.sh/release-name argocd.argoproj.io/tracking-id "
    "cluster-autoscaler.kubernetes.io/safe-to-evict "
    "scheduling.k8s.io/group-name pod-group.scheduling.sigs.k8s.io/name scheduling.volcano.sh/group-name "
    "gpu-fraction gpu-fraction-num-devices gpu-memory alibabacloud.com/gpu-milli alibabacloud.com/gpu-count "
    "alibabacloud.com/gpu-card-model nvidia.com/use-gputype"
)
"""Annotations that are kept: owners, gangs, and shares of devices."""

_METADATA = _fields(
    "name namespace uid creationTimestamp deletionTimestamp labels",
    annotations=ANNOTATIONS,
    ownerReferences=_fields("kind name controller"),
)
_RESOURCES = _fields("requests limits claims")
_CONTAINER = _fields("name restartPolicy", resources=_RESOURCES, ports=_fields("hostPort containerPort protocol"))
_ENDED = _fields("reason finishedAt")
_CONTAINER_STATUS = _fields(
    "name restartCount allocatedResources",
    resources=_RESOURCES,
    state=_fields("", waiting=_fields("reason"), terminated=_ENDED, running=_fields("startedAt")),
    lastState=_fields("", terminated=_ENDED),
)
_CONDITIONS = _fields("type status reason message lastHeartbeatTime lastTransitionTime")
_POD_SPEC = _fields(
    "nodeName nodeSelector affinity tolerations topologySpreadConstraints priority priorityClassName preemptionPolicy "
    "schedulerName schedulingGates hostNetwork overhead runtimeClassName activeDeadlineSeconds",
    resources=_RESOURCES,
    resourceClaims=_fields("name resourceClaimName resourceClaimTemplateName"),
    containers=_CONTAINER,
    initContainers=_CONTAINER,
    ephemeralContainers=_fields("name"),
    volumes=_fields("name", persistentVolumeClaim=_fields("claimName"), ephemeral=_fields("")),
)
_POD_STATUS = _fields(
    "phase reason message startTime nominatedNodeName resize allocatedResources",
    resources=_RESOURCES,
    conditions=_CONDITIONS,
    containerStatuses=_CONTAINER_STATUS,
    initContainerStatuses=_CONTAINER_STATUS,
)
_NODE = _fields(
    "",
    spec=_fields("unschedulable taints providerID"),
    status=_fields("capacity allocatable", conditions=_CONDITIONS, nodeInfo=_fields("kubeletVersion")),
)
_SELECTOR = _fields("matchLabels matchExpressions")
_TEMPLATE = _fields("", metadata=_fields("labels", annotations=ANNOTATIONS), spec=_POD_SPEC)
_WORKLOAD = _fields(
    "",
    spec=_fields("replicas parallelism completions suspend activeDeadlineSeconds", template=_TEMPLATE),
    status=_fields("replicas desiredNumberScheduled succeeded completionTime"),
)
_USAGE = _fields("timestamp window usage", containers=_fields("name usage"))

SHAPES: Mapping[tuple[str, str], Shape] = {
    ("", "Node"): _NODE,
    ("", "Pod"): _fields("", spec=_POD_SPEC, status=_POD_STATUS),
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "ReplicaSet"): _WORKLOAD,
    ("apps", "StatefulSet"): _WORKLOAD,
    ("apps", "DaemonSet"): _WORKLOAD,
    ("", "ReplicationController"): _WORKLOAD,
    ("batch", "Job"): _WORKLOAD,
    ("batch", "CronJob"): _fields(
        "", spec=_fields("schedule suspend", jobTemplate=_fields("", spec=_WORKLOAD["spec"]))
    ),
    ("argoproj.io", "Rollout"): _WORKLOAD,
    ("apps.openshift.io", "DeploymentConfig"): _WORKLOAD,
    ("autoscaling", "HorizontalPodAutoscaler"): _fields(
        "", spec=_fields("scaleTargetRef minReplicas maxReplicas targetCPUUtilizationPercentage metrics")
    ),
    ("policy", "PodDisruptionBudget"): _fields(
        "", spec=_fields("minAvailable maxUnavailable unhealthyPodEvictionPolicy", selector=_SELECTOR)
    ),
    ("scheduling.k8s.io", "PriorityClass"): _fields("value globalDefault preemptionPolicy"),
    ("", "Namespace"): _fields(""),
    ("", "PersistentVolume"): _fields("", spec=_fields("nodeAffinity claimRef accessModes")),
    ("", "PersistentVolumeClaim"): _fields("", spec=_fields("volumeName accessModes storageClassName")),
    ("storage.k8s.io", "StorageClass"): _fields("volumeBindingMode"),
    ("metrics.k8s.io", "NodeMetrics"): _USAGE,
    ("metrics.k8s.io", "PodMetrics"): _USAGE,
}
"""API group and kind of what is read, with the fields that are kept beside the metadata."""

OLD_GROUPS = {"extensions": "apps"}
"""API groups of old servers, and the groups that have their kinds now."""


def kept(item: Mapping[str, Any], shape: Shape) -> tuple[dict[str, Any], bool]:
    """Return the fields of an object that are kept, and whether control characters in them were escaped.

    Raises:
        DataError: A field is nested too deeply.
    """
    escaped: list[str] = []
    found = _kept(item, {**shape, "metadata": _METADATA}, escaped)
    return found, bool(escaped)


def printable(value: str) -> str:
    r"""Return a text with control characters escaped, as `\x1b`, and cut if it is very long.

    >>> printable("web-1"), printable("red \x1b[31m")
    ('web-1', 'red \\x1b[31m')
    """
    if len(value) > MAX_CHARACTERS:
        value = value[: MAX_CHARACTERS - 1] + "…"
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


def _kept(value: Any, shape: Shape | None, escaped: list[str]) -> Any:
    if shape is None or not isinstance(value, dict | list):
        return _whole(value, escaped, MAX_DEPTH)
    if isinstance(value, dict):
        return {key: _kept(value[key], inner, escaped) for key, inner in shape.items() if key in value}
    return [_kept(v, shape, escaped) for v in value]


def _whole(value: Any, escaped: list[str], depth: int) -> Any:
    if isinstance(value, str):
        if len(value) <= MAX_CHARACTERS and value.isprintable():
            return value
        escaped.append(printable(value))
        return escaped[-1]
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise DataError(f"nested too deeply; at most {MAX_DEPTH} levels are read")
    if isinstance(value, list):
        return [_whole(v, escaped, depth - 1) for v in value]
    return {_whole(k, escaped, 1): _whole(v, escaped, depth - 1) for k, v in value.items()}
