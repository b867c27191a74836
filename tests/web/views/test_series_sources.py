"""Places that series come from, and files that may be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora.errors import DataError, FileError, InputError
from aurora.graphs.chat.opening import open_desk
from aurora.tools.desk import Desk
from aurora.web.settings import WebSettings
from aurora.web.views import series_sources
from aurora.web.views.series_sources import HISTORY, files_of, open_source, sources

SERIES = "unique_id,ds,y\n" + "".join(f"a,{1_780_272_000 + 300 * k},{k}\n" for k in range(5))


@pytest.fixture
def settings(tmp_path: Path) -> WebSettings:
    (tmp_path / "runs" / "deep").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "runs" / "deep" / "one.csv").write_text(SERIES, encoding="utf-8")
    (tmp_path / "runs" / ".hidden.csv").write_text(SERIES, encoding="utf-8")
    (tmp_path / "data" / "two.csv").write_text(SERIES, encoding="utf-8")
    (tmp_path / "data" / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "secret.csv").write_text(SERIES, encoding="utf-8")
    (tmp_path / "runs" / "link.csv").symlink_to(tmp_path / "secret.csv")
    return WebSettings(runs=tmp_path / "runs", data=tmp_path / "data")


@pytest.fixture(scope="module")
def desk() -> Desk:
    return open_desk()


def test_files_of_served_folders_are_listed_without_links_and_hidden_ones(settings: WebSettings) -> None:
    assert [p.name for p in files_of(settings, (".csv",))] == ["two.csv", "one.csv"]
    assert files_of(WebSettings(runs=Path("absent")), (".csv",)) == ()


def test_the_number_of_files_is_limited(settings: WebSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_sources, "MAX_FILES", 1)
    assert len(files_of(settings, (".csv",))) == 1


def test_the_history_of_the_cluster_comes_first(settings: WebSettings, desk: Desk) -> None:
    assert sources(desk, settings)[0].key == HISTORY
    assert len(open_source(HISTORY, desk, settings).series) == 24


def test_a_file_is_opened_by_its_listed_name_and_by_its_name_in_the_folder(settings: WebSettings, desk: Desk) -> None:
    for key in (sources(desk, settings)[1].key, "two.csv", "deep/one.csv"):
        assert open_source(key, desk, settings).series[0].unique_id == "a"


@pytest.mark.parametrize("name", ["../secret.csv", "link.csv", "/etc/passwd", "deep/../../secret.csv"])
def test_files_elsewhere_are_refused(settings: WebSettings, desk: Desk, name: str) -> None:
    with pytest.raises((InputError, FileError), match=r"only files in these folders|there is no file"):
        open_source(name, desk, settings)


def test_what_is_no_file_of_series_says_so(settings: WebSettings, desk: Desk) -> None:
    with pytest.raises(FileError, match="no file"):
        open_source("absent.csv", desk, settings)
    with pytest.raises(DataError):
        open_source("notes.txt", desk, settings)


def test_a_cluster_without_history_names_the_option(settings: WebSettings) -> None:
    with pytest.raises(InputError, match="--history"):
        open_source(HISTORY, open_desk("sample:hpc-queue"), settings)
