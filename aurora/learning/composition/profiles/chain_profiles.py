"""What people look up of measured chains: accuracy, times and memory, in small JSON files beside the measurements."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from aurora.errors import DataError
from aurora.files import write_atomically, writing
from aurora.reading import read_json
from aurora.types import Frozen
from aurora.validation import explain_validation

MEASUREMENTS, PROFILES = "measurements", "profiles"


class Share(Frozen):
    """What one component of a chain takes.

    Attributes:
        seconds_p50: Median time of an item, in seconds.
        seconds_p95: 95th percentile of the time of an item, in seconds.
        batch_seconds: Size of a batch -> median time of one, in seconds.
        memory: Resident memory, in bytes.
        size: Files on disk, in bytes.
    """

    seconds_p50: float
    seconds_p95: float
    batch_seconds: dict[int, float]
    memory: float
    size: float


class ChainProfile(Share):
    """What a chain takes and achieves on a task.

    Attributes:
        task: Name of the task.
        data: Fingerprint of its data.
        chain: Ids of the components, in order.
        accuracy: Share of right answers on the split `select`.
        sealed_accuracy: Likewise on the split `sealed`.
        components: What each component takes, in order.
    """

    task: str
    data: str
    chain: tuple[str, ...]
    accuracy: float
    sealed_accuracy: float
    components: tuple[Share, ...]


def write_profile(file: Path, profile: ChainProfile) -> None:
    """Write the profile of a chain.

    Raises:
        FileError: It can't be written.
    """
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, profile.model_dump_json(indent=1) + "\n")


def read_profiles(folder: Path, machine: str, task: str = "") -> list[ChainProfile]:
    """Return the profiles that were measured on a machine, sorted by task and chain.

    Args:
        folder: Folder of the catalogue and the measurements.
        machine: Id of the machine.
        task: Name of a task; empty: all.

    Raises:
        FileError: A file can't be read.
        DataError: A file is no profile.
    """
    found: list[ChainProfile] = []
    for file in (folder / MEASUREMENTS).glob(f"{task or '*'}/{machine}/{PROFILES}/*.json"):
        try:
            found.append(ChainProfile.model_validate(read_json(file)))
        except ValidationError as error:
            raise DataError(f"{file} is no profile: {explain_validation(error)}; delete it") from None
    return sorted(found, key=lambda one: (one.task, one.chain, one.data))


def profiles_with(component: str, profiles: Iterable[ChainProfile]) -> list[ChainProfile]:
    """Return the profiles of chains that have a component, the most accurate first."""
    return sorted((one for one in profiles if component in one.chain), key=lambda one: -one.accuracy)


def share_of(component: str, profiles: Iterable[ChainProfile]) -> Share | None:
    """Return what a component takes alone, in the shortest chain that was measured; None if none was."""
    shortest = min(
        (one for one in profiles if component in one.chain), key=lambda one: (len(one.chain), one.chain), default=None
    )
    return None if shortest is None else shortest.components[shortest.chain.index(component)]
