"""Counts and times of a service and of each of its stages, in the text format of Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from aurora.learning.composition.engine.jobs import Outcome

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the buckets of times, in seconds."""
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Upper bounds of the buckets of batch sizes."""
_PREFIX = "aurora_compose"


class Histogram:
    """Counts of values by bucket, and their sum.

    Args:
        bounds: Upper bounds of the buckets.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    @property
    def mean(self) -> float:
        """Mean of the values; 0 without any."""
        return self._sum / max(1, self.count)

    @property
    def total(self) -> float:
        """Sum of the values."""
        return self._sum

    @property
    def count(self) -> int:
        """Number of the values."""
        return sum(self._counts)

    def lines(self, name: str, labels: str) -> list[str]:
        """Return it in the text format; `labels` are written `stage="1"`, or are empty."""
        lines, so_far, comma = [], 0, "," if labels else ""
        for bound, count in zip((*(f"{bound:g}" for bound in self._bounds), "+Inf"), self._counts, strict=True):
            so_far += count
            lines.append(f'{name}_bucket{{{labels}{comma}le="{bound}"}} {so_far}')
        braces = f"{{{labels}}}" if labels else ""
        return [*lines, f"{name}_sum{braces} {self._sum:.6f}", f"{name}_count{braces} {so_far}"]


class StageMetrics:
    """What a stage did."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.queue = Histogram(SECONDS)
        self.service = Histogram(SECONDS)
        self.busy = Histogram(SECONDS)
        self.rows = Histogram(ROWS)

    @property
    def seconds_per_item(self) -> float:
        """Mean time of service, by items."""
        return self.service.mean / max(1.0, self.rows.mean)

    def observe(self, outcome: Outcome) -> None:
        """Take note of what became of a job."""
        self.requests += 1
        if outcome.failure is not None or outcome.faults:
            self.errors += 1
        if outcome.rows:
            self.queue.observe(outcome.waited)
            self.service.observe(outcome.served)
            self.busy.observe(outcome.busy)
            self.rows.observe(outcome.rows)


class Metrics:
    """What a service did.

    Attributes:
        stages: One a stage, over all versions.
        answers: Requests by version and HTTP status.
        seconds: Time from the arrival of a request to its answer.
    """

    def __init__(self) -> None:
        self.stages: list[StageMetrics] = []
        self.answers: Counter[tuple[int, int]] = Counter()
        self.seconds = Histogram(SECONDS)

    def of_stages(self, count: int) -> list[StageMetrics]:
        """Return the metrics of the first stages; they are begun where there are none."""
        self.stages += [StageMetrics() for _ in range(count - len(self.stages))]
        return self.stages[:count]

    @property
    def handover(self) -> float:
        """Mean time for which a batch keeps a worker beside its components, in seconds; 0 before any."""
        beside = sum(stage.busy.total - stage.service.total for stage in self.stages)
        return max(0.0, beside) / max(1, sum(stage.busy.count for stage in self.stages))

    @property
    def overhead(self) -> float:
        """Mean time of a request outside workers and their queues, in seconds; 0 before any.

        It is too small, and may be 0, where branches of a stage have workers of their own: these work at once.
        """
        inside = sum(stage.queue.total + stage.busy.total for stage in self.stages)
        return max(0.0, self.seconds.total - inside) / max(1, self.seconds.count)

    def text(self, gauges: Mapping[str, float], totals: Mapping[str, float]) -> str:
        """Return everything in the text format.

        Args:
            gauges: Further values that go up and down, by name.
            totals: Further values that only rise, by name.
        """
        lines = [f"# TYPE {_PREFIX}_requests_total counter"]
        for (version, status), count in sorted(self.answers.items()):
            lines.append(f'{_PREFIX}_requests_total{{version="{version}",code="{status}"}} {count}')
        lines += [f"# TYPE {_PREFIX}_request_seconds histogram", *self.seconds.lines(f"{_PREFIX}_request_seconds", "")]
        for name in ("requests", "errors"):
            lines.append(f"# TYPE {_PREFIX}_stage_{name}_total counter")
            for number, stage in enumerate(self.stages, 1):
                lines.append(f'{_PREFIX}_stage_{name}_total{{stage="{number}"}} {getattr(stage, name)}')
        histograms = {
            "queue_seconds": "queue",
            "service_seconds": "service",
            "busy_seconds": "busy",
            "batch_items": "rows",
        }
        for name, field in histograms.items():
            lines.append(f"# TYPE {_PREFIX}_stage_{name} histogram")
            for number, stage in enumerate(self.stages, 1):
                lines += getattr(stage, field).lines(f"{_PREFIX}_stage_{name}", f'stage="{number}"')
        for kind, values in (("gauge", gauges), ("counter", totals)):
            for name, value in values.items():
                lines += [f"# TYPE {_PREFIX}_{name} {kind}", f"{_PREFIX}_{name} {value:g}"]
        return "\n".join(lines) + "\n"
