"""Published rules for requests: Kubernetes Resource Recommender (KRR) and the Vertical Pod Autoscaler (VPA).

Both are written after their documentation and source, with their defaults. KRR: robusta-dev/krr, strategy `simple`,
July 2026. VPA: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender, August 2026.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.cases import Sized, rounded_up
from aurora.learning.rightsizing.containers.use import MIB, UNITS, ContainerUse, Demand, Resource, Size
from aurora.quantities import plain
from aurora.types import FloatArray

DAY = 86_400.0
GIB = 2.0**30

KRR_CPU_PERCENTILE = 95.0
KRR_MEMORY_MARGIN = 0.15
KRR_OOM_MARGIN = 0.25
KRR_POINTS = 100
"""Fewest values of a resource; with fewer KRR recommends nothing."""
KRR_HISTORY = 14 * DAY
KRR_LEAST: dict[Resource, float] = {"cpu": 0.01, "memory": 100 * MIB}
"""Least request, cores and GiB."""

VPA_PERCENTILE = 0.9
VPA_LOWER_PERCENTILE, VPA_UPPER_PERCENTILE = 0.5, 0.95
VPA_MARGIN = 0.15
VPA_HALF_LIFE = DAY
"""Time in which a sample loses half of its weight, of CPU and memory alike."""
VPA_WINDOW = DAY
"""Time of which the memory peak is one sample."""
VPA_BUCKET_GROWTH = 1.05
VPA_BUCKETS = 176
"""Number of buckets: the first start that reaches 1,000 cores or 1 TB, which are 100,000 first buckets each."""
VPA_FIRST_BUCKET = {"cpu": 0.01, "memory": 1e7 / GIB}
"""Width of the first bucket, cores and GiB (10 MB)."""
VPA_OOM_RATIO = 1.2
VPA_OOM_LEAST = 100 * MIB
VPA_LEAST: dict[Resource, float] = {"cpu": 0.025, "memory": 250 * MIB}
"""Least request of a pod, cores and GiB; its containers have equal parts of it."""
GRAIN: dict[Resource, float] = {"cpu": 0.001, "memory": MIB}
"""Sizes are rounded up to multiples of it."""


def krr_cpu(demand: Demand, percentile: float = KRR_CPU_PERCENTILE) -> float:
    """Return KRR's CPU request, cores: the highest of the pods' percentiles over the latest 14 days.

    Args:
        demand: Measured CPU.
        percentile: From above 0 to 100.
    """
    pods = demand.within(demand.end - KRR_HISTORY, np.inf)
    return max(float(np.percentile(p.values, percentile)) for p in pods)


def krr_memory(demand: Demand, margin: float = KRR_MEMORY_MARGIN, *, with_ooms: bool = False) -> float:
    """Return KRR's memory request and limit, GiB: the highest value of the latest 14 days and a margin.

    Args:
        demand: Measured memory.
        margin: Share that is added.
        with_ooms: True to add 25 % to the level of kills for lack of memory; KRR's default is off.
    """
    pods = demand.within(demand.end - KRR_HISTORY, np.inf)
    levels = [o.level or 0.0 for o in demand.ooms] if with_ooms else []
    highest = max(float(p.values.max()) for p in pods)
    return max(highest * (1 + margin), max(levels, default=0.0) * (1 + KRR_OOM_MARGIN))


class Histogram(NamedTuple):
    """Weights of samples in buckets that grow by 5 %.

    Attributes:
        weights: float64 [VPA_BUCKETS].
        first: Width of the first bucket.
    """

    weights: FloatArray
    first: float

    def percentile(self, share: float) -> float:
        """Return the upper end of the bucket in which the share of all weight is reached; 0 if all are empty."""
        total = self.weights.sum()
        if total <= 0:
            return 0.0
        filled = np.flatnonzero(self.weights)
        reached = np.flatnonzero(np.cumsum(self.weights) >= share * total)
        bucket = min(max(int(reached[0]) if len(reached) else VPA_BUCKETS, int(filled[0])), int(filled[-1]))
        return bucket_start(min(bucket + 1, VPA_BUCKETS - 1), self.first)


def bucket_start(bucket: int, first: float) -> float:
    """Return where a bucket begins: first * (1.05^bucket - 1) / 0.05."""
    return float(first * (VPA_BUCKET_GROWTH**bucket - 1) / (VPA_BUCKET_GROWTH - 1))


def histogram(values: FloatArray, times: FloatArray, first: float) -> Histogram:
    """Return the decaying histogram of samples: a sample has twice the weight of one that is 24 hours older.

    Args:
        values: float64 [n].
        times: Unix times, float64 [n].
        first: Width of the first bucket, in the unit of the values.
    """
    places = np.log(values * (VPA_BUCKET_GROWTH - 1) / first + 1) / np.log(VPA_BUCKET_GROWTH)
    buckets = np.where(values < first, 0, np.minimum(places.astype(np.int64), VPA_BUCKETS - 1))
    weights = np.exp2((times - times.max()) / VPA_HALF_LIFE) if len(times) else times
    return Histogram(np.bincount(buckets, weights, minlength=VPA_BUCKETS).astype(np.float64), first)


def memory_peaks(demand: Demand) -> tuple[FloatArray, FloatArray]:
    """Return each pod's memory peak of every 24 hours from its first value on, and the end of that time.

    A kill for lack of memory counts as use of 20 % or 100 MiB above the request or the peak so far, whichever is more.
    """
    values, times = [], []
    for pod in demand.pods:
        begin = float(pod.times[0])
        windows = ((pod.times - begin) // VPA_WINDOW).astype(np.int64)
        peaks = {int(w): float(pod.values[windows == w].max()) for w in np.unique(windows)}
        for event in demand.ooms:
            if len(demand.pods) > 1 and not pod.times[0] <= event.time <= pod.times[-1] + demand.step:
                continue
            window = int((event.time - begin) // VPA_WINDOW)
            before = pod.values[(windows == window) & (pod.times <= event.time)]
            used = max(demand.request or 0.0, float(before.max()) if len(before) else 0.0)
            peaks[window] = max(peaks.get(window, 0.0), used * VPA_OOM_RATIO, used + VPA_OOM_LEAST)
        values += list(peaks.values())
        times += [begin + (w + 1) * VPA_WINDOW for w in peaks]
    return np.array(values), np.array(times)


class VpaBounds(NamedTuple):
    """VPA's recommendation: it acts when the request leaves the bounds. Cores or GiB."""

    lower: float
    target: float
    upper: float


