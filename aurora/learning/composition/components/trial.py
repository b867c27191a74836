"""Tries a model file that was handed in, in a child process with limits of time and memory.

`python -m aurora.learning.composition.components.trial` loads the runtime, says so, reads a question as a line of JSON
and then the file from stdin, and answers with JSON: how the model is called, or why it is refused. What hangs, crashes
or takes too much memory ends with the child.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.errors import AuroraError, DataError, InputError, RunError
from aurora.learning.composition.pipelines.value_types import Array, ValueType

SECONDS, MEMORY = 30.0, 2 << 30
"""Limits unless others are given: seconds from the start of loading, and bytes above the runtime's own."""
_START_SECONDS = 120.0
_ITEMS = 3
_LARGEST_SUM_ERROR = 1e-3
_MATRIX = 2


class Trial(NamedTuple):
    """What is tried.

    Attributes:
        path: The file, for messages.
        content: What stands in it.
        takes: Type of what is given to it.
        classes: Names of the classes, if it is a model; empty for a transformation.
        output: Name of the output to use; empty: the only one that is a matrix of numbers.
    """

    path: Path
    content: bytes
    takes: ValueType
    classes: tuple[str, ...] = ()
    output: str = ""


class Verdict(NamedTuple):
    """How a file that passed is called.

    Attributes:
        output: Name of the output.
        width: Numbers of one row of it.
    """

    output: str
    width: int


def try_model(trial: Trial, seconds: float = SECONDS, memory: int = MEMORY) -> Verdict:
    """Load and run a model file in a child process.

    Args:
        trial: What is tried.
        seconds: Longest time that it may take.
        memory: Most bytes that it may add to the process.

    Raises:
        InputError: The type is text, or has no width.
        DataError: The file is refused; the message says why.
        RunError: The child process can't be started.
    """
    if trial.takes.width is None:
        raise InputError(
            "an ONNX file takes a matrix of numbers; give the width too, such as columns[12]",
            parameter="takes",
            value=str(trial.takes),
        )
    question = {
        "kind": trial.takes.kind,
        "width": trial.takes.width,
        "classes": len(trial.classes),
        "output": trial.output,
        "seconds": seconds,
        "memory": memory,
    }
    command = [sys.executable, "-m", __name__]
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise RunError(f"can't start a process that tries {trial.path}: {error}") from None
    try:
        answer = _answer(child, json.dumps(question).encode() + b"\n" + trial.content, trial, seconds)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()
    if "refused" in answer:
        raise DataError(f"{trial.path} is refused: {answer['refused']}")
    return Verdict(str(answer["output"]), int(answer["width"]))


