"""Counts and times for Prometheus, in a registry of their own. No label holds an id, a name or a text of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from aurora.agents.models.budget import Spent

KIND = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets of histograms, seconds."""
SIMULATES = frozenset(
    {
        "simulate_policy",
        "compare_policies",
        "what_if",
        "futures",
        "cluster_what_if",
        "rank_cluster_policies",
        "make_plan",
        "edit_plan",
        "draft_policy",
    }
)
"""Tools that simulate."""


class Meter:
    """The metrics of a server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "aurora_requests", "Requests by route, method and status.", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "aurora_request_seconds",
            "Time of a request until the end of its answer, by route; not of event streams.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self._streams = Gauge("aurora_sse_clients", "Clients that read an event stream now.", registry=registry)
        self._turns = Counter("aurora_turns", "Turns of conversations by end.", ("end",), registry=registry)
        self._turn_seconds = Histogram("aurora_turn_seconds", "Time of a turn.", buckets=SECONDS, registry=registry)
        self._tools = Counter(
            "aurora_tool_calls", "Tool calls by tool, outcome and caller.", ("tool", "outcome", "by"), registry=registry
        )
        self._tool_seconds = Histogram(
            "aurora_tool_seconds", "Time of a tool call by tool.", ("tool",), buckets=SECONDS, registry=registry
        )
        self._simulations = Counter(
            "aurora_simulations", "Tool calls that simulate, by tool.", ("tool",), registry=registry
        )

    def request(self, route: str, method: str, status: int, seconds: float, *, is_stream: bool) -> None:
        """Count a request that has ended."""
        self._requests.labels(route, method, str(status)).inc()
        if not is_stream:
            self._seconds.labels(route).observe(seconds)

    def streams(self, change: int) -> None:
        """Count event streams that begin (1) or end (-1)."""
        self._streams.inc(change)

    def turn(self, end: str, seconds: float) -> None:
        """Count a turn that has ended."""
        self._turns.labels(end).inc()
        self._turn_seconds.observe(seconds)

    def tool(self, tool: str, outcome: str, seconds: float, by: str) -> None:
        """Count a tool call that has ended.

        Args:
            tool: Name of a tool that exists, or "unknown".
            outcome: Kind of result.
            seconds: Run time.
            by: `turn` or `mcp`.
        """
        self._tools.labels(tool, outcome, by).inc()
        self._tool_seconds.labels(tool).observe(seconds)
        if tool in SIMULATES and outcome == "ok":
            self._simulations.labels(tool).inc()

    def watch_models(self, spent: Callable[[], Mapping[str, tuple[Spent, bool]]]) -> None:
        """Tell what models cost.

        Args:
            spent: Returns what each model has used, and whether its price is known.
        """
        self.registry.register(_Models(spent))

    def text(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self.registry)


class _Models(Collector):
    """Tokens and dollars of models, read when they are asked for."""

    def __init__(self, spent: Callable[[], Mapping[str, tuple[Spent, bool]]]) -> None:
        self._spent = spent

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is shows when it is collected."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the counts of all models that were asked."""
        tokens = CounterMetricFamily("aurora_model_tokens", "Billed tokens.", labels=("model", "direction"))
        calls = CounterMetricFamily("aurora_model_calls", "Answers of a model.", labels=("model",))
        dollars = CounterMetricFamily("aurora_model_dollars", "Cost, where the price is known.", labels=("model",))
        for model, (spent, is_priced) in self._spent().items():
            tokens.add_metric((model, "in"), spent.tokens_in)
            tokens.add_metric((model, "out"), spent.tokens_out)
            calls.add_metric((model,), spent.calls)
            if is_priced:
                dollars.add_metric((model,), spent.dollars)
        yield from (tokens, calls, dollars)
