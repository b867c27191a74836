"""Messages between the engine and its workers: a head of fixed length, then raw bytes; nothing is unpickled.

Numbers travel as float32 in the order of memory, texts as their lengths and UTF-8, descriptions and reasons as text.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from aurora.errors import DataError
from aurora.learning.composition.pipelines.value_types import Array, Batch

_HEAD = struct.Struct("<IBHIII")  # bytes of the payload, kind, stage, number, rows, columns
HEAD_BYTES = _HEAD.size
MAX_PAYLOAD = 1 << 28
"""Most bytes of a payload."""
_SECONDS = struct.Struct("<d")


class Kind(IntEnum):
    """Kind of a message."""

    START = 1
    """To a worker: what to load, as JSON."""
    READY = 2
    """From a worker: what it has loaded, as JSON."""
    NUMBERS = 3
    """To a worker: rows of float32."""
    TEXTS = 4
    """To a worker: texts."""
    ANSWER = 5
    """From a worker: seconds of service, probabilities, and the faults of branches that were left out."""
    FAULT = 6
    """From a worker: why it can't answer; rows is 1 if that is so for the whole worker."""
    PING = 7
    """To a worker, and back."""


class Frame(NamedTuple):
    """A message.

    Attributes:
        kind: What it is.
        stage: Number of the stage among those that the worker has.
        number: Number of the batch, which its answer repeats.
        rows: Items.
        columns: Numbers of an item, or classes.
        payload: The rest.
    """

    kind: Kind
    stage: int = 0
    number: int = 0
    rows: int = 0
    columns: int = 0
    payload: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes of the message."""
        head = _HEAD.pack(len(self.payload), self.kind, self.stage, self.number, self.rows, self.columns)
        return head + self.payload


def head_of(data: bytes | bytearray | memoryview) -> tuple[Frame, int]:
    """Return a message without its payload, and the bytes of the payload.

    Raises:
        DataError: The bytes are no head of a message.
    """
    length, kind, stage, number, rows, columns = _HEAD.unpack_from(data)
    if length > MAX_PAYLOAD:
        raise DataError(f"a message of {length:,} bytes; at most {MAX_PAYLOAD:,} are read")
    try:
        return Frame(Kind(kind), stage, number, rows, columns), length
    except ValueError:
        raise DataError(f"a message of unknown kind {kind}") from None


class FrameReader:
    """Cuts the bytes of a connection into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes; return the messages that are whole now.

        Raises:
            DataError: The bytes are no message.
        """
        self._buffer += data
        whole: list[Frame] = []
        place = 0
        while len(self._buffer) - place >= HEAD_BYTES:
            frame, length = head_of(memoryview(self._buffer)[place : place + HEAD_BYTES].tobytes())
            end = place + HEAD_BYTES + length
            if len(self._buffer) < end:
                break
            whole.append(frame._replace(payload=bytes(self._buffer[place + HEAD_BYTES : end])))
            place = end
        del self._buffer[:place]
        return whole


def batch_frame(batch: Batch, stage: int, number: int) -> Frame:
    """Return the message that hands a batch to a worker."""
    if isinstance(batch, list):
        texts = [text.encode() for text in batch]
        lengths = np.fromiter(map(len, texts), np.uint32, len(texts)).tobytes()
        return Frame(Kind.TEXTS, stage, number, len(texts), 0, lengths + b"".join(texts))
    rows = np.ascontiguousarray(batch, np.float32)
    return Frame(Kind.NUMBERS, stage, number, rows.shape[0], rows.shape[1], rows.tobytes())


def batch_of(frame: Frame) -> Batch:
    """Return the batch of a message."""
    if frame.kind is Kind.NUMBERS:
        return np.frombuffer(frame.payload, np.float32).reshape(frame.rows, frame.columns)
    lengths = np.frombuffer(frame.payload, np.uint32, frame.rows)
    ends = 4 * frame.rows + np.cumsum(lengths, dtype=np.int64)
    return [frame.payload[end - n : end].decode() for end, n in zip(ends.tolist(), lengths.tolist(), strict=True)]


def answer_frame(asked: Frame, seconds: float, probabilities: Array, faults: tuple[str, ...]) -> Frame:
    """Return the message that answers a batch."""
    rows, columns = probabilities.shape
    payload = _SECONDS.pack(seconds) + probabilities.tobytes() + "\n".join(faults).encode()
    return Frame(Kind.ANSWER, asked.stage, asked.number, rows, columns, payload)


def answer_of(frame: Frame) -> tuple[float, Array, tuple[str, ...]]:
    """Return the seconds of service, the probabilities and the faults of an answer."""
    (seconds,) = _SECONDS.unpack_from(frame.payload)
    end = _SECONDS.size + 4 * frame.rows * frame.columns
    values = np.frombuffer(frame.payload[_SECONDS.size : end], np.float32).reshape(frame.rows, frame.columns)
    faults = frame.payload[end:].decode()
    return seconds, values, tuple(faults.split("\n")) if faults else ()


def fault_frame(asked: Frame, reason: str, *, is_fatal: bool = False) -> Frame:
    """Return the message that says why there is no answer."""
    return Frame(Kind.FAULT, asked.stage, asked.number, int(is_fatal), 0, reason.encode(errors="replace"))
