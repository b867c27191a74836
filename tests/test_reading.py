"""Files are read within limits, and every fault raises one error."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from aurora import reading
from aurora.errors import DataError, FileError, ScenarioError
from aurora.reading import parse_json, read_bytes, read_json, read_lines, read_text


def test_a_file_and_its_gzip_are_read_alike_under_any_name(tmp_path):
    text = "a,b\n1,2\n"
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "t").write_bytes(gzip.compress(text.encode()[:3]) + gzip.compress(text.encode()[3:]) + b"\0\0")
    assert read_text(tmp_path / "t.csv") == read_text(tmp_path / "t") == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_removed(tmp_path, encoding):
    (tmp_path / "t").write_bytes("é,y\n".encode(encoding))
    assert read_text(tmp_path / "t") == "é,y\n"


def test_lines_end_with_line_feeds_only(tmp_path):
    (tmp_path / "t").write_bytes('a\r\n"x\u2028y"\n\nlast'.encode())
    assert list(read_lines(tmp_path / "t")) == [(1, "a"), (2, '"x\u2028y"'), (3, ""), (4, "last")]


def test_a_file_that_decompresses_beyond_the_limit_is_refused(tmp_path):
    (tmp_path / "bomb").write_bytes(gzip.compress(b"0" * (8 << 20)))
    with pytest.raises(DataError, match="more than 1 MiB"):
        read_bytes(tmp_path / "bomb", limit=1 << 20)


@pytest.mark.parametrize("damage", ["cut", "altered", "followed"])
def test_a_damaged_gzip_file_raises_one_error(tmp_path, damage):
    raw = gzip.compress(b"0123456789" * 500)
    damaged = {"cut": raw[:-9], "altered": raw[:20] + b"\xff\xff" + raw[22:], "followed": raw + b"x"}
    (tmp_path / "t.gz").write_bytes(damaged[damage])
    with pytest.raises(DataError, match=r"t\.gz is (truncated|a damaged gzip file)"):
        read_bytes(tmp_path / "t.gz")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/full", "/", "", "nope", "x" * 5000, "a\0b"])
def test_a_path_that_is_no_file_raises_one_error(path):
    with pytest.raises(FileError, match="can't read"):
        read_bytes(Path(path))


def test_a_pipe_is_read_and_one_without_data_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "PIPE_SECONDS", 0.3)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="nothing came from it"):
        read_bytes(tmp_path / "pipe")
    monkeypatch.setattr(reading, "PIPE_SECONDS", 10.0)
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(b"x" * 200_000))
    writer.start()
    assert len(read_bytes(tmp_path / "pipe")) == 200_000
    writer.join()


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 10_000, "[" * 200 + "]" * 200, '{"a":' * 100_000),
        *("1e999", "-1e999", "NaN", "[Infinity]", "9" * 30, "9" * 5000, "{", ""),
    ],
)
def test_json_beyond_the_limits_raises_one_error(text):
    with pytest.raises(ScenarioError, match=r"^s\.json"):
        parse_json(text, "s.json", error=ScenarioError)


def test_json_within_the_limits_is_read(tmp_path):
    data = {"seed": 2**64 - 1, "x": [1.5, None, {"deep": [[[]]]}]}
    (tmp_path / "s.json").write_text(json.dumps(data), encoding="utf-8-sig")
    assert read_json(tmp_path / "s.json") == data


def test_duplicate_json_fields_are_refused():
    for text in ('{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "a": 3}}]'):
        with pytest.raises(ScenarioError, match=r"s\.json: an object has two fields 'a'; leave one out"):
            parse_json(text, "s.json", error=ScenarioError)
    assert parse_json('[{"a": 1}, {"a": 2}]', "s.json") == [{"a": 1}, {"a": 2}]