def _answer(child: subprocess.Popen[bytes], question: bytes, trial: Trial, seconds: float) -> dict[str, Any]:
    import select  # noqa: PLC0415  # here only

    stream = child.stdout
    if stream is None or not select.select([stream], [], [], _START_SECONDS)[0] or not stream.readline():
        raise RunError(f"the process that tries {trial.path} did not start; try again on a machine that is less busy")
    try:
        text = child.communicate(question, timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        return {"refused": f"it did not load and answer within {seconds:g} s (give --seconds for more)"}
    if not text.strip():
        return {"refused": f"the process that ran it was killed ({_ending(child.returncode)})"}
    result: dict[str, Any] = json.loads(text.splitlines()[-1])
    return result


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"{signal.Signals(-code).name}; most likely it needs more memory than it may take"
    return f"signal {-code}"


def _serve() -> None:
    import onnx  # noqa: F401, PLC0415  # loaded before the limits hold
    import onnxruntime  # noqa: F401, PLC0415  # likewise

    _items("columns", 1, 1)  # loads numpy's generators, which are large, before the limits hold
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    os.write(answers, b"ready\n")
    question = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    _limit(question["seconds"], question["memory"])
    try:
        result = _tried(question, content)
    except MemoryError:
        result = {"refused": _out_of_memory(question["memory"])}
    except (AuroraError, OSError) as error:
        result = {"refused": str(error)}
    except Exception as error:  # whatever a parser raises for bytes of a stranger is a reason to refuse them
        result = {"refused": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
    if "bad_alloc" in str(result.get("refused", "")) or "Failed to allocate" in str(result.get("refused", "")):
        result = {"refused": _out_of_memory(question["memory"])}
    os.write(answers, (json.dumps(result) + "\n").encode())
    os._exit(0)


def _out_of_memory(memory: int) -> str:
    return f"it needs more than {memory / 2**20:.0f} MiB of memory (give --memory for more)"


def _limit(seconds: float, memory: int) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    spent = resource.getrusage(resource.RUSAGE_SELF)
    processor = math.ceil(spent.ru_utime + spent.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))


def _tried(question: dict[str, Any], content: bytes) -> dict[str, Any]:
    from aurora.learning.composition.components.runtimes import session_of  # noqa: PLC0415  # loads the runtime

    _refuse_other_files(content)
    session = session_of(content)
    given, wanted = _signature(session, question)
    rows = np.empty((0, 0), np.float32)
    for count in (1, _ITEMS):
        items = _items(question["kind"], count, question["width"])
        rows = session.run([wanted], {given: items})[0]
        _check_rows(rows, count, question["classes"])
    return {"output": wanted, "width": int(rows.shape[1])}


def _refuse_other_files(content: bytes) -> None:
    """Refuse a model that keeps its numbers in other files: a path in a file of a stranger is not followed."""
    import onnx  # noqa: PLC0415  # loaded already
    from onnx.external_data_helper import _get_all_tensors, uses_external_data  # noqa: PLC0415  # likewise

    try:
        model = onnx.load_model_from_string(content)
    except MemoryError:
        raise
    except Exception:  # protobuf's own class of errors has no types
        raise DataError("it is no ONNX file, or a truncated one") from None
    if not model.graph.node:
        raise DataError("it is no ONNX file: it has no operators")
    if any(uses_external_data(tensor) for tensor in _get_all_tensors(model)):
        raise DataError("it keeps its weights in other files; save it as one file")


def _signature(session: Any, question: dict[str, Any]) -> tuple[str, str]:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1:
        raise DataError(f"it has {len(inputs)} inputs ({', '.join(i.name for i in inputs)}), and one is expected")
    given = inputs[0]
    if given.type != "tensor(float)":
        raise DataError(f"its input {given.name} is {given.type}, and tensor(float) is expected")
    width = given.shape[1] if len(given.shape) == _MATRIX else None
    if len(given.shape) != _MATRIX or (isinstance(width, int) and width != question["width"]):
        raise DataError(f"its input {given.name} has shape {given.shape}, and (items, {question['width']}) is expected")
    names = [one.name for one in outputs]
    if question["output"]:
        if question["output"] not in names:
            raise DataError(f"it has no output {question['output']}; it has {', '.join(names)}")
        return given.name, question["output"]
    usable = [o.name for o in outputs if o.type == "tensor(float)" and len(o.shape) == _MATRIX]
    if len(usable) != 1:
        raise DataError(f"say which output to use with --output: it has {', '.join(names)}")
    return given.name, usable[0]


def _items(kind: str, count: int, width: int) -> Array:
    generator = np.random.default_rng(0)
    values = generator.random((count, width)) if kind == "image" else generator.standard_normal((count, width))
    return values.astype(np.float32)


def _check_rows(rows: Any, count: int, classes: int) -> None:
    if not isinstance(rows, np.ndarray) or rows.ndim != _MATRIX or len(rows) != count:
        shape = getattr(rows, "shape", "no array")
        raise DataError(f"for {count} items it gives values of shape {shape}, and ({count}, numbers) is expected")
    if not np.isfinite(rows).all():
        raise DataError("it gives numbers that are not finite")
    if not classes:
        return
    if rows.shape[1] != classes:
        raise DataError(f"it gives {rows.shape[1]} numbers an item, and there are {classes} classes")
    if (rows < -_LARGEST_SUM_ERROR).any() or (abs(rows.sum(axis=1) - 1) > _LARGEST_SUM_ERROR).any():
        raise DataError("the numbers of an item are no probabilities: they don't add up to 1")


if __name__ == "__main__":
    _serve()
