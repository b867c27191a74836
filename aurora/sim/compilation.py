"""Machine code of the kernel: which of it is kept on this machine, making it, and being told when numba makes any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # loads numba
    from aurora.sim.kernel import EncodedScenario

Part = Literal["plain", "general", "futures", "training"]
PARTS: tuple[Part, ...] = ("plain", "general", "futures", "training")
"""What is compiled apart: simulations of nodes alone, those with devices, batteries or links, futures, and episodes."""
SIMULATION: tuple[Part, ...] = ("plain", "general")
"""What `aurora selfplay` and `aurora simulate` run through."""


def compile_kernel(parts: Sequence[Part] = SIMULATION) -> None:
    """Compile parts of the kernel, where that is not done yet, and keep them for other processes."""
    for part in parts:
        _RUNS[part]()


def missing() -> tuple[Part, ...]:
    """Return the parts whose machine code is not kept yet: what runs through them waits about 40 s, once."""
    from numba import types  # noqa: PLC0415  # slow to import

    from aurora.sim.kernel.episode import drive, sums_of  # noqa: PLC0415  # loads numba
    from aurora.sim.kernel.many import simulate_many  # noqa: PLC0415  # likewise

    simulated = [kinds[1] for kinds in _kept(simulate_many)]
    there: dict[Part, bool] = {
        "plain": types.none in simulated,
        "general": types.boolean in simulated,
        "futures": types.none in simulated,  # the machine code of plain scenarios
        "training": bool(_kept(drive)) and bool(_kept(sums_of)),
    }
    return tuple(part for part in PARTS if not there[part])


def watch_compiling(tell: Callable[[str], None]) -> None:
    """Have each function told as numba begins to compile it, for the rest of this process.

    What is loaded from the cache is not told, nor what is compiled as a part of a function that was told.

    Args:
        tell: Takes the function's module and name, with a dot between.
    """
    from numba.core import event  # noqa: PLC0415  # slow to import

    class Watcher(event.Listener):  # type: ignore[misc]  # numba has no types
        """Counts how deep compiling is; numba compiles under one lock, so a count is enough."""

        depth = 0

        def on_start(self, started: Any) -> None:
            if not self.depth:
                function = started.data["dispatcher"].py_func
                tell(f"{function.__module__}.{function.__name__}")
            self.depth += 1

        def on_end(self, _: Any) -> None:
            self.depth -= 1

    event.register("numba:compile", Watcher())


def _kept(function: Any) -> list[tuple[Any, ...]]:
    """Return the argument types for which machine code of a function, as it is now, is kept."""
    return [key[0] for key in function._cache._cache_file._load_index()]


def _simulate(scenario: EncodedScenario) -> None:
    from aurora.sim.kernel import evaluate  # noqa: PLC0415  # likewise
    from aurora.sim.policies.compiler import compile_policy  # noqa: PLC0415  # loads numba
    from aurora.sim.policies.references import REFERENCES  # noqa: PLC0415  # likewise

    evaluate(scenario, compile_policy(REFERENCES["first_fit"]))


def _futures() -> None:
    import numpy as np  # noqa: PLC0415  # with the others

    from aurora.sim.kernel.variants import Happenings, Jobs, evaluate_variants  # noqa: PLC0415  # likewise
    from aurora.sim.policies.compiler import compile_policy  # noqa: PLC0415  # loads numba
    from aurora.sim.policies.references import REFERENCES  # noqa: PLC0415  # likewise

    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    jobs = Jobs(np.array([0, 1]), np.zeros(1), np.ones(1))
    happenings = Happenings(np.zeros(2, np.int64), nothing, none, none, nothing)
    evaluate_variants(_small(0), compile_policy(REFERENCES["first_fit"]), jobs, happenings)


def _training() -> None:
    from aurora.sim.episodes import play  # noqa: PLC0415  # loads numba
    from aurora.sim.policies.references import REFERENCES  # noqa: PLC0415  # likewise

    play(_small(0), REFERENCES["first_fit"], lambda _: 0)


def _small(devices: int) -> EncodedScenario:
    """Return a scenario of one task and one node, which has so many devices."""
    from aurora.sim.kernel import encode  # noqa: PLC0415  # loads numba
    from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload  # noqa: PLC0415  # likewise

    task = Task(task_id="task", arrival_time=0, duration=1, cpu_required=1)
    return encode(
        Scenario(
            scenario_id="compile",
            domain="cloud",
            nodes=(Node(node_id="node", cpu=2, memory=2, accelerators=devices),),
            workload_definition=Workload(time_horizon=10, tasks=(task,)),
        )
    )


_RUNS: dict[Part, Callable[[], None]] = {
    "plain": lambda: _simulate(_small(0)),
    "general": lambda: _simulate(_small(1)),
    "futures": _futures,
    "training": _training,
}
