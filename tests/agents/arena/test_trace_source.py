from pathlib import Path

import numpy as np
import pytest

from aurora.agents.arena.sources import open_source
from aurora.agents.arena.trace_source import TraceSource
from aurora.errors import FileError
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES


@pytest.mark.parametrize("name", ["azure", "utilisation", "edge", "slices"])
def test_a_spec_always_expands_to_the_same_scenario(name: str, traces: Path) -> None:
    source = open_source(name, traces)
    assert isinstance(source, TraceSource)
    for family in (source.training[0], source.validation[0], source.judged[-1]):
        spec = source.sample(family, 1, np.random.default_rng(3))
        assert spec == source.sample(family, 1, np.random.default_rng(3))
        again = source.parse(spec.model_dump(mode="json"))
        assert source.expand(again) == source.expand(spec)
        mutant = source.mutate(spec, np.random.default_rng(4))
        assert mutant.family == family
        assert mutant.spec_id != spec.spec_id
        scenario = source.expand(spec)
        assert scenario.scenario_id == spec.spec_id
        outcome = run(encode(scenario), compile_policy(REFERENCES["first_fit"]))
        assert outcome.summary.completed == outcome.summary.tasks  # every task can be served


@pytest.mark.parametrize("name", ["azure", "utilisation", "edge", "slices"])
def test_an_absent_trace_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no "):
        open_source(name, tmp_path)
