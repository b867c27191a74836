"""The pages of the Python interface, from the names that `aurora` exports and their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import aurora

NOTE = "<!-- Written by `python -m docs.programs.reference`; a test compares. Change the docstrings in the code. -->"

HEAD = f"""{NOTE}

# Python

`import aurora` offers the names below. They are loaded when they are first used, so the import itself is fast.
The folder `examples/` of the repository has a program for each part. Which extra of the package brings which part is
in [Install](../guides/installation.md).
"""

PARTS = {
    "simulation": "Scenarios, policies, simulation",
    "learning": "Series, networks, advice",
    "cluster": "Real systems",
    "selfplay": "Self-play",
    "errors": "Errors",
}
"""Pages, with their titles."""

PART_OF = {
    "aurora.sim": "simulation",
    "aurora.learning": "learning",
    "aurora.cluster": "cluster",
    "aurora.errors": "errors",
}
"""Page of what is defined in a package; the rest is self-play and explanation."""

SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Yields", "Example", "Examples")
LONGEST_DEFAULT = 40
"""Characters of a default value that a signature shows."""


def index() -> str:
    """Return the page that lists every name with its first line."""
    rows = []
    for part, names in _parts().items():
        rows += [f"| [{n}](python/{part}.md#{n.lower()}) | {_first(getattr(aurora, n))} |" for n in names]
    return "\n".join([HEAD, "| name | meaning |", "|---|---|", *rows, ""])


def pages() -> Mapping[str, str]:
    """Return each page by its name."""
    return {
        part: "\n".join([f"{NOTE}\n\n# {PARTS[part]}\n", *(_section(n, getattr(aurora, n)) for n in names)]).rstrip()
        + "\n"
        for part, names in _parts().items()
    }


def _parts() -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for name in getattr(aurora, "__all__", ()):
        if not name.startswith("_"):
            module = ".".join(getattr(getattr(aurora, name), "__module__", "aurora.sim").split(".")[:2])
            parts[PART_OF.get(module, "simulation" if module.split(".")[0] != "aurora" else "selfplay")].append(name)
    return {part: names for part, names in parts.items() if names}


def _first(thing: Any) -> str:
    if not (inspect.isroutine(thing) or inspect.isclass(thing)):
        return "Every published rule by name." if hasattr(thing, "keys") else ""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split()).replace("|", "\\|")


def _section(name: str, thing: Any) -> str:
    parts = [f"## {name}", ""]
    if callable(thing):
        parts += ["```python", _signature(name, thing), "```", ""]
    if inspect.isroutine(thing) or inspect.isclass(thing):
        parts += list(_docstring(inspect.getdoc(thing) or ""))
    fields = getattr(thing, "model_fields", {}) if inspect.isclass(thing) else {}
    if fields:
        parts += [
            "**Fields**",
            "",
            *(f"- `{n}`: {' '.join((f.description or '').split())}".rstrip(": ") for n, f in fields.items()),
            "",
        ]
    if not callable(thing):
        parts += [_first(thing), ""]
    return "\n".join(parts)


def _signature(name: str, thing: Any) -> str:
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return f"class {name}({thing.__bases__[0].__name__})"
    if inspect.isclass(thing) and any(
        hasattr(thing, name) for name in ("model_fields", "_fields", "__dataclass_fields__")
    ):
        return f"class {name}"
    try:
        signature = inspect.signature(thing)
        shown = [
            p.replace(default=...) if len(repr(p.default)) > LONGEST_DEFAULT else p
            for p in signature.parameters.values()
        ]
        text = str(signature.replace(parameters=shown)).replace("Ellipsis", "...")
    except ValueError:
        text = "(...)"
    text = re.sub(r"(?:[a-z_0-9]+\.)+([A-Za-z_]+)", r"\1", text.replace("'", ""))
    text = re.sub(
        r"<(?:function|class|bound method)[^>]*<[^>]*>[^>]*>|<(?:function|class|bound method)[^>]*>", "...", text
    )
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
