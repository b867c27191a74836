"""Pipelines: what an inference application is composed of.

A pipeline is a graph in a normal form. It has stages, tried one after the other: the answer of a stage stands if it is
sure enough, else the next stage answers (a cascade). A stage has branches whose probabilities are averaged (an
ensemble). A branch is a chain: transformations, then one model. A single model is a pipeline of one stage with one
branch.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Branch:
    """A chain that ends in a model.

    Attributes:
        transformations: Ids of the transformations, in the order in which they are applied.
        model: Id of the model.
    """

    transformations: tuple[str, ...]
    model: str

    @property
    def components(self) -> tuple[str, ...]:
        """Ids of all components, in order."""
        return (*self.transformations, self.model)

    def __str__(self) -> str:
        """Return the branch as people write it: `pca-32 > svc`."""
        return " > ".join(self.components)


@dataclass(frozen=True)
class Stage:
    """Branches whose probabilities are averaged.

    Attributes:
        branches: The branches, at least one, sorted: their order means nothing.
        threshold: Probability of the likeliest class, from 0.5 to 1, at which the answer stands; None in the last
            stage, whose answer always stands.
    """

    branches: tuple[Branch, ...]
    threshold: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", tuple(sorted(self.branches)))

    def __str__(self) -> str:
        """Return the stage as people write it: `vader + tf-idf > logistic`, with ` ? 0.8` where it has a threshold."""
        members = " + ".join(str(branch) for branch in self.branches)
        # repr is the shortest text that is read back as the same number
        return members if self.threshold is None else f"{members} ? {float(self.threshold)!r}"


@dataclass(frozen=True)
class Pipeline:
    """An inference application.

    Attributes:
        stages: The stages, at least one, in the order in which they are tried.
    """

    stages: tuple[Stage, ...]

    @property
    def components(self) -> tuple[str, ...]:
        """Ids of all components, each once, in the order of their first use."""
        used = (name for stage in self.stages for branch in stage.branches for name in branch.components)
        return tuple(dict.fromkeys(used))

    def __str__(self) -> str:
        """Return the pipeline as people write it: `vader ? 0.8 | tf-idf > logistic + minilm > logistic`."""
        return " | ".join(str(stage) for stage in self.stages)


def alone(chain: Branch) -> Pipeline:
    """Return the pipeline that is one chain."""
    return Pipeline((Stage((chain,)),))


def single(model: str, *transformations: str) -> Pipeline:
    """Return the pipeline that is one chain, from the ids of its components."""
    return alone(Branch(transformations, model))
