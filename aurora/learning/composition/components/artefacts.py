"""Fitted components on disk: a folder each, with plain data and a `component.json` that says what it is.

    artefacts/TASK/CHAIN/KEY/component.json   the manifest: types, runtime, settings, sha256 of every file
    artefacts/TASK/CHAIN/KEY/model.onnx       and other files, none of which is ever executed as code of Python
    artefacts/TASK/CHAIN/current              KEY of the folder that is in use
    artefacts/own/ID/...                      components that were handed in, which are fitted to no task

CHAIN are the ids of the components up to this one, with commas between them, since what a component was fitted on is a
part of what it is. KEY is a hash of their recipes and versions and of the task's data.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pydantic import Field, ValidationError

from aurora.errors import DataError, FileError
from aurora.files import write_atomically, writing
from aurora.learning.composition.components.component import Component, ComponentKind, Recipe
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.reading import read_json
from aurora.types import Frozen
from aurora.validation import explain_validation

MANIFEST, CURRENT = "component.json", "current"
FORMAT = 1
"""Version of the folders; it rises when what is fitted with the same recipe changes."""
OWN_FOLDER = "own"


class FileRecord(Frozen):
    """A file of an artefact.

    Attributes:
        sha256: Hash of its content, hexadecimal.
        bytes: Its length.
        package: Import name of the package that carries it; empty: it lies in the artefact's folder.
    """

    sha256: str
    bytes: int
    package: str = ""


class Manifest(Frozen):
    """What a folder of an artefact holds.

    Attributes:
        id: Id of the component.
        kind: Kind of the component.
        version: Version of the component.
        recipe: How it was made.
        runtime: What runs it, such as `onnx`.
        settings: Plain data that the runtime needs.
        input: Type that it takes.
        output: Type that it gives.
        files: Path of a file -> its record; paths are relative to the folder, or to the package.
        task: Name of the task it was fitted to; empty for own components.
        key: Hash of the recipes and versions of the chain and of the task's data.
        after: Key of the component before it in the chain; empty: none was fitted before it.
    """

    format: int = FORMAT
    id: str
    kind: ComponentKind
    version: int
    recipe: Recipe
    runtime: str
    settings: dict[str, float | int | str | bool | list[float] | list[str]] = Field(default_factory=dict)
    input: ValueType
    output: ValueType
    files: dict[str, FileRecord] = Field(default_factory=dict)
    task: str = ""
    key: str
    after: str = ""

    @property
    def size(self) -> int:
        """Bytes of all its files on disk."""
        return sum(record.bytes for record in self.files.values())


class Fitted(NamedTuple):
    """What a component becomes.

    Attributes:
        runtime: What runs it.
        settings: Plain data that the runtime needs.
        files: Name -> content.
        packaged: Path within a package -> record of the file.
    """

    runtime: str
    settings: Mapping[str, float | int | str | bool | list[float] | list[str]] = MappingProxyType({})
    files: Mapping[str, bytes] = MappingProxyType({})
    packaged: Mapping[str, FileRecord] = MappingProxyType({})


def chain_key(chain: Sequence[Component], fingerprint: str) -> str:
    """Return the key of the last component of a chain that is fitted to data with a fingerprint, 16 hex digits."""
    recipes = [[c.id, c.version, c.recipe.model_dump()] for c in chain]
    return hashlib.sha256(json.dumps([FORMAT, fingerprint, recipes], sort_keys=True).encode()).hexdigest()[:16]


def current_folder(artefacts: Path, task: str, chain: Sequence[str]) -> Path | None:
    """Return the folder of the artefact in use at the end of a chain; None if nothing was fitted.

    Raises:
        FileError: The folder can't be read.
    """
    place = artefacts / task / ",".join(chain)
    own = artefacts / OWN_FOLDER / chain[-1]
    for folder in (place, own):
        try:
            key = (folder / CURRENT).read_text().strip()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"can't read {folder / CURRENT}: {error}; check its permissions") from None
        return folder / Path(key).name
    return None


def write_artefact(place: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Path:
    """Write the folder of an artefact, whole or not at all, and put it in use.

    Args:
        place: Folder of the chain, or of the own component.
        manifest: The manifest; its `files` are completed by those given.
        files: Name -> content.

    Returns:
        The folder.

    Raises:
        FileError: It can't be written.
    """
    folder = place / manifest.key
    records = {name: FileRecord(sha256=_hash(content), bytes=len(content)) for name, content in files.items()}
    whole = manifest.model_copy(update={"files": {**manifest.files, **records}})
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=place))
        try:
            for name, content in files.items():
                (partial / name).write_bytes(content)
            (partial / MANIFEST).write_text(whole.model_dump_json(indent=1) + "\n")
            partial.chmod(0o755)
            if folder.exists():  # of an earlier process, perhaps with a file that was changed
                shutil.rmtree(folder)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    write_atomically(place / CURRENT, manifest.key + "\n")
    return folder


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an artefact; its files are not looked at.

    Raises:
        FileError: It can't be read.
        DataError: It is no manifest, or of another format.
    """
    try:
        manifest = Manifest.model_validate(read_json(folder / MANIFEST))
    except ValidationError as error:
        raise DataError(f"{folder / MANIFEST} is no manifest: {explain_validation(error)}") from None
    if manifest.format != FORMAT:
        raise DataError(f"{folder} has format {manifest.format}, and this version reads {FORMAT}; profile it again")
    return manifest


def read_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """Read the files of an artefact and check that each is the one that was written or installed.

    Returns:
        Path as the manifest has it -> content.

    Raises:
        FileError: A file is absent, or its package is not installed.
        DataError: A file is not what the manifest says.
    """
    contents: dict[str, bytes] = {}
    for name, record in manifest.files.items():
        path = _path(folder, name, record.package)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise FileError(
                f"component {manifest.id}: can't read {path}: {error.strerror or error}; profile it again"
            ) from None
        if _hash(content) != record.sha256:
            raise DataError(
                f"component {manifest.id}: {path} is not the file that was fitted or installed (its sha256 differs); "
                "delete the folder and profile it again"
            )
        contents[name] = content
    return contents


def packaged(package: str, name: str) -> FileRecord:
    """Return the record of a file that an installed package carries.

    Raises:
        DataError: The name is none of a file within a package.
        FileError: The package is not installed, or lacks the file.
        DataError: The name lies outside the package.
    """
    path = _path(Path(), name, package)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}; install {package} again") from None
    return FileRecord(sha256=_hash(content), bytes=len(content), package=package)


def _path(folder: Path, name: str, package: str) -> Path:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise DataError(f"{folder / MANIFEST} names the file {name!r}, which lies outside its folder")
    if not package:
        return folder / name
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileError(f"package {package} is not installed; install it with: pip install 'aurora-alloc[compose]'")
    return Path(spec.submodule_search_locations[0]) / name


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
