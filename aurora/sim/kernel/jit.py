"""Compilation of the kernel's functions, and the cache of their machine code."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator

from aurora.sim.kernel.parts import PartCompiler
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.outcome import Status, Summary

_HERE = Path(__file__).parent
_POLICIES = _HERE.parent / "policies"
KERNEL_SOURCES = tuple(sorted([*_HERE.glob("*.py"), _POLICIES / "features.py", _POLICIES / "program.py"]))
"""The files that determine the kernel's machine code."""


@cache
def cache_folder(sources: tuple[Path, ...] = KERNEL_SOURCES) -> Path:
    """Return the folder for machine code: one for every version of its sources, shared by all checkouts.

    numba checks only the file of the function itself, so a function would keep using an old version of one that it
    calls from another file. The folder is the first of these that can be written: `NUMBA_CACHE_DIR`, the user's cache
    folder, the package's own folder, a temporary one.

    Args:
        sources: All files that determine the machine code, in a fixed order; the kernel's by default.
    """
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.read_bytes())
    # Of other modules only these become constants of the machine code.
    tables = [s.name for s in Status], Summary.__slots__, [(o.name, o.needs, bool(o.target)) for o in OBJECTIVES]
    digest.update(repr(tables).encode())
    name = f"aurora-{digest.hexdigest()[:12]}"
    chosen, home = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    for base in (Path(chosen) if chosen else None, Path(home) if home else _users_cache(), _HERE / "__pycache__"):
        if base is not None and _is_writable(base / name):
            return base / name
    return Path(tempfile.mkdtemp(prefix=name))


def _users_cache() -> Path | None:
    try:
        return Path("~/.cache").expanduser()
    except RuntimeError:  # a user without a home folder, as containers have them
        return None


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


class _Locator(UserProvidedCacheLocator):  # type: ignore[misc]  # numba has no types
    """Cache locator that ignores the path of the source, which numba's own locators put into the name."""

    folder: str

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._lineno = function.__code__.co_firstlineno
        self._cache_path = self.folder

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _Locator:
        return cls(function, file)


@cache
def _cache_class(sources: tuple[Path, ...]) -> Any:
    """Return numba's cache of functions, with a folder for these sources."""

    class Locator(_Locator):
        folder = str(cache_folder(sources))

    class Implementation(CompileResultCacheImpl):  # type: ignore[misc]  # numba has no types
        _locator_classes = (Locator,)

    class Cache(FunctionCache):  # type: ignore[misc]  # numba has no types
        _impl_class = Implementation

    return Cache


def jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that neither allocates nor raises.

    numba infers the types. Reference counting is off (`_nrt=False`): otherwise numba counts references to every array
    of a named tuple at every call, which was measured to cost 25 times the work itself. So such a function can't create
    arrays; they are passed in.
    """
    return _part(function, _nrt=False, forceinline=False)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile as `jitted` does, with the code inlined at every call.

    Use it for functions that every event calls, and for very short ones: a call costs 2 to 5 ns. With all of the kernel
    inlined, compiling took three times as long.
    """
    return _part(function, _nrt=False, forceinline=True)


def jitted_with_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that allocates arrays and is called once for each run."""
    return _part(function, forceinline=False)


def _part(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    # `forceinline` is always given: otherwise numba passes on the caller's.
    dispatcher: Callable[..., Any] = njit(
        error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, pipeline_class=PartCompiler, **options
    )(function)
    return dispatcher


def entry_point(function: Callable[..., Any], sources: tuple[Path, ...] = KERNEL_SOURCES) -> Callable[..., Any]:
    """Compile a function that Python calls, together with all functions that it calls.

    `nogil` lets threads run simulations in parallel; the cache keeps the machine code between processes.

    Args:
        function: Function to compile.
        sources: All files that determine its machine code; see `cache_folder`.
    """
    dispatcher = njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = _cache_class(sources)(function)
    compiled: Callable[..., Any] = dispatcher
    return compiled
