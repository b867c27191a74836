"""Every option and argument of every command with bad values: no traceback, no hang, an error that names the option.

Example: python -m benchmarks.fuzz_options
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import typer

from aurora.cli.app import app
from aurora.cli.terminal.failures import INTERNAL, failure_of

VALUES = (
    *("0", "-1", "1", "2", "1e308", "-1e308", "1e-308", "5e-324", "inf", "-inf", "nan", "NaN", "Infinity", "1_000"),
    *("1,5", "0x10", "99999999999999999999", "9" * 400, "x" * 100_000, "", " ", "é\n", "\x1b[2J", "\ud800", "a\0b"),
    *("-", "--", "..", ".", "/", "/dev/zero", "/dev/null", "/dev/full", "/proc/kmsg", "/proc/self/mem", "[" * 100_000),
    *("{}", "[]", "null", "true", "../../../../etc/passwd", "a/b/c", "http://[::1", "2026-02-30", "9999-12-31"),
    *("1-99999999999", ",", "*", "%s%n", "$(id)"),
)
"""What is given to each option."""

SECONDS = 10
"""After which a try counts as a hang."""

MEMORY = 1 << 30
"""Bytes that a try may take beyond what the program itself does."""

LONG = frozenset({"selfplay", "bench", "train", "doctor", "futures", "whatif", "rate"})
"""Commands whose work is minutes: their arguments are read, and nothing is run."""


ALSO: dict[tuple[str, ...], tuple[str, ...]] = {("policies", "export"): ("--best",)}
"""Flags without which a command does nothing."""


class Parameter(NamedTuple):
    """An option or an argument of a command.

    Attributes:
        path: Words of the command.
        name: As it is given, such as `--seed`, or the name of an argument.
        is_option: Whether it has a name on the command line.
    """

    path: tuple[str, ...]
    name: str
    is_option: bool


@functools.cache
def _program(only_parse: bool) -> Any:
    """The command line, built once; with `only_parse`, no command does its work."""
    root = typer.main.get_command(app)
    if only_parse:
        for _, command in commands(root):
            command.callback = lambda **_: None
    return root


@functools.cache
def _command(path: tuple[str, ...]) -> Any:
    return next(command for words, command in commands() if words == path)


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the words of every command, and the command."""
    command = _program(False) if command is None else command
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))
    else:
        yield path, command


def parameters() -> list[Parameter]:
    """Return every option and argument that takes a value."""
    return [
        Parameter(path, p.opts[0], p.param_type_name == "option")
        for path, command in commands()
        for p in command.params
        if not getattr(p, "is_flag", False)
    ]


def line(parameter: Parameter, value: str, base: dict[str, list[str]]) -> list[str]:
    """Return the arguments of a command with one value replaced and the others good."""
    command = _command(parameter.path)
    words = list(parameter.path)
    tail: list[str] = []
    for p in command.params:
        if p.opts[0] == parameter.name:
            given = [value]
        elif p.required:
            given = base.get(p.name, base["else"])
        else:
            continue
        if p.param_type_name == "option":
            words += [f"{p.opts[0]}={g}" for g in given]
        else:
            tail += given
    return [*words, *ALSO.get(parameter.path, ()), "--", *tail]


def run(arguments: Sequence[str], *, only_parse: bool) -> tuple[int, str]:
    """Run a command in this process; the exit code and what it said of its failure.

    Args:
        arguments: Without the program's name.
        only_parse: Whether to leave out the command's own work.
    """
    root = _program(only_parse)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return int(root(list(arguments), prog_name="aurora", standalone_mode=False) or 0), ""
    except Exception as error:  # the command line's own last resort, which tells a fault from a refusal
        failure = failure_of(error)
        return failure.exit_code, failure.message


def judge(parameter: Parameter, code: int, message: str) -> str:
    """Return what a try showed: accepted, refused (by usage or by content), or a fault."""
    if code == INTERNAL:
        return "traceback"
    if code == 0:
        return "accepted"
    if code != 2:  # wrong usage
        return "refused by content"
    named = parameter.name.strip("-") in message or "No such command" in message
    return "refused by name" if named else "refused without its name"


