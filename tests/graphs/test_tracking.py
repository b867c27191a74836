"""Tracking: events are sent to Weights & Biases in its offline mode."""

import builtins

import pytest

from aurora.errors import RunError
from aurora.graphs.run import open_run
from aurora.graphs.tracking import tracked
from tests.graphs.victim import TINY, WORDS


def test_a_run_is_tracked_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with open_run(tmp_path / "run", TINY, WORDS) as opened:
        opened.play(iterations=2, track="wandb")
        untracked = tmp_path / "untracked"
        tracked_dump = opened.store.dump()
    files = list((tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(files) == 1
    content = files[0].read_bytes()
    for name in (b"iteration/validation_advantage", b"iteration/champion_elo", b"iteration/success_rates_mean"):
        assert name in content
    with open_run(untracked, TINY, WORDS) as opened:
        opened.play(iterations=2)
        assert opened.store.dump() == tracked_dump


def test_a_missing_extra_names_the_install_command(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **options):
        if name == "wandb":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RunError, match=r"pip install 'aurora-alloc\[wandb\]'"), tracked("wandb", tmp_path, {}):
        pass


def test_an_unknown_tracker_is_refused(tmp_path):
    with pytest.raises(RunError, match="unknown tracker 'chalk'"), tracked("chalk", tmp_path, {}):
        pass
