"""Loads a chain of fitted components so that it answers requests."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aurora.errors import DataError, FileError, InputError
from aurora.learning.composition.components.artefacts import Manifest, current_folder
from aurora.learning.composition.components.runtimes import Step, open_step
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Array, Batch, ValueType, misfit


@dataclass(frozen=True, eq=False)
class LoadedBranch:
    """A chain that answers: call it with a batch, and it returns probabilities of shape (items, classes).

    Attributes:
        branch: The chain.
        classes: Names of the classes, in the order of the probabilities.
        input: Type of the items that it takes.
        manifests: Manifest of each component, in order.
        steps: The loaded components, in order.
        memory: Resident memory that loading added to this process, in bytes; other threads that take memory meanwhile
            count too.
        size: Size of the components on disk, in bytes.
    """

    branch: Branch
    classes: tuple[str, ...]
    input: ValueType
    manifests: tuple[Manifest, ...]
    steps: tuple[Step, ...]
    memory: int
    size: int

    @property
    def keys(self) -> tuple[str, ...]:
        """Key of each component: says exactly which fitted components answered."""
        return tuple(manifest.key for manifest in self.manifests)

    def __call__(self, batch: Batch) -> Array:
        """Return the probability of each class for each item.

        Raises:
            DataError: A component gave something of another shape than it says.
        """
        value = batch
        for step in self.steps:
            value = step(value)
        if isinstance(value, list) or value.shape != (len(batch), len(self.classes)):
            shape = len(value) if isinstance(value, list) else value.shape
            raise DataError(
                f"{self.branch} gave values of shape {shape} for {len(batch)} items of {len(self.classes)} classes"
            )
        return value


def load_branch(branch: Branch, task: str, artefacts: Path) -> LoadedBranch:
    """Load the fitted components of a chain.

    Args:
        branch: The chain.
        task: Name of the task that it was fitted to.
        artefacts: Folder of the fitted components.

    Raises:
        InputError: Components don't fit together; the message says which and why.
        FileError: A component was not fitted to the task, or a file of it is absent.
        DataError: A file is not the one that was fitted, or can't be loaded.
    """
    before = _resident()
    manifests: list[Manifest] = []
    steps: list[Step] = []
    for k, name in enumerate(branch.components):
        folder = current_folder(artefacts, task, branch.components[: k + 1])
        if folder is None:
            raise FileError(
                f"{' > '.join(branch.components[: k + 1])} is not fitted to task {task} in {artefacts}; "
                f"fit it with: aurora compose profile {task} --chain '{branch}'"
            )
        manifest, step = open_step(folder)
        _check(manifests, manifest, is_last=name == branch.model and k == len(branch.components) - 1)
        manifests.append(manifest)
        steps.append(step)
    output = manifests[-1].output
    return LoadedBranch(
        branch,
        output.names or tuple(map(str, range(output.width or 0))),
        manifests[0].input,
        tuple(manifests),
        tuple(steps),
        max(0, _resident() - before),
        sum(manifest.size for manifest in manifests),
    )


def _check(before: list[Manifest], manifest: Manifest, *, is_last: bool) -> None:
    wanted = "model" if is_last else "transformation"
    if manifest.kind != wanted:
        raise InputError(f"component {manifest.id} is a {manifest.kind}, and a {wanted} is needed in its place")
    if not before:
        return
    reason = misfit(before[-1].output, (manifest.input,))
    if reason:
        raise InputError(f"component {manifest.id} does not fit after {before[-1].id}: {reason}")
    if manifest.after and manifest.after != before[-1].key:
        raise FileError(
            f"component {manifest.id} was fitted after another version of {before[-1].id}; profile the chain again"
        )


def _resident() -> int:
    """Return the resident memory of this process in bytes; 0 where /proc does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE")
