"""What a training of a clone is to do, kept in its folder; light, so that a mistake is said before torch is loaded."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from aurora.errors import DataError, RunError
from aurora.files import write_atomically
from aurora.reading import read_json

COURSE = "training.json"
CLONE = "clone.pt"


@dataclass(frozen=True, slots=True)
class Course:
    """What is trained, and on what; kept in the folder, so that a training can be gone on with.

    Attributes:
        histories: Files, as absolute paths; empty where accounts are generated.
        generated: How many accounts to generate; 0 where files are given.
        share: Of experts among the accounts; None leaves it to the mixture.
        steps: Of fine-tuning.
        seed: Of everything random.
        catalogue: File that configurations name things from, as an absolute path; "" for the synthetic one.
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
    """Note in a new folder what shall be trained.

    Raises:
        DataError: The course is not possible.
        RunError: The folder holds a training already.
    """
    if bool(course.histories) == bool(course.generated):
        raise DataError("give either files with histories or a number of accounts to generate")
    if course.steps < 1 or course.seed < 0:
        raise DataError(f"steps ({course.steps}) must be at least 1, seed ({course.seed}) at least 0")
    absent = [path for path in (*course.histories, course.catalogue) if path and not Path(path).is_file()]
    if absent:
        raise DataError(f"{absent[0]}: there is no such file")
    if (folder / CLONE).exists():  # before it nothing was learnt that a second attempt would lose
        raise RunError(
            f"{folder} holds a training already; go on with --resume {shlex.quote(str(folder))}, or give another --out"
        )
    write_atomically(folder / COURSE, json.dumps(asdict(course), indent=2))


def course_of(folder: Path) -> Course:
    """What is trained in a folder.

    Raises:
        RunError: It holds no training.
    """
    if not (folder / COURSE).exists():
        raise RunError(f"{folder} holds no training of a clone; begin one with --out")
    data = read_json(folder / COURSE, error=RunError)
    try:
        return TypeAdapter(Course).validate_python(data)
    except ValidationError as error:
        said = str(error.errors(include_url=False)[0]["msg"])
        raise RunError(f"{folder / COURSE} is damaged ({said}); begin a training anew with --out") from None
