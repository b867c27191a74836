from pathlib import Path

import numpy as np
import pytest

from aurora.agents.arena.sources import SOURCES, open_source
from aurora.agents.arena.trace_source import TraceSource
from aurora.errors import FileError
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES


@pytest.mark.parametrize("name", ["azure", "utilisation", "edge", "slices"])
def test_a_spec_always_expands_to_the_same_scenario(name: str, traces: Path) -> None:
    source = open_source(name, traces)
    assert isinstance(source, TraceSource)
    for family in (source.training[0], source.validation[0], source.test[-1]):
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


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "files"])
def test_training_validation_and_test_have_no_family_in_common(name: str, traces: Path) -> None:
    source = open_source(name, traces)
    families = source.training + source.validation + source.test
    assert len(set(families)) == len(families)
    assert min(len(source.training), len(source.validation), len(source.test)) > 0
    for family in source.test:
        spec = source.sample(family, 1, np.random.default_rng(1))
        assert source.parse(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize("name", ["azure", "utilisation", "edge", "slices"])
def test_an_absent_trace_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no "):
        open_source(name, tmp_path)
