"""The pages of the command line, from the commands themselves."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

import typer.main

from aurora.cli.app import app

NOTE = "<!-- Written by `python -m docs.programs.reference`; a test compares. Change the help texts in the code. -->"

HEAD = f"""{NOTE}

# Command line

Every command and option, from the help texts of the commands. `aurora COMMAND --help` shows the same on a terminal.
[Output](output.md) explains tables, files and limits. [JSON](json.md) lists the keys of `--json`, and
[Errors](errors.md) the exit codes.
"""

KINDS = {"Path": "PATH", "int": "INTEGER", "float": "NUMBER", "str": "TEXT"}
"""Type of a value, as the page writes it."""


def index() -> str:
    """Return the page that lists every command with the first line of its help."""
    rows = [f"| [{n}](commands/aurora-{n.split()[0]}.md#{n.replace(' ', '-')}) | {_first(c.help)} |" for n, c in _all()]
    return "\n".join([HEAD, "| command | meaning |", "|---|---|", *rows, ""])


def pages() -> Mapping[str, str]:
    """Return the page of each command or group of commands by its name, such as `bench`."""
    groups: dict[str, list[str]] = {}
    for name, command in _all():
        groups.setdefault(name.split()[0], []).append(_section(name, command))
    return {
        name: "\n".join([f"{NOTE}\n\n# aurora {name}\n", *sections]).rstrip("\n") + "\n"
        for name, sections in groups.items()
    }


def names() -> list[str]:
    """Return the name of every command without `aurora`, such as `bench openb`."""
    return [name for name, _ in _all()]


def _all() -> list[tuple[str, Any]]:
    root: Any = typer.main.get_command(app)
    return list(_commands(root, ()))


def _first(text: str | None) -> str:
    return _escaped(" ".join((text or "").strip().split("\n\n")[0].split()))


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None) or {}
    if not inner:
        yield " ".join(path), command
    for name in sorted(inner):
        if not inner[name].hidden:
            yield from _commands(inner[name], (*path, name))


def _section(name: str, command: Any) -> str:
    rows = [_row(p) for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    table = ["| argument or option | default | meaning |", "|---|---|---|", *rows, ""] if rows else []
    return "\n".join([f"## {name}", "", _prose(command.help or ""), "", *table])


def _prose(text: str) -> str:
    """Return a help text as Markdown, with its examples as code."""
    blocks: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\b", "").strip()):
        words = " ".join(paragraph.split())
        before, mark, example = words.partition("Examples: " if "Examples: " in words else "Example: ")
        if mark or words.startswith("aurora "):
            blocks += [_escaped(before.strip())] if mark and before.strip() else []
            blocks.append(f"```bash\n{example if mark else words}\n```")
        else:
            blocks.append(_escaped(words))
    return "\n\n".join(blocks).replace("```\n\n```bash\n", "")


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = f"`{parameter.metavar or parameter.name.rstrip('_').upper()}`"
    else:
        names = ", ".join(f"`{o}`" for o in (*parameter.opts, *parameter.secondary_opts))
        name = names if parameter.is_flag else f"{names} {_kind(parameter)}"
    help_text = _escaped(" ".join((getattr(parameter, "help", None) or "").split()))
    return f"| {name} | {_default(parameter)} | {help_text} |"


def _kind(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    while get_origin(annotation) in (list, tuple, Union, UnionType):
        annotation = next(a for a in get_args(annotation) if a is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return " or ".join(f"`{choice.value}`" for choice in annotation)
    return f"`{parameter.metavar or KINDS.get(getattr(annotation, '__name__', ''), 'VALUE')}`"


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if callable(value) or value is None or value is False or value in ("", (), []):
        return ""
    values = value if isinstance(value, list | tuple) else [value]
    return f"`{' '.join(str(v.value if isinstance(v, enum.Enum) else v) for v in values)}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
