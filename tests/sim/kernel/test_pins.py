"""Pinned arrays: the kernel always reads the current arrays of a scenario and a program."""

import copy
import dataclasses
import gc
import pickle

import numpy as np
import pytest

from aurora.sim.kernel import EncodedScenario, encode, evaluate
from aurora.sim.kernel.pins import Pinned
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload


def _encoded(duration: float) -> EncodedScenario:
    return encode(
        Scenario(
            scenario_id="s",
            domain="cloud",
            nodes=(Node(node_id="a", cpu=4.0, idle_power=1, full_power=2), Node(node_id="b", cpu=4.0)),
            workload_definition=Workload(
                tasks=(Task(task_id="t", arrival_time=0.0, cpu_required=1.0, duration=duration),), time_horizon=100.0
            ),
        )
    )


def _program(score: str):
    return compile_policy(
        Policy(policy_id="p", allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score=score),)))
    )


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copied_scenario_runs_on_its_own_arrays(copied) -> None:
    encoded, program = _encoded(5.0), _program("1")
    expected = evaluate(encoded, program)
    other = copied(encoded)
    assert other.pinned.fields.task_f is other.problem.task_f
    del encoded
    gc.collect()
    assert evaluate(other, program) == expected


def test_a_scenario_with_replaced_arrays_runs_on_the_new_ones() -> None:
    encoded, program = _encoded(5.0), _program("1")
    problem = encoded.problem._replace(task_f=np.where(encoded.problem.task_f == 5.0, 7.0, encoded.problem.task_f))
    assert evaluate(dataclasses.replace(encoded, problem=problem), program).makespan == 7.0
    assert evaluate(encoded, program).makespan == 5.0


def test_a_program_with_replaced_constants_runs_on_the_new_ones() -> None:
    encoded, program = _encoded(5.0), _program("2 * node.index")
    assert evaluate(encoded, program).energy == 0.0
    other = program._replace(consts=-program.consts)
    assert evaluate(encoded, other).energy > 0.0
    assert evaluate(encoded, program).energy == 0.0


def test_many_short_lived_programs_give_right_results() -> None:
    encoded = _encoded(5.0)
    for k in range(150):
        burnt = evaluate(encoded, _program(f"{1 - 2 * (k % 2)} * node.index")).energy
        assert (burnt > 0) == (k % 2 == 1)


def test_arrays_of_another_dtype_or_layout_are_refused() -> None:
    problem = _encoded(5.0).problem
    with pytest.raises(TypeError, match="float32"):
        Pinned(problem._replace(task_f=problem.task_f.astype(np.float32)))
    with pytest.raises(TypeError, match="float64"):
        Pinned(problem._replace(node_f=problem.node_f[:, ::-1]))
