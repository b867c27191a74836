"""Whether the kernel's machine code is there, and making it: once for every version of the source on a machine."""

from __future__ import annotations

from aurora.sim.kernel.jit import cache_folder

ABOUT_SECONDS = 40
"""What compiling takes on one core, to tell people."""


def is_compiled() -> bool:
    """Return whether a simulation starts at once, because its machine code is kept from an earlier process."""
    return any(cache_folder().glob("run.simulate_pinned-*.nbi"))


def compile_kernel() -> None:
    """Compile what simulations run through, and keep it."""
    from aurora.sim.kernel import simulate  # noqa: PLC0415  # loads numba, used here only
    from aurora.sim.references import REFERENCES  # noqa: PLC0415  # likewise
    from aurora.sim.scenario import Node, Scenario, Task, Workload  # noqa: PLC0415  # likewise

    task = Task(task_id="task", arrival_time=0, duration=1, cpu_required=1)
    scenario = Scenario(
        scenario_id="compile",
        domain="cloud",
        nodes=(Node(node_id="node", cpu=2, memory=2),),
        workload_definition=Workload(time_horizon=10, tasks=(task,)),
    )
    simulate(scenario, REFERENCES["first_fit"])