def vpa_histogram(demand: Demand) -> Histogram:
    """Return VPA's histogram of a resource: of all CPU samples, or of the memory peaks."""
    first = VPA_FIRST_BUCKET[demand.resource]
    if demand.resource == "cpu":
        return histogram(demand.values, demand.times, first)
    return histogram(*memory_peaks(demand), first)


def vpa_target(demand: Demand, percentile: float = VPA_PERCENTILE, margin: float = VPA_MARGIN) -> float:
    """Return VPA's target, cores or GiB, without its least size for a pod."""
    return vpa_histogram(demand).percentile(percentile) * (1 + margin)


def vpa_bounds(demand: Demand) -> VpaBounds:
    """Return VPA's target with its bounds, which are wide while the history is short."""
    share = vpa_histogram(demand)
    times = demand.times
    confidence = min(float(times.max() - times.min()) / DAY, demand.count / (DAY / 60))
    low, target, high = (
        share.percentile(p) * (1 + VPA_MARGIN) for p in (VPA_LOWER_PERCENTILE, VPA_PERCENTILE, VPA_UPPER_PERCENTILE)
    )
    if confidence <= 0:
        return VpaBounds(0.0, target, float("inf"))
    return VpaBounds(low * (1 + 0.001 / confidence) ** -2, target, high * (1 + 1 / confidence))


def krr_sized(use: ContainerUse, demand: Demand, wanted: float, containers: int) -> Sized:
    """Return KRR's request and limit: no CPU limit, and nothing where an autoscaler scales on the resource.

    Args:
        use: The container.
        demand: Its demand for the resource.
        wanted: Request by the rule, cores or GiB.
        containers: Number of containers in the pod; of no account here.
    """
    resource = demand.resource
    if use.autoscaler is not None and use.autoscaler.resource == resource:
        why = "KRR proposes nothing where an autoscaler scales on the resource"
        return Sized(use.size(resource), (why,), is_held=True)
    size = max(rounded_up(wanted, GRAIN[resource]), KRR_LEAST[resource])
    return Sized(Size(size, None if resource == "cpu" else size))


def vpa_sized(use: ContainerUse, demand: Demand, wanted: float, containers: int) -> Sized:
    """Return VPA's request and limit, which keep their ratio.

    Args:
        use: The container.
        demand: Its demand for the resource.
        wanted: Request by the rule, cores or GiB.
        containers: Number of containers in the pod, which share its least size.
    """
    resource = demand.resource
    now = use.size(resource)
    size = rounded_up(max(wanted, VPA_LEAST[resource] / containers), GRAIN[resource])
    limit = None if now.limit is None else (now.limit / now.request * size if now.request else max(now.limit, size))
    bounds = vpa_bounds(demand)
    unit = UNITS[resource]
    reasons = [f"VPA changes a request outside of {plain(bounds.lower, 3)} to {plain(bounds.upper, 3)} {unit}"]
    if use.autoscaler is not None and use.autoscaler.resource == resource:
        reasons.append("VPA must not work on a resource that an autoscaler scales on")
    return Sized(Size(size, limit), tuple(reasons))
