"""Measurements survive the process that made them, whatever happened in between."""

import os
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import StoreError
from aurora.memory.measurement_cache import (
    MeasurementCache,
    layout_mark,
    measurement_keys,
    program_prints,
    scenario_print,
)
from aurora.sim.kernel import encode, run
from aurora.sim.outcome import Summary
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec

SUMMARY = Summary(9, 8, 1, 2, 0.1, 0.2, 1e300, 1.5, 7.0, 0.5, 0.25, 0.0, 0.0, 3.25, 12.5, 11)


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_measurements_survive_reopening(tmp_path):
    with MeasurementCache(tmp_path / "l") as cache:
        cache.begin(4)
        cache.add(key(1), (0.1 + 0.2, SUMMARY))
    with MeasurementCache(tmp_path / "l") as cache:
        cache.begin(4)
        assert cache.find(key(1)) == (0.1 + 0.2, SUMMARY)
        assert isinstance(cache.find(key(1))[1].decisions, int)
        assert cache.find(key(2)) is None
        assert (len(cache), cache.added) == (1, 0)


def test_every_new_part_starts_empty(tmp_path):
    with MeasurementCache(tmp_path / "l") as cache:
        cache.begin(0)
        cache.add(key(1), (1.0, SUMMARY))
        cache.begin(1)
        assert len(cache) == 0
    with MeasurementCache(tmp_path / "l") as cache:
        cache.begin(1)
        assert len(cache) == 0


@given(cut=st.integers(0, 24 + 3 * 160))
def test_a_torn_write_loses_at_most_one_measurement(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("torn") / "l"
    with MeasurementCache(path) as cache:
        cache.begin(2)
        for number in range(3):
            cache.add(key(number), (float(number), SUMMARY))
    os.truncate(path, cut)
    whole = max(0, (cut - 24) // 160)
    with MeasurementCache(path) as cache:
        cache.begin(2)
        assert len(cache) == whole
        cache.add(key(9), (9.0, SUMMARY))
    with MeasurementCache(path) as cache:
        cache.begin(2)
        assert [cache.find(key(n)) for n in (*range(whole), 9)] == [(float(n), SUMMARY) for n in (*range(whole), 9)]


def test_concurrent_threads_write_whole_records(tmp_path):
    with MeasurementCache(tmp_path / "l") as cache:
        cache.begin(0)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: cache.add(key(n), (float(n), SUMMARY)), range(2000)))
    with MeasurementCache(tmp_path / "l") as cache:
        cache.begin(0)
        assert all(cache.find(key(n)) == (float(n), SUMMARY) for n in range(2000))


def test_a_file_that_is_no_cache_is_not_altered(tmp_path):
    (tmp_path / "l").write_bytes(b"a letter to a friend, long enough to be read as a header")
    with pytest.raises(StoreError, match="not a cache"):
        MeasurementCache(tmp_path / "l")
    assert (tmp_path / "l").read_bytes().startswith(b"a letter")


def test_measurements_of_an_older_version_are_repeated(tmp_path):
    """They have one number less, and were found under other fingerprints."""
    (tmp_path / "l").write_bytes(
        struct.pack("<16sq", b"aurora-ledger-1\n", 3) + struct.pack("<16s17d", key(1), *[0.5] * 17)
    )
    with MeasurementCache(tmp_path / "l") as cache:
        cache.begin(3)
        assert len(cache) == 0
        cache.add(key(1), (1.0, SUMMARY))
    with MeasurementCache(tmp_path / "l") as cache:
        assert cache.find(key(1)) == (1.0, SUMMARY)


def test_a_folder_is_no_cache(tmp_path):
    with pytest.raises(StoreError, match="can't be used"):
        MeasurementCache(tmp_path)


def test_keys_distinguish_everything_that_affects_a_measurement():
    scenario = expand(sample_spec("batch", 1, np.random.default_rng(0)))
    reweighted = scenario.model_copy(update={"objective_weights": {"cost": 1.0}})
    later = scenario.workload_definition.tasks[0].model_copy(update={"duration": 1.0})
    shorter = scenario.model_copy(
        update={
            "workload_definition": scenario.workload_definition.model_copy(
                update={"tasks": (later, *scenario.workload_definition.tasks[1:])}
            )
        }
    )
    prints = [scenario_print(encode(s)) for s in (scenario, reweighted, shorter)]
    assert len(set(prints)) == 3
    programs = [compile_policy(REFERENCES[name]) for name in ("fgd", "best_fit", "sjf", "sjf+easy")]
    other = programs[0]._replace(consts=programs[0].consts + 1)
    tags = program_prints([*programs, other])
    assert len(set(tags)) == 5
    keys = measurement_keys(prints, tags)
    assert len({key for row in keys for key in row}) == 15
    assert keys[1][2] == measurement_keys(prints[1:2], tags[2:3])[0][0]


def test_a_program_has_one_fingerprint_whatever_it_is_asked_with():
    programs = [compile_policy(REFERENCES[name]) for name in ("fgd", "best_fit", "fgd")]
    tags = program_prints(programs)
    assert tags[0] == tags[2] == program_prints([compile_policy(REFERENCES["fgd"])])[0]


def test_a_fingerprint_does_not_depend_on_the_run_that_encoded_it():
    scenario = expand(sample_spec("video", 2, np.random.default_rng(1)))
    encoded = encode(scenario)
    before = scenario_print(encoded)
    run(encoded, compile_policy(REFERENCES["fgd"]))
    assert scenario_print(encoded) == before == scenario_print(encode(scenario))


def test_a_damaged_measurement_is_reported(tmp_path):
    path = tmp_path / "paid.ledger"
    with MeasurementCache(path) as cache:
        cache.begin(0)
        cache.add(b"k" * 16, (1.0, SUMMARY))
    content = path.read_bytes()
    path.write_bytes(content[:-8] + struct.pack("<d", float("nan")))
    with pytest.raises(StoreError, match="is damaged"):
        MeasurementCache(path)


def test_a_file_of_another_layout_is_emptied(tmp_path):
    path = tmp_path / "paid.ledger"
    path.write_bytes(struct.pack("<16sq", layout_mark(["tasks", "cost"]), 3) + b"k" * 16 + struct.pack("<3d", 1, 2, 3))
    with MeasurementCache(path) as cache:
        assert len(cache) == 0
        cache.begin(3)
        cache.add(key(1), (1.0, SUMMARY))
    with MeasurementCache(path) as cache:
        assert cache.find(key(1)) == (1.0, SUMMARY)
