"""Load on the web desk: many conversations at once with a model that answers at once, and memory over many turns.

    python benchmarks/web_load.py sessions --sessions 200 --turns 3
    python benchmarks/web_load.py memory --rate 10 --seconds 3600

Both start the model and `aurora serve` as processes in a folder of their own. Every question holds a word of its own,
which the model looks up and repeats. `sessions` counts turns that were lost, answered twice, or hold another turn's
word, in what is streamed and in what is stored, and prints the time of a turn, which is all the framework's own.
`memory` asks at a rate, with a new conversation for every few turns, and prints the server's memory as time goes by.
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
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from aurora.evals.testing.scripted_operator import MODEL, Reply, asked, results, scripted_operator

WORD = re.compile(r"canary-\d+-\d+")
TURNS_PER_CONVERSATION = 5
"""Turns after which `memory` begins another conversation and deletes the old one."""
START_SECONDS = 180.0
TURN_SECONDS = 600.0
SAMPLE_SECONDS = 10.0
"""Time between two readings of the memory."""
MIB = 1 << 20


@dataclass
class Tally:
    """What came of the turns.

    Attributes:
        seconds: Time of each turn, from the request to its last event.
        faults: Turns that were lost or crossed, with the reason.
    """

    seconds: list[float] = field(default_factory=list)
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
    tally.seconds.append(time.perf_counter() - began)
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


async def sessions(url: str, count: int, turns: int) -> Tally:
    """Hold conversations at once; the first one alone, which warms the server up, is not counted."""
    await conversation(url, count, 1, Tally())
    tally = Tally()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(conversation(url, number, turns, tally))
    return tally


async def memory(url: str, pid: int, rate: float, seconds: float) -> Tally:
    """Ask at a rate, and print the server's memory."""
    tally, readings = Tally(), []
    began, running = time.monotonic(), set()
    print("seconds\tturns\tMiB")
    async with visitor(url) as desk:
        free: list[tuple[str, int, int]] = []
        number, following = 0, began

        async def ask(session: str, number: int, k: int) -> None:
            await turn(desk, session, number, k, tally)
            if k + 1 == TURNS_PER_CONVERSATION:
                await desk.delete(session)
            else:
                free.append((session, number, k + 1))

        while time.monotonic() - began < seconds:
            if not free:
                free.append((await desk.new(), number, 0))
                number += 1
            task = asyncio.create_task(ask(*free.pop(0)))
            running.add(task)
            task.add_done_callback(running.discard)
            if time.monotonic() >= following:
                following += SAMPLE_SECONDS
                readings.append(resident(pid))
                print(f"{time.monotonic() - began:.0f}\t{len(tally.seconds)}\t{readings[-1] / MIB:.1f}", flush=True)
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*running)
    quarter = max(1, len(readings) // 4)
    early, late = np.median(readings[quarter : 2 * quarter]), np.median(readings[-quarter:])
    print(f"memory, second quarter: {early / MIB:.1f} MiB, last: {late / MIB:.1f} MiB, {late / early - 1:+.1%}")
    return tally


def resident(pid: int) -> int:
    """Return the memory of a process in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def show(tally: Tally, seconds: float) -> int:
    """Print times and faults; return the exit code."""
    times = np.array(tally.seconds) * 1000
    print(f"turns\t{len(times)}\nseconds\t{seconds:.1f}\nturns a second\t{len(times) / seconds:.2f}")
    for share in (50, 95, 99):
        print(f"p{share} of a turn\t{np.percentile(times, share):.0f} ms")
    print(f"lost or crossed\t{len(tally.faults)}")
    for fault in tally.faults[:20]:
        print(f"  {fault[:300]}")
    return 1 if tally.faults else 0


@contextmanager
def started(folder: Path) -> Iterator[tuple[str, int]]:
    """Start the model and the server; yield its address and its process's number."""
    with ExitStack() as stack:
        model = subprocess.Popen([sys.executable, __file__, "model"], stdout=subprocess.PIPE, text=True)
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
    commands.add_parser("model")
    given = parser.parse_args()
    if given.command == "model":
        with scripted_operator(script) as server:
            print(json.dumps(server.environment), flush=True)
            while True:
                time.sleep(3600)
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as (url, pid):
        began = time.perf_counter()
        if given.command == "sessions":
            tally = asyncio.run(sessions(url, given.sessions, given.turns))
        else:
            tally = asyncio.run(memory(url, pid, given.rate, given.seconds))
        return show(tally, time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
