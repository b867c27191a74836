"""How the kernel's functions are compiled, and where their machine code is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import config, njit

from aurora.sim.kernel.parts import PartCompiler


@cache
def cache_folder() -> Path:
    """Where machine code is kept: a folder of its own for every version of the kernel's source.

    numba looks only at the file of the function itself, so a function would go on using an old version of
    one that it calls from another file.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*here.glob("*.py"), here.parent / "features.py", here.parent / "program.py"]):
        digest.update(path.read_bytes())
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(chosen) if chosen else here / "__pycache__"
    if not chosen and not os.access(here, os.W_OK):
        base = Path.home() / ".cache"
    return base / f"aurora-{digest.hexdigest()[:12]}"


def jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that neither allocates nor raises.

    The types are numba's to infer. Reference counting is off (`_nrt=False`): numba would otherwise
    count references to every array of a named tuple at every call, which was measured to cost 25 times
    the work itself. So such a function can't create arrays; what it needs is handed in.
    """
    return _part(function, _nrt=False, forceinline=False)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `jitted`, and its code stands in the place of every call.

    For what every event runs through, and for very short functions: a call costs 2 to 5 ns, and with all
    of the kernel inlined compiling took three times as long.
    """
    return _part(function, _nrt=False, forceinline=True)


def jitted_with_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that allocates arrays; for what is called once a run."""
    return _part(function, forceinline=False)


def _part(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    # `forceinline` is always given: numba hands the caller's on otherwise.
    dispatcher: Callable[..., Any] = njit(
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, pipeline_class=PartCompiler, **options
    )(function)
    return dispatcher


def entry_point(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls, with all that it calls.

    `nogil` lets threads run simulations in parallel; `cache` keeps the machine code between processes.
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder())
    try:
        dispatcher: Callable[..., Any] = njit(nogil=True, cache=True, error_model="numpy")(function)
    finally:
        config.CACHE_DIR = before
    return dispatcher
