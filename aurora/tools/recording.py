"""Recording of a session's questions to models and tools with their answers, and its replay.

A file has one JSON object per line. The key of an exchange is the question, the part of the session, and the number
of times it was asked there. So a killed session finds the answers it has paid for, and a recorded session replays
without a model.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from aurora.errors import RunError
from aurora.reading import TABLE_BYTES, decode, parse_json, read_bytes

Kind = Literal["model", "tool", "session"]


class Exchange(NamedTuple):
    """A question and its answer.

    Attributes:
        key: Key of the question.
        kind: Addressee; `session` for the description of the session.
        request, response: JSON values.
        cost: Resources used, such as tokens and seconds; not part of the answer.
    """

    key: str
    kind: Kind
    request: Any
    response: Any
    cost: Mapping[str, float]


class Part:
    """A part of a session that runs beside others, in a thread of its own.

    Attributes:
        name: Name of the part.
        asked: How often each question was asked in it.
        exchanges: Its exchanges, found or added, failed tries included.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: Counter[str] = Counter()
        self.exchanges: list[Exchange] = []


_OWN: ContextVar[tuple[Recording, Part] | None] = ContextVar("part of a recording", default=None)
_SHAPE = {"key": str, "kind": str, "cost": dict}
"""Types of an exchange's fields in a file; others are free."""


class Recording:
    """The exchanges of a session, in memory and, with a file, on disk as they happen.

    It is safe for concurrent threads.

    Args:
        path: File to create or continue; None: memory only.
        replaying: True: every question must have its answer here; nothing is written.
        keeps: False: exchanges are forgotten at once, for sessions without an end.

    Raises:
        RunError: The file can't be used, or is not a recording.
    """

    def __init__(self, path: Path | None = None, *, replaying: bool = False, keeps: bool = True) -> None:
        self.replaying = replaying
        self._keeps = keeps
        self._path = path
        self._lock = threading.Lock()
        self._part = ""
        self._asked: Counter[str] = Counter()
        self._exchanges: dict[str, Exchange] = {}
        self._file: Any = None
        if path is None:
            return
        try:
            end = self._read(path)
            if not replaying:
                self._file = path.open("ab")
                self._file.truncate(end)
        except OSError as error:
            raise RunError(f"{path} can't be used as a recording: {error.strerror}") from None

    def _read(self, path: Path) -> int:
        """Read the file; return the number of bytes before a line torn by a kill."""
        if not path.exists() and not self.replaying:
            return 0
        content = read_bytes(path, limit=TABLE_BYTES, error=RunError)
        end = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:end].split(b"\n")[:-1], 1):
            where = f"{path}, line {number}"
            exchange = parse_json(decode(line, where, error=RunError), where, error=RunError)
            if not isinstance(exchange, dict) or {k: type(v) for k, v in exchange.items() if k in _SHAPE} != _SHAPE:
                raise RunError(f"{where} is no exchange; is it a recording?")
            odd = next((k for k, v in exchange["cost"].items() if type(v) not in (int, float)), None)
            if odd is not None:
                raise RunError(f"{where}: cost.{odd:.40} is no number; the recording was changed, take it from a copy")
            found = Exchange(
                exchange["key"], exchange["kind"], exchange.get("request"), exchange.get("response"), exchange["cost"]
            )
            self._exchanges[found.key] = found
        return end

    def __enter__(self) -> Self:
        """Return the recording."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush the file to disk and close it."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # each exchange was flushed; an error of the disk was reported then
                os.fsync(self._file.fileno())
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def __iter__(self) -> Iterator[Exchange]:
        """Yield all exchanges, oldest first."""
        return iter(list(self._exchanges.values()))

    def begin(self, part: str) -> None:
        """Begin a part of the session, such as an iteration, in which repeated questions are counted anew."""
        with self._lock:
            self._part = part
            self._asked.clear()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[Part]:
        """Assign the questions of the block, in this thread only, to a part of the session.

        Args:
            name: Name of the part; the same questions of a part find the same recorded answers.
        """
        part = Part(name)
        token = _OWN.set((self, part))
        try:
            yield part
        finally:
            _OWN.reset(token)

    def _own(self) -> Part | None:
        own = _OWN.get()
        return own[1] if own is not None and own[0] is self else None

    def key(self, kind: Kind, request: Any) -> str:
        """Return the key of the next question; the same question asked again gets another key."""
        if not self._keeps:
            return secrets.token_hex(16)
        asked = hashlib.sha256(json.dumps([kind, request], sort_keys=True).encode()).hexdigest()
        own = self._own()
        with self._lock:
            name, counts = (self._part, self._asked) if own is None else (own.name, own.asked)
            counts[asked] += 1
            text = f"{name}\n{asked}\n{counts[asked]}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def find(self, key: str) -> Exchange | None:
        """Return the recorded exchange of a key, if there is one."""
        found, own = self._exchanges.get(key), self._own()
        if found is not None and own is not None:
            own.exchanges.append(found)
        return found

    def add(self, exchange: Exchange) -> None:
        """Record an exchange.

        Raises:
            RunError: The file can't be written.
        """
        own = self._own()
        with self._lock:
            if self._keeps:
                self._exchanges[exchange.key] = exchange
            if own is not None:
                own.exchanges.append(exchange)
            if self._file is not None:
                try:
                    self._file.write(json.dumps(exchange._asdict()).encode() + b"\n")
                    self._file.flush()
                except OSError as error:
                    raise RunError(f"{self._path} can't be written: {error.strerror}; is the disk full?") from None
