"""Yields the objects in files that `kubectl` or the API wrote: lists, single objects, several after each other."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aurora.errors import DataError, FileError
from aurora.reading import decode, read_bytes, strict_json_decoder

MAX_BYTES = 1 << 30
"""Most bytes of a file after unpacking: 50,000 pods as kubectl writes them are about 500 MB."""

MAX_YAML_BYTES = 32 << 20
"""Most bytes of a YAML file, which is read about fifty times slower than JSON."""

STDIN_SECONDS = 300.0
"""Most seconds of waiting for kubectl at the other end of a pipe: it writes nothing before it has everything."""

ENDINGS = (".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz")
"""Names of files that are read in a folder, such as `kubectl cluster-info dump --output-directory` writes."""

_LOGS_END = re.compile(r"^==== END logs .*$", re.MULTILINE)
_BLANK = re.compile(r"[ \t\r\n]*")
_HOW = "write it with: kubectl get nodes,pods -A -o json > FILE"


MAX_FILES = 10_000
"""Most files that are read in a folder."""


class NotKubernetesError(DataError):
    """A file of JSON or YAML that is not about Kubernetes, as others in a folder may be."""


class Item(NamedTuple):
    """An object as it was found.

    Attributes:
        kind: Kind, its own or that of its list.
        group: API group; empty for the core group.
        fields: The object.
        was_escaped: True if control characters in it were escaped already.
        is_guessed: True if it has no kind, and was recognised by its fields.
    """

    kind: str
    group: str
    fields: dict[str, Any]
    was_escaped: bool = False
    is_guessed: bool = False


def files_in(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Return the files to read: each path, and for a folder the JSON and YAML files in it.

    Returns:
        Each file, and the path that was given for it: the file itself, or its folder.

    Raises:
        FileError: There is no path, or a folder has no such file, or too many.
    """
    if not paths:
        raise FileError(f"give at least one file; {_HOW}")
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if not path.is_dir():
            found.append((path, path))
            continue
        inside = sorted(p for p in path.rglob("*") if p.name.endswith(ENDINGS) and p.is_file())
        if not inside:
            raise FileError(f"{path} has no JSON or YAML file; {_HOW}")
        if len(inside) > MAX_FILES:
            raise FileError(f"{path} has {len(inside):,} JSON and YAML files; give a folder of at most {MAX_FILES:,}")
        found += [(p, path) for p in inside]
    return found


def items_in(path: Path) -> Iterator[Item]:
    """Yield the objects in a file, `-` for standard input; only one of them is in memory at a time, for JSON.

    Raises:
        FileError: It can't be read.
        DataError: It is not JSON or YAML, is cut off, or holds something else than Kubernetes objects.
    """
    source = Path("/dev/stdin") if str(path) == "-" else path
    raw = read_bytes(source, limit=MAX_BYTES, pipe_seconds=STDIN_SECONDS)
    text = decode(raw, str(path))
    del raw
    start = _after_blanks(text, 0)
    if start == len(text):
        raise DataError(f"{path} is empty; {_HOW}")
    documents = _json_documents(text, str(path)) if text[start] in "{[" else _yaml_documents(text, str(path))
    yield from documents


def _json_documents(text: str, name: str) -> Iterator[Item]:
    decoder = strict_json_decoder()
    position = _after_blanks(text, 0)
    try:
        while position < len(text):
            if text.startswith("====", position):  # logs between the lists of `kubectl cluster-info dump`
                position = _after_logs(text, position)
            elif text[position] == "{":
                position = yield from _json_object(decoder, text, position, name)
            elif text[position] == "[":
                position = yield from _json_array(decoder, text, position, name, ("", ""))
            else:
                raise json.JSONDecodeError("expected an object", text, position)
            position = _after_blanks(text, position)
    except json.JSONDecodeError as fault:
        is_cut = fault.msg.startswith("Unterminated") or fault.pos >= len(text.rstrip()) - 1
        cut = "; the file ends too early: was kubectl interrupted?" if is_cut else ""
        raise DataError(f"{name} is not JSON: {fault.msg} (line {fault.lineno}, column {fault.colno}){cut}") from None
    except RecursionError:
        raise DataError(f"{name}: nested too deeply") from None


def _after_logs(text: str, position: int) -> int:
    """Return the position after the logs of a container, which lie between a START and an END line."""
    end = _LOGS_END.search(text, position)
    return _after_blanks(text, end.end() if end else len(text))


def _json_object(decoder: json.JSONDecoder, text: str, position: int, name: str) -> Generator[Item, None, int]:
    """Yield the items of an object if it is a list, or else the object; return the position after it."""
    fields: dict[str, Any] = {}
    waiting: list[dict[str, Any]] = []
    is_streamed = False
    position = _after_blanks(text, position + 1)
    if text[position : position + 1] == "}":
        return position + 1
    while True:
        key, position = _json_value(decoder, text, position, name)
        if not isinstance(key, str):
            raise json.JSONDecodeError("expected a field's name in quotes", text, position)
        position = _expect(text, position, ":")
        if key in fields:
            raise DataError(f"{name}: an object has two fields {key[:40]!r}; leave one out")
        if key == "items" and text[position : position + 1] == "[":
            fields[key], is_streamed = None, True
            known = _list_kind(fields)
            inside = _json_array(decoder, text, position, name, known or ("", ""), waiting if known is None else None)
            position = yield from inside
        else:
            fields[key], position = _json_value(decoder, text, position, name)
        position = _after_blanks(text, position)
        if text[position : position + 1] == "}":
            break
        position = _expect(text, position, ",")
    if not is_streamed:
        yield from _items_of(fields, name)
    for item in waiting:
        yield _item(item, name, _list_kind(fields) or ("", ""))
    return position + 1


