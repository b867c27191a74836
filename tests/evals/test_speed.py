import dataclasses

import pytest

pytest.importorskip("simpy")

from aurora.errors import AuroraError
from aurora.evals.speed.simpy_model import simulate_in_simpy
from aurora.evals.speed.simulator import BEST_FIT, check_agreement, workload
from aurora.sim.kernel import encode, evaluate
from aurora.sim.policies.compiler import compile_policy


@pytest.mark.parametrize("flavours", [True, False])
@pytest.mark.parametrize("nodes", [1, 7, 250])
def test_simpy_and_the_kernel_agree_in_every_sum(nodes: int, flavours: bool) -> None:
    scenario = workload(nodes, 300, flavours=flavours)
    sums = evaluate(encode(scenario), compile_policy(BEST_FIT))
    assert sums.cost > 0
    assert sums.energy > 0
    check_agreement(sums, simulate_in_simpy(scenario))


def test_models_that_differ_are_not_timed() -> None:
    sums = evaluate(encode(workload(3, 50, flavours=True)), compile_policy(BEST_FIT))
    with pytest.raises(AuroraError, match="disagree in energy"):
        check_agreement(sums, dataclasses.replace(sums, energy=sums.energy * 1.001))
