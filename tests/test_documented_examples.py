"""The examples of README and docs run, or say why they don't.

A fenced block of Python or of a shell, and an indented block with `aurora` commands, is run: the blocks of a page one
after the other, in one empty folder. A block after `<!-- not run: REASON -->` is not; its commands must still parse.
What a `console` block shows below a command (`$ ...`) is what the command prints, where `...` stands for anything and
line breaks don't count.
"""

import ast
import doctest
import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.main

from aurora.cli.main import app
from tests.cli.command import run_command
from tests.processes import forked

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*$")
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```\s*$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|^)((?: {4}.*\n(?:\n(?= {4}))?)+)", re.MULTILINE)
SHELLS = ("bash", "sh", "shell", "console")
PYTHONS = ("python", "py")
WORDS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


class Block(NamedTuple):
    """An example of a page: its language, its text, the line where it begins, and why it is not run ("": it is)."""

    language: str
    text: str
    line: int
    reason: str


def blocks(page: Path) -> list[Block]:
    """Return the examples of a page in order; output, data and formulas are none."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language = match[2].lower()
        if language in SHELLS + PYTHONS:
            body = re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE)
            found.append((match.start(), language, body))
    blank = FENCE.sub(lambda m: re.sub(r"[^\n]", "", m[0]), text)
    offset_of_line = [0, *(m.end() for m in re.finditer("\n", text))]
    for match in INDENTED.finditer(blank):
        body = re.sub("^ {4}", "", match[1], flags=re.MULTILINE)
        if re.search(r"^(\$ )?aurora ", body, re.MULTILINE):
            line = blank[: match.start()].count("\n")
            found.append((offset_of_line[line], "bash", body))
    return [
        Block(language, body, text[:start].count("\n") + 1, m[1] if (m := NOT_RUN.search(text[:start])) else "")
        for start, language, body in sorted(found)
    ]


class Command(NamedTuple):
    """A line of a shell block, with the output that stands below it (None: none is shown)."""

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


EXAMPLES = [(page, block) for page in PAGES for block in blocks(page)]


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


@pytest.mark.parametrize("page", RUN, ids=[str(page.relative_to(ROOT)) for page in RUN])
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page):
        if block.reason:
            continue
        if block.language in PYTHONS:
            done = forked(run_python, block.text, f"{page.name}, line {block.line}")
            assert done.returncode == 0, f"line {block.line}: {done.stderr}"
            continue
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
        printed = done.stdout + done.stderr
        assert doctest.OutputChecker().check_output(command.shown, printed, WORDS), (
            f"{where}\nthe page shows\n{command.shown}\nit prints\n{printed}"
        )


def test_a_page_with_an_example_that_neither_runs_nor_says_why_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```bash\ncurl example.org\n```\n\n<!-- not run: no network -->\n```bash\ncurl example.org\n```\n")
    bad, good = blocks(page)
    assert (bad.reason, good.reason) == ("", "no network")
    with pytest.raises(AssertionError, match="not run"):
        test_the_example_parses(page, bad)
    test_the_example_parses(page, good)
