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


@cache
def cache_folder() -> Path:
    """Return the folder for machine code: one for every version of the kernel's source, shared by all checkouts.

    numba looks only at the file of the function itself, so a function would go on using an old version of
    one that it calls from another file. The first of these that can be written is taken: `NUMBA_CACHE_DIR`, the
    user's cache folder, the package's own folder, a temporary one.
    """
    here = Path(__file__).parent
    policies = here.parent / "policies"
    digest = hashlib.sha256()
    for path in sorted([*here.glob("*.py"), policies / "features.py", policies / "program.py"]):
        digest.update(path.read_bytes())
    # Of other modules only these become constants of the machine code.
    tables = [s.name for s in Status], Summary.__slots__, [(o.name, o.needs, bool(o.target)) for o in OBJECTIVES]
    digest.update(repr(tables).encode())
    name = f"aurora-{digest.hexdigest()[:12]}"
    chosen, home = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    for base in (Path(chosen) if chosen else None, Path(home) if home else _users_cache(), here / "__pycache__"):
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

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._lineno = function.__code__.co_firstlineno
        self._cache_path = str(cache_folder())

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _Locator:
        return cls(function, file)


class _Implementation(CompileResultCacheImpl):  # type: ignore[misc]  # numba has no types
    _locator_classes = (_Locator,)


class _Cache(FunctionCache):  # type: ignore[misc]  # numba has no types
    _impl_class = _Implementation


def jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that neither allocates nor raises.

    The types are numba's to infer. Reference counting is off (`_nrt=False`): numba would otherwise
    count references to every array of a named tuple at every call, which was measured to cost 25 times
    the work itself. So such a function can't create arrays; what it needs is handed in.
    """
    return _part(function, _nrt=False, forceinline=False)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile as `jitted` does, with the code inlined at every call.

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
    dispatcher = njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = _Cache(function)
    compiled: Callable[..., Any] = dispatcher
    return compiled
