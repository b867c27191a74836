"""The kernel: one event loop that every scenario of every domain runs through.

`encode` packs a scenario into arrays, `run` interprets a compiled policy over them, and `simulate` does both.
`docs/reference/kernel.md` defines the semantics.
"""

from aurora.sim.kernel.encode import EncodedScenario, encode
from aurora.sim.kernel.planned import with_plan
from aurora.sim.kernel.run import evaluate, run, simulate

__all__ = ["EncodedScenario", "encode", "evaluate", "run", "simulate", "with_plan"]
