"""Reads a YAML document within limits, and refuses unknown fields by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.reading import read_text

MAX_BYTES = 1 << 20
"""Most bytes of a study file."""
MAX_DEPTH = 10
"""Most levels of nesting."""


def read_document(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON file that holds an object.

    Raises:
        FileError: The file can't be read.
        DataError: It is no YAML, has aliases or two fields of one name, is nested too deeply, or holds no object.
    """
    text = read_text(path, limit=MAX_BYTES)
    import yaml  # noqa: PLC0415  # used here only

    loader = yaml.SafeLoader
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise DataError(f"{path} has aliases (*name); write the values out")
        node = yaml.compose(text, Loader=loader)
        _require_plain(path, node, 0)
        data = yaml.load(text, Loader=loader)  # the safe loader
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        why = getattr(fault, "problem", None) or "it holds characters that YAML does not allow"
        raise DataError(f"{path} is not YAML{where}: {why}") from None
    except (RecursionError, ValueError, OverflowError) as fault:
        raise DataError(f"{path} can't be read as YAML: {fault}") from None
    if not isinstance(data, dict):
        raise DataError(f"{path} holds no study; `aurora study new` writes an example")
    return data


def _require_plain(path: Path, node: Any, depth: int) -> None:
    """Raise `DataError` for two fields of one name, of which YAML keeps the last, and for deep nesting."""
    if depth > MAX_DEPTH:
        raise DataError(f"{path}: nested too deeply; at most {MAX_DEPTH} levels are read")
    if node is None or isinstance(node.value, str):
        return
    seen = set()
    for item in node.value:
        key, child = item if isinstance(item, tuple) else (None, item)
        if key is not None:
            if not isinstance(key.value, str):
                raise DataError(f"{path}, line {key.start_mark.line + 1}: a field needs a plain name")
            if key.value in seen:
                raise DataError(f"{path}, line {key.start_mark.line + 1}: {key.value[:60]!r} is there twice")
            seen.add(key.value)
        _require_plain(path, child, depth + 1)


def require_known(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Check that every field of an object is known.

    Args:
        where: Place of the object in messages.
        given: The object.
        known: Names of its fields.

    Raises:
        DataError: A field is unknown; the message suggests the closest name.
    """
    names = list(known)
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(str(name), names, 1)
            hint = f"did you mean {close[0]}? There are" if close else "there are"
            raise DataError(f"{where}: {str(name)[:60]!r} is unknown; {hint} {', '.join(names)}")
