"""Checks whether a pipeline can run: every misfit, with its place and why."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal, TypeAlias

from aurora.errors import InputError
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.pipelines.rules import HIGHEST_THRESHOLD, LOWEST_THRESHOLD, Rules, is_threshold
from aurora.learning.composition.pipelines.value_types import ValueType

Fault: TypeAlias = Literal[
    "unknown", "deprecated", "kind", "type", "classes", "threshold", "duplicate", "empty", "limit"
]
"""Sort of a misfit: `unknown` id, `deprecated` component, a component of the wrong `kind`, a
`type` that does not fit, other `classes`, a wrong `threshold`, a `duplicate`, something `empty`, a `limit` exceeded."""


@dataclass(frozen=True)
class Place:
    """Where in a pipeline something is, counted from 0; None where it is the whole.

    Attributes:
        stage: The stage; None for the whole pipeline.
        branch: The branch within the stage; None for the whole stage.
        component: The component within the branch; None for the whole branch.
        name: What stands there, as people write it.
    """

    stage: int | None = None
    branch: int | None = None
    component: int | None = None
    name: str = ""

    def __str__(self) -> str:
        """Return the place as people count: `stage 2, branch 1, component 1 (pca-32)`."""
        parts = (("stage", self.stage), ("branch", self.branch), ("component", self.component))
        counted = ", ".join(f"{what} {number + 1}" for what, number in parts if number is not None)
        return f"{counted or 'pipeline'} ({self.name})" if self.name else counted or "pipeline"


@dataclass(frozen=True)
class Misfit:
    """Something in a pipeline that does not fit.

    Attributes:
        place: Where it is.
        fault: Its sort.
        reason: Why it does not fit, and what would.
    """

    place: Place
    fault: Fault
    reason: str

    def __str__(self) -> str:
        """Return the misfit as one sentence without a full stop."""
        return f"{self.place}: {self.reason}"


def check(pipeline: Pipeline, rules: Rules) -> list[Misfit]:
    """Return everything in a pipeline that does not fit, in the order of its places.

    Args:
        pipeline: The pipeline.
        rules: Components, type of the input, classes and limits of the task.
    """
    count, most = len(pipeline.stages), rules.limits.stages
    found: list[Misfit] = []
    if count == 0:
        return [Misfit(Place(), "empty", "it has no stage; give at least one model")]
    if count > most:
        found.append(Misfit(Place(), "limit", f"it has {count} stages; at most {most} are allowed"))
    seen: dict[tuple[Branch, ...], int] = {}
    for number, stage in enumerate(pipeline.stages):
        found += _threshold_misfit(stage, number, is_last=number == count - 1)
        found += _stage_misfits(stage, number, rules, rules.limits.branches_of(number, count))
        if stage.branches and stage.branches in seen:
            reason = f"it answers as stage {seen[stage.branches] + 1} did; leave one out"
            found.append(Misfit(Place(number), "duplicate", reason))
        seen.setdefault(stage.branches, number)
    return found


def threshold_misfits(pipeline: Pipeline) -> list[Misfit]:
    """Return what is wrong with the thresholds of a pipeline, which needs no catalogue to be seen."""
    last = len(pipeline.stages) - 1
    return [m for k, stage in enumerate(pipeline.stages) for m in _threshold_misfit(stage, k, is_last=k == last)]


def require_valid(pipeline: Pipeline, rules: Rules) -> None:
    """Refuse a pipeline that does not fit.

    Raises:
        InputError: Something does not fit; the message has every place and reason.
    """
    found = check(pipeline, rules)
    if found:
        raise InputError("; ".join(map(str, found)), parameter="pipeline", value=str(pipeline))


def branch_misfits(branch: Branch, rules: Rules, place: Place | None = None) -> list[Misfit]:
    """Return everything in one branch that does not fit.

    After a component whose answer is not known (an unknown id, or an input that does not fit), types are not followed
    any further: one fault is said once.

    Args:
        branch: The branch.
        rules: Components, type of the input, classes and limits of the task.
        place: Place of the branch; None for the first one of the first stage.
    """
    here = Place(0, 0) if place is None else place
    found: list[Misfit] = []
    if len(branch.transformations) > rules.limits.transformations:
        given, most = len(branch.transformations), rules.limits.transformations
        reason = f"it has {_counted(given, 'transformation')}; at most {most} are allowed"
        found.append(Misfit(_named(here, None, str(branch)), "limit", reason))
    value: ValueType | None = rules.input
    for number, name in enumerate(branch.components):
        at = _named(here, number, name)
        if name in branch.transformations[:number]:
            found.append(Misfit(at, "duplicate", "it stands twice in the branch; leave one out"))
        component = rules.components.get(name)
        if component is None:
            found.append(Misfit(at, "unknown", _unknown(name, rules)))
            value = None
            continue
        if component.deprecated:
            found.append(Misfit(at, "deprecated", f"it is deprecated: {component.deprecated}"))
        wanted = "model" if number == len(branch.components) - 1 else "transformation"
        if component.kind != wanted:
            where = "ends with a model" if wanted == "model" else "has one model, and it stands last"
            found.append(Misfit(at, "kind", f"it is a {component.kind}; a branch {where}"))
            value = None
        if value is None:
            continue
        if reason := component.misfit(value):
            found.append(Misfit(at, "type", reason))
            value = None
        else:
            value = component.gives(value)
    if value is not None and (reason := _answer_misfit(value, rules.classes)):
        found.append(Misfit(_named(here, len(branch.components) - 1, branch.model), "classes", reason))
    return found


def _stage_misfits(stage: Stage, number: int, rules: Rules, most: int) -> list[Misfit]:
    if not stage.branches:
        return [Misfit(Place(number), "empty", "it has no branch; give at least one model")]
    found: list[Misfit] = []
    if len(stage.branches) > most:
        last = " before the last" if most < rules.limits.branches else ""
        reason = f"it has {_counted(len(stage.branches), 'branch')}; at most {most} are allowed in a stage{last}"
        found.append(Misfit(Place(number), "limit", reason))
    for index, branch in enumerate(stage.branches):
        place = Place(number, index)
        if branch in stage.branches[:index]:
            reason = "the stage has it twice; its average would count it double"
            found.append(Misfit(_named(place, None, str(branch)), "duplicate", reason))
        found += branch_misfits(branch, rules, place)
    return found


def _threshold_misfit(stage: Stage, number: int, *, is_last: bool) -> list[Misfit]:
    place = Place(number)
    if is_last:
        if stage.threshold is None:
            return []
        reason = f"it is the last stage, whose answer always stands; leave `? {stage.threshold:g}` out, or add a stage"
        return [Misfit(place, "threshold", reason)]
    span = f"from {LOWEST_THRESHOLD:g} to {HIGHEST_THRESHOLD:g}"
    if stage.threshold is None:
        return [Misfit(place, "threshold", f"a stage before the last needs a threshold {span}, such as `? 0.8`")]
    if not is_threshold(stage.threshold):
        return [Misfit(place, "threshold", f"its threshold is {stage.threshold:g}; give one {span}")]
    return []


def _answer_misfit(value: ValueType, classes: tuple[str, ...]) -> str:
    if value.kind != "probability":
        return f"it gives {value}; a model gives one probability a class"
    if value.names and value.names != classes:
        return f"it gives the classes {', '.join(value.names)}; the task has {', '.join(classes)}"
    if value.width is not None and value.width != len(classes):
        return f"it gives {value.width} classes; the task has {len(classes)}"
    return ""


def _unknown(name: str, rules: Rules) -> str:
    near = difflib.get_close_matches(name, rules.components, n=1)
    return "no component has this id" + (f"; did you mean {near[0]}?" if near else "; see `aurora compose catalogue`")


def _named(place: Place, component: int | None, name: str) -> Place:
    return Place(place.stage, place.branch, component, name)


def _counted(count: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
