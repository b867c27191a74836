"""Tuning of queue templates: its stretches, its slowdowns under both disciplines, and its loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aurora.agents.arena.sources import open_source
from aurora.sim.kernel import evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from benchmarks.train_queues import TRAININGS, template_of
from benchmarks.tune_queues import UNFINISHED, draw, losses, slowdowns


def test_slowdowns_are_those_of_the_kernel_under_both_disciplines(traces: Path) -> None:
    source = open_source("swf", traces)
    stretches = draw(source, ["lublin_256-early", "sdsc-sp2-early"], 2, 3)
    programs = [compile_policy(template_of("both")), compile_policy(REFERENCES["saf+easy"])]
    found = slowdowns(stretches, programs)
    assert found.shape == (2, 2, 2, 2)
    for easy in (0, 1):
        for number, scenario in enumerate(stretches.scenarios):
            expected = [evaluate(scenario, p._replace(easy=easy)).bounded_slowdown for p in programs]
            assert found[easy, number // 2, number % 2].tolist() == expected


def test_a_policy_that_leaves_jobs_out_counts_as_unfinished(traces: Path) -> None:
    strategy = REFERENCES["saf+easy"].allocation_strategy.model_copy(update={"admit": "task.cpu < 2"})
    narrow = REFERENCES["saf+easy"].model_copy(update={"allocation_strategy": strategy})
    stretches = draw(open_source("swf", traces), ["sdsc-sp2-early"], 1, 0)
    assert (slowdowns(stretches, [compile_policy(narrow)]) == UNFINISHED).all()


def test_the_loss_weighs_typical_and_mean_slowdowns_alike() -> None:
    found = np.empty((2, 1, 2, 2))
    found[..., 0], found[..., 1] = 8.0, [2.0, 32.0]
    assert losses(found) == pytest.approx([np.log(8), (np.log(8) + np.log(17)) / 2])


@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_has_a_template(name: str) -> None:
    compile_policy(template_of(name))
