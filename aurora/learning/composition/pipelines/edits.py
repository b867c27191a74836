"""Edits of pipelines: the steps by which people and agents recompose one, numbered, with those that keep it valid.

A model is named with the transformations before it, because these decide what it is given: "add model" adds such a
chain to a stage or as a stage of its own, "swap model" puts one in a branch's place. So every valid pipeline can be
reached from every other through valid ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.pipelines.chains import chains_of
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.pipelines.rules import Limits, Rules, is_threshold
from aurora.learning.composition.pipelines.validation import branch_misfits, check
from aurora.types import BoolArray

Operation: TypeAlias = Literal[
    "add model",
    "remove model",
    "swap model",
    "add transformation",
    "remove transformation",
    "reorder",
    "raise threshold",
    "lower threshold",
]

_REMEMBERED = 10_000


@dataclass(frozen=True, order=True)
class Edit:
    """One edit; places are counted from 0.

    Attributes:
        operation: What is done.
        stage: The stage; for a model that is added as a stage, the place of the new stage.
        branch: The branch within the stage; -1 for the stage itself.
        position: The transformation within the branch, or the place of a new one; -1 for the branch itself.
        chain: The chain that is added or put in.
        transformation: The transformation that is added.
        step: With `reorder`, -1 or 1: a branch goes to the stage before or after, and beyond the ends to a stage of its
            own; a stage, or a transformation, changes places with the next one.
        is_stage: Whether a model is added as a stage of its own.
    """

    operation: Operation
    stage: int
    branch: int = -1
    position: int = -1
    chain: Branch | None = None
    transformation: str = ""
    step: int = 0
    is_stage: bool = False

    def __str__(self) -> str:
        """Return the edit in words, places counted from 1."""
        stage, position = self.stage + 1, self.position + 1
        branch = f"branch {self.branch + 1} of stage {stage}"
        if self.operation == "add model":
            return f"add {self.chain} as stage {stage}" if self.is_stage else f"add {self.chain} to stage {stage}"
        if self.operation == "remove model":
            return f"remove {branch}"
        if self.operation == "swap model":
            return f"put {self.chain} in the place of {branch}"
        if self.operation == "add transformation":
            return f"add {self.transformation} at place {position} of {branch}"
        if self.operation == "remove transformation":
            return f"remove transformation {position} of {branch}"
        if self.operation != "reorder":
            return f"{self.operation} of stage {stage}"
        if self.branch < 0:
            return f"let stages {stage} and {stage + 1} change places"
        if self.position >= 0:
            return f"let transformations {position} and {position + 1} of {branch} change places"
        return f"move {branch} to the stage {'after' if self.step > 0 else 'before'} it"


def apply_edit(pipeline: Pipeline, edit: Edit, rules: Rules) -> Pipeline:
    """Return the pipeline that an edit leads to.

    Args:
        pipeline: The pipeline.
        edit: The edit.
        rules: Components, input, classes and limits of the task.

    Raises:
        InputError: The edit has nothing to work on, changes nothing, or leads to a pipeline that does not fit.
    """
    try:
        edited = _EDITORS[edit.operation](pipeline, edit, rules.limits)
    except _Refused as refused:
        raise InputError(str(refused), parameter="edit", value=str(edit)) from None
    if edited == pipeline:
        raise InputError("it changes nothing", parameter="edit", value=str(edit))
    if found := check(edited, rules):
        raise InputError("; ".join(map(str, found)), parameter="edit", value=str(edit))
    return edited


class EditSpace:
    """All edits of pipelines of a task, numbered; the same rules and chains give the same numbers.

    Args:
        rules: Components, input, classes and limits of the task.
        chains: Chains that branches may be, such as those that have been measured; None for all that fit.

    Attributes:
        rules: The rules.
        chains: The chains, sorted.
        edits: The edits; the place of one is its number.

    Raises:
        InputError: A chain does not fit the rules.
    """

    def __init__(self, rules: Rules, chains: Iterable[Branch] | None = None) -> None:
        self.rules = rules
        self.chains = chains_of(rules) if chains is None else tuple(sorted(set(chains)))
        for chain in self.chains:
            if found := branch_misfits(chain, rules):
                raise InputError("; ".join(map(str, found)), parameter="chains", value=str(chain))
        self.edits = tuple(_all_edits(rules, self.chains))
        self._allowed = frozenset(self.chains)
        self._neighbours: dict[Pipeline, tuple[tuple[int, Pipeline], ...]] = {}

    @property
    def size(self) -> int:
        """Number of edits, valid or not."""
        return len(self.edits)

    @property
    def operations(self) -> Sequence[Operation]:
        """Operation of every edit."""
        return tuple(edit.operation for edit in self.edits)

    def neighbours(self, pipeline: Pipeline) -> Sequence[tuple[int, Pipeline]]:
        """Return the number of every edit that leads to a valid pipeline, rising, with that pipeline."""
        if pipeline not in self._neighbours:
            if len(self._neighbours) >= _REMEMBERED:
                self._neighbours.clear()
            found = ((number, self._result(pipeline, edit)) for number, edit in enumerate(self.edits))
            self._neighbours[pipeline] = tuple((number, result) for number, result in found if result is not None)
        return self._neighbours[pipeline]

    def mask(self, pipeline: Pipeline) -> BoolArray:
        """Return which edits lead to a valid pipeline, of shape (size,)."""
        mask = np.zeros(self.size, bool)
        mask[[number for number, _ in self.neighbours(pipeline)]] = True
        return mask

    def apply(self, pipeline: Pipeline, number: int) -> Pipeline:
        """Return the pipeline that an edit leads to.

        Raises:
            InputError: There is no such edit, or the mask forbids it; the message says why.
        """
        if not 0 <= number < self.size:
            raise InputError(f"give a number from 0 to {self.size - 1}", parameter="edit", value=number)
        edit = self.edits[number]
        edited = apply_edit(pipeline, edit, self.rules)
        if unknown := [b for stage in edited.stages for b in stage.branches if b not in self._allowed]:
            reason = f"{unknown[0]} is not among the chains to choose from; measure it first"
            raise InputError(reason, parameter="edit", value=str(edit))
        return edited

    def _result(self, pipeline: Pipeline, edit: Edit) -> Pipeline | None:
        """Return what `apply` would, None if it refuses; without reasons it is many times as fast."""
        try:
            edited = _EDITORS[edit.operation](pipeline, edit, self.rules.limits)
        except _Refused:
            return None
        return edited if edited != pipeline and self._is_valid(edited) else None

    def _is_valid(self, pipeline: Pipeline) -> bool:
        limits, count = self.rules.limits, len(pipeline.stages)
        if not 1 <= count <= limits.stages:
            return False
        for number, stage in enumerate(pipeline.stages):
            branches = stage.branches
            if not 1 <= len(branches) <= limits.branches_of(number, count) or not self._allowed.issuperset(branches):
                return False
            if len(set(branches)) < len(branches) or (stage.threshold is None) != (number == count - 1):
                return False
            if stage.threshold is not None and not is_threshold(stage.threshold):
                return False
        return len({stage.branches for stage in pipeline.stages}) == count


class _Refused(Exception):  # noqa: N818  # it never leaves this module
    """Why an edit has nothing to work on."""


def _all_edits(rules: Rules, chains: Sequence[Branch]) -> Iterator[Edit]:
    limits, transformations = rules.limits, rules.ids("transformation")
    places = [(s, b) for s in range(limits.stages) for b in range(limits.branches)]
    for s in range(limits.stages):
        yield from (Edit("add model", s, chain=chain) for chain in chains)
        yield from (Edit("add model", s, chain=chain, is_stage=True) for chain in chains)
    for s, b in places:
        yield Edit("remove model", s, b)
        yield from (Edit("swap model", s, b, chain=chain) for chain in chains)
        for p in range(limits.transformations):
            yield from (Edit("add transformation", s, b, p, transformation=name) for name in transformations)
        yield from (Edit("remove transformation", s, b, p) for p in range(limits.transformations))
        yield from (Edit("reorder", s, b, p, step=1) for p in range(limits.transformations - 1))
        yield from (Edit("reorder", s, b, step=step) for step in (-1, 1))
    for s in range(limits.stages - 1):
        yield Edit("reorder", s, step=1)
        yield Edit("raise threshold", s)
        yield Edit("lower threshold", s)


def _add_model(pipeline: Pipeline, edit: Edit, limits: Limits) -> Pipeline:
    assert edit.chain is not None
    if not edit.is_stage:
        stage = _stage(pipeline, edit)
        return _with_stage(pipeline, edit.stage, Stage((*stage.branches, edit.chain), stage.threshold))
    if edit.stage > len(pipeline.stages):
        raise _Refused(f"the pipeline has {len(pipeline.stages)} stages; a new one is at most the next")
    stages = [stage.branches for stage in pipeline.stages]
    thresholds = [stage.threshold for stage in pipeline.stages]
    stages.insert(edit.stage, (edit.chain,))
    thresholds.insert(edit.stage, None)
    return _joined(stages, thresholds, limits)


def _remove_model(pipeline: Pipeline, edit: Edit, limits: Limits) -> Pipeline:
    stage, branch = _stage(pipeline, edit), _branch(pipeline, edit)
    rest = tuple(one for one in stage.branches if one != branch)
    if not rest and len(pipeline.stages) == 1:
        raise _Refused("it is the only model")
    return _joined(
        [rest if s == edit.stage else one.branches for s, one in enumerate(pipeline.stages)],
        [one.threshold for one in pipeline.stages],
        limits,
    )


def _swap_model(pipeline: Pipeline, edit: Edit, limits: Limits) -> Pipeline:
    _branch(pipeline, edit)
    assert edit.chain is not None
    return _with_branch(pipeline, edit, edit.chain)


def _add_transformation(pipeline: Pipeline, edit: Edit, limits: Limits) -> Pipeline:
    branch = _branch(pipeline, edit)
    names = branch.transformations
    if edit.position > len(names):
        raise _Refused(f"the branch has {len(names)} transformations; a new one is at most the next")
    longer = (*names[: edit.position], edit.transformation, *names[edit.position :])
    return _with_branch(pipeline, edit, Branch(longer, branch.model))


def _remove_transformation(pipeline: Pipeline, edit: Edit, limits: Limits) -> Pipeline:
    branch = _branch(pipeline, edit)
    names = branch.transformations
    if edit.position >= len(names):
        raise _Refused(f"the branch has {len(names)} transformations")
    return _with_branch(pipeline, edit, Branch(names[: edit.position] + names[edit.position + 1 :], branch.model))


def _reorder(pipeline: Pipeline, edit: Edit, limits: Limits) -> Pipeline:
    if edit.branch < 0:
        _stage(pipeline, edit)
        if edit.stage + 1 >= len(pipeline.stages):
            raise _Refused("there is no stage after it")
        branches = [stage.branches for stage in pipeline.stages]
        branches[edit.stage : edit.stage + 2] = reversed(branches[edit.stage : edit.stage + 2])
        return _joined(branches, [stage.threshold for stage in pipeline.stages], limits)
    branch = _branch(pipeline, edit)
    if edit.position < 0:
        return _moved(pipeline, branch, edit, limits)
    names = list(branch.transformations)
    if edit.position + 1 >= len(names):
        raise _Refused("there is no transformation after it")
    names[edit.position : edit.position + 2] = reversed(names[edit.position : edit.position + 2])
    return _with_branch(pipeline, edit, Branch(tuple(names), branch.model))


def _moved(pipeline: Pipeline, branch: Branch, edit: Edit, limits: Limits) -> Pipeline:
    """Move a branch to the stage before or after, or to a new stage at that end."""
    stages = [list(stage.branches) for stage in pipeline.stages]
    thresholds = [stage.threshold for stage in pipeline.stages]
    stages[edit.stage].remove(branch)
    target = edit.stage + edit.step
    if 0 <= target < len(stages):
        stages[target].append(branch)
    else:
        place = 0 if target < 0 else len(stages)
        stages.insert(place, [branch])
        thresholds.insert(place, None)
    return _joined([tuple(stage) for stage in stages], thresholds, limits)


def _threshold(pipeline: Pipeline, edit: Edit, limits: Limits) -> Pipeline:
    stage = _stage(pipeline, edit)
    if stage.threshold is None:
        raise _Refused("the stage has no threshold")
    if edit.operation == "raise threshold":
        other = next((t for t in limits.thresholds if t > stage.threshold), None)
    else:
        other = next((t for t in reversed(limits.thresholds) if t < stage.threshold), None)
    if other is None:
        raise _Refused(f"its threshold {stage.threshold:g} is at the end of {', '.join(map(str, limits.thresholds))}")
    return _with_stage(pipeline, edit.stage, Stage(stage.branches, other))


_EDITORS: Mapping[Operation, Callable[[Pipeline, Edit, Limits], Pipeline]] = {
    "add model": _add_model,
    "remove model": _remove_model,
    "swap model": _swap_model,
    "add transformation": _add_transformation,
    "remove transformation": _remove_transformation,
    "reorder": _reorder,
    "raise threshold": _threshold,
    "lower threshold": _threshold,
}


def _stage(pipeline: Pipeline, edit: Edit) -> Stage:
    if edit.stage >= len(pipeline.stages):
        raise _Refused(f"the pipeline has no stage {edit.stage + 1}")
    return pipeline.stages[edit.stage]


def _branch(pipeline: Pipeline, edit: Edit) -> Branch:
    branches = _stage(pipeline, edit).branches
    if edit.branch >= len(branches):
        raise _Refused(f"stage {edit.stage + 1} has no branch {edit.branch + 1}")
    return branches[edit.branch]


def _with_stage(pipeline: Pipeline, place: int, stage: Stage) -> Pipeline:
    return Pipeline((*pipeline.stages[:place], stage, *pipeline.stages[place + 1 :]))


def _with_branch(pipeline: Pipeline, edit: Edit, branch: Branch) -> Pipeline:
    stage = pipeline.stages[edit.stage]
    branches = (*stage.branches[: edit.branch], branch, *stage.branches[edit.branch + 1 :])
    return _with_stage(pipeline, edit.stage, Stage(branches, stage.threshold))


def _joined(stages: Sequence[tuple[Branch, ...]], thresholds: Sequence[float | None], limits: Limits) -> Pipeline:
    """Return the pipeline of these stages without empty ones; one before the last that has no threshold gets one."""
    kept = [(branches, threshold) for branches, threshold in zip(stages, thresholds, strict=True) if branches]
    usual = limits.thresholds[len(limits.thresholds) // 2] if limits.thresholds else None
    gates = (Stage(branches, usual if threshold is None else threshold) for branches, threshold in kept[:-1])
    return Pipeline((*gates, Stage(kept[-1][0])))
