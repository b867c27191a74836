"""Mutated files of every kind that is read: each is read, or refused in one line, within seconds and 1 GiB.

Example: python -m benchmarks.fuzz_files --files 100000
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import resource
import selectors
import signal
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter, defaultdict
from pathlib import Path

from aurora.errors import AuroraError
from benchmarks.mutations import mutated
from benchmarks.valid_files import Reader, readers

SECONDS = 10
"""After which a file counts as a hang."""

MEMORY = 1 << 30
"""Bytes that a file may take beyond what the reader's modules do."""


class Late(BaseException):
    """A file took too long."""


def attempt(reader: Reader, path: Path) -> tuple[str, str]:
    """Read a file; how that ended, and where a fault arose."""
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            reader.read(path)
        return "read", ""
    except AuroraError as error:
        return ("refused" if "\n" not in str(error) else "several lines"), str(error)[:200]
    except Late:
        return "hang", ""
    except MemoryError:
        return "memory", ""
    except Exception as error:  # what must not happen
        places = [p for p in traceback.extract_tb(error.__traceback__) if "aurora" in p.filename]
        where = f"{Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
        return "traceback", f"{type(error).__name__} {where} {str(error)[:120]}"
    finally:
        signal.alarm(0)


def work(seed: int, files: int, out: int) -> None:
    """Mutate and read `files` files, and tell of each on a pipe."""

    def late(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name, os.fdopen(out, "w", buffering=1) as stream:
        folder = Path(name)
        (folder / "good").mkdir()
        known = readers(folder / "good")
        for reader in known:
            path = folder / reader.file
            path.write_bytes(reader.good)
            verdict, said = attempt(reader, path)
            if verdict != "read":
                stream.write(json.dumps([reader.name, "broken seed", said, -1]) + "\n")
        room = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        address = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (address + 3 * MEMORY, address + 3 * MEMORY))
        for k in range(files):
            reader = known[k % len(known)]
            rng = random.Random(zlib.crc32(f"{seed} {k}".encode()))
            path = folder / reader.file
            path.write_bytes(mutated(reader.good, rng))
            stream.write(json.dumps([reader.name, "begun", str(seed), k]) + "\n")
            verdict, said = attempt(reader, path)
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if most - room > MEMORY:
                verdict, room = "memory", most
            stream.write(json.dumps([reader.name, verdict, said, k]) + "\n")
    os._exit(0)


def main() -> None:
    """Read mutated files on all cores and print the counts by reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began, cores = time.monotonic(), os.cpu_count() or 1
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    faults: Counter[str] = Counter()
    waiting = selectors.DefaultSelector()
    for core in range(cores):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            work(asked.seed * cores + core, asked.files // cores, writer)
        os.close(writer)
        waiting.register(os.fdopen(reader), selectors.EVENT_READ, [child, time.monotonic(), ""])
    while waiting.get_map():
        for key, _ in waiting.select(timeout=1):
            line = key.fileobj.readline()  # type: ignore[union-attr]
            if not line:
                waiting.unregister(key.fileobj)
                _, status = os.waitpid(key.data[0], 0)
                if status:
                    counts[key.data[2]]["crash"] += 1
                    faults[f"crash: {key.data[2]}, status {status}"] += 1
                continue
            name, verdict, said, number = json.loads(line)
            key.data[1:] = [time.monotonic(), name]
            if verdict == "begun":
                continue
            counts[name][verdict] += 1
            if verdict not in ("read", "refused"):
                faults[f"{verdict}: {name}: {said} (seed {asked.seed}, file {number})"] += 1
        for key in list(waiting.get_map().values()):
            if time.monotonic() - key.data[1] > 6 * SECONDS:  # in machine code, where no signal is seen
                os.kill(key.data[0], signal.SIGKILL)
    for fault, count in faults.most_common(60):
        print(count, fault)  # a benchmark's output
    verdicts = ("read", "refused", "traceback", "several lines", "hang", "memory", "crash", "broken seed")
    print("\t".join(("reader", *verdicts)))
    for name in sorted(counts):
        print("\t".join((name, *(str(counts[name][v]) for v in verdicts))))
    total = sum(counts.values(), Counter[str]())
    print("\t".join(("all", *(str(total[v]) for v in verdicts))))
    print(f"{sum(total.values())} files, {time.monotonic() - began:.0f} s")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
