"""Reads pipelines that can be deployed: in the form in which people write them, with thresholds where they belong."""

from __future__ import annotations

from aurora.errors import InputError
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.pipelines.rules import HIGHEST_THRESHOLD, LOWEST_THRESHOLD


def read_pipeline(text: str) -> Pipeline:
    """Return the pipeline of a text such as `vader ? 0.8 | tf-idf > logistic + minilm > logistic`.

    Whether its components exist and fit together is seen when they are loaded.

    Raises:
        InputError: The text is no pipeline, or a threshold is missing, out of range, or in the last stage.
    """
    pipeline = parse_pipeline(text)
    *others, last = pipeline.stages
    if last.threshold is not None:
        raise InputError("the last stage always answers: leave its threshold out", parameter="pipeline", value=text)
    for stage in others:
        if stage.threshold is None:
            raise InputError(
                f"the stage {stage} needs a threshold, such as ? 0.8: others follow", parameter="pipeline", value=text
            )
        if not LOWEST_THRESHOLD <= stage.threshold <= HIGHEST_THRESHOLD:
            raise InputError(
                f"a threshold lies between {LOWEST_THRESHOLD} and {HIGHEST_THRESHOLD}", parameter="pipeline", value=text
            )
    return pipeline
