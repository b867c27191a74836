"""What the loop of self-play costs beside its simulations, as the archive grows; and its memory.

    python benchmarks/overhead.py [--sizes 50 500 5000] [--memory-seconds 60] [--data DIR] [--json]

The loop's own time is the wall time of an iteration less the time within the kernel, on one thread. It is
given per candidate that was evaluated (what other evolving systems count) and per candidate that was
stored. The archive is filled with copies of a real iteration under new ids, so that its tables have
the sizes and the keys of a real run's. With 50,000 policies it takes about 2 GB of disk.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from aurora.agents.search.effort import STRUCTURES_PER_GENERATION
from aurora.graphs.run import open_run
from aurora.graphs.selfplay import play
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.memory.embedder import open_embedder
from aurora.memory.index import INDEX_FOLDER, Index, open_index
from aurora.memory.records import Iteration
from aurora.memory.store import Store
from aurora.sim import grid
from aurora.sim.kernel.many import simulate_many

SETTINGS = SelfPlaySettings(seed=5)
REPEATS = 5
AIM_MS, AIM_GIB = 5.0, 1.5


class Clock:
    """Adds up the seconds within the kernel, and keeps the last iteration that was written."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.last: Iteration | None = None
        simulate, commit = simulate_many, Store.commit

        def timed(*args: Any) -> None:
            started = time.perf_counter()
            simulate(*args)
            self.seconds += time.perf_counter() - started

        def noted(store: Store, iteration: Iteration) -> Any:
            self.last = iteration
            return commit(store, iteration)

        for where, name, wrapped in ((grid, "simulate_many", timed), (Store, "commit", noted)):
            setattr(where, name, wrapped)  # measured from outside


def fill(path: Path, template: int, policies: int) -> None:
    """Copy the rows of an iteration under new ids, until the archive holds so many policies.

    The database copies them: writing as a run does would take minutes for 50,000 policies.

    Args:
        path: The archive.
        template: Number of the iteration.
        policies: Number of policies.
    """
    connection = sqlite3.connect(path)
    with closing(connection), connection:
        held = connection.execute("SELECT count(*) FROM policies").fetchone()[0]
        last = connection.execute("SELECT max(number) FROM iterations").fetchone()[0]
        own = "iteration = :template AND policy_id IN (SELECT policy_id FROM parents)"
        each = connection.execute(f"SELECT count(*) FROM policies WHERE {own}", {"template": template}).fetchone()[0]
        missing = max(0, math.ceil((policies - held) / each))
        values = {"template": template, "newest": last, "first": last + 1, "last": last + missing}
        connection.execute(f"CREATE TEMP TABLE fresh AS SELECT policy_id FROM policies WHERE {own}", values)
        connection.execute(
            "CREATE TEMP TABLE played AS SELECT scenario_id FROM scenarios WHERE iteration = :template", values
        )
        for statement in _COPIES:
            connection.execute(_NUMBERS + statement, values)
        connection.execute("UPDATE iterations SET state = 'null' WHERE number < :last", values)


_NUMBERS = """WITH RECURSIVE numbers(n) AS
  (SELECT :first WHERE :first <= :last UNION ALL SELECT n + 1 FROM numbers WHERE n < :last) """
_NEW_POLICY = "iif(policy_id IN (SELECT policy_id FROM fresh), 'copy-' || n || '-' || policy_id, policy_id)"
_PLAYED = "FROM {}, numbers WHERE scenario_id IN (SELECT scenario_id FROM played)"
_COPIES = (
    f"""INSERT INTO policies SELECT {_NEW_POLICY}, replace(document, policy_id, {_NEW_POLICY}), origin, n, rating,
        games, prompt_id FROM policies, numbers WHERE policy_id IN (SELECT policy_id FROM fresh)""",
    f"""INSERT INTO parents SELECT {_NEW_POLICY}, place, parent_id FROM parents, numbers
        WHERE policy_id IN (SELECT policy_id FROM fresh)""",
    f"""INSERT INTO scenarios SELECT scenario_id || '-' || n, family, level, n,
        replace(spec, scenario_id, scenario_id || '-' || n), success_rate, attacker_reward, prompt_id
        {_PLAYED.format("scenarios")}""",
    f"""INSERT INTO outcomes SELECT {_NEW_POLICY}, scenario_id || '-' || n, n, value, summary
        {_PLAYED.format("outcomes")} AND iteration = :template""",
    f"""INSERT INTO matches SELECT scenario_id || '-' || n, {_NEW_POLICY}, before, after {_PLAYED.format("matches")}""",
    f"""INSERT INTO fronts SELECT scenario_id || '-' || n, {_NEW_POLICY} {_PLAYED.format("fronts")}""",
    """INSERT INTO iterations SELECT n, state, replace(events, '"iteration": ' || number, '"iteration": ' || n)
       FROM iterations, numbers WHERE number = :newest""",
)
"""Statements that copy the rows of an iteration, each table after those that it refers to."""


