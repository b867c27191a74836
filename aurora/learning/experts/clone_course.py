"""Settings of a clone's training, kept in its folder; without heavy imports, so that mistakes are reported at once."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from aurora.errors import FileError, InputError, RunError
from aurora.files import write_atomically
from aurora.reading import read_json

COURSE = "training.json"
CLONE = "clone.pt"


@dataclass(frozen=True, slots=True)
class Course:
    """Settings of a clone's training, kept in its folder so that it can be resumed.

    Attributes:
        histories: Files of histories, as absolute paths; empty where accounts are generated.
        generated: Number of accounts to generate; 0 where files are given.
        share: Share of experts among the accounts; None: found by a mixture.
        steps: Steps of fine-tuning.
        seed: Random seed.
        catalogue: File of the catalogue, as an absolute path; "" for the synthetic one.
        hashed: Whether names of accounts are replaced by keyed hashes.
    """

    histories: tuple[str, ...]
    generated: int
    share: float | None
    steps: int
    seed: int
    catalogue: str = ""
    hashed: bool = False


def begin(folder: Path, course: Course) -> None:
    """Write the settings of a training into a new folder.

    Raises:
        InputError: The settings are not possible.
        FileError: A file does not exist.
        RunError: The folder holds a training already.
    """
    if bool(course.histories) == bool(course.generated):
        raise InputError("give either files with histories or a number of accounts to generate")
    if course.steps < 1 or course.seed < 0:
        raise InputError(f"steps ({course.steps}) must be at least 1, seed ({course.seed}) at least 0")
    absent = [path for path in (*course.histories, course.catalogue) if path and not Path(path).is_file()]
    if absent:
        raise FileError(f"{absent[0]}: there is no such file")
    if (folder / CLONE).exists():  # before it nothing was learnt that a second attempt would lose
        raise RunError(
            f"{folder} holds a training already; go on with `aurora train clone --resume {shlex.quote(str(folder))}`, "
            "or begin one in another folder"
        )
    write_atomically(folder / COURSE, json.dumps(asdict(course), indent=2))


def course_of(folder: Path) -> Course:
    """Read the settings of the training in a folder.

    Raises:
        RunError: It holds no training.
    """
    if not (folder / COURSE).exists():
        raise RunError(f"{folder} holds no training of a clone; begin one with `aurora train clone --out DIR`")
    data = read_json(folder / COURSE, error=RunError)
    try:
        return TypeAdapter(Course).validate_python(data)
    except ValidationError as error:
        reason = str(error.errors(include_url=False)[0]["msg"])
        raise RunError(
            f"{folder / COURSE} is damaged ({reason}); begin a training anew with `aurora train clone --out DIR`"
        ) from None