def _json_array(
    decoder: json.JSONDecoder,
    text: str,
    position: int,
    name: str,
    list_kind: tuple[str, str],
    waiting: list[dict[str, Any]] | None = None,
) -> Generator[Item, None, int]:
    """Yield the objects of an array; return the position after it.

    Objects without a kind are put into `waiting`, where it is given: the kind of their list may follow them.
    """
    position = _after_blanks(text, position + 1)
    if text[position : position + 1] == "]":
        return position + 1
    number = 0
    while True:
        value, position = _json_value(decoder, text, position, name)
        number += 1
        if not isinstance(value, dict):
            raise NotKubernetesError(f"{name}: item {number} of the list is no object")
        if waiting is not None and "kind" not in value:
            waiting.append(value)
        else:
            yield from _items_of(value, name, list_kind)
        position = _after_blanks(text, position)
        if text[position : position + 1] == "]":
            return position + 1
        position = _expect(text, position, ",")


def _json_value(decoder: json.JSONDecoder, text: str, position: int, name: str) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, position)
    except json.JSONDecodeError:
        raise
    except ValueError as fault:
        line = text.count("\n", 0, position) + 1
        raise DataError(f"{name}, from line {line} on: {fault}") from None


def _yaml_documents(text: str, name: str) -> Iterator[Item]:
    if len(text) > MAX_YAML_BYTES:
        raise DataError(f"{name} is YAML of more than {MAX_YAML_BYTES >> 20} MiB; use JSON: kubectl get … -o json")
    import yaml  # noqa: PLC0415  # of an extra

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Loads texts, numbers, true and false; times stay texts."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=Loader)):
            raise DataError(f"{name} has aliases (*), which kubectl does not write; use JSON: kubectl get … -o json")
        for document in yaml.load_all(text, Loader=Loader):
            if document is not None:
                if not isinstance(document, dict | list):
                    raise NotKubernetesError(f"{name} is neither JSON nor YAML of Kubernetes objects; {_HOW}")
                for part in document if isinstance(document, list) else [document]:
                    yield from _items_of(part, name)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        why = str(getattr(fault, "problem", None) or "it holds characters that YAML does not allow")
        raise DataError(f"{name} is neither JSON nor YAML{where}: {why}; {_HOW}") from None
    except (RecursionError, ValueError, OverflowError) as fault:
        raise DataError(f"{name} can't be read as YAML ({type(fault).__name__}); use JSON") from None


def _items_of(value: Any, name: str, list_kind: tuple[str, str] = ("", ""), depth: int = 0) -> Iterator[Item]:
    """Yield an object, or those of a list, which may hold lists."""
    if not isinstance(value, dict):
        raise NotKubernetesError(f"{name} holds something else than Kubernetes objects; {_HOW}")
    if "Items" in value and "kind" not in value:  # Go's own names, as `kubectl cluster-info dump` wrote them up to 1.13
        if value["Items"]:
            raise DataError(f"{name} is the dump of a kubectl before 1.14, which has other fields; {_HOW}")
        return
    inside = value.get("items")
    if inside is None and str(value.get("kind")).endswith("List") and "items" in value:
        return  # Go writes an empty list as null
    if not isinstance(inside, list) or not str(value.get("kind", "List")).endswith("List"):
        yield _item(value, name, list_kind)
        return
    if depth:
        raise DataError(f"{name}: lists within lists within lists; {_HOW}")
    for item in inside:
        yield from _items_of(item, name, _list_kind(value) or ("", ""), depth + 1)


def _list_kind(fields: dict[str, Any]) -> tuple[str, str] | None:
    """Return kind and API group of a list's items; empty for a list of anything, None where it is not known yet."""
    kind, version = fields.get("kind"), fields.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str):
        return None
    return (kind.removesuffix("List"), _group(version))


def _item(value: dict[str, Any], name: str, list_kind: tuple[str, str]) -> Item:
    kind, version = value.get("kind", list_kind[0]), value.get("apiVersion")
    if not kind and (guess := _kind_by_fields(value)):
        return Item(guess, "", value, is_guessed=True)
    if not isinstance(kind, str) or not kind or not isinstance(version, str | None):
        raise NotKubernetesError(f"{name} has an object without a kind; is it from Kubernetes? {_HOW}")
    if kind == "Table":
        raise DataError(f"{name} is a table as kubectl shows it, without the objects; {_HOW}")
    if kind == "Status":
        message = str(value.get("message", ""))[:200]
        raise DataError(f"{name} is a server's refusal, not a list: {message!r}; check the rights and try again")
    return Item(kind, _group(version) if isinstance(version, str) else list_kind[1], value)


def _kind_by_fields(value: dict[str, Any]) -> str:
    """Return the kind of a node or a pod that does not say it, as clients in Go write them; empty for others."""
    spec, status = value.get("spec"), value.get("status")
    if not isinstance(value.get("metadata"), dict):
        return ""
    if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
        return "Pod"
    return "Node" if isinstance(status, dict) and {"nodeInfo", "capacity"} <= status.keys() else ""


def _group(version: str) -> str:
    return version.rpartition("/")[0]


def _after_blanks(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _expect(text: str, position: int, sign: str) -> int:
    position = _after_blanks(text, position)
    if text[position : position + 1] != sign:
        raise json.JSONDecodeError(f"expected {sign!r}", text, min(position, len(text)))
    return _after_blanks(text, position + 1)