def overhead(sizes: list[int]) -> tuple[list[dict[str, float]], float]:
    """The loop's own milliseconds at each size of the archive, and bytes per stored candidate."""
    clock = Clock()
    rows: list[dict[str, float]] = []
    held: list[tuple[int, int]] = []
    evaluated = chosen_source(SETTINGS).effort.generations * (SETTINGS.population + STRUCTURES_PER_GENERATION)
    embedder = open_embedder()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.sqlite"
        with Store.open(path) as store:
            play(store, SETTINGS, iterations=3)
            template = clock.last
            assert template is not None  # three iterations were committed
            for size in sizes:
                fill(path, template.number, size)
                held.append((store.counts()["policies"], _bytes(path)))
                with open_index(Path(folder) / INDEX_FOLDER, store, embedder) as index:
                    own = _own_seconds(store, clock, index)
                rows.append(
                    {
                        "archived": held[-1][0],
                        "ms_per_candidate": 1000 * own / evaluated,
                        "ms_per_stored": 1000 * own / sum(bool(p.parents) for p in template.policies),
                        "ms_per_iteration": 1000 * own,
                    }
                )
    (few, small), (many, large) = held[0], held[-1]
    return rows, (large - small) / (many - few)


def _own_seconds(store: Store, clock: Clock, index: Index) -> float:
    """Median seconds of an iteration beside the kernel; the first, which opens the run, does not count."""
    marks: list[tuple[float, float]] = []

    def tell(event: Any) -> None:
        if event["event"] == "iteration":
            marks.append((time.perf_counter(), clock.seconds))

    last = store.last_iteration()
    assert last is not None  # the archive was filled
    play(store, SETTINGS, iterations=last[0] + 2 + REPEATS, tell=tell, index=index)
    return statistics.median(b[0] - a[0] - (b[1] - a[1]) for a, b in itertools.pairwise(marks))


def _bytes(path: Path) -> int:
    """Size of a database with its log."""
    return sum(p.stat().st_size for p in path.parent.glob(f"{path.name}*"))


def peak_memory(source: str, data: Path | None, seconds: float) -> float:
    """Most GiB that a self-play run of so many seconds holds at once, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--play", source, str(seconds), str(data or ""), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def _play(source: str, seconds: float, data: str, folder: str) -> None:
    embedder = open_embedder()
    settings = SelfPlaySettings.model_validate(
        {"source": source, "data": data or None, "embedder": embedder.fingerprint}
    )
    with open_run(Path(folder), settings, embedder) as opened:
        opened.play(time_limit=seconds, jobs=os.cpu_count() or 1)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 500, 5000])
    parser.add_argument("--memory-seconds", type=float, default=60)
    parser.add_argument("--data", type=Path, default=os.environ.get("AURORA_DATA"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--play", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play:
        _play(options.play[0], float(options.play[1]), *options.play[2:])
        return
    rows, size = overhead(sorted(options.sizes))
    sources = ["generated", "openb", "swf"] if options.data else ["generated"]
    memory = {s: peak_memory(s, options.data, options.memory_seconds) for s in sources}
    if options.json:
        print(json.dumps({"overhead": rows, "bytes_per_candidate": size, "peak_gib": memory}, indent=2))
        return
    print(f"aim: {AIM_MS:.0f} ms a candidate, whatever the size of the archive")
    print(f"{'in the archive':>14} {'ms/candidate':>13} {'ms/stored':>10} {'ms/iteration':>13}")
    for row in rows:
        print(
            f"{row['archived']:14.0f} {row['ms_per_candidate']:13.3f} {row['ms_per_stored']:10.2f} "
            f"{row['ms_per_iteration']:13.1f}"
        )
    print(f"bytes per stored candidate, with its outcomes and matches: {size:,.0f}")
    for source, gib in memory.items():
        print(f"peak memory of {options.memory_seconds:.0f} s on {source}: {gib:.2f} GiB (aim: under {AIM_GIB})")


if __name__ == "__main__":
    main()
