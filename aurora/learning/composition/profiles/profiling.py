"""Profiles a task on this machine: fits its chains, measures what each answers, how long it takes and what it needs.

Everything is measured once for each fitted component (the last one of a chain), and kept in a folder, by the key of
the component and by machine. The time of a chain is the sum over its components. Time is that of the processor, of the
one thread that runs a component: a machine that is busy otherwise does not change it, and on an idle core it is what a
request waits for.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.errors import AuroraError
from aurora.learning.composition.catalogue import ARTEFACTS, Entry, entries_of
from aurora.learning.composition.components.artefacts import Manifest, read_manifest
from aurora.learning.composition.components.component import Component
from aurora.learning.composition.components.fitting import Outputs, fit_branch
from aurora.learning.composition.components.memory import MemoryMeter, memory_meter
from aurora.learning.composition.pipelines.chains import chains
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import Batch
from aurora.learning.composition.profiles.chain_profiles import (
    MEASUREMENTS,
    PROFILES,
    ChainProfile,
    Share,
    write_profile,
)
from aurora.learning.composition.profiles.measurements import ChainMeasurement
from aurora.learning.composition.profiles.step_measurements import (
    BATCH_SIZES,
    MEASURED_SPLITS,
    StepMeasurement,
    measure_step,
    read_step_measurement,
    write_step_measurement,
)
from aurora.learning.composition.tasks.task import SplitName, Task
from aurora.types import Progress, no_progress

DEFAULT_FOLDER = Path("runs/compose")
"""Folder of the catalogue, the fitted components and the measurements, unless another is given."""


class Profile(NamedTuple):
    """What profiling a task gave.

    Attributes:
        measurements: Chain -> its measurement on the split `select`.
        failures: Chain -> why it could not be fitted or measured.
    """

    measurements: dict[Branch, ChainMeasurement]
    failures: dict[Branch, str]


def measure_branch(
    branch: Branch,
    task: Task,
    folder: Path = DEFAULT_FOLDER,
    *,
    components: Mapping[str, Component] | None = None,
    split: SplitName = "select",
) -> ChainMeasurement:
    """Measure one chain; what is missing is fitted first, and what was measured before is read.

    Args:
        branch: The chain.
        task: The task.
        folder: Folder of artefacts and measurements.
        components: Id -> component; None: the catalogue of the folder.
        split: Items to answer, `select` or `sealed`.

    Raises:
        InputError: A component is unknown, stands at the wrong place, or does not fit.
        FileError: A file can't be read or written, or a package is absent.
        DataError: A file is not what it says.
        RunError: A component can't be converted to ONNX or measured.
    """
    with memory_meter() as meter:
        return _measured(
            branch, Outputs(task), folder, entries_of(folder) if components is None else components, meter
        )[split]


def measure_task(
    task: Task,
    folder: Path = DEFAULT_FOLDER,
    *,
    branches: Sequence[Branch] | None = None,
    components: Mapping[str, Component] | None = None,
    progress: Progress = no_progress,
) -> Profile:
    """Measure every chain of a task's space; what was measured before is read, so it can be interrupted and resumed.

    Args:
        task: The task.
        folder: Folder of artefacts and measurements.
        branches: The chains; None: all that the catalogue has for the task.
        components: Id -> component; None: the catalogue of the folder.
        progress: Receives the number of chains that are done.

    Returns:
        Measurements, and reasons of chains that can't be measured; the others go on.

    Raises:
        InputError: A chain is named that is not valid.
        FileError: A file can't be written.
    """
    components = entries_of(folder) if components is None else components
    branches = task_chains(task, components) if branches is None else branches
    outputs = Outputs(task)
    profile = Profile({}, {})
    with memory_meter() as meter:
        for k, branch in enumerate(branches):
            try:
                profile.measurements[branch] = _measured(branch, outputs, folder, components, meter)["select"]
            except AuroraError as error:
                profile.failures[branch] = str(error)
            progress("chains", k + 1, len(branches), str(branch))
    return profile


def task_chains(task: Task, components: Mapping[str, Component]) -> list[Branch]:
    """Return the chains of a task's space: all that fit, of components that are for the task and not deprecated."""
    usable = [one for one in components.values() if not isinstance(one, Entry) or one.is_for(task.name)]
    return chains(task.input, usable)


