"""Files are replaced whole or not at all."""

import os
import stat
import threading
from pathlib import Path

import pytest

from aurora.errors import FileError, InputError, RunError
from aurora.files import inside, replaced, write_atomically
from aurora.graphs.run_directory import open_archive, owned


def test_a_file_is_replaced_on_success(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with replaced(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
        assert partial.suffix == ".json"
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_or_interrupt_leaves_only_the_old_file(tmp_path, error):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(error), replaced(path) as partial:
        partial.write_text("ne")
        raise error
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_an_absent_folder_is_reported(tmp_path):
    with pytest.raises(FileError, match="can't write"), replaced(tmp_path / "absent" / "a.json") as partial:
        partial.write_text("new")


@pytest.mark.parametrize("name", ["", ".", "..", "/", "folder", "file/a.json", "x" * 300, "a\0b", "/dev/full", "loop"])
def test_an_unwritable_path_gives_a_one_line_error_and_leaves_nothing(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_text("old")
    Path("loop").symlink_to("loop")
    before = sorted(Path().iterdir())
    with pytest.raises(RunError, match="can't write") as told:
        write_atomically(Path(name), "new", error=RunError)
    assert "\n" not in str(told.value)
    assert sorted(Path().iterdir()) == before
    assert not list(Path("folder").iterdir())
    assert Path("file").read_text() == "old"


def test_the_target_of_a_link_is_replaced(tmp_path):
    (tmp_path / "repository").mkdir()
    there = tmp_path / "repository" / "a.json"
    there.write_text("old")
    link = tmp_path / "a.json"
    link.symlink_to(there)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert there.read_text() == "new"


def test_a_dangling_link_becomes_a_link_to_the_new_file(tmp_path):
    link = tmp_path / "a.json"
    link.symlink_to("b.json")
    write_atomically(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "b.json").read_text() == "new"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_are_kept(tmp_path, mode):
    path = tmp_path / "a.json"
    path.write_text("old")
    path.chmod(mode)
    write_atomically(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_is_kept(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    os.chown(path, 1234, 1234)
    write_atomically(path, "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1234)


def test_a_new_file_has_default_permissions(tmp_path):
    write_atomically(tmp_path / "a.json", "new")
    (tmp_path / "b").touch()
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found = []
    reader = threading.Thread(target=lambda: found.append(path.read_text()))
    reader.start()
    while True:  # until the reader has opened it
        try:
            write_atomically(path, "new" * 100_000)
            break
        except FileError as error:
            assert "nothing reads" in str(error)
    reader.join(10)
    assert found == ["new" * 100_000]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="a device needs root")
def test_a_device_is_not_replaced(tmp_path):
    path = tmp_path / "null"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except OSError:
        pytest.skip("no devices in this container")
    write_atomically(path, "new")
    assert stat.S_ISCHR(path.stat().st_mode)


def test_an_unencodable_text_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(FileError, match="half of a pair"):
        write_atomically(path, "a\ud800")
    assert path.read_text() == "old"


def test_a_dash_is_refused_as_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match="give /dev/stdout"):
        write_atomically(Path("-"), "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["file", "dangling", "loop"])
def test_an_invalid_run_directory_is_refused_with_the_remedy(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RunError, match=r"; .*give another path"), owned(tmp_path / name):
        pass


def test_an_empty_archive_is_no_run_without_policies(tmp_path):
    (tmp_path / "archive.sqlite").touch()
    with pytest.raises(RunError, match="is empty; go on with the run, or take it from a copy"):
        open_archive(tmp_path)


def test_only_files_of_permitted_folders_are_opened(tmp_path: Path) -> None:
    runs, secret = tmp_path / "runs", tmp_path / "secret.txt"
    (runs / "deep").mkdir(parents=True)
    for path in (secret, runs / "a.csv", runs / "deep" / "b.csv"):
        path.write_text("x", encoding="utf-8")
    (runs / "link.csv").symlink_to(secret)
    (runs / "own.csv").symlink_to(runs / "a.csv")
    assert inside(Path("deep/b.csv"), [runs]) == (runs / "deep" / "b.csv").resolve()
    assert inside(runs / "own.csv", [runs]) == (runs / "a.csv").resolve()
    for name in (secret, Path("../secret.txt"), Path("link.csv"), Path("deep/../../secret.txt"), Path("/etc/passwd")):
        with pytest.raises(InputError, match="only files in these folders"):
            inside(runs / name if name.suffix == ".csv" else name, [runs])
    with pytest.raises(InputError, match="none is served"):
        inside(secret, [])
    for absent in ("c.csv", "deep", "x" * 300):
        with pytest.raises(FileError, match="there is no file"):
            inside(Path(absent), [runs])
    with pytest.raises(InputError, match="NUL"):
        inside(Path("a\0b"), [runs])
