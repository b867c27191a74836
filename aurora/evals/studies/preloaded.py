"""Imports, and machine code of the simulator, that every process of a study needs."""

import aurora.evals.studies.judging
import aurora.evals.studies.playing  # noqa: F401  # loaded for those forked from here
from aurora.sim.compilation import compile_kernel

compile_kernel()