def _measured(
    branch: Branch, outputs: Outputs, folder: Path, components: Mapping[str, Component], meter: MemoryMeter
) -> dict[SplitName, ChainMeasurement]:
    """Fit and measure a chain on both splits."""
    task = outputs.task
    places = fit_branch(branch, task, components, folder / ARTEFACTS, outputs)
    store = folder / MEASUREMENTS / task.name / machine_id()
    values: dict[SplitName, Batch] = {name: task.split(name).items for name in MEASURED_SPLITS}
    steps: list[StepMeasurement] = []
    for place in places:
        manifest = read_manifest(place)
        file = store / f"{_name(manifest, task)}.npz"
        step = read_step_measurement(file)
        if step is None:
            step = measure_step(place, values, meter)
            write_step_measurement(file, step)
        steps.append(step)
        if manifest.kind == "transformation":
            values = {name: outputs.of(place, value, name) for name, value in values.items()}
    measured: dict[SplitName, ChainMeasurement] = {
        name: ChainMeasurement(
            branch=branch,
            probabilities=steps[-1].probabilities[name],
            seconds=np.sum([step.seconds[name] for step in steps], axis=0),
            batch_seconds={size: sum(step.batch_seconds[size] for step in steps) for size in BATCH_SIZES},
            memory=sum(step.memory for step in steps),
            size=sum(step.size for step in steps),
            component_memory=tuple(step.memory for step in steps),
            component_size=tuple(step.size for step in steps),
        )
        for name in MEASURED_SPLITS
    }
    _keep_profile(store, task, measured, steps, read_manifest(places[-1]))
    return measured


def _keep_profile(
    store: Path,
    task: Task,
    measured: Mapping[SplitName, ChainMeasurement],
    steps: Sequence[StepMeasurement],
    manifest: Manifest,
) -> None:
    """Write what people look up of a chain, unless it is there."""
    whole = measured["select"]
    file = store / PROFILES / f"{','.join(whole.branch.components)}-{_name(manifest, task)[-16:]}.json"
    if file.exists():
        return
    accuracies = {
        name: float((one.probabilities.argmax(axis=1) == task.split(name).labels).mean())
        for name, one in measured.items()
    }
    components = [
        Share(
            seconds_p50=float(np.median(step.seconds["select"])),
            seconds_p95=float(np.quantile(step.seconds["select"], 0.95)),
            batch_seconds=dict(step.batch_seconds),
            memory=step.memory,
            size=step.size,
        )
        for step in steps
    ]
    profile = ChainProfile(
        task=task.name,
        data=task.fingerprint,
        chain=whole.branch.components,
        accuracy=accuracies["select"],
        sealed_accuracy=accuracies["sealed"],
        seconds_p50=float(np.median(whole.seconds)),
        seconds_p95=float(np.quantile(whole.seconds, 0.95)),
        batch_seconds=dict(whole.batch_seconds),
        memory=whole.memory,
        size=whole.size,
        components=tuple(components),
    )
    write_profile(file, profile)


def _name(manifest: Manifest, task: Task) -> str:
    """Return the name of a measurement: what was fitted, after what, on whose items."""
    text = f"{manifest.key} {manifest.after} {task.fingerprint}"
    return f"{manifest.id}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@cache
def machine_id() -> str:
    """Return a hash of the processor and of the runtime's version, 8 hex digits: times are measured anew elsewhere."""
    from importlib.metadata import version  # noqa: PLC0415  # reads files

    model = ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        model = platform.processor()
    text = f"{platform.machine()} {model} onnxruntime {version('onnxruntime')}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]
