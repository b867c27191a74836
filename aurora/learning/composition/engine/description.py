"""Description of a deployment, which the process, worker processes, Ray Serve and KServe run alike."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from aurora.errors import InputError
from aurora.learning.composition.engine.loading import DEFAULT_LOAD, check_load_name
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.pipelines.validation import threshold_misfits
from aurora.types import Frozen
from aurora.validation import explain_validation

MAX_WORKERS = 64
MAX_ROWS = 1024
"""Most items of one batch."""
MAX_REQUEST_MS = 50_000.0
"""Longest time of a request; the connection itself waits a little longer."""


class Batching(Frozen):
    """How requests are joined to batches.

    Attributes:
        size: Most items of a batch.
        deadline_ms: Longest time that an item waits for others while a worker is free, in milliseconds. 0: a free
            worker takes what is there.
    """

    size: int = Field(16, ge=1, le=MAX_ROWS)
    deadline_ms: float = Field(0.0, ge=0, le=10_000)


class Timeouts(Frozen):
    """Longest times.

    Attributes:
        request_ms: From the arrival of a request to its answer, in milliseconds.
        stage_ms: Of one batch in one stage; a worker that takes longer is killed, in milliseconds.
        start_s: From the start of a worker to its first answer, in seconds.
        health_s: Between two looks at an idle worker, in seconds; it is killed if it does not answer for as long.
    """

    request_ms: float = Field(5000.0, gt=0, le=MAX_REQUEST_MS)
    stage_ms: float = Field(2000.0, gt=0, le=MAX_REQUEST_MS)
    start_s: float = Field(60.0, gt=0, le=3600)
    health_s: float = Field(5.0, ge=0.1, le=3600)


class ShadowCheck(Frozen):
    """What a new version has to show on live requests before it takes over.

    Attributes:
        share: Share of the live requests that both versions answer; 0: no check.
        requests: Requests to compare.
        seconds: Longest time of the check; with less traffic, it ends with what was compared.
        max_errors: Most requests that the new version may fail and the old one not.
        max_disagreement: Largest share of items to which both give another class; 1: any.
        max_slowdown: Largest quotient of the median times; None: any.
    """

    share: float = Field(0.2, ge=0, le=1)
    requests: int = Field(20, ge=1, le=100_000)
    seconds: float = Field(5.0, ge=0, le=86_400)
    max_errors: int = Field(0, ge=0)
    max_disagreement: float = Field(1.0, ge=0, le=1)
    max_slowdown: float | None = Field(None, gt=0)


class Deployment(Frozen):
    """A pipeline as a service.

    Attributes:
        name: Name of the deployment: lower-case letters, digits and hyphens, as Kubernetes wants it.
        task: Name of the task whose artefacts are loaded.
        pipeline: The pipeline as people write it: `vader ? 0.8 | tf-idf > logistic + minilm > logistic`.
        artefacts: Folder of the artefacts.
        load: Function that loads a branch, as `aurora.module:function`.
        layout: `whole`: each worker has the whole pipeline. `branches`: each branch has workers of its own.
        workers: Worker processes, of the pipeline or of each branch.
        batching: How requests are joined to batches.
        queue_limit: Most items that wait; more are refused with 503.
        timeouts: Longest times.
        memory_mb: Most resident memory of a worker, in MiB; a worker that needs more is killed.
        degraded_answers: Whether a request is answered without a stage or branch that failed, and says so.
        shadow: What a new version has to show before it takes over.
        keep_s: Time for which the version before is kept warm after a swap, in seconds.
        host: Address to listen on.
        port: Port; 0 for any that is free.
    """

    name: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$")]
    task: str = Field("", max_length=128)
    pipeline: str = Field(min_length=1, max_length=10_000)
    artefacts: str = Field("", max_length=4095)
    load: str = Field(DEFAULT_LOAD, max_length=256)
    layout: Literal["whole", "branches"] = "whole"
    workers: int = Field(1, ge=1, le=MAX_WORKERS)
    batching: Batching = Batching()
    queue_limit: int = Field(256, ge=1, le=1_000_000)
    timeouts: Timeouts = Timeouts()
    memory_mb: int = Field(2048, ge=64, le=1 << 20)
    degraded_answers: bool = False
    shadow: ShadowCheck = ShadowCheck()
    keep_s: float = Field(60.0, ge=0, le=86_400)
    host: str = Field("127.0.0.1", min_length=1, max_length=255)
    port: int = Field(8770, ge=0, le=65_535)

    @field_validator("load")
    @classmethod
    def _load_is_ours(cls, value: str) -> str:
        check_load_name(value)
        return value

    @field_validator("pipeline")
    @classmethod
    def _pipeline_reads(cls, value: str) -> str:
        """Whether its components exist and fit together is seen when they are loaded."""
        pipeline = parse_pipeline(value)
        if misfits := threshold_misfits(pipeline):
            raise InputError("; ".join(map(str, misfits)), parameter="pipeline", value=value)
        return str(pipeline)

    def graph(self) -> Pipeline:
        """Return the pipeline as a graph."""
        return parse_pipeline(self.pipeline)


def read_description(given: str | bytes | dict[str, Any]) -> Deployment:
    """Return the description that a JSON text or object holds.

    Raises:
        InputError: It is no JSON, or a field is not valid.
    """
    try:
        if isinstance(given, dict):
            return Deployment.model_validate(given)
        return Deployment.model_validate(json.loads(given))
    except ValidationError as error:
        raise InputError(f"this describes no deployment: {explain_validation(error)}") from None
    except ValueError as error:
        raise InputError(f"this is no JSON: {error}") from None
