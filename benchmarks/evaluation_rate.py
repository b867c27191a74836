"""Measures simulations a second of many programs that differ in their weights, through `advantages` and without it.

    python benchmarks/evaluation_rate.py [--programs 100] [--seconds 1] [--data DIR] [--json]

The columns: `advantages` on one thread, on two, and on one with a cache of measurements in memory; and a loop of single
calls of `evaluate`. All are by the processor's time of the process, except two threads, which are by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.agents.arena.evaluation import Arena, advantages, arena
from aurora.agents.arena.source import Source
from aurora.agents.arena.sources import open_source
from aurora.memory.measurement_cache import MeasurementCache
from aurora.sim.kernel import EncodedScenario, encode, evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.program import Program


class Case(NamedTuple):
    """Scenarios on which the rate is measured.

    Attributes:
        name: Name in the table.
        source: Source of the scenarios.
        scenarios: Encoded scenarios.
    """

    name: str
    source: Source
    scenarios: tuple[EncodedScenario, ...]


def cases(data: Path | None) -> list[Case]:
    """Return generated scenarios of each level, and with traces lists of openb and sequences of swf."""
    generated = open_source("generated", None)
    found = [Case(f"generated, level {level}", generated, _drawn(generated, level, 1)) for level in range(1, 6)]
    if data is not None:
        openb, swf = open_source("openb", data), open_source("swf", data)
        found += [Case("openb", openb, _drawn(openb, 1, 1)), Case("swf", swf, _drawn(swf, 1, 4))]
    return found


def _drawn(source: Source, level: int, count: int) -> tuple[EncodedScenario, ...]:
    rng = np.random.default_rng(level)
    specs = [source.sample(family, level, rng) for family in source.training for _ in range(count)]
    return tuple(encode(source.expand(spec)) for spec in specs)


def variants(source: Source, count: int) -> list[Program]:
    """Return the source's template with other weights, which share all arrays but the constants."""
    program, rng = compile_policy(source.templates[0]), np.random.default_rng(0)
    return [
        program._replace(consts=program.consts * np.exp(rng.normal(0, 0.1, len(program.consts)))) for _ in range(count)
    ]


def rate(
    work: Callable[[], Any], simulations: int, seconds: float, clock: Callable[[], float] = time.process_time
) -> float:
    """Return simulations a second of a function that makes so many, the fastest of its repeats."""
    best, until = np.inf, time.perf_counter() + seconds
    while True:
        started = clock()
        work()
        best = min(best, clock() - started)
        if time.perf_counter() > until:
            return simulations / best


def measured(case: Case, count: int, seconds: float) -> dict[str, Any]:
    """Return a row of the table."""
    where = arena(case.source, case.scenarios, 1)
    programs = variants(case.source, count)
    batch = _fitting(where, programs, programs[: max(2, count // 10)], seconds)
    pairs = len(batch) * len(where.scenarios)
    return {
        "case": case.name,
        "scenarios": len(where.scenarios),
        "programs": len(batch),
        "one_thread": rate(lambda: advantages(where, batch, 1), pairs, seconds),
        "two_threads": rate(lambda: advantages(where, batch, 2), pairs, seconds, time.perf_counter),
        "with_cache": rate(lambda: advantages(where._replace(cache=MeasurementCache()), batch, 1), pairs, seconds),
        "evaluate": rate(lambda: [evaluate(s, p) for s in where.scenarios for p in batch], pairs, seconds),
    }


def _fitting(where: Arena, programs: list[Program], few: list[Program], seconds: float) -> list[Program]:
    """Return as many programs as can be measured several times in the time."""
    started = time.perf_counter()
    advantages(where, few, 1)
    each = (time.perf_counter() - started) / len(few)
    return programs[: max(len(few), min(len(programs), int(4 * seconds / each)))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--data", type=Path, default=os.environ.get("AURORA_DATA"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measured(case, options.programs, options.seconds) for case in cases(options.data)]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    heads = " ".join(f"{name:>10}" for name in ("1 thread", "2 threads", "cached", "evaluate"))
    print(f"{'scenarios':20} {'number':>6} {'programs':>8} {heads}")
    for row in rows:
        rates = (row[name] for name in ("one_thread", "two_threads", "with_cache", "evaluate"))
        print(f"{row['case']:20} {row['scenarios']:6} {row['programs']:8} " + " ".join(f"{r:10,.0f}" for r in rates))


if __name__ == "__main__":
    main()
