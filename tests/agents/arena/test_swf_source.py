"""The source `swf`: its families avoid the published sequences, and each log keeps its own machine."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from aurora.agents.arena.swf_families import stretches
from aurora.agents.arena.swf_source import SwfSource
from aurora.errors import DataError, FileError, RunError
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.traces.swf import PUBLISHED_LENGTH, PUBLISHED_STARTS, SwfSpec, expand_swf, read_jobs

LINE = "{n} {submit} 0 {run} {cpu} -1 -1 {cpu} {requested} -1 1 1 1 1 1 1 -1 -1"


def put(folder: Path, name: str, jobs: int, processors: int, *, estimates: bool = False) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    rows = (
        LINE.format(n=n, submit=50 * n, run=30 + n % 700, cpu=1 + n % processors, requested=3600 if estimates else -1)
        for n in range(1, jobs + 1)
    )
    (folder / name).write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("count", [9_874, 10_000, 18_066, 59_705])
def test_no_family_meets_a_published_sequence(count: int) -> None:
    published = {job for start in PUBLISHED_STARTS for job in range(start, start + PUBLISHED_LENGTH)}
    parts = stretches(count)
    assert {p.role for p in parts} == {"training", "validation", "test"}
    for part in parts:
        assert not published & set(range(part.first, part.last))
        assert part.last <= count
        assert part.last - part.first >= 600


@pytest.mark.parametrize("count", [96, 1_000, 9_874, 59_705])
def test_the_stretches_of_a_log_are_apart(count: int) -> None:
    parts = sorted(stretches(count), key=lambda p: p.first)
    assert all(a.last <= b.first for a, b in pairwise(parts))


def test_every_log_has_families_on_its_own_machine(tmp_path: Path) -> None:
    put(tmp_path, "lublin_256.swf", 300, 16)
    put(tmp_path, "SDSC-SP2-1998-4.2-cln.swf", 300, 8, estimates=True)
    put(tmp_path, "Other-1999-1.swf", 300, 4)
    source = SwfSource.open(tmp_path)
    assert [log.name for log in source.logs] == ["lublin_256", "sdsc-sp2", "other"]
    assert {f.rsplit("-", 1)[0] for f in source.training} >= {"lublin_256", "sdsc-sp2"}
    assert not any(f.startswith("other") for f in source.training + source.validation)
    assert any(f.startswith("other") for f in source.test)
    rng = np.random.default_rng(1)
    for family in source.training + source.validation + source.test:
        spec = source.sample(family, 1, rng)
        scenario = source.expand(spec)
        size = {"lublin_256": 16, "sdsc-sp2": 8, "other": 4}[spec.log]
        assert scenario.nodes[0].cpu == size
        assert max(t.cpu_required for t in scenario.tasks) <= size
        assert source.parse(spec.model_dump(mode="json")) == spec
        assert (spec.flurry > 0) == family.endswith("-flurry")
        assert len(scenario.tasks) == spec.length + spec.flurry
        requests = {t.requested_duration for t in scenario.tasks}
        assert (requests == {3600.0}) == (spec.log == "sdsc-sp2")  # estimates stay round


def test_own_logs_alone_are_trained_on(tmp_path: Path) -> None:
    put(tmp_path, "own.swf.gz.swf", 300, 4)
    source = SwfSource.open(tmp_path)
    assert source.training == ("own.swf.gz-early", "own.swf.gz-early-dense")  # times are known: no flurries
    assert all(f.startswith("own") for f in source.training + source.validation + source.test)


def test_a_folder_without_usable_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no \*\.swf"):
        SwfSource.open(tmp_path)
    put(tmp_path, "a-1998-1.swf", 300, 4)
    put(tmp_path, "a-1999-2.swf", 300, 4)
    with pytest.raises(DataError, match="both named a"):
        SwfSource.open(tmp_path)
    (tmp_path / "a-1999-2.swf").unlink()
    put(tmp_path, "tiny.swf", 20, 4)
    with pytest.raises(DataError, match="has 20 jobs"):
        SwfSource.open(tmp_path)


def test_a_spec_without_a_log_means_the_first_as_in_older_archives(tmp_path: Path) -> None:
    put(tmp_path, "lublin_256.swf", 300, 16)
    put(tmp_path, "other.swf", 300, 4)
    source = SwfSource.open(tmp_path)
    old = source.parse({"spec_id": "v", "family": "early", "first": 0, "last": 200, "length": 32, "seed": 5})
    assert source.expand(old) == expand_swf(old, read_jobs(tmp_path / "lublin_256.swf"), 16)
    with pytest.raises(DataError, match="no log 'nowhere'"):
        source.expand(old.model_copy(update={"log": "nowhere"}))


def test_a_flurry_adds_equal_jobs_that_ask_for_long_and_fail_soon(tmp_path: Path) -> None:
    put(tmp_path, "lublin_256.swf", 300, 16)
    jobs = read_jobs(tmp_path / "lublin_256.swf")
    calm = SwfSpec(spec_id="v", first=0, last=200, length=100, seed=3)
    scenario = expand_swf(calm.model_copy(update={"flurry": 40}), jobs, 16)
    assert scenario == expand_swf(calm.model_copy(update={"flurry": 40}), jobs, 16)
    before = {(t.arrival_time, t.duration, t.cpu_required) for t in expand_swf(calm, jobs, 16).tasks}
    added = [t for t in scenario.tasks if (t.arrival_time, t.duration, t.cpu_required) not in before]
    assert len(added) == 40
    assert len({(t.cpu_required, t.requested_duration) for t in added}) == 1
    assert max(t.duration for t in added) <= 120
    assert added[0].requested_duration >= np.median([t.duration for t in expand_swf(calm, jobs, 16).tasks])
    arrivals = [t.arrival_time for t in scenario.tasks]
    assert arrivals == sorted(arrivals)


def test_the_value_is_minus_the_log_of_the_mean_bounded_slowdown(tmp_path: Path) -> None:
    put(tmp_path, "lublin_256.swf", 300, 16)
    source = SwfSource.open(tmp_path)
    encoded = encode(source.expand(source.sample(source.training[0], 1, np.random.default_rng(0))))
    outcome = run(encoded, compile_policy(REFERENCES["fcfs+easy"]))
    assert source.value(encoded.scenario, outcome) == pytest.approx(-np.log(outcome.summary.bounded_slowdown))
    idle = replace(outcome, summary=replace(outcome.summary, completed=700))
    assert source.value(encoded.scenario, idle) < source.value(encoded.scenario, outcome)


def test_a_star_chooses_the_families_of_one_log(tmp_path: Path) -> None:
    put(tmp_path / "swf", "lublin_256.swf", 300, 16)
    put(tmp_path / "swf", "SDSC-SP2.swf", 300, 8, estimates=True)
    settings = SelfPlaySettings(
        source="swf", data=str(tmp_path), training_families=("sdsc*",), validation_families=("sdsc*",)
    )
    source = chosen_source(settings)
    assert source.training == ("sdsc-sp2-early", "sdsc-sp2-early-dense", "sdsc-sp2-early-flurry")
    assert source.validation == ("sdsc-sp2-middle", "sdsc-sp2-middle-dense", "sdsc-sp2-middle-flurry")
    with pytest.raises(RunError, match=r"no family 'cray\*'"):
        chosen_source(settings.model_copy(update={"training_families": ("cray*",)}))
