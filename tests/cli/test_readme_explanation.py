"""The explanation that README quotes is what its commands print."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.command import aurora

README = Path(__file__).parents[2] / "README.md"


def commands(text: str, beginning: str) -> list[str]:
    return re.findall(rf"^    ({re.escape(beginning)}.*)$", text, re.MULTILINE)


def quotes(text: str) -> list[str]:
    """Return every block quote, each on one line."""
    blocks = re.findall(r"(?:^> ?.*\n)+", text, re.MULTILINE)
    return [" ".join(line.removeprefix(">").strip() for line in block.splitlines()) for block in blocks]


def test_the_quoted_explanation_equals_the_output_of_its_command(tmp_path: Path, monkeypatch) -> None:
    text = README.read_text()
    quoted = {q.split()[1]: q for q in quotes(text) if q.startswith("Task ")}
    asked = {
        words[words.index("--task") + 1]: words
        for line in commands(text, "aurora explain ")
        if "--task" in (words := shlex.split(line, comments=True))
    }
    both = sorted(quoted.keys() & asked.keys())
    if not both:
        pytest.skip("README quotes no explanation of a task that one of its commands asks for")
    monkeypatch.chdir(tmp_path)
    for line in commands(text, "aurora scenarios generate "):
        aurora(*shlex.split(line, comments=True)[1:])
    for task in both:
        assert " ".join(aurora(*asked[task][1:]).stdout.split()) == quoted[task]
