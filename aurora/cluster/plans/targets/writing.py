"""Steps that write files: each replaces a file whose content is known, whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from aurora.cluster.plans.targets.target import Direction, Step, StepState
from aurora.errors import FileError, PlanError
from aurora.files import write_atomically, writing
from aurora.reading import read_text


class WritingTarget:
    """What targets share that write files; see `aurora.cluster.plans.targets.target.Target`.

    Args:
        place: Folder of the files, or the file.
    """

    name = "writing"

    def __init__(self, place: Path) -> None:
        self.place = place

    def where(self) -> dict[str, str]:
        """Return the absolute path."""
        return {"path": str(self.place.absolute())}

    def state(self, step: Step) -> StepState:
        """Return whether a file is as before or as afterwards.

        Raises:
            PlanError: It has another content.
        """
        content = content_of(Path(step.data["path"]))
        if content == step.data["after"]:
            return "new"
        if content == step.data["before"]:
            return "old"
        raise PlanError(f"{step.data['path']} was changed meanwhile; put its old content back, or make another plan")

    def make(self, step: Step, direction: Direction) -> None:
        """Write the content of a file, or take the file away.

        Raises:
            PlanError: The file can't be written.
        """
        path, content = Path(step.data["path"]), step.data["after" if direction == "apply" else "before"]
        try:
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                if content is None:
                    path.unlink(missing_ok=True)
                    with contextlib.suppress(OSError):  # a folder has other files
                        for folder in path.parents:
                            if not folder.is_relative_to(self.place.absolute()):
                                break
                            folder.rmdir()
                    return
            write_atomically(path, content)
        except FileError as error:
            raise PlanError(str(error)) from None

    def settle(self, step: Step, direction: Direction) -> str:
        """Return what is worth knowing about a file that was written."""
        return str(step.data.get("remark", "")) if direction == "apply" else ""


def content_of(path: Path) -> str | None:
    """Return the content of a file; None if there is none.

    Raises:
        PlanError: It can't be read.
    """
    try:
        return read_text(path) if path.exists() else None
    except FileError as error:
        raise PlanError(str(error)) from None


def writing_steps(
    folder: Path, contents: Mapping[str, str], what: str, remarks: Mapping[str, str] | None = None
) -> tuple[Step, ...]:
    """Return the steps that write files of a folder, which must not be there yet with another content.

    Args:
        folder: The folder.
        contents: Content of each file, by its path in the folder.
        what: The files together, for messages.
        remarks: What is worth knowing about a file, by its path in the folder.

    Raises:
        PlanError: A file is there already, or can't be read.
    """
    steps = []
    for name, content in contents.items():
        path = (folder / name).absolute()
        before = content_of(path)
        if before is not None and before != content:
            raise PlanError(f"{path} is there already; give an empty folder for the {what}")
        data = {"path": str(path), "before": None, "after": content}
        data |= {"remark": (remarks or {}).get(name, "")}
        steps.append(Step(change=0, text=f"write {folder / name}", action="file", data=data))
    return tuple(steps)
