from pathlib import Path

import numpy as np
import pytest

from aurora.agents.arena.evaluation import arena, values
from aurora.agents.arena.openb_source import LISTS, OpenbSource
from aurora.agents.search.effort import Settings
from aurora.agents.search.policy_search import first_state, search
from aurora.errors import FileError, PolicyError, ScenarioError
from aurora.graphs.start import with_start
from aurora.sim.kernel import encode, run
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.scenarios.traces.openb import OpenbSpec


def write_list(folder: Path, name: str, devices: int) -> None:
    rows = [f"p{k},{4000 + 1000 * (k % 4)},1024,{k % 3 and devices},{1000 if k % 3 else 0}," for k in range(30)]
    header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec"
    (folder / f"openb_pod_list_{name}.csv").write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    nodes = ["sn,cpu_milli,memory_mib,gpu,model", *(f"n{k},64000,262144,{4 + 4 * (k % 2)},V100" for k in range(6))]
    (tmp_path / "openb_node_list_gpu_node.csv").write_text("\n".join(nodes) + "\n")
    write_list(tmp_path, "default", 1)
    for place, name in enumerate(LISTS):
        write_list(tmp_path, name, place + 2)
    return tmp_path


def most_devices(source: OpenbSource, family: str) -> int:
    scenario = source.expand(source.sample(family, 1, np.random.default_rng(0)))
    return max(t.accelerators for t in scenario.tasks)


def test_families_draw_from_the_list_that_they_name(folder) -> None:
    source = OpenbSource.open_lists(folder)
    assert most_devices(source, "as_traced") == most_devices(source, "mixed") == 1
    assert [most_devices(source, name) for name in LISTS] == [2, 3, 4]
    assert most_devices(source, "gpuspec33_fractional") == 3
    families = (*source.training, *source.validation, *source.test)
    assert len(set(families)) == len(families)


def test_a_variation_and_a_stored_spec_stay_on_their_list(folder) -> None:
    source = OpenbSource.open_lists(folder)
    rng = np.random.default_rng(1)
    spec = source.mutate(source.sample("multigpu30", 1, rng), rng)
    assert source.parse(spec.model_dump(mode="json")) == spec
    assert max(t.accelerators for t in source.expand(spec).tasks) == 4


def test_specs_of_the_default_list_are_stored_as_by_earlier_versions(folder) -> None:
    source = OpenbSource.open(folder)
    spec = source.sample("whole", 1, np.random.default_rng(1))
    assert "pods" not in spec.model_dump()
    assert source.parse(spec.model_dump()) == spec


def test_a_list_that_is_not_there_is_named(folder) -> None:
    with pytest.raises(ScenarioError, match=r"source openb has no list of pods 'multigpu30'"):
        OpenbSource.open(folder).expand(OpenbSpec(spec_id="s", pods="multigpu30"))
    (folder / "openb_pod_list_multigpu30.csv").unlink()
    with pytest.raises(FileError, match="no openb_pod_list_multigpu30"):
        OpenbSource.open_lists(folder)


def test_the_search_never_refuses_a_pod_that_fits(folder) -> None:
    source, rng = OpenbSource.open(folder), np.random.default_rng(0)
    where = arena(source, [encode(source.expand(source.sample(f, 1, rng))) for f in source.training], 1)
    state = first_state(source.templates[0])
    refusing = source.references["fgd"].model_copy(
        update={
            "allocation_strategy": source.references["fgd"].allocation_strategy.model_copy(
                update={"admit": "task.accelerators > 0"}
            )
        }
    )
    for seed in range(4):
        found = search(state, where, [refusing], Settings(6, 3), seed, lambda *_: None)
        assert {policy.allocation_strategy.admit for policy, _, _ in found.candidates} == {"1"}
        state = found.state
    assert {c.policy["allocation_strategy"]["admit"] for c in state.challengers} <= {"1"}


def test_a_run_does_not_start_from_a_policy_that_refuses_pods(folder) -> None:
    source = OpenbSource.open(folder)
    strategy = source.references["fgd"].allocation_strategy
    refusing = source.references["fgd"].model_copy(
        update={"allocation_strategy": strategy.model_copy(update={"admit": "task.accelerators > 0"})}
    )
    with pytest.raises(PolicyError, match=r"source openb places every task that fits.*set admit to 1"):
        with_start(source, refusing)
    assert with_start(source, source.references["fgd"]).templates[0] == source.references["fgd"]


def test_values_of_many_policies_are_those_of_single_simulations(folder) -> None:
    source, rng = OpenbSource.open_lists(folder), np.random.default_rng(2)
    encoded = [encode(source.expand(source.sample(name, 1, rng))) for name in ("as_traced", *LISTS)]
    programs = [compile_policy(p) for p in source.references.values()]
    expected = [[source.value(e.scenario, run(e, p)) for e in encoded] for p in programs]
    assert values(source, encoded, programs, 2).tolist() == expected
