"""Reads files within limits: bytes, unpacked bytes, depth, digits and time.

Every reader of a user's file goes through here, so that a device, a pipe that nobody writes to, or a small file that
unpacks to gigabytes ends in one error and not in a process that is killed for its memory.
"""

from __future__ import annotations

import errno
import json
import os
import select
import stat
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from aurora.errors import AuroraError, DataError, FileError

DOCUMENT_BYTES = 64 << 20
"""Most bytes of a file that is parsed as a whole (a scenario, a policy, a plan, an inventory), after unpacking."""

TABLE_BYTES = 512 << 20
"""Most bytes of a table or a log, after unpacking."""

PIPE_SECONDS = 10.0
"""Most seconds of waiting for the next bytes of a pipe."""

MAX_DEPTH = 100
"""Most levels of nested lists and objects in a JSON document."""

MAX_DIGITS = 20
"""Most digits of a whole number in a JSON document."""

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

_UTF_32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")

Undecodable = Literal["strict", "replace", "latin-1"]
"""Treatment of text that is not UTF-8: refuse it, put marks in it, or read it as Latin-1 (ISO 8859-1)."""

_PACKED = (
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it (zstd -d) or pack it with gzip"),
    (b"BZh", "packed with bzip2", "unpack it (bunzip2) or pack it with gzip"),
    (b"\xfd7zXZ\x00", "packed with xz", "unpack it (unxz) or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it or pack it with gzip"),
    (b"\x04\x22\x4d\x18", "packed with lz4", "unpack it (lz4 -d) or pack it with gzip"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls)", "save it as CSV"),
)
"""First bytes of files in packed formats that are not read, the format's name, and the remedy."""


def read_bytes(
    path: Path,
    *,
    limit: int = DOCUMENT_BYTES,
    packed: bool = False,
    pipe_seconds: float = PIPE_SECONDS,
    error: type[AuroraError] | None = None,
) -> bytes:
    """Read a file, and unpack it if it is a gzip file, whatever its name.

    Args:
        path: A regular file or a pipe.
        limit: Most bytes, of the file and of what it unpacks to.
        packed: Whether the reader unpacks what is no gzip file itself.
        pipe_seconds: Most seconds of waiting for the next bytes of a pipe.
        error: The class of error to raise; None for `FileError` and `DataError`.

    Returns:
        The content.

    Raises:
        AuroraError: It is absent, a folder, a device, a pipe that stays silent, larger than `limit`, a damaged gzip
            file, or packed in another way. The class is `error` where it is given.
    """
    try:
        raw = _content(path, limit, pipe_seconds, error)
    except OSError as fault:
        raise (error or FileError)(
            f"can't read {path}: {fault.strerror or fault}; check the path and its permissions"
        ) from None
    except ValueError as fault:  # a NUL in the path
        raise (error or FileError)(f"can't read {str(path)!r}: {fault}; give the path of a file") from None
    content = _unpacked(path, raw, limit, error) if raw.startswith(_GZIP) else raw
    for mark, what, remedy in () if packed else _PACKED:
        if content.startswith(mark):
            raise (error or DataError)(f"{path} is {what}; {remedy}")
    return content


def read_text(
    path: Path,
    *,
    limit: int = DOCUMENT_BYTES,
    undecodable: Undecodable = "strict",
    error: type[AuroraError] | None = None,
) -> str:
    r"""Read a file as text: UTF-8, or UTF-16 with or without a byte-order mark, which is left out.

    Where all lines end with `\r`, as old spreadsheets write them, they end with `\n`.

    Args:
        path: A regular file or a pipe, plain or gzipped.
        limit: Most bytes, of the file and of what it unpacks to.
        undecodable: Treatment of bytes that are not UTF-8; `replace` for files whose comments alone have them.
        error: The class of error to raise; None for `FileError` and `DataError`.

    Raises:
        AuroraError: It can't be read (see `read_bytes`) or is not text. The class is `error` where it is given.
    """
    raw = read_bytes(path, limit=limit, error=error)
    text = decode(raw, str(path), undecodable=undecodable, error=error)
    return text if "\n" in text else text.replace("\r", "\n")


def decode(
    raw: bytes, name: str, *, undecodable: Undecodable = "strict", error: type[AuroraError] | None = None
) -> str:
    """Decode the bytes of a text file; see `read_text`.

    Args:
        raw: The bytes.
        name: Name of the file in messages.
        undecodable: Treatment of bytes that are not UTF-8.
        error: The class of error to raise; None for `FileError` and `DataError`.

    Raises:
        AuroraError: They are not text. The class is `error` where it is given.
    """
    if raw.startswith(_UTF_32):
        raise (error or DataError)(f"{name} is UTF-32 text; save it as UTF-8")
    mark, encoding = next(((m, e) for m, e in _BOMS if raw.startswith(m)), (b"", _without_mark(raw)))
    try:
        return raw[len(mark) :].decode(encoding, errors="replace" if undecodable == "replace" else "strict")
    except UnicodeDecodeError as fault:
        if undecodable == "latin-1" and encoding == "utf-8" and b"\0" not in raw:
            return raw[len(mark) :].decode("latin-1")
        line = raw.count(b"\n", 0, fault.start) + 1
        raise (error or DataError)(
            f"{name}, line {line}: not UTF-8 text (byte {fault.start}); save the file as UTF-8, "
            "or is it another kind of file?"
        ) from None


def _without_mark(raw: bytes) -> str:
    """Return the encoding of a text without a byte-order mark: UTF-16 if every other of its first bytes is 0."""
    head = raw[:64]
    if len(head) % 2 == 0 and head.count(0) > 1:
        for encoding, zeros, others in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
            if not any(zeros) and all(others):
                return encoding
    return "utf-8"


