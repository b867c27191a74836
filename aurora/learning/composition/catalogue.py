"""The catalogue: which components there are, what they take and give, where they are from, and which are withdrawn.

A catalogue is what AURORA brings, changed by the journal in a folder. Each change is a line with who made it and when;
lines are only ever added, so that a killed process leaves the catalogue before the change or after it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeAlias

from aurora.errors import DataError, FileError, InputError
from aurora.files import writing
from aurora.journal import append, read_as
from aurora.learning.composition.components.artefacts import OWN_FOLDER, Manifest, write_artefact
from aurora.learning.composition.components.component import OWN, Component, ComponentKind, Recipe
from aurora.learning.composition.components.runtimes import MODEL_FILE
from aurora.learning.composition.components.trial import MEMORY, SECONDS, Trial, try_model
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.reading import parse_json
from aurora.types import Frozen

JOURNAL, ARTEFACTS = "catalogue.jsonl", "artefacts"
LARGEST_FILE = 1 << 30
"""Most bytes of a model file that is added."""
Action: TypeAlias = Literal["add", "remove", "deprecate", "restore"]
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


class Provenance(Frozen):
    """Where a component is from.

    Attributes:
        package: Distribution that brings the method or the weights; empty: a file of the user's.
        licence: Its licence.
        source: Paper, address or file.
    """

    package: str = ""
    licence: str = ""
    source: str = ""


class Entry(Component):
    """A component in a catalogue.

    Attributes:
        description: What it is, in a few words.
        tasks: Tasks whose space of pipelines it belongs to; empty: every task that it fits.
        provenance: Where it is from.
        on_request: Whether it belongs to no task's space, and is used where a chain names it.
        deprecated: Why it is not to be used any more; empty: it may be used.
    """

    description: str = ""
    tasks: tuple[str, ...] = ()
    on_request: bool = False
    provenance: Provenance = Provenance()
    deprecated: str = ""

    def is_for(self, task: str) -> bool:
        """Return whether the space of a task's pipelines has it."""
        return not self.deprecated and not self.on_request and (not self.tasks or task in self.tasks)


class Change(Frozen):
    """A change of a catalogue.

    Attributes:
        action: What was done.
        id: Id of the component.
        who: Who did it.
        when: When, in ISO 8601.
        why: Why, in the words of whoever did it.
        entry: The entry that was added.
    """

    action: Action
    id: str
    who: str
    when: str
    why: str = ""
    entry: Entry | None = None


class Addition(Frozen):
    """A component that is to be added from an ONNX file.

    Attributes:
        id: Its id.
        kind: Its kind.
        takes: Type that it takes.
        classes: Names of the classes that a model tells apart, in the order of its output.
        output: Name of the output to use; empty: the only matrix of numbers.
        description: What it is, in a few words.
        tasks: Tasks that it is for; empty: every task that it fits.
        licence: Its licence.
        source: Where it is from.
    """

    id: str
    kind: ComponentKind
    takes: ValueType
    classes: tuple[str, ...] = ()
    output: str = ""
    description: str = ""
    tasks: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""


class _Shipped(Frozen):
    entries: tuple[Entry, ...]


@cache
def shipped() -> Mapping[str, Entry]:
    """Return the components that AURORA brings: id -> entry."""
    text = files("aurora.learning.composition").joinpath("catalogue.json").read_text()
    return {entry.id: entry for entry in _Shipped.model_validate(parse_json(text, "catalogue.json")).entries}


def changes(folder: Path) -> list[Change]:
    """Return the changes of a catalogue, oldest first.

    Raises:
        FileError: The journal can't be read.
        DataError: A line of it is no change.
    """
    return read_as(folder / JOURNAL, Change, "change of a catalogue")


def entries_of(folder: Path) -> dict[str, Entry]:
    """Return the components of a catalogue: id -> entry, sorted by id. A folder without a journal has the shipped ones.

    Raises:
        FileError: The journal can't be read.
        DataError: A line of it is no change.
    """
    entries, _ = _folded(folder)
    return dict(sorted(entries.items()))


