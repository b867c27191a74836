"""Load on the web desk: many conversations at once with a model that answers at once, and memory over many turns.

    python benchmarks/web_load.py sessions --sessions 200 --turns 3
    python benchmarks/web_load.py paced --share 0.5 --seconds 60
    python benchmarks/web_load.py memory --rate 10 --seconds 3600

All start the model and `aurora serve` as processes in a folder of their own. Every question holds a word of its own,
which the model looks up and repeats.

- `sessions` counts turns that were lost, answered twice, or hold another turn's word, in what is streamed and in what
  is stored. All ask at once, so the time of a turn is mostly that of waiting for the others.
- `paced` asks at random times at a rate that the server can hold, a share of what it can do, and prints the time of a
  turn, and the framework's own: without the time that the model took.
- `memory` asks at a rate, with a new conversation for every few turns, and prints the server's memory as time goes by,
  and a line fitted to it.

All print the time that a turn takes of the server's processor, over all its threads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from aurora.evals.testing.scripted_operator import MODEL, Reply, asked, results, scripted_operator

WORD = re.compile(r"canary-\d+-\d+")
TURNS_PER_CONVERSATION = 5
"""Turns after which `paced` and `memory` begin another conversation and delete the old one."""
START_SECONDS = 180.0
TURN_SECONDS = 600.0
CAPACITY_CONVERSATIONS, CAPACITY_TURNS = 4, 5
"""Conversations at once, and turns of each, by which `paced` measures what the server can do."""
BLOCK, DRAWS = 12, 1000
"""Readings that are drawn together, and draws, for the interval of a slope: neighbouring readings are alike."""
SETTLED = 0.25
"""Share of the readings, from the start, that no line is fitted to: caches fill, and libraries are loaded."""
SAMPLE_SECONDS = 10.0
"""Time between two readings of the memory."""
MIB = 1 << 20


@dataclass
class Tally:
    """What came of the turns.

    Attributes:
        seconds: Time of each turn, from the request to its last event, by its word.
        processor: Processor's time of the server for them, seconds.
        faults: Turns that were lost or crossed, with the reason.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    processor: float = 0.0
    faults: list[str] = field(default_factory=list)


def script(messages: Sequence[Mapping[str, Any]]) -> Reply:
    """Look up the word of the question, then say it."""
    word = WORD.findall(asked(messages))[-1]
    found = results(messages)
    if not found:
        return Reply(calls=(("find_tasks", {"contains": word}),))
    evidence = re.search(r"\[(E\d+)\]", found[-1])
    return Reply(f'0 tasks match "{word}" [{evidence.group(1) if evidence else "E1"}].')


def question_of(session: int, turn: int) -> tuple[str, str]:
    """Return a question and its word."""
    word = f"canary-{session}-{turn}"
    return f"which tasks have {word} in their names?", word


class Desk:
    """A client of the desk's API, as one visitor.

    Args:
        client: Client with the address of the server.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def sign_in(self) -> None:
        """Get the visitor's cookie and CSRF token."""
        answer = await self.client.get("/api/csrf")
        answer.raise_for_status()
        self.client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    async def new(self) -> str:
        """Begin a conversation and return its id."""
        answer = await self.client.post("/api/chat/sessions", json={})
        answer.raise_for_status()
        return str(answer.json()["session_id"])

    async def ask(self, session: str, question: str) -> list[dict[str, Any]]:
        """Ask a question and return the events of its turn."""
        events = []
        path = f"/api/chat/sessions/{session}/turns"
        async with self.client.stream("POST", path, json={"question": question}, timeout=TURN_SECONDS) as answer:
            if answer.status_code >= httpx.codes.BAD_REQUEST:
                raise httpx.HTTPStatusError((await answer.aread()).decode(), request=answer.request, response=answer)
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    events.append(json.loads(line[5:]))
        return events

    async def stored(self, session: str) -> str:
        """Return a conversation as it is stored."""
        answer = await self.client.get(f"/api/chat/sessions/{session}", timeout=TURN_SECONDS)
        answer.raise_for_status()
        return answer.text

    async def delete(self, session: str) -> None:
        """Delete a conversation."""
        (await self.client.delete(f"/api/chat/sessions/{session}")).raise_for_status()