def _in_a_child(parameter: Parameter, arguments: Sequence[str], folder: Path) -> tuple[str, str]:
    """A try in a process of its own, so that a hang or a crash ends with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.chdir(folder)
        signal.alarm(SECONDS)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        code, message = run(arguments, only_parse=bool(LONG.intersection(parameter.path)))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        verdict = "memory" if grown > MEMORY else judge(parameter, code, message)
        with contextlib.suppress(OSError):
            os.write(writer, json.dumps([verdict, message[:500]]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return ("hang" if os.WTERMSIG(status) == signal.SIGALRM else "crash"), ""
    verdict, message = json.loads(said)
    return verdict, message


def inputs(folder: Path) -> dict[str, list[str]]:
    """Write small good inputs to a folder; the good value of each required parameter."""
    run(["scenarios", "generate", "--level=1", f"--out={folder / 'scenario.json'}"], only_parse=False)
    run(["recommend", "sample", "--accounts=2", "--days=8", f"--out={folder / 'histories.jsonl'}"], only_parse=False)
    histories = str(folder / "histories.jsonl")
    run(["recommend", "inventory", histories, f"--out={folder / 'inventory.json'}"], only_parse=False)
    rows = "".join(f"s,{1_700_000_000 + 300 * k},{k % 7}\n" for k in range(400))
    (folder / "series.csv").write_text("unique_id,ds,y\n" + rows)
    return {
        "else": ["x"],
        "scenario": ["scenario.json"],
        "policy": ["first_fit"],
        "data": ["series.csv"],
        "histories": ["histories.jsonl"],
        "inventory": ["inventory.json"],
        "out": ["out.json"],
        "kind": ["gml"],
        "processors": ["8"],
        "start": ["2026-01-01"],
    }


def warm(folder: Path) -> None:
    """Run what is run for real once, so that the children have its modules and machine code."""
    before = Path.cwd()
    os.chdir(folder)
    for words in (
        ("simulate", "scenario.json", "first_fit"),
        ("explain", "scenario.json", "first_fit"),
        ("data", "series.csv"),
        ("forecast", "series.csv"),
        ("recommend", "histories.jsonl", "--quick"),
        ("policies", "list"),
    ):
        run(words, only_parse=False)
    os.chdir(before)


def main() -> None:
    """Try every parameter with every value, on all cores, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=len(VALUES), help="values of each parameter, evenly chosen")
    parser.add_argument("--commands", default="", help="only commands that begin with this word")
    asked = parser.parse_args()
    values = VALUES[:: max(1, len(VALUES) // asked.values)]
    began = time.monotonic()
    counts: Counter[str] = Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = inputs(folder)
        warm(folder)
        chosen = [p for p in parameters() if p.path[0].startswith(asked.commands)]
        workers = os.cpu_count() or 1
        pipes = []
        for worker in range(workers):
            reader, writer = os.pipe()
            if os.fork() == 0:
                os.close(reader)
                room = folder / str(worker)
                room.mkdir()
                for path in folder.iterdir():
                    if path.is_file():
                        (room / path.name).write_bytes(path.read_bytes())
                with os.fdopen(writer, "w") as stream:
                    for parameter in chosen[worker::workers]:
                        for value in values:
                            verdict, message = _in_a_child(parameter, line(parameter, value, base), room)
                            stream.write(
                                json.dumps([verdict, *parameter.path, parameter.name, value[:40], message]) + "\n"
                            )
                os._exit(0)
            os.close(writer)
            pipes.append(reader)
        for reader in pipes:
            with os.fdopen(reader) as stream:
                for row in stream:
                    verdict, *what = json.loads(row)
                    counts[verdict] += 1
                    if verdict not in ("accepted", "refused by name", "refused by content"):
                        faults.append(f"{verdict}: {' '.join(map(str, what))}")
    for fault in faults:
        print(fault)  # a benchmark's output
    print(f"{len(chosen)} options and arguments, {len(values)} values, {time.monotonic() - began:.0f} s")
    for verdict, count in counts.most_common():
        print(f"{verdict}\t{count}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
