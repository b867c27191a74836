"""The similarity index of a run: Chroma over the texts of its scenarios and policies.

The index is derived from the archive. When it is opened, every vector is compared with its checksum; missing entries
are added, and an index that is damaged, made with another embedder, or holds entries that the archive lacks is rebuilt.
Two writers would silently damage Chroma's files, so a lock excludes other processes.

Chroma's own search is approximate, and its results depend on the order of insertions and on where a process was killed,
so two runs of one seed would differ. The vectors are therefore read once and compared exactly
(`aurora.memory.vectors`): 1.5 KB each, about a millisecond for some thousands.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.errors import StoreError
from aurora.files import locked
from aurora.memory import texts
from aurora.memory.embedder import Embedder
from aurora.memory.lexical import common_words
from aurora.memory.store import Store
from aurora.memory.vectors import Near, Vectors

Kind = Literal["scenarios", "policies"]
KINDS: tuple[Kind, ...] = ("scenarios", "policies")
INDEX_FOLDER = "index"
"""Name of the index's folder in a run directory."""
INDEX_FORMAT = 1
"""Version of the metadata that is kept with the vectors."""
TEXTS_PER_BATCH = 256
"""Texts that are embedded and written together; a process that is killed loses at most one batch."""


class Entry(NamedTuple):
    """A scenario or policy to index.

    Attributes:
        key: Id in the archive.
        document: JSON in the archive.
    """

    key: str
    document: str


class Hit(NamedTuple):
    """A result of a search.

    Attributes:
        key: Id in the archive.
        similarity: Cosine similarity of its text and the question, -1 to 1.
        words: Share of the question's words that its text contains, weighted by rarity, 0 to 1.
        text: Indexed text.
    """

    key: str
    similarity: float
    words: float
    text: str


class Index:
    """An open index; get one from `open_index`.

    Attributes:
        why_rebuilt: Reason why the index was rebuilt when it was opened; "" if it was not.
    """

    def __init__(self, collections: Mapping[Kind, Any], embedder: Embedder, why_rebuilt: str = "") -> None:
        self.why_rebuilt = why_rebuilt
        self._collections = collections
        self._embedder = embedder
        self._vectors: dict[Kind, Vectors] = {kind: Vectors() for kind in KINDS}
        self._embedded: dict[str, NDArray[np.float32]] = {}

    def count(self, kind: Kind) -> int:
        """Return the number of indexed items of a kind."""
        return len(self._vectors[kind])

    def nearest(self, kind: Kind, asked: Sequence[str], limit: int) -> list[list[Near]]:
        """Return for each text the `limit` items of a kind with the most similar texts, nearest first, ties by id."""
        return [self._vectors[kind].nearest(row, limit) for row in self._embed(asked)]

    def similarities(self, asked: str, described: Sequence[str]) -> list[float]:
        """Return the cosine similarity of a text to each of some others, -1 to 1; these need not be indexed."""
        question, *rows = self._embed([asked, *described])
        return [float(question @ row) for row in rows]

    def search(self, kind: Kind, asked: str, limit: int, least: float = -1.0) -> list[Hit]:
        """Return the items that match a question best by meaning and by words.

        It serves people; self-play uses `nearest`, which compares vectors only.

        Args:
            kind: Kind of items to search.
            asked: Question in words.
            limit: Maximum number of hits.
            least: Minimum similarity of a hit, -1 to 1.

        Returns:
            Hits by the sum of similarity and shared words, highest first, ties by id.
        """
        (near,) = self.nearest(kind, [asked], self.count(kind))
        described = self.describe(kind, [n.key for n in near])
        shared = common_words(asked, described)
        hits = [Hit(n.key, n.similarity, shared[n.key], described[n.key]) for n in near if n.similarity >= least]
        return sorted(hits, key=lambda h: (-(h.similarity + h.words), h.key))[:limit]

    def describe(self, kind: Kind, keys: Sequence[str]) -> dict[str, str]:
        """Return texts of indexed items, by id.

        Raises:
            StoreError: Chroma can't read them.
        """
        if not keys:
            return {}
        with _chroma_errors("be read"):
            rows = self._collections[kind].get(ids=list(keys), include=["documents"])
        return dict(zip(rows["ids"], rows["documents"], strict=True))

    def add(self, kind: Kind, entries: Sequence[Entry]) -> None:
        """Add items of the archive, each once; known ones stay as they are.

        Raises:
            StoreError: A document can't be read, or Chroma can't write.
            ModelError: The embedder can't be loaded.
        """
        fresh = [e for e in entries if e.key not in self._vectors[kind]]
        for start in range(0, len(fresh), TEXTS_PER_BATCH):
            part = fresh[start : start + TEXTS_PER_BATCH]
            described = [_text(kind, e) for e in part]
            rows = np.array(self._embed(described))
            with _chroma_errors("be written"):
                self._collections[kind].upsert(
                    ids=[e.key for e in part],
                    embeddings=rows,
                    documents=described,
                    metadatas=[
                        {"archived": _digest(e.document.encode()), "vector": _digest(row.tobytes())}
                        for e, row in zip(part, rows, strict=True)
                    ],
                )
            self._vectors[kind].add([e.key for e in part], rows)
        self._embedded.clear()  # texts are looked up first and added then; no vector is needed a third time

    def _load(self, archived: Mapping[Kind, Mapping[str, str]]) -> None:
        """Read the vectors from Chroma.

        Raises:
            _Unusable: They don't belong to items of the archive, or are damaged.
        """
        for kind, collection in self._collections.items():
            content = collection.get(include=["embeddings", "metadatas"])
            keys, rows = content["ids"], np.asarray(content["embeddings"], dtype=np.float32)
            for key, row, notes in zip(keys, rows, content["metadatas"], strict=True):
                if key not in archived[kind]:
                    raise _Unusable(f"it holds {key!r}, which the archive does not")
                if notes["archived"] != _digest(archived[kind][key].encode()):
                    raise _Unusable(f"the archive holds another {key!r}")
                if notes["vector"] != _digest(row.tobytes()):
                    raise _Unusable(f"the vector of {key!r} is damaged")
            if keys:
                self._vectors[kind].add(keys, rows)

    def _embed(self, asked: Sequence[str]) -> list[NDArray[np.float32]]:
        missing = [t for t in dict.fromkeys(asked) if t not in self._embedded]
        if missing:
            self._embedded |= dict(zip(missing, self._embedder.embed(missing), strict=True))
        return [self._embedded[t] for t in asked]


