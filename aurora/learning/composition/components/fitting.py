"""Fits components on the output of the chain before them, and keeps what they become as plain data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.components.artefacts import (
    Fitted,
    Manifest,
    chain_key,
    current_folder,
    read_manifest,
    write_artefact,
)
from aurora.learning.composition.components.component import OWN, Component
from aurora.learning.composition.components.conversion import quantised, to_onnx
from aurora.learning.composition.components.estimators import FAMILIES, estimator_of
from aurora.learning.composition.components.methods import METHODS
from aurora.learning.composition.components.runtimes import MODEL_FILE, open_step
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Batch, ValueType
from aurora.learning.composition.tasks.task import SplitName, Task

SEED = 0
"""Seed of everything that is fitted; another seed would be another component."""
BATCH = 256
"""Items of a batch when the outputs of a chain are computed for fitting."""


@dataclass
class Outputs:
    """Outputs of transformations on the splits of a task, each computed once.

    Attributes:
        task: The task.
        folders: Folder of the artefact at the end of a chain of ids; the key of the cache with the split.
    """

    task: Task
    _kept: dict[tuple[str, SplitName], Batch] = field(default_factory=dict)

    def of(self, folder: Path | None, before: Batch | None, split: SplitName) -> Batch:
        """Return the output of the component in a folder on a split.

        Args:
            folder: The component; None: the items themselves.
            before: Output of the chain before it.
            split: The split.
        """
        if folder is None or before is None:
            return self.task.split(split).items
        place = str(folder), split
        if place not in self._kept:
            _, step = open_step(folder)
            size = 1 if isinstance(before, list) else BATCH  # int8 weights round by batch; requests come one by one
            rows = [step(before[k : k + size]) for k in range(0, len(before), size)]
            self._kept[place] = np.concatenate(rows)
        return self._kept[place]


def fit_branch(
    branch: Branch,
    task: Task,
    components: Mapping[str, Component],
    artefacts: Path,
    outputs: Outputs | None = None,
) -> tuple[Path, ...]:
    """Fit what is not fitted yet of a chain, each component on the output of those before it.

    Args:
        branch: The chain.
        task: The task; components see its split `fit` only.
        components: Id -> component.
        artefacts: Folder of the fitted components.
        outputs: Outputs that were computed already, where several chains are fitted.

    Returns:
        Folder of each component, in order.

    Raises:
        InputError: A component is unknown, stands at the wrong place, or does not fit.
        FileError: A file can't be read or written, or a package is absent.
        DataError: A file is not what it says.
        RunError: A component can't be converted to ONNX.
    """
    outputs = outputs or Outputs(task)
    chain = chain_of(branch, task.input, components)
    told = chain[-1].output.names if chain[-1].output is not None else task.classes
    if told != task.classes:
        raise InputError(
            f"{branch.model} tells {', '.join(told)}, and the classes of {task.name} are {', '.join(task.classes)}",
            parameter="branch",
            value=str(branch),
        )
    value: Batch = task.fit.items
    given = task.input
    folders: list[Path] = []
    after = ""
    for k, component in enumerate(chain):
        folder = _fitted(chain[: k + 1], task, artefacts, value, (given, after))
        folders.append(folder)
        manifest = read_manifest(folder)
        given, after = manifest.output, manifest.key
        if component.kind == "transformation":
            value = outputs.of(folder, value, "fit")
    return tuple(folders)


def chain_of(branch: Branch, given: ValueType, components: Mapping[str, Component]) -> tuple[Component, ...]:
    """Return the components of a chain, after it was checked that each fits after the one before it.

    Raises:
        InputError: A component is unknown, stands at the wrong place, or does not fit; the message says why.
    """
    chain: list[Component] = []
    for k, name in enumerate(branch.components):
        component = components.get(name)
        if component is None:
            raise InputError(f"the catalogue has no component {name}", parameter="branch", value=str(branch))
        wanted = "model" if k == len(branch.transformations) else "transformation"
        if component.kind != wanted:
            raise InputError(
                f"{name} is a {component.kind}, and a {wanted} is needed in its place",
                parameter="branch",
                value=str(branch),
            )
        reason = component.misfit(given)
        if reason:
            raise InputError(f"{name} does not fit: {reason}", parameter="branch", value=str(branch))
        given = component.gives(given)
        chain.append(component)
    return tuple(chain)


def _fitted(
    chain: tuple[Component, ...], task: Task, artefacts: Path, value: Batch, place: tuple[ValueType, str]
) -> Path:
    """Return the folder of the last component of a chain; it is fitted if it isn't there."""
    component = chain[-1]
    ids = [one.id for one in chain]
    key = chain_key(chain, task.fingerprint)
    folder = current_folder(artefacts, task.name, ids)
    if folder is not None and (folder.name == key or component.recipe.family == OWN) and folder.is_dir():
        return folder
    if component.recipe.family == OWN:
        raise InputError(f"{component.id} was added to another catalogue; add its file to this one")
    given, after = place
    output = component.gives(given)
    if component.kind == "model":
        output = ValueType("probability", len(task.classes), task.classes)
    made = fit_component(component, given, value, task)
    manifest = Manifest(
        id=component.id,
        kind=component.kind,
        version=component.version,
        recipe=component.recipe,
        runtime=made.runtime,
        settings=dict(made.settings),
        input=given,
        output=output,
        files=dict(made.packaged),
        task=task.name,
        key=key,
        after=after,
    )
    return write_artefact(artefacts / task.name / ",".join(ids), manifest, made.files)


def fit_component(component: Component, given: ValueType, items: Batch, task: Task) -> Fitted:
    """Fit one component.

    Args:
        component: The component.
        given: Type of the items.
        items: Output of the chain before it on the task's split `fit`.
        task: The task, for labels and classes.

    Raises:
        InputError: There is no such family, or a parameter is missing.
        RunError: It can't be converted to ONNX.
    """
    family = component.recipe.family
    without_estimator = METHODS.get(family)
    if without_estimator is not None:
        return without_estimator(component, items, task)
    if family not in FAMILIES or isinstance(items, list):
        raise InputError(f"component {component.id} has the family {family!r}, which can't be fitted to {given}")
    estimator = estimator_of(component.recipe, SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a limit of iterations is a part of the recipe
        estimator.fit(items, task.fit.labels)
    model = to_onnx(estimator, items.shape[1])
    if component.recipe.parameters.get("int8"):
        model = quantised(model)
    return Fitted("onnx", files={MODEL_FILE: model})
