"""The page of the Python interface, from the names that `aurora` exports and their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import aurora

HEAD = """<!-- Written by `python -m docs.programs.reference`; a test compares. Change the docstrings in the code. -->

# Python

`import aurora` offers the names below. They are loaded when they are first used, so the import itself is fast.
`examples/` in the repository has a program for each part.
"""

SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Yields", "Example", "Examples")


def page() -> str:
    """Return the page: the overview of the package, and a section for each name."""
    overview = (inspect.getdoc(aurora) or "").partition("\n\n")[2]
    names = [n for n in aurora.__all__ if not n.startswith("_")]
    sections = [_section(name, getattr(aurora, name)) for name in names]
    return "\n".join([HEAD, "```text", overview.strip(), "```", "", *sections]).rstrip("\n") + "\n"


def _section(name: str, thing: Any) -> str:
    parts = [f"## {name}", ""]
    if callable(thing):
        parts += ["```python", _signature(name, thing), "```", ""]
    if inspect.isroutine(thing) or inspect.isclass(thing):
        parts += list(_docstring(inspect.getdoc(thing) or ""))
    return "\n".join(parts)


def _signature(name: str, thing: Any) -> str:
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return f"class {name}({thing.__bases__[0].__name__})"
    if inspect.isclass(thing) and (hasattr(thing, "model_fields") or hasattr(thing, "_fields")):
        return f"class {name}"
    try:
        text = str(inspect.signature(thing))
    except ValueError:
        text = "(...)"
    text = re.sub(r"(?:[a-z_0-9]+\.)+([A-Za-z_]+)", r"\1", text.replace("'", ""))
    text = re.sub(r"<(?:function|class|bound method) ([^ >]*)[^>]*>", "...", text)
    line = f"{name}{text}"
    if len(line) <= 100:  # noqa: PLR2004  # fits a page
        return line
    inside, _, after = text[1:].rpartition(")")
    depth, arguments, start = 0, [], 0
    for i, letter in enumerate(inside):
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            arguments.append(inside[start:i].strip())
            start = i + 1
    arguments.append(inside[start:].strip())
    return f"{name}(\n" + "".join(f"    {a},\n" for a in arguments) + f"){after}"


def _docstring(text: str) -> Iterator[str]:
    """Yield a Google docstring as Markdown lines: prose as it is, sections as lists, examples as code."""
    for block in re.split(r"\n(?=(?:" + "|".join(SECTIONS) + r"):\n)", text):
        head, _, body = block.partition(":\n")
        if head in SECTIONS:
            yield f"**{head}**"
            yield ""
            yield from _items(inspect.cleandoc(body)) if head not in ("Example", "Examples") else _code(body)
        else:
            yield from _prose(block)
        yield ""


def _prose(block: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", block.strip()):
        if paragraph.startswith(("    ", ">>>")):
            yield from _code(paragraph)
        else:
            yield paragraph
        yield ""


def _code(body: str) -> Iterator[str]:
    yield "```python"
    yield inspect.cleandoc(body)
    yield "```"


def _items(body: str) -> Iterator[str]:
    for item in re.split(r"\n(?=\S)", body):
        name, colon, rest = item.partition(":")
        words = " ".join(rest.split())
        is_name = bool(colon) and re.fullmatch(r"[\w, *.]+(?: \([^)]*\))?", name) is not None
        yield f"- `{name.strip()}`: {words}" if is_name else f"- {' '.join(item.split())}"
