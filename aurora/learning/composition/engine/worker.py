"""A worker process: loads branches, warms them up, and answers batches until its connection ends.

    python -m aurora.learning.composition.engine.worker FD

FD is a connected socket that the engine hands down. The first message says what to load. A worker ends with the engine,
however that ends, even while a component hangs.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, TypedDict

from aurora.errors import AuroraError, InputError
from aurora.learning.composition.engine.frames import (
    HEAD_BYTES,
    Frame,
    Kind,
    answer_frame,
    batch_of,
    fault_frame,
    head_of,
)
from aurora.learning.composition.engine.loading import (
    Loaded,
    answer_branch,
    answer_stage,
    load_function,
    reason_of,
    sample,
)
from aurora.learning.composition.pipelines.pipeline import Branch

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_LOOK_SECONDS = 0.5
_MEMORY_HEADROOM = 512 << 20


class Start(TypedDict):
    """What a worker is to do.

    Attributes:
        stages: Branches of each stage that the worker has, as ids of components.
        load: Name of the load function.
        task: Name of the task.
        artefacts: Folder of the artefacts.
        rows: Items of the larger of the two warm-up batches.
        memory: Most memory, in bytes.
    """

    stages: list[list[list[str]]]
    load: str
    task: str
    artefacts: str
    rows: int
    memory: int


class Ready(TypedDict):
    """What a worker has loaded.

    Attributes:
        classes: Names of the classes.
        kind, width, names: Type of the items that it takes.
        seconds: Time of loading and warming up, in seconds.
    """

    classes: list[str]
    kind: str
    width: int | None
    names: list[str]
    seconds: float


def main() -> None:
    """Work on the socket whose number is the first argument."""
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group: the engine decides
    connection = socket.socket(fileno=int(sys.argv[1]))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, EOFError):  # the engine has ended
        _serve(connection)
    os._exit(0)  # libraries may have threads that hang


def _serve(connection: socket.socket) -> None:
    asked = _receive(connection)
    start: Start = json.loads(asked.payload)
    try:
        _limit_memory(start["memory"])
        stages, ready = _load(start)
    except Exception as error:  # whatever a component raises is the reason that the engine gives
        connection.sendall(fault_frame(asked, reason_of(error), is_fatal=True).encode())
        return
    connection.sendall(Frame(Kind.READY, payload=json.dumps(ready).encode()).encode())
    while True:
        asked = _receive(connection)
        connection.sendall((asked if asked.kind is Kind.PING else _answer(stages, asked)).encode())


def _answer(stages: list[list[tuple[str, Loaded]]], asked: Frame) -> Frame:
    started = time.perf_counter()
    try:
        found = answer_stage(stages[asked.stage], batch_of(asked))
    except MemoryError:
        return fault_frame(asked, "it has no memory left", is_fatal=True)
    if found.probabilities is None:
        return fault_frame(asked, "; ".join(found.faults))
    return answer_frame(asked, time.perf_counter() - started, found.probabilities, found.faults)


def _load(start: Start) -> tuple[list[list[tuple[str, Loaded]]], Ready]:
    """Load each branch once, and have it answer two warm-up batches."""
    began = time.perf_counter()
    load = load_function(start["load"])
    loaded: dict[Branch, Loaded] = {}
    stages: list[list[tuple[str, Loaded]]] = []
    for stage in start["stages"]:
        branches = [Branch(tuple(ids[:-1]), ids[-1]) for ids in stage]
        for branch in branches:
            if branch not in loaded:
                loaded[branch] = _warm(branch, load(branch, start["task"], Path(start["artefacts"])), start["rows"])
        stages.append([(str(branch), loaded[branch]) for branch in branches])
    first, *others = loaded.items()
    for branch, one in others:
        if one.classes != first[1].classes:
            raise InputError(f"{branch} has the classes {one.classes}, {first[0]} has {first[1].classes}")
        if (one.input.kind, one.input.width) != (first[1].input.kind, first[1].input.width):
            raise InputError(f"{branch} takes {one.input}, {first[0]} takes {first[1].input}")
    kind = first[1].input
    ready = Ready(
        classes=list(first[1].classes),
        kind=kind.kind,
        width=kind.width,
        names=list(kind.names),
        seconds=time.perf_counter() - began,
    )
    return stages, ready


def _warm(branch: Branch, loaded: Loaded, rows: int) -> Loaded:
    for count in sorted({1, rows}):
        try:
            answer_branch(loaded, sample(loaded.input, count))
        except Exception as error:  # whatever a component raises is told with the name of its branch
            raise InputError(f"{branch} failed its warm-up: {reason_of(error)}") from None
    return loaded


def _receive(connection: socket.socket) -> Frame:
    frame, length = head_of(_exactly(connection, HEAD_BYTES))
    return frame._replace(payload=_exactly(connection, length)) if length else frame


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = connection.recv(count, socket.MSG_WAITALL)
    while len(data) < count:
        more = connection.recv(count - len(data), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        data += more
    return data


def _limit_memory(memory: int) -> None:
    """Have allocations fail well above the limit; the engine's look at resident memory is the limit itself."""
    import resource  # noqa: PLC0415  # absent on Windows

    wall = 2 * memory + _MEMORY_HEADROOM
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (wall if hard == resource.RLIM_INFINITY else min(wall, hard), hard))


def _end_with_parent() -> None:
    """End this process when the engine's ends, even while a component hangs."""
    parent = os.getppid()
    if sys.platform == "linux":
        libc: Any = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(0)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except AuroraError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
