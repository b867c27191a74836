import json
from pathlib import Path

import numpy as np
import pytest

from aurora.errors import ModelError
from aurora.memory.embedder import EMBEDDER_VARIABLE, open_embedder
from tests.processes import forked

TEXTS = ["many short tasks on a few nodes", "shortest job first", "edge sites with batteries", "least cores left"]


def print_vectors(texts: list[str]) -> None:
    print(json.dumps([row.tolist() for row in open_embedder().embed(texts)]))


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return open_embedder().embed(TEXTS)


def test_vectors_have_length_one(rows: np.ndarray) -> None:
    assert rows.shape == (4, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_similar_meanings_have_similar_vectors(rows: np.ndarray) -> None:
    asked = open_embedder().embed(["devices at the network's edge that run on battery power", "SJF scheduling"])
    assert int((rows @ asked[0]).argmax()) == 2
    assert int((rows @ asked[1]).argmax()) == 1


def test_a_vector_depends_on_neither_the_batch_nor_the_process(rows: np.ndarray) -> None:
    embedder = open_embedder()
    for text, row in zip(TEXTS, rows, strict=True):
        assert np.array_equal(embedder.embed([text])[0], row)
    done = forked(print_vectors, TEXTS[::-1])
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.array(json.loads(done.stdout), np.float32)[::-1], rows)


def test_no_texts_give_no_vectors() -> None:
    assert len(open_embedder().embed([])) == 0


@pytest.mark.parametrize("kind", ["absent", "empty", "file", "broken"])
def test_a_folder_without_a_model_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / kind
    if kind == "file":
        folder.write_text("x")
    elif kind != "absent":
        folder.mkdir()
    if kind == "broken":
        (folder / "modules.json").write_text("[{]")
    monkeypatch.setenv(EMBEDDER_VARIABLE, str(folder))
    with pytest.raises(ModelError, match=EMBEDDER_VARIABLE):
        open_embedder().embed(["x"])


def test_another_model_has_another_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [open_embedder().fingerprint]
    for content in ("[]", "[1]"):
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        (folder / "modules.json").write_text(content)
        monkeypatch.setenv(EMBEDDER_VARIABLE, str(folder))
        names.append(open_embedder().fingerprint)
    assert len(set(names)) == 3