@asynccontextmanager
async def visitor(url: str) -> AsyncIterator[Desk]:
    """Visit the desk with cookies of its own."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=60.0, limits=limits, trust_env=False) as client:
        desk = Desk(client)
        await desk.sign_in()
        yield desk


async def turn(desk: Desk, session: str, number: int, k: int, tally: Tally) -> None:
    """Ask a question, and note its time and what is wrong with its answer."""
    question, word = question_of(number, k)
    began = time.perf_counter()
    try:
        events = await desk.ask(session, question)
    except httpx.HTTPError as error:
        tally.faults.append(f"{word}: {type(error).__name__}: {error}")
        return
    tally.seconds[word] = time.perf_counter() - began
    text = json.dumps(events)
    held = [e["sentence"]["text"] for e in events if e["type"] == "sentence" and not e["sentence"]["struck"]]
    if events[-1]["type"] != "done":
        tally.faults.append(f"{word}: ends with {events[-1]}")
    elif len(held) != 1 or word not in held[0]:
        tally.faults.append(f"{word}: answered {held}")
    elif others := set(WORD.findall(text)) - {word}:
        tally.faults.append(f"{word}: holds {sorted(others)}")


async def conversation(url: str, number: int, turns: int, tally: Tally) -> None:
    """Hold a conversation as a visitor, and check that all its turns, and no others, are stored."""
    async with visitor(url) as desk:
        session = await desk.new()
        for k in range(turns):
            await turn(desk, session, number, k, tally)
        words = set(WORD.findall(await desk.stored(session)))
        wanted = {question_of(number, k)[1] for k in range(turns)}
        if words != wanted:
            tally.faults.append(f"conversation {number}: stored {sorted(words ^ wanted)} too much or too little")


async def sessions(url: str, pid: int, count: int, turns: int) -> Tally:
    """Hold conversations at once; the first one alone, which warms the server up, is not counted."""
    await conversation(url, count, 1, Tally())
    tally, used = Tally(), processor_seconds(pid)
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(conversation(url, number, turns, tally))
    tally.processor = processor_seconds(pid) - used
    return tally


async def ask_at(url: str, times: Iterator[float], tally: Tally, first: int = 0) -> None:
    """Ask at given times, whether the server keeps up or not.

    Args:
        url: Address of the server.
        times: Seconds after now at which to ask.
        tally: Takes what comes of it.
        first: Number of the first conversation.
    """
    began = time.monotonic()
    async with visitor(url) as desk, asyncio.TaskGroup() as group:
        free: list[tuple[str, int, int]] = []
        number = first

        async def ask(session: str, number: int, k: int) -> None:
            await turn(desk, session, number, k, tally)
            if k + 1 == TURNS_PER_CONVERSATION:
                await desk.delete(session)
            else:
                free.append((session, number, k + 1))

        for at in times:
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            if not free:
                free.append((await desk.new(), number, 0))
                number += 1
            group.create_task(ask(*free.pop(0)))


async def paced(url: str, pid: int, share: float, seconds: float) -> Tally:
    """Measure how many turns a second the server can do, then ask at random times at a share of that rate."""
    await conversation(url, 900_000, 2, Tally())
    began, probe = time.perf_counter(), Tally()
    async with asyncio.TaskGroup() as group:
        for k in range(CAPACITY_CONVERSATIONS):
            group.create_task(conversation(url, 900_001 + k, CAPACITY_TURNS, probe))
    rate = share * len(probe.seconds) / (time.perf_counter() - began)
    print(f"capacity\t{rate / share:.2f} turns a second\nrate\t{rate:.2f} turns a second")
    rng, tally, used = np.random.default_rng(0), Tally(), processor_seconds(pid)
    times = np.cumsum(rng.exponential(1 / rate, max(1, int(rate * seconds))))
    await ask_at(url, iter(times.tolist()), tally)
    tally.processor = processor_seconds(pid) - used
    return tally


async def memory(url: str, pid: int, rate: float, seconds: float) -> Tally:
    """Ask at a rate, print the server's memory, and fit a line to it."""
    tally, used = Tally(), processor_seconds(pid)
    readings: list[tuple[int, float]] = []
    began = time.monotonic()
    print("seconds\tturns\tMiB")

    async def look() -> None:
        while True:
            readings.append((len(tally.seconds), resident(pid) / MIB))
            print(f"{time.monotonic() - began:.0f}\t{readings[-1][0]}\t{readings[-1][1]:.1f}", flush=True)
            await asyncio.sleep(SAMPLE_SECONDS)

    looking = asyncio.create_task(look())
    await ask_at(url, (k / rate for k in range(int(rate * seconds))), tally)
    looking.cancel()
    tally.processor = processor_seconds(pid) - used
    settled = readings[int(SETTLED * len(readings)) :]
    slope, low, high = slope_of(np.array(settled))
    print(f"MiB per 1,000 turns\t{slope:.3f} ({low:.3f} to {high:.3f}, 95 %)")
    return tally


