"""Reads pipelines as people and as tools write them, and writes them.

    pipeline = stage { "|" stage }
    stage    = branch { "+" branch } [ "?" number ]
    branch   = id { ">" id }

An id has letters, digits and `. _ - @ : /`. Spaces and line ends mean nothing.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from aurora.errors import InputError
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.pipelines.rules import HIGHEST_THRESHOLD, LOWEST_THRESHOLD
from aurora.types import Frozen
from aurora.validation import explain_validation

MAX_CHARACTERS = 10_000
"""Most characters of a pipeline as text."""

MAX_PARTS = 64
"""Most stages, branches of a stage, and transformations of a branch in JSON."""

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@:/-]{0,127}"
_TOKEN = re.compile(rf"\s*(?:(?P<id>{ID_PATTERN})|(?P<mark>[>+|?])|(?P<other>\S))")
_SHOWN = 12

ComponentId = Annotated[str, StringConstraints(pattern=rf"^{ID_PATTERN}$")]


class BranchDocument(Frozen):
    """A branch in JSON."""

    transformations: tuple[ComponentId, ...] = Field(
        default=(), max_length=MAX_PARTS, description="Ids of the transformations, in the order of their application."
    )
    model: ComponentId = Field(description="Id of the model.")


class StageDocument(Frozen):
    """A stage in JSON: branches whose probabilities are averaged."""

    branches: tuple[BranchDocument, ...] = Field(min_length=1, max_length=MAX_PARTS, description="The branches.")
    threshold: float | None = Field(
        default=None,
        ge=LOWEST_THRESHOLD,
        le=HIGHEST_THRESHOLD,
        strict=True,
        description="Probability of the likeliest class at which the answer stands; null in the last stage.",
    )


class PipelineDocument(Frozen):
    """A pipeline in JSON: stages, tried one after the other."""

    stages: tuple[StageDocument, ...] = Field(min_length=1, max_length=MAX_PARTS, description="The stages, in order.")

    def to_pipeline(self) -> Pipeline:
        """Return the pipeline of the document."""
        return Pipeline(
            tuple(
                Stage(tuple(Branch(one.transformations, one.model) for one in stage.branches), stage.threshold)
                for stage in self.stages
            )
        )


def parse_pipeline(text: str) -> Pipeline:
    """Read a pipeline that a person wrote, such as `vader ? 0.8 | tf-idf > logistic + minilm > logistic`.

    Whether its components exist and fit is checked by `aurora.learning.composition.pipelines.validation.check`.

    Raises:
        InputError: The text is not a pipeline; the message has the character at fault, counted from 1.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"it has more than {MAX_CHARACTERS} characters", parameter="pipeline", value=text)
    return _Reader(text).pipeline()


def pipeline_to_json(pipeline: Pipeline) -> dict[str, Any]:
    """Return the JSON form of a pipeline; the reverse of `pipeline_from_json`."""
    return {
        "stages": [
            {
                "branches": [{"transformations": list(b.transformations), "model": b.model} for b in stage.branches],
                "threshold": stage.threshold,
            }
            for stage in pipeline.stages
        ]
    }


def pipeline_from_json(data: object) -> Pipeline:
    """Read the JSON form of a pipeline, or its text where the JSON value is a string.

    Args:
        data: What a JSON parser returned.

    Raises:
        InputError: It is not a pipeline; the message has the path of each field at fault.
    """
    if isinstance(data, str):
        return parse_pipeline(data)
    try:
        return PipelineDocument.model_validate(data).to_pipeline()
    except ValidationError as error:
        raise InputError(explain_validation(error), parameter="pipeline") from None


def pipeline_schema() -> dict[str, Any]:
    """Return the JSON schema of a pipeline's JSON form."""
    return PipelineDocument.model_json_schema()


class _Reader:
    """Reads a text token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [
            (str(found.lastgroup), found[found.lastgroup or 0], found.start(found.lastgroup or 0))
            for found in _TOKEN.finditer(text)
        ]
        self.next = 0

    def pipeline(self) -> Pipeline:
        stages = [self._stage()]
        while self._taken("|"):
            stages.append(self._stage())
        if self.next < len(self.tokens):
            raise self._error("expected `>`, `+`, `?`, `|` or the end here")
        return Pipeline(tuple(stages))

    def _stage(self) -> Stage:
        branches = [self._branch()]
        while self._taken("+"):
            branches.append(self._branch())
        return Stage(tuple(branches), self._threshold() if self._taken("?") else None)

    def _branch(self) -> Branch:
        components = [self._id()]
        while self._taken(">"):
            components.append(self._id())
        return Branch(tuple(components[:-1]), components[-1])

    def _id(self) -> str:
        if self.next == len(self.tokens) or self.tokens[self.next][0] != "id":
            raise self._error("expected the id of a component here")
        self.next += 1
        return self.tokens[self.next - 1][1]

    def _threshold(self) -> float:
        text = self.tokens[self.next][1] if self.next < len(self.tokens) else ""
        if not re.fullmatch(r"\d+(?:\.\d+)?", text):
            raise self._error("expected a threshold from 0.5 to 1 here, such as 0.8")
        if not LOWEST_THRESHOLD <= float(text) <= HIGHEST_THRESHOLD:
            raise self._error("a threshold is from 0.5 to 1")
        self.next += 1
        return float(text)

    def _taken(self, mark: str) -> bool:
        is_next = self.next < len(self.tokens) and self.tokens[self.next][:2] == ("mark", mark)
        self.next += is_next
        return is_next

    def _error(self, expected: str) -> InputError:
        if self.next == len(self.tokens):
            return InputError(f"{expected.replace('here', 'after its end')}", parameter="pipeline", value=self.text)
        start = self.tokens[self.next][2]
        rest = self.text[start : start + _SHOWN] + ("…" if len(self.text) > start + _SHOWN else "")
        return InputError(f"character {start + 1} ({rest!r}): {expected}", parameter="pipeline", value=self.text)
