"""Answers kube-scheduler's questions: which nodes fit a pod, and how good each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from aurora.cluster.scheduler.binding import Binder
from aurora.cluster.scheduler.cluster import LiveCluster
from aurora.cluster.scheduler.names import ListCache
from aurora.cluster.scheduler.pods import PodReader
from aurora.cluster.scheduler.wire import (
    ExtenderArgs,
    binding_result,
    filter_error,
    filter_result,
    parse_arguments,
    parse_binding,
    scaled,
)
from aurora.cluster.snapshot import Task
from aurora.errors import DataError

STALE_SECONDS = 60.0
"""Seconds without news from a watched cluster after which nothing is answered."""
OK, BAD_REQUEST, UNAVAILABLE = 200, 400, 503


class Answer(NamedTuple):
    """An answer over HTTP.

    Attributes:
        status: HTTP status.
        body: JSON.
    """

    status: int
    body: bytes


class Extender:
    """The extender of a cluster.

    Args:
        cluster: The cluster.
        is_watched: Whether the cluster is followed; without news for `STALE_SECONDS` it then answers nothing.
        is_assuming: Whether a choice counts as made until the cluster says where the pod is.
        binder: Makes bindings; None: kube-scheduler makes them itself.
    """

    def __init__(
        self,
        cluster: LiveCluster,
        *,
        is_watched: bool = False,
        is_assuming: bool = True,
        binder: Binder | None = None,
    ) -> None:
        self.cluster = cluster
        self.binder = binder
        self._is_watched = is_watched
        self._is_assuming = is_assuming
        self._lists = ListCache()
        self._snapshot = cluster.snapshot
        self._reader = PodReader(self._snapshot.nodes)

    @property
    def is_ready(self) -> bool:
        """Whether what is known of the cluster is fresh enough to answer by."""
        return not self._is_watched or self.cluster.age <= STALE_SECONDS

    def filter(self, body: bytes) -> Answer:
        """Answer the verb `filter`: nodes without room or that the policy does not admit are out."""
        return self._answer(body, self._filter, filter_error)

    def prioritize(self, body: bytes) -> Answer:
        """Answer the verb `prioritize`: scores of nodes from 0 to 10."""
        return self._answer(body, self._prioritize, None)

    def bind(self, body: bytes) -> Answer:
        """Answer the verb `bind`: let the cluster bind a pod, and count it as placed from then on.

        It waits for the cluster's API, so that it is not to be called where others wait.
        """
        if self.binder is None:
            return Answer(BAD_REQUEST, error_body("bindings are not made here; start with --bind"))
        try:
            binding = parse_binding(body)
        except DataError as error:
            return Answer(BAD_REQUEST, error_body(str(error)))
        refused = self.binder(binding)
        task = self._reader.known(binding.uid)
        if task is not None and task.task_id == f"{binding.namespace}/{binding.name}":
            if refused is None:
                self.cluster.assume(task, binding.node)
            elif refused.is_certain:
                self.cluster.retract(task)
        return Answer(OK, binding_result("" if refused is None else f"aurora: {refused.message}"))

    def _answer(
        self,
        body: bytes,
        respond: Callable[[ExtenderArgs, Task], bytes],
        fail: Callable[[str], bytes] | None,
    ) -> Answer:
        if not self.is_ready:
            return Answer(UNAVAILABLE, error_body(f"nothing was heard from the cluster for {self.cluster.age:.0f} s"))
        try:
            arguments = parse_arguments(body, self.cluster.state.table, self._lists)
        except DataError as error:
            return Answer(BAD_REQUEST, error_body(str(error)))
        try:
            return Answer(OK, respond(arguments, self._task(arguments.pod)))
        except DataError as error:
            return Answer(OK, fail(f"aurora: {error}")) if fail else Answer(BAD_REQUEST, error_body(str(error)))

    def _task(self, pod: Mapping[str, Any]) -> Task:
        if self._snapshot is not self.cluster.snapshot:
            self._snapshot = self.cluster.snapshot
            self._reader = PodReader(self._snapshot.nodes)
        return self._reader.read(pod)

    def _filter(self, arguments: ExtenderArgs, task: Task) -> bytes:
        return filter_result(arguments, self.cluster.rank(task, arguments.nodes))

    def _prioritize(self, arguments: ExtenderArgs, task: Task) -> bytes:
        ranked = self.cluster.rank(task, arguments.nodes)
        if self._is_assuming and ranked.choice is not None:
            self.cluster.assume(task, ranked.choice)
        return ranked.nodes.encode_scores(scaled(ranked.decision))


def error_body(message: str) -> bytes:
    """Return an error as JSON."""
    return orjson.dumps({"Error": message})
