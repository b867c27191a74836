"""Scenarios and policies that the page Decisions offers, by keys that stand in its address.

A scenario is `snapshot`, `sample:NAME` (both also with `:anew`, where running tasks are placed anew),
`generated:FAMILY:LEVEL:SEED`, `file:PATH` within the folder of data, or `run:RUN:SCENARIO`. A policy is a name,
`file:PATH`, `run:RUN:best` or `run:RUN:POLICY`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aurora.champions.named import named_policy, policy_names
from aurora.cluster.samples.load import SAMPLES, load_sample
from aurora.cluster.scenario import to_scenario
from aurora.cluster.snapshot import Snapshot
from aurora.errors import AuroraError, InputError
from aurora.graphs.run_directory import ARCHIVE, open_archive, read_manifest
from aurora.memory.names import policy_name
from aurora.sim.policies.policy import Policy, parse_policy, read_policy
from aurora.sim.scenarios.scenario import Scenario

SNAPSHOT, ANEW, BEST = "snapshot", "anew", "best"
MAX_FILES = 200
"""Most files of a folder that are offered."""
MAX_DEPTH = 3
"""Most folders within each other in which files are looked for."""
MAX_RUNS, MAX_OF_RUN = 20, 12
"""Most runs, and most scenarios or policies of one, that are offered."""
MAX_TASKS = 10_000
"""Most tasks of a scenario that the page simulates."""
MAX_LEVEL, MAX_SEED = 5, 2**31
HEAD = 8_192
"""Bytes at the start of a file in which its kind is looked for."""


class Choice(NamedTuple):
    """A scenario or a policy that is offered.

    Attributes:
        key: Its key in the address of the page.
        label: Its name for people.
        group: Where it comes from.
    """

    key: str
    label: str
    group: str


class Places(NamedTuple):
    """Where scenarios and policies are looked for.

    Attributes:
        snapshot: The open cluster.
        runs: Folder of runs.
        data: Folder of files; None: none.
    """

    snapshot: Snapshot
    runs: Path
    data: Path | None = None


class Opened(NamedTuple):
    """A scenario that was opened.

    Attributes:
        key: Its key.
        scenario: The scenario.
        notes: What it assumes or leaves out, where it was made from a snapshot.
    """

    key: str
    scenario: Scenario
    notes: tuple[str, ...] = ()


def scenario_choices(places: Places) -> tuple[Choice, ...]:
    """Return the scenarios that are offered."""
    return tuple(_scenarios(places))


def _scenarios(places: Places) -> Iterator[Choice]:
    name = places.snapshot.snapshot_id
    yield Choice(SNAPSHOT, f"{name}: what waits is placed", "Open cluster")
    yield Choice(f"{SNAPSHOT}:{ANEW}", f"{name}: all tasks placed anew", "Open cluster")
    for sample, about in SAMPLES.items():
        yield Choice(f"sample:{sample}:{ANEW}", f"{sample}: {about}", "Samples")
    for path in _json_files(places.data, ('"scenario_id"', '"spec_id"')):
        yield Choice(f"file:{path}", path, "Files of --data")
    for run in _runs(places.runs):
        try:
            with open_archive(places.runs / run) as store:
                rows = store.scenarios()[-MAX_OF_RUN:]
        except AuroraError:  # a run that is being written, or of a newer version: its own page says why
            continue
        for row in reversed(rows):
            label = f"{run}: {row['family']}, level {row['level']}, {row['scenario_id'][:8]}"
            yield Choice(f"run:{run}:{row['scenario_id']}", label, "Found by self-play")


def policy_choices(places: Places) -> tuple[Choice, ...]:
    """Return the policies that are offered."""
    return tuple(_policies(places))


def _policies(places: Places) -> Iterator[Choice]:
    for name in policy_names(with_fronts=False):
        group = "Shipped champions" if ":" in name else "References"
        yield Choice(name, name, group)
    for run in _runs(places.runs):
        try:
            with open_archive(places.runs / run) as store:
                rows = store.top(MAX_OF_RUN) if store.last_iteration() is not None else []
        except AuroraError:  # as above
            continue
        if rows:
            yield Choice(f"run:{run}:{BEST}", f"{run}: champion", "Policies of runs")
        for row in rows:
            label = f"{run}: {policy_name(row['policy_id'], row['origin'])} (Elo {row['elo']:.0f})"
            yield Choice(f"run:{run}:{row['policy_id']}", label, "Policies of runs")
    for path in _json_files(places.data, ('"allocation_strategy"',)):
        yield Choice(f"file:{path}", path, "Files of --data")


def open_scenario(key: str, places: Places) -> Opened:
    """Open the scenario of a key.

    Args:
        key: A key, see above.
        places: Where it is looked for.

    Raises:
        InputError: The key names nothing that is there, or the scenario is too large for the page.
        ScenarioError: A file or spec is no scenario.
        FileError: A file can't be read.
        DataError: The snapshot has nothing to simulate.
        RunError: The run can't be read.
        StoreError: The archive can't be read.
    """
    opened = _opened(key, places)
    tasks = len(opened.scenario.tasks)
    if tasks > MAX_TASKS:
        remedy = "`aurora simulate` and `aurora explain` take more"
        raise InputError(
            f"it has {tasks:,} tasks; the page shows at most {MAX_TASKS:,}; {remedy}", parameter="scenario"
        )
    return opened


def _opened(key: str, places: Places) -> Opened:
    kind, _, rest = key.partition(":")
    match kind:
        case "snapshot":
            return _of_snapshot(key, places.snapshot, is_anew=rest == ANEW)
        case "sample":
            name, _, mark = rest.partition(":")
            return _of_snapshot(key, load_sample(name), is_anew=mark == ANEW)
        case "generated":
            return Opened(key, _generated(rest))
        case "file":
            from aurora.sim.scenarios.reader import load_scenario  # noqa: PLC0415  # heavy, used here only

            return Opened(key, load_scenario(_file_of(rest, places.data)))
        case "run":
            return Opened(key, _of_run(rest, places.runs))
    raise InputError(f"{key[:80]!r} names no scenario; choose one from the list", parameter="scenario")


def _of_snapshot(key: str, snapshot: Snapshot, *, is_anew: bool) -> Opened:
    made = to_scenario(snapshot, keep_running=not is_anew)
    return Opened(key, made.scenario, tuple(n.message for n in made.notes))


def _generated(text: str) -> Scenario:
    import numpy as np  # noqa: PLC0415  # heavy, used here only

    from aurora.sim.scenarios.expansion import expand  # noqa: PLC0415  # likewise
    from aurora.sim.scenarios.generators import FAMILIES, sample_spec  # noqa: PLC0415  # likewise

    family, _, numbers = text.partition(":")
    level, _, seed = numbers.partition(":")
    if family not in FAMILIES:
        raise InputError(f"there is no family {family[:40]!r}; there are {', '.join(FAMILIES)}", parameter="scenario")
    if not (level.isascii() and level.isdigit() and 1 <= int(level[:3]) <= MAX_LEVEL):
        raise InputError(f"the level must be 1 to {MAX_LEVEL}", parameter="scenario", value=level[:20])
    if not (seed.isascii() and seed.isdigit() and int(seed[:12]) < MAX_SEED):
        raise InputError("the seed must be a whole number below 2,147,483,648", parameter="scenario", value=seed[:20])
    return expand(sample_spec(family, int(level), np.random.default_rng(int(seed))))


def families() -> tuple[tuple[str, str], ...]:
    """Return the families of generated scenarios, each with its meaning."""
    from aurora.sim.scenarios.generators import FAMILIES  # noqa: PLC0415  # heavy, used here only

    return tuple((name, f.meaning) for name, f in FAMILIES.items())


def _of_run(text: str, runs: Path) -> Scenario:
    from aurora.agents.arena.sources import open_source  # noqa: PLC0415  # heavy, used here only

    name, _, scenario_id = text.partition(":")
    folder = _run_folder(name, runs)
    settings = read_manifest(folder)["settings"]
    with open_archive(folder) as store:
        spec = store.specs([scenario_id]).get(scenario_id)
    if spec is None:
        raise InputError(f"run {name} has no scenario {scenario_id[:40]!r}", parameter="scenario")
    data = settings.get("data")
    source = open_source(str(settings.get("source", "generated")), None if data is None else Path(str(data)))
    return source.expand(source.parse(spec))


def open_policy(key: str, places: Places) -> Policy:
    """Open the policy of a key.

    Args:
        key: A key, see above.
        places: Where it is looked for.

    Raises:
        InputError: The key names nothing that is there.
        PolicyError: A file is no policy.
        RunError: The run can't be read.
        StoreError: The archive can't be read, or has no such policy.
        DataError: The file of a champion is damaged.
    """
    named = named_policy(key)
    if named is not None:
        return named
    kind, _, rest = key.partition(":")
    if kind == "file":
        return read_policy(_file_of(rest, places.data))
    if kind == "run":
        name, _, policy_id = rest.partition(":")
        with open_archive(_run_folder(name, places.runs)) as store:
            if policy_id != BEST:
                return store.policy(policy_id)
            last = store.last_iteration()
        if last is None:
            raise InputError(f"run {name} has no finished iteration yet", parameter="policy")
        return parse_policy(last[1]["champion"], where=f"champion of {name}")
    raise InputError(f"{key[:80]!r} names no policy; choose one from the list", parameter="policy")


def _runs(folder: Path) -> list[str]:
    """Return the names of the runs of a folder, the newest first."""
    if not folder.is_dir():
        return []
    found = [(p.stat().st_mtime, p.name) for p in folder.iterdir() if (p / ARCHIVE).is_file() and p.name[0] != "."]
    return [name for _, name in sorted(found, reverse=True)[:MAX_RUNS]]


def _run_folder(name: str, runs: Path) -> Path:
    if not name or name != Path(name).name or not (runs / name / ARCHIVE).is_file():
        raise InputError(f"there is no run {name[:80]!r} in {runs}", parameter="run")
    return runs / name


def _json_files(folder: Path | None, marks: tuple[str, ...]) -> list[str]:
    """Return the JSON files of a folder whose start has one of some marks, by their path within it."""
    if folder is None or not folder.is_dir():
        return []
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        depth = len(here.relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if f[0] != ".") if depth < MAX_DEPTH else []
        for path in (here / f for f in sorted(files) if f.endswith(".json")):
            if any(m in _head(path) for m in marks):
                found.append(str(path.relative_to(folder)))
            if len(found) >= MAX_FILES:
                return found
    return found


def _head(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD).decode("utf-8", "replace")
    except OSError:  # a file that may not be read is not offered
        return ""


def _file_of(name: str, data: Path | None) -> Path:
    """Return a file of the folder of data, which no name leads out of."""
    if data is None:
        raise InputError("no folder of data is open; start `aurora serve` with --data", parameter="scenario")
    root = data.resolve()
    try:
        path = (root / name).resolve()
        is_there = path.is_relative_to(root) and path.suffix == ".json" and path.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL
        is_there = False
    if not is_there:
        raise InputError(f"{data} has no JSON file {name[:80]!r}", parameter="scenario")
    return path