@contextmanager
def open_index(folder: Path, store: Store, embedder: Embedder, *, rebuild: bool = False) -> Iterator[Index]:
    """Open the index of an archive and bring it in line with the archive.

    Args:
        folder: Folder of the index; it is created if it is absent. No other process may use it.
        store: The archive.
        embedder: Embedder of the texts.
        rebuild: Rebuild the index even if it is valid.

    Raises:
        StoreError: Another process uses the index, or it can't be written.
        ModelError: The embedder can't be loaded.
    """
    busy = f"is using the index in {folder}; wait for it to end"
    with locked(folder / "lock", busy=busy, error=StoreError):
        archived = {kind: store.documents(kind) for kind in KINDS}
        try:
            if rebuild:
                raise _Unusable("as asked")
            client, index = _open_latest(folder, embedder, archived)
        except _Unusable as why:
            client, index = _make_anew(folder, embedder, str(why))
        try:
            for kind in KINDS:
                index.add(kind, [Entry(k, d) for k, d in archived[kind].items()])
            yield index
        finally:
            client.close()


class _Unusable(Exception):  # noqa: N818  # caught in `open_index`, which rebuilds the index
    """Reason why an index can't be used."""


def _open_latest(folder: Path, embedder: Embedder, archived: Mapping[Kind, Mapping[str, str]]) -> tuple[Any, Index]:
    generations = _generations(folder)
    if not generations:
        raise _Unusable("there was none")
    client = None
    try:
        client = _client(generations[-1])
        collections = {kind: client.get_collection(kind, embedding_function=None) for kind in KINDS}
        for collection in collections.values():
            if collection.metadata != _made_with(embedder):
                raise _Unusable("it was made with another embedder or by another version")
        index = Index(collections, embedder)
        index._load(archived)
    except Exception as error:
        if client is not None:
            client.close()
        if isinstance(error, _Unusable):
            raise
        # Chroma raises errors of many types for damaged files; the archive holds all that a rebuild needs.
        raise _Unusable(f"Chroma can't read it ({type(error).__name__}: {error})") from None
    return client, index


def _make_anew(folder: Path, embedder: Embedder, why: str) -> tuple[Any, Index]:
    """Create an empty index in a folder with a new name, because Chroma caches the state of a path that failed."""
    old = _generations(folder)
    number = 1 + max((int(p.name) for p in old), default=0)
    with _chroma_errors("be made"):
        for path in old:
            shutil.rmtree(path)
        client = _client(folder / str(number))
        collections = {
            kind: client.create_collection(
                kind,
                embedding_function=None,
                metadata=_made_with(embedder),
                configuration={"hnsw": {"space": "ip"}},  # keeps vectors as they are given; all have length 1
            )
            for kind in KINDS
        }
    return client, Index(collections, embedder, why)


def _generations(folder: Path) -> list[Path]:
    return sorted((p for p in folder.iterdir() if p.is_dir() and p.name.isdecimal()), key=lambda p: int(p.name))


def _made_with(embedder: Embedder) -> dict[str, str | int]:
    return {"format": INDEX_FORMAT, "texts": texts.TEXTS_VERSION, "embedder": embedder.fingerprint}


def _client(path: Path) -> Any:
    import chromadb  # noqa: PLC0415  # takes half a second
    from chromadb.config import Settings  # noqa: PLC0415  # likewise

    return chromadb.PersistentClient(path=str(path), settings=Settings(anonymized_telemetry=False))


def _text(kind: Kind, entry: Entry) -> str:
    make: Callable[[str], str] = texts.archived_scenario_text if kind == "scenarios" else texts.archived_policy_text
    return make(entry.document)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


@contextmanager
def _chroma_errors(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Chroma passes on the errors of its dependencies
        raise StoreError(
            f"the index can't {what} ({type(error).__name__}: {error}); see that the disk has room and that its "
            "folder can be written, then `aurora index rebuild --run DIR`"
        ) from None
