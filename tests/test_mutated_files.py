"""Mutated files of every kind are read, or refused with a one-line error."""

import random
import signal

import pytest

from benchmarks.fuzz_files import Late, attempt
from benchmarks.mutations import mutated
from benchmarks.valid_files import readers


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return readers(tmp_path_factory.mktemp("good"))


@pytest.fixture
def late():
    def raise_late(*_):
        raise Late

    before = signal.signal(signal.SIGALRM, raise_late)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("late")
def test_files_are_read_when_whole_and_read_or_refused_when_mutated(known, tmp_path):
    assert len(known) >= 35
    for reader in known:
        path = tmp_path / reader.file
        path.write_bytes(reader.good)
        assert attempt(reader, path)[0] == "read", reader.name
        rng = random.Random(reader.name)
        for number in range(5):
            path.write_bytes(mutated(reader.good, rng))
            verdict, said = attempt(reader, path)
            assert verdict in ("read", "refused"), (reader.name, number, said)
