"""Compiling what accounts are simulated and described with; see `aurora.sim.kernel.jit`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aurora.sim.kernel import jit

SOURCES = tuple(sorted([*Path(__file__).parent.glob("*.py"), Path(jit.__file__)]))
"""The files that decide the machine code of accounts: a constant of any of them may stand in it."""


def entry_point(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls; its machine code is kept for these sources only."""
    return jit.entry_point(function, SOURCES)
