"""Runs fitted components: ONNX Runtime with one thread, and the methods for texts that are no graphs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from aurora.errors import DataError
from aurora.learning.composition.components import texts
from aurora.learning.composition.components.artefacts import Manifest, read_files, read_manifest
from aurora.learning.composition.pipelines.value_types import Array, Batch

MODEL_FILE, VOCABULARY_FILE = "model.onnx", "vocabulary.json"


Step: TypeAlias = Callable[[Batch], Array]
"""A loaded component: returns one row of numbers for each item of a batch."""


def open_step(folder: Path) -> tuple[Manifest, Step]:
    """Load the component in a folder, after every file of it was checked.

    Raises:
        FileError: A file or its package is absent.
        DataError: A file is not what the manifest says, or can't be loaded.
    """
    manifest = read_manifest(folder)
    files = read_files(folder, manifest)
    opener = _RUNTIMES.get(manifest.runtime)
    if opener is None:
        raise DataError(f"{folder} needs the runtime {manifest.runtime!r}; there are {', '.join(_RUNTIMES)}")
    try:
        return manifest, opener(manifest, files)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"component {manifest.id} in {folder} can't be loaded: {error}") from None


def session_of(model: bytes) -> Any:
    """Return a session of ONNX Runtime that runs a model on one thread of the processor.

    A model in memory can't read other files: data outside its own file is refused by the runtime.

    Raises:
        DataError: The bytes are no model that the runtime can load.
    """
    import onnxruntime  # noqa: PLC0415  # takes a while
    from onnxruntime.capi import onnxruntime_pybind11_state as faults  # noqa: PLC0415  # likewise

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (
        faults.Fail,
        faults.InvalidArgument,
        faults.InvalidGraph,
        faults.InvalidProtobuf,
        faults.ModelLoadCanceled,
        faults.NotImplemented,
        faults.RuntimeException,
    ) as error:
        raise DataError(f"it is no ONNX model that can be loaded: {first_line(error)}") from None


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without the runtime's own prefix."""
    lines = str(error).strip().splitlines()
    return lines[0].removeprefix("[ONNXRuntimeError] : ") if lines else type(error).__name__


def _onnx(manifest: Manifest, files: Mapping[str, bytes]) -> Step:
    session = session_of(files[MODEL_FILE])
    given = session.get_inputs()[0].name
    wanted = [str(manifest.settings.get("output") or session.get_outputs()[-1].name)]

    def run(batch: Batch) -> Array:
        result: Array = session.run(wanted, {given: batch})[0]
        return result

    return run


def _halve_image(manifest: Manifest, _: Mapping[str, bytes]) -> Step:
    side = int(np.sqrt(manifest.input.width or 0))

    def run(batch: Batch) -> Array:
        blocks = np.asarray(batch, np.float32).reshape(-1, side // 2, 2, side // 2, 2)
        result: Array = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(len(blocks), -1)
        return result

    return run


def _hashing(manifest: Manifest, _: Mapping[str, bytes]) -> Step:
    return texts.hashing(manifest.output.width or 0)


def _tf_idf(_: Manifest, files: Mapping[str, bytes]) -> Step:
    content = json.loads(files[VOCABULARY_FILE])
    return texts.tf_idf(content["vocabulary"], content["weights"])


def _static_embedding(_: Manifest, files: Mapping[str, bytes]) -> Step:
    return texts.static_embedding(files[texts.STATIC_WEIGHTS], files[texts.STATIC_TOKENIZER])


def _minilm(_: Manifest, files: Mapping[str, bytes]) -> Step:
    return texts.sentence_embedding(session_of(files[texts.MINILM_MODEL]), files[texts.MINILM_TOKENIZER])


def _vader(manifest: Manifest, _: Mapping[str, bytes]) -> Step:
    slope, offset = manifest.settings["slope"], manifest.settings["offset"]
    if not isinstance(slope, float) or not isinstance(offset, float):
        raise DataError(f"component {manifest.id}: slope and offset must be numbers; profile it again")
    return texts.vader(slope, offset)


_RUNTIMES: dict[str, Callable[[Manifest, Mapping[str, bytes]], Step]] = {
    "onnx": _onnx,
    "halve-image": _halve_image,
    "hashing": _hashing,
    "tf-idf": _tf_idf,
    "static-embedding": _static_embedding,
    "minilm": _minilm,
    "vader": _vader,
}
