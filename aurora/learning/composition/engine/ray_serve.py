"""The same description on Ray Serve, for more than one machine; needs the extra [ray].

Each branch is a Ray deployment with as many replicas as the description has workers, which joins requests to batches.
The ingress runs the stages. Artefacts must lie at the same path on every machine.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aurora.errors import InputError
from aurora.http.requests import UNPROCESSABLE
from aurora.learning.composition.engine.answers import Answer, Partial
from aurora.learning.composition.engine.description import Deployment, read_description
from aurora.learning.composition.engine.jobs import FAILED, UNAVAILABLE
from aurora.learning.composition.engine.loading import answer_branch, load_function, mean, reason_of, sample
from aurora.learning.composition.engine.wire import PROBLEM_JSON, answer_json, problem_json, read_items
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Array, Batch, ValueType

_LEAST_WAIT = 1e-4
"""Ray waits for others at least so long, in seconds."""


class BranchReplica:
    """A branch in a process of Ray.

    Args:
        described: The description, as JSON.
        components: Ids of the branch's components.

    Raises:
        InputError: The branch can't be loaded, or fails its warm-up.
        FileError: An artefact is absent, or not what it was.
    """

    def __init__(self, described: str, components: list[str]) -> None:
        deployment = read_description(described)
        branch = Branch(tuple(components[:-1]), components[-1])
        load = load_function(deployment.load)
        self._loaded = load(branch, deployment.task, Path(deployment.artefacts))
        answer_branch(self._loaded, sample(self._loaded.input, 1))

    def facts(self) -> tuple[tuple[str, ...], ValueType]:
        """Return the names of the classes and the type of the items."""
        return self._loaded.classes, self._loaded.input

    def answer_all(self, batches: list[Batch]) -> list[Array | str]:
        """Return the answer to each of several requests, run as one batch, or why there is none."""
        try:
            return self._split(batches)
        except Exception as error:  # whatever a component raises stays with its request
            return [self._alone(batch) for batch in batches] if len(batches) > 1 else [reason_of(error)]

    def _split(self, batches: list[Batch]) -> list[Array | str]:
        joined: Batch = []
        if isinstance(batches[0], list):
            joined = [text for batch in batches for text in batch]
        else:
            joined = np.concatenate([batch for batch in batches if not isinstance(batch, list)])
        found = answer_branch(self._loaded, joined)
        ends = np.cumsum([len(batch) for batch in batches])[:-1]
        return list(np.split(found, ends))

    def _alone(self, batch: Batch) -> Array | str:
        try:
            return answer_branch(self._loaded, batch)
        except Exception as error:  # likewise
            return reason_of(error)


class Ingress:
    """Takes requests of HTTP and runs the stages.

    Args:
        described: The description, as JSON.
        handles: Handle of each branch, by its name.
    """

    def __init__(self, described: str, handles: dict[str, Any]) -> None:
        self._deployment = read_description(described)
        self._pipeline = self._deployment.graph()
        self._handles = handles
        self._facts: tuple[tuple[str, ...], ValueType] | None = None

    async def __call__(self, request: Any) -> Any:
        """Answer a request of Starlette."""
        from starlette.responses import Response  # noqa: PLC0415  # comes with Ray Serve

        if self._facts is None:
            self._facts = await next(iter(self._handles.values())).facts.remote()
        try:
            items = read_items(await request.body(), self._facts[1], self._deployment.queue_limit)
        except InputError as error:
            return Response(problem_json(UNPROCESSABLE, str(error)), UNPROCESSABLE, media_type=PROBLEM_JSON)
        seconds = self._deployment.timeouts.request_ms / 1000
        try:
            answer = await asyncio.wait_for(self.answer(items), seconds)
        except TimeoutError:
            return Response(
                problem_json(504, f"the request took longer than {seconds:g} s"), 504, media_type=PROBLEM_JSON
            )
        except StageFailedError as error:
            return Response(problem_json(FAILED, str(error)), FAILED, media_type=PROBLEM_JSON)
        except Exception as error:  # of Ray: a replica that ended, a queue that is full
            text = problem_json(UNAVAILABLE, reason_of(error))
            return Response(text, UNAVAILABLE, {"Retry-After": "1"}, media_type=PROBLEM_JSON)
        return Response(answer_json(answer), media_type="application/json", headers={"X-Aurora-Version": "1"})

    async def answer(self, items: Batch) -> Answer:
        """Have the pipeline answer items.

        Raises:
            StageFailedError: A stage failed, and the description does not allow answers without it.
        """
        assert self._facts is not None
        classes = self._facts[0]
        found = Partial.empty(len(items), len(classes))
        rows: NDArray[np.int64] = np.arange(len(items))
        for number, stage in enumerate(self._pipeline.stages):
            if not len(rows):
                break
            part: Batch = [items[row] for row in rows.tolist()] if isinstance(items, list) else items[rows]
            names = [str(branch) for branch in stage.branches]
            results = await asyncio.gather(*(self._handles[name].answer.remote(part) for name in names))
            answers = [one for one in results if not isinstance(one, str)]
            faults = [
                f"stage {number + 1}: {name}: {one}"
                for name, one in zip(names, results, strict=True)
                if isinstance(one, str)
            ]
            if faults and not (self._deployment.degraded_answers and (answers or number)):
                raise StageFailedError("; ".join(faults))
            found.degraded.update(dict.fromkeys(faults))
            if not answers:
                break
            rows = found.take(number, rows, mean(answers), stage.threshold)
        return found.final(1, classes)


class StageFailedError(Exception):
    """A stage failed; the text says which and why."""


def application(described: Deployment) -> Any:
    """Return the application of Ray Serve; run it with `ray.serve.run(application(described))`.

    Raises:
        MissingExtraError: Ray Serve is not installed.
    """
    from ray import serve  # noqa: PLC0415  # of an extra

    text = described.model_dump_json()
    batching = described.batching

    class Replica(BranchReplica):
        """A branch whose requests Ray joins to batches."""

        @serve.batch(  # type: ignore[untyped-decorator]
            max_batch_size=batching.size, batch_wait_timeout_s=max(batching.deadline_ms / 1000, _LEAST_WAIT)
        )
        async def answer(self, batches: list[Batch]) -> list[Array | str]:
            return self.answer_all(batches)

    handles = {}
    branches = {branch for stage in described.graph().stages for branch in stage.branches}
    for k, branch in enumerate(sorted(branches)):
        deployed = serve.deployment(
            Replica,
            name=f"{described.name}-{k + 1}",
            num_replicas=described.workers,
            max_ongoing_requests=2 * batching.size,
            max_queued_requests=described.queue_limit,
            ray_actor_options={"num_cpus": 1, "memory": described.memory_mb << 20},
        )
        handles[str(branch)] = deployed.bind(text, list(branch.components))
    ingress = serve.deployment(Ingress, name=described.name, max_ongoing_requests=described.queue_limit)
    return ingress.options(ray_actor_options={"num_cpus": 0}).bind(text, handles)


def run(described: Deployment) -> str:
    """Start the application on the cluster that this process is connected to, or on one of its own; return its address.

    Raises:
        MissingExtraError: Ray Serve is not installed.
    """
    from ray import serve  # noqa: PLC0415  # of an extra

    serve.start(http_options={"host": described.host, "port": described.port})
    serve.run(application(described), name=described.name, route_prefix="/predict")
    return f"http://{described.host}:{described.port}/predict"