def read_lines(
    path: Path,
    *,
    limit: int = TABLE_BYTES,
    undecodable: Undecodable = "strict",
    error: type[AuroraError] | None = None,
) -> Iterator[tuple[int, str]]:
    r"""Yield the number and the text of each line, which ends with `\n` or `\r\n`, or all with `\r`.

    `str.splitlines` also splits at U+2028 and others, which may stand within a JSON string.

    Raises:
        AuroraError: It can't be read (see `read_text`). The class is `error` where it is given.
    """
    text = read_text(path, limit=limit, undecodable=undecodable, error=error)
    start, number = 0, 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        yield number, text[start:end].removesuffix("\r")
        start = end + 1


def read_json(path: Path, *, limit: int = DOCUMENT_BYTES, error: type[AuroraError] | None = None) -> Any:
    """Read a JSON document; see `read_text` and `parse_json`.

    Raises:
        AuroraError: It can't be read or is not JSON. The class is `error` where it is given.
    """
    return parse_json(read_text(path, limit=limit, error=error), str(path), error=error)


def parse_json(text: str, name: str, *, error: type[AuroraError] | None = None) -> Any:
    """Parse a JSON document without infinite numbers, endless digits or endless nesting.

    Args:
        text: The document.
        name: Name of the document in messages, such as "plan.json" or "log.jsonl, line 3".
        error: The class of error to raise; None for `FileError` and `DataError`.

    Raises:
        AuroraError: It is not JSON, holds NaN, a number out of range or an object with two fields of one name, or is
            nested too deeply. The class is `error` where it is given.
    """
    try:
        data = strict_json_decoder().decode(text)
    except json.JSONDecodeError as fault:
        raise (error or DataError)(
            f"{name} is not JSON: {fault.msg} (line {fault.lineno}, column {fault.colno})"
        ) from None
    except RecursionError:
        raise (error or DataError)(f"{name}: nested too deeply; at most {MAX_DEPTH} levels are read") from None
    except ValueError as fault:
        raise (error or DataError)(f"{name}: {fault}") from None
    if _depth(data) > MAX_DEPTH:
        raise (error or DataError)(f"{name}: nested too deeply; at most {MAX_DEPTH} levels are read")
    return data


def strict_json_decoder() -> json.JSONDecoder:
    """Return the decoder of `parse_json`, for readers that take a document piece by piece.

    It raises `json.JSONDecodeError`, `RecursionError`, or a `ValueError` that says what is refused.
    """
    return json.JSONDecoder(
        parse_constant=_refuse_constant,
        parse_float=_finite,
        parse_int=_whole,
        object_pairs_hook=_without_duplicates,
    )


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON; leave the field out or give a finite number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of an object; refuse two of one name, of which Python would silently keep the last."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"an object has two fields {twice[:40]!r}; leave one out")
    return fields


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:40]} is out of range")
    return value


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ValueError(f"the number {text[:40]} has more than {MAX_DIGITS} digits")
    return int(text)


def _depth(data: Any) -> int:
    deepest, layer = 0, [data]
    while layer:
        deepest += 1
        layer = [
            child
            for item in layer
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return deepest


def _content(path: Path, limit: int, pipe_seconds: float, error: type[AuroraError] | None) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe without a writer would block
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            raise (error or FileError)(f"can't read {path}: it is a device; give the path of a file")
        if stat.S_ISREG(mode) and os.fstat(handle).st_size > limit:
            raise _too_large(path, limit, error)
        return _drained(handle, path, limit, pipe_seconds, error)
    finally:
        os.close(handle)


def _drained(handle: int, path: Path, limit: int, pipe_seconds: float, error: type[AuroraError] | None) -> bytes:
    """Read a handle to its end, waiting at most `pipe_seconds` for the next bytes."""
    patience = select.poll()
    patience.register(handle, select.POLLIN)
    parts: list[bytes] = []
    size = 0
    deadline = time.monotonic() + pipe_seconds
    while True:
        # A regular file is always ready.
        if not patience.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise (error or FileError)(
                f"can't read {path}: nothing came from it in {pipe_seconds:.0f} s; is it the right file?"
            )
        try:
            part = os.read(handle, _CHUNK)
        except BlockingIOError:  # another process that reads the pipe was faster
            continue
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > limit:
            raise _too_large(path, limit, error)
        parts.append(part)
        deadline = time.monotonic() + pipe_seconds


def _unpacked(path: Path, raw: bytes, limit: int, error: type[AuroraError] | None) -> bytes:
    """Unpack a gzip file, which may have several members, up to `limit` bytes."""
    parts: list[bytes] = []
    size, rest = 0, raw
    try:
        while rest.startswith(_GZIP):
            unpacker = zlib.decompressobj(wbits=31)
            while not unpacker.eof:
                part = unpacker.decompress(rest, limit + 1 - size)
                size += len(part)
                if size > limit:
                    raise _too_large(path, limit, error)
                if not part and not unpacker.unconsumed_tail and not unpacker.eof:
                    raise (error or DataError)(f"{path} is truncated; fetch the file again")
                parts.append(part)
                rest = unpacker.unconsumed_tail
            rest = unpacker.unused_data.lstrip(b"\0")  # padding is allowed after a member
    except zlib.error as fault:
        raise (error or DataError)(f"{path} is a damaged gzip file ({fault}); fetch the file again") from None
    if rest:
        raise (error or DataError)(f"{path} is a damaged gzip file (bytes after its end); fetch the file again")
    return b"".join(parts)


def _too_large(path: Path, limit: int, error: type[AuroraError] | None) -> AuroraError:
    return (error or DataError)(f"{path} holds more than {limit >> 20} MiB; split it")
