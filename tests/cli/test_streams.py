"""The command line with full disks, closed pipes, unusual terminals and unusual arguments."""

import json
import os
import subprocess
import sys

import pytest

AURORA = f"{sys.executable} -m aurora"


def shell(line, **environment):
    return subprocess.run(
        line, shell=True, capture_output=True, timeout=60, env={**os.environ, **environment}, check=False
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"{AURORA} scenarios generate >/dev/full", 1, b"can't write the result: No space left"),
        (f"{AURORA} scenarios generate >&-", 1, b"stdout is closed"),
        (f"{AURORA} simulate absent.json fgd 2>/dev/full", 3, b""),
        (f"{AURORA} simulate absent.json fgd 2>&-", 3, b""),
        (f"{AURORA} policies show fgd <&-", 0, b""),
        (f"set -o pipefail; {AURORA} scenarios generate --level 5 | head -c 1", 141, b""),
    ],
)
def test_full_or_closed_streams_end_a_command_with_at_most_one_line(line, code, said, tmp_path):
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=300, check=False)
    assert said in done.stderr
    assert done.stderr.count(b"\n") <= 1
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_output_survives_a_terminal_of_another_encoding(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text("unique_id,ds,y\nΩ é,2026-01-01T00:00Z,1\nΩ é,2026-01-01T00:05Z,2\nΩ é,2026-01-01T00:10Z,3\n")
    done = shell(f"{AURORA} data {path}", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert b"2026-01-01" in done.stdout


def test_an_error_is_a_json_object_with_json_output():
    done = shell(f"{AURORA} simulate absent.json fgd --json")
    told = json.loads(done.stderr)
    assert told["exit_code"] == done.returncode == 3
    assert told["kind"] == "ScenarioError"
    assert "absent.json" in told["error"]
    assert not done.stdout


def test_control_characters_are_not_printed_in_errors(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"\x1b[2Jfield": 1}))
    done = shell(f"{AURORA} simulate {path} fgd")
    assert done.returncode == 3
    assert b"\x1b" not in done.stderr
    assert b"[2Jfield" in done.stderr


@pytest.mark.parametrize("line", ["-h", "scenarios -h", "scenarios generate -h", "recommend -h"])
def test_a_short_flag_shows_the_help(line):
    done = shell(f"{AURORA} {line}")
    assert done.returncode == 0, done.stderr
    assert b"Usage: aurora" in done.stdout


def test_shell_completion_is_shown_and_works():
    shown = subprocess.run(["bash", "-c", f"{AURORA} --show-completion; true"], capture_output=True, check=True)
    assert b"_AURORA_COMPLETE" in shown.stdout
    done = shell(AURORA, _AURORA_COMPLETE="complete_bash", COMP_WORDS="aurora scen", COMP_CWORD="1")
    assert done.stdout.split() == [b"scenarios"]
