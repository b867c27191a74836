"""Counts and times of an extender, in the text format of Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from threading import Lock

from aurora.cluster.scheduler.cluster import LiveCluster

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds of the buckets of the histograms, seconds."""


class Metrics:
    """Counts of requests and histograms of how long they took.

    Args:
        verbs: Verbs that have a histogram.
    """

    def __init__(self, verbs: Sequence[str]) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets = {verb: [0] * (len(BUCKETS) + 1) for verb in verbs}
        self._seconds = dict.fromkeys(verbs, 0.0)

    def count(self, verb: str, status: int) -> None:
        """Count a request."""
        with self._lock:
            self._requests[verb, status] += 1

    def observe(self, verb: str, status: int, seconds: float) -> None:
        """Count a request and how long it took."""
        with self._lock:
            self._requests[verb, status] += 1
            self._buckets[verb][bisect_left(BUCKETS, seconds)] += 1
            self._seconds[verb] += seconds

    def text(self, cluster: LiveCluster, *, is_ready: bool) -> str:
        """Return everything in the text format, with the size and the age of what is known of the cluster."""
        lines = [
            "# TYPE aurora_extender_requests_total counter",
            "# TYPE aurora_extender_request_seconds histogram",
        ]
        with self._lock:
            for (verb, status), count in sorted(self._requests.items()):
                lines.append(f'aurora_extender_requests_total{{verb="{verb}",code="{status}"}} {count}')
            for verb, counts in self._buckets.items():
                so_far = 0
                for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                    so_far += count
                    lines.append(f'aurora_extender_request_seconds_bucket{{verb="{verb}",le="{bound}"}} {so_far}')
                lines.append(f'aurora_extender_request_seconds_sum{{verb="{verb}"}} {self._seconds[verb]:.6f}')
                lines.append(f'aurora_extender_request_seconds_count{{verb="{verb}"}} {so_far}')
        for name, value in (
            ("ready", int(is_ready)),
            ("nodes", len(cluster.state.node_ids)),
            ("tasks", len(cluster.state)),
            ("waiting", cluster.waiting),
            ("seconds_since_news", round(cluster.age, 3)),
        ):
            lines += [f"# TYPE aurora_extender_{name} gauge", f"aurora_extender_{name} {value}"]
        return "\n".join(lines) + "\n"
