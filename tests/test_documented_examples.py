"""Examples in README and docs run, or state why they do not.

A fenced block of Python or of a shell, and an indented block with `aurora` commands, is run: the blocks of a page one
after the other, in one folder with the files that `SAMPLES` write. A block after `<!-- not run: REASON -->` is not; its
commands must still parse. What a `console` block shows below a command (`$ ...`) is printed by it, in this order;
lines may be left out or wrapped. A block after `<!-- file: NAME -->` is the content of that file.
"""

import ast
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.main

from aurora.cli.app import app
from tests.cli.command import aurora, run_command
from tests.processes import forked

ROOT = Path(__file__).parents[1]
GENERATED = "<!--"
"""Begins a page that a program writes from docstrings and help texts, whose examples are tested there."""
PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
    if not page.read_text(encoding="utf-8").startswith(GENERATED)
]
SAMPLES = (
    ("scenarios", "generate", "--family", "video", "--level", "2", "--seed", "7", "--out", "scenario.json"),
    ("data", "sample", "--out", "cpu.csv"),
    ("recommend", "sample", "--out", "histories.jsonl"),
)
"""Commands that write the files which pages take as given."""
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*$")
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```\s*$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|^)((?: {4}.*\n(?:\n(?= {4}))?)+)", re.MULTILINE)
SHELLS = ("bash", "sh", "shell", "console")
PYTHONS = ("python", "py")
FILE = re.compile(r"<!-- file: (\S+) -->\s*$")


class Block(NamedTuple):
    """An example of a page: its language, its text, the line where it begins, and why it is not run ("": it is).

    For a file, `reason` is its name.
    """

    language: str
    text: str
    line: int
    reason: str


def blocks(page: Path) -> list[Block]:
    """Return the examples of a page in order; output, data and formulas are none."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language = "file" if FILE.search(text[: match.start()]) else match[2].lower()
        if language in ("file", *SHELLS, *PYTHONS):
            body = re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE)
            found.append((match.start(), language, body))
    blank = FENCE.sub(lambda m: re.sub(r"[^\n]", "", m[0]), text)
    offset_of_line = [0, *(m.end() for m in re.finditer("\n", text))]
    for match in INDENTED.finditer(blank):
        body = re.sub("^ {4}", "", match[1], flags=re.MULTILINE)
        if re.search(r"^(\$ )?aurora ", body, re.MULTILINE):
            line = blank[: match.start()].count("\n")
            found.append((offset_of_line[line], "bash", body))
    return [_block(text, *example) for example in sorted(found)]


def _block(text: str, start: int, language: str, body: str) -> Block:
    """Return an example with the content of the comment before it."""
    comment = (FILE if language == "file" else NOT_RUN).search(text[:start])
    return Block(language, body, text[:start].count("\n") + 1, comment[1] if comment else "")


class Command(NamedTuple):
    """A line of a shell block, with the output shown below it (None: none is shown)."""

    words: tuple[str, ...]
    shown: str | None


def commands(block: Block) -> list[Command]:
    """Return the commands of a shell block, without comments and prompts."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language != "console":
        return [Command(words, None) for line in lines if (words := tuple(shlex.split(line, comments=True)))]
    parts = re.split(r"^\$ ", "\n".join(lines), flags=re.MULTILINE)[1:]
    split = [part.partition("\n") for part in parts]
    return [Command(tuple(shlex.split(first, comments=True)), shown or None) for first, _, shown in split]


EXAMPLES = [(page, block) for page in PAGES for block in blocks(page) if block.language != "file"]


@pytest.mark.parametrize(
    ("page", "block"), EXAMPLES, ids=[f"{page.relative_to(ROOT)}:{block.line}" for page, block in EXAMPLES]
)
def test_the_example_parses(page: Path, block: Block) -> None:
    if block.language in PYTHONS:
        ast.parse(block.text)
        return
    for command in commands(block):
        program, *arguments = command.words
        if program == "aurora":
            check_options(arguments)
        elif program == "make":
            assert all(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M) for target in arguments)
        elif program == "python" and arguments[0].endswith(".py"):
            assert (ROOT / arguments[0]).is_file()
        else:
            assert block.reason, (
                f"{page.name}, line {block.line}: `{program}` is not run; say why: <!-- not run: ... -->"
            )


def check_options(arguments: list[str]) -> None:
    """Have the command line parse the words of a command, without running it."""
    command, context = typer.main.get_command(app), None
    while hasattr(command, "commands"):
        context = command.make_context("aurora", list(arguments), parent=context)
        name, command, arguments = command.resolve_command(context, context._protected_args + context.args)
    if not {"-h", "--help"} & set(arguments):
        command.make_context(name, list(arguments), parent=context)


RUN = sorted({page for page, block in EXAMPLES if not block.reason})


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that pages assume."""
    folder = tmp_path_factory.mktemp("samples")
    for words in SAMPLES:
        aurora(*words[:-1], str(folder / words[-1]))
    return folder


@pytest.mark.parametrize("page", RUN, ids=[str(page.relative_to(ROOT)) for page in RUN])
def test_the_examples_of_a_page_run(page: Path, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(samples, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for block in blocks(page):
        if block.language == "file":
            Path(block.reason).write_text(block.text)
        elif not block.reason and block.language in PYTHONS:
            done = forked(run_python, block.text, f"{page.name}, line {block.line}")
            assert done.returncode == 0, f"line {block.line}: {done.stderr}"
        elif not block.reason:
            for command in commands(block):
                if command.words[0] == "aurora":
                    run_aurora(command, block)


def run_python(text: str, where: str) -> None:
    """Run a block as a program."""
    exec(compile(text, where, "exec"), {"__name__": "__main__"})


def run_aurora(command: Command, block: Block) -> None:
    """Run a command; `> FILE` at its end takes its output."""
    words = list(command.words[1:])
    target = words[words.index(">") + 1] if ">" in words else None
    if target is not None:
        words = words[: words.index(">")]
    done = forked(run_command, tuple(words), environment={**os.environ, "COLUMNS": "80"})
    where = f"line {block.line}: aurora {shlex.join(words)}"
    assert done.returncode == 0, f"{where}\n{done.stderr}"
    if target is not None:
        Path(target).write_text(done.stdout)
    elif command.shown is not None:
        printed = f"{done.stdout} {done.stderr}"
        absent = first_absent(command.shown, printed)
        assert absent is None, f"{where}\nthe page shows\n{absent}\nit prints\n{printed}"


def first_absent(shown: str, printed: str) -> str | None:
    """Return the first line of a page that a command does not print after those before it; None if it prints all.

    Pages show tables as on a terminal; the rule below their headers is not printed here.
    """
    words, place = " ".join(printed.split()), 0
    for line in shown.splitlines():
        if line and set(line) <= {"─", " "}:
            continue
        for part in line.split("..."):
            place = words.find(" ".join(part.split()), place)
            if place < 0:
                return line
    return None


def test_shown_output_may_omit_lines_but_not_change_them() -> None:
    printed = "a 1\nb 2\nc 3 and\nmore"
    assert first_absent("a 1\nc 3 and more\n...", printed) is None
    assert first_absent("a 1\nb 3", printed) == "b 3"
    assert first_absent("b 2\na 1", printed) == "a 1"
    assert first_absent("a   1\n──  ─\nb   2", printed) is None


def test_an_example_that_neither_runs_nor_states_a_reason_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```bash\ncurl example.org\n```\n\n<!-- not run: no network -->\n```bash\ncurl example.org\n```\n")
    bad, good = blocks(page)
    assert (bad.reason, good.reason) == ("", "no network")
    with pytest.raises(AssertionError, match="not run"):
        test_the_example_parses(page, bad)
    test_the_example_parses(page, good)