def add(
    folder: Path,
    addition: Addition,
    file: Path,
    who: str,
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Entry:
    """Add a component from an ONNX file, after it was loaded and run in a child process.

    An id that was added before gets a new version, and the version before stays on disk. An id that AURORA brings
    can't be taken.

    Args:
        folder: Folder of the catalogue.
        addition: What is added.
        file: The ONNX file.
        who: Who adds it.
        seconds: Longest time that loading and running it may take.
        memory: Most bytes that it may take.

    Raises:
        InputError: The id or a type is not valid, or AURORA brings a component of that id.
        FileError: The file can't be read, or the catalogue can't be written.
        DataError: The file is refused; the message says why, and the catalogue is as it was.
        RunError: The child process can't be started.
    """
    if not _ID.fullmatch(addition.id):
        raise InputError("give lower-case letters, digits, dots and hyphens", parameter="id", value=addition.id)
    if addition.id in shipped():
        raise InputError("AURORA brings a component of this id; give another", parameter="id", value=addition.id)
    if (addition.kind == "model") != bool(addition.classes):
        raise InputError("a model needs the names of its classes, and a transformation has none", parameter="classes")
    if len(set(addition.classes)) < len(addition.classes):
        raise InputError("a class is named twice", parameter="classes", value=",".join(addition.classes))
    content = _content(file)
    verdict = try_model(Trial(file, content, addition.takes, addition.classes, addition.output), seconds, memory)
    version = 1 + max((c.entry.version for c in changes(folder) if c.id == addition.id and c.entry), default=0)
    output = (
        ValueType("probability", len(addition.classes), addition.classes)
        if addition.classes
        else ValueType("embedding", verdict.width)
    )
    entry = Entry(
        id=addition.id,
        kind=addition.kind,
        takes=(addition.takes,),
        recipe=Recipe(family=OWN),
        version=version,
        output=output,
        description=addition.description,
        tasks=addition.tasks,
        provenance=Provenance(licence=addition.licence, source=addition.source or file.name),
    )
    manifest = Manifest(
        id=entry.id,
        kind=entry.kind,
        version=version,
        recipe=entry.recipe,
        runtime="onnx",
        settings={"output": verdict.output},
        input=addition.takes,
        output=output,
        key=_key(entry.id, version, content),
    )
    write_artefact(folder / ARTEFACTS / OWN_FOLDER / entry.id, manifest, {MODEL_FILE: content})
    _record(folder, Change(action="add", id=entry.id, who=who, when=_now(), entry=entry))
    return entry


def share_own(folder: Path, artefacts: Path) -> None:
    """Copy the own components of a catalogue to another folder of artefacts, so that chains with them can be fitted.

    Args:
        folder: Folder of the catalogue.
        artefacts: Folder of artefacts; what it has of them already is written over.

    Raises:
        FileError: A file can't be read or written.
    """
    own = folder / ARTEFACTS / OWN_FOLDER
    if not own.is_dir():
        return
    try:
        shutil.copytree(own, artefacts / OWN_FOLDER, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise FileError(f"can't copy {own} to {artefacts}: {error}; check the permissions and the space") from None


def remove(folder: Path, name: str, who: str, why: str = "") -> None:
    """Take a component out of a catalogue; its files stay, so that what runs goes on, and `restore` brings it back.

    Raises:
        InputError: The catalogue has no such component.
        FileError: The journal can't be written.
        DataError: A line of the journal is no change.
    """
    _known(folder, name)
    _record(folder, Change(action="remove", id=name, who=who, when=_now(), why=why))


def deprecate(folder: Path, name: str, who: str, why: str) -> None:
    """Withdraw a component: pipelines that have it go on, and no new one is given it.

    Raises:
        InputError: The catalogue has no such component, or no reason is given.
        FileError: The journal can't be written.
        DataError: A line of the journal is no change.
    """
    if not why.strip():
        raise InputError("say why, such as 'use boosting-100'", parameter="why", value=why)
    entry = _known(folder, name)
    if entry.deprecated:
        raise InputError(f"it is deprecated already: {entry.deprecated}", parameter="name", value=name)
    _record(folder, Change(action="deprecate", id=name, who=who, when=_now(), why=why))


def restore(folder: Path, name: str, who: str, why: str = "") -> None:
    """Bring back a component that was removed or deprecated.

    Raises:
        InputError: It was neither.
        FileError: The journal can't be written.
        DataError: A line of the journal is no change.
    """
    entries, removed = _folded(folder)
    if name not in removed and not (name in entries and entries[name].deprecated):
        raise InputError("it was neither removed nor deprecated", parameter="name", value=name)
    _record(folder, Change(action="restore", id=name, who=who, when=_now(), why=why))


def _folded(folder: Path) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Return the entries after all changes, and those that are removed."""
    entries, removed = dict(shipped()), dict[str, Entry]()
    for change in changes(folder):
        if change.action == "add" and change.entry is not None:
            entries[change.id] = change.entry
            removed.pop(change.id, None)
        elif change.action == "remove" and change.id in entries:
            removed[change.id] = entries.pop(change.id)
        elif change.action == "deprecate" and change.id in entries:
            entries[change.id] = entries[change.id].model_copy(update={"deprecated": change.why})
        elif change.action == "restore":
            entry = removed.pop(change.id, None) or entries.get(change.id)
            if entry is not None:
                entries[change.id] = entry.model_copy(update={"deprecated": ""})
    return entries, removed


def _key(name: str, version: int, content: bytes) -> str:
    return hashlib.sha256(f"{name} {version} ".encode() + content).hexdigest()[:16]


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"can't read {file}: {reason}; check the path and its permissions") from None
    if len(content) > LARGEST_FILE:
        raise DataError(f"{file} is refused: it is larger than {LARGEST_FILE >> 20} MiB")
    return content


def _known(folder: Path, name: str) -> Entry:
    entry = entries_of(folder).get(name)
    if entry is None:
        raise InputError(
            "the catalogue has no such component; list them with: aurora compose catalogue list",
            parameter="name",
            value=name,
        )
    return entry


def _record(folder: Path, change: Change) -> None:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    append(folder / JOURNAL, [change.model_dump(mode="json", exclude_none=True)])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