def slope_of(readings: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return MiB per 1,000 turns by least squares, with its 95 % interval.

    Residuals are drawn in blocks (moving-block bootstrap, Künsch 1989), because neighbouring readings are alike.

    Args:
        readings: Turns and MiB, at least three of them.
    """
    x, y = readings[:, 0] / 1000, readings[:, 1]
    slope, start = np.polyfit(x, y, 1)
    rest = y - (slope * x + start)
    length = min(BLOCK, len(rest))
    rng = np.random.default_rng(0)
    slopes = []
    for _ in range(DRAWS):
        starts = rng.integers(0, len(rest) - length + 1, -(-len(rest) // length))
        drawn = np.concatenate([rest[k : k + length] for k in starts])[: len(rest)]
        slopes.append(np.polyfit(x, slope * x + start + drawn, 1)[0])
    low, high = np.quantile(slopes, [0.025, 0.975])
    return float(slope), float(low), float(high)


def processor_seconds(pid: int) -> float:
    """Return the processor's time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Return the memory of a process in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def show(tally: Tally, seconds: float, model: Mapping[str, float]) -> int:
    """Print times and faults; return the exit code.

    Args:
        tally: What came of the turns.
        seconds: Time of all.
        model: Seconds that the model took for the turn of a word.
    """
    times = np.array(list(tally.seconds.values())) * 1000
    own = np.array([t - model.get(word, 0.0) for word, t in tally.seconds.items()]) * 1000
    print(f"turns\t{len(times)}\nseconds\t{seconds:.1f}\nturns a second\t{len(times) / seconds:.2f}")
    print(f"processor's time of a turn\t{1000 * tally.processor / max(1, len(times)):.0f} ms")
    for share in (50, 95, 99):
        whole, part = np.percentile(times, share), np.percentile(own, share)
        print(f"p{share} of a turn\t{whole:.0f} ms\tthe framework's own {part:.0f} ms")
    print(f"lost or crossed\t{len(tally.faults)}")
    for fault in tally.faults[:20]:
        print(f"  {fault[:300]}")
    return 1 if tally.faults else 0


def model_seconds(folder: Path) -> dict[str, float]:
    """Return the seconds that the model took, by the word of a turn."""
    found: dict[str, float] = {}
    for line in (folder / "model.tsv").read_text().splitlines():
        word, _, seconds = line.partition("\t")
        found[word] = found.get(word, 0.0) + float(seconds)
    return found


def serve_model(path: Path) -> None:
    """Play the model until the process is killed; what it took goes to a file."""
    lock = threading.Lock()
    with path.open("w", buffering=1) as out:

        def took(messages: Sequence[Mapping[str, Any]], seconds: float) -> None:
            with lock:
                out.write(f"{WORD.findall(asked(messages))[-1]}\t{seconds:.6f}\n")

        with scripted_operator(script, took) as server:
            print(json.dumps(server.environment), flush=True)
            threading.Event().wait()


@contextmanager
def started(folder: Path) -> Iterator[tuple[str, int]]:
    """Start the model and the server; yield its address and its process's number."""
    with ExitStack() as stack:
        words = [sys.executable, __file__, "model", str(folder / "model.tsv")]
        model = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        stack.callback(model.kill)
        assert model.stdout is not None  # a pipe
        environment = {**os.environ, **json.loads(model.stdout.readline())}
        log = stack.enter_context((folder / "serve.log").open("w+"))
        command = [sys.executable, "-m", "aurora", "serve", "--port", "0", "--model", MODEL]
        environment["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), environment.get("PYTHONPATH", "")])
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        stack.callback(server.wait)
        stack.callback(server.terminate)
        deadline = time.monotonic() + START_SECONDS
        while not (found := re.search(r"http://[\d.]+:\d+", Path(log.name).read_text())):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server did not start: {Path(log.name).read_text()}")
            time.sleep(0.1)
        yield found.group(), server.pid


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    many = commands.add_parser("sessions")
    many.add_argument("--sessions", type=int, default=200)
    many.add_argument("--turns", type=int, default=3)
    long = commands.add_parser("memory")
    long.add_argument("--rate", type=float, default=10.0)
    long.add_argument("--seconds", type=float, default=3600.0)
    steady = commands.add_parser("paced")
    steady.add_argument("--share", type=float, default=0.5)
    steady.add_argument("--seconds", type=float, default=60.0)
    commands.add_parser("model").add_argument("path", type=Path)
    given = parser.parse_args()
    if given.command == "model":
        serve_model(given.path)
    with tempfile.TemporaryDirectory() as name, started(folder := Path(name)) as (url, pid):
        began = time.perf_counter()
        if given.command == "sessions":
            tally = asyncio.run(sessions(url, pid, given.sessions, given.turns))
        elif given.command == "paced":
            tally = asyncio.run(paced(url, pid, given.share, given.seconds))
        else:
            tally = asyncio.run(memory(url, pid, given.rate, given.seconds))
        return show(tally, time.perf_counter() - began, model_seconds(folder))


if __name__ == "__main__":
    sys.exit(main())
