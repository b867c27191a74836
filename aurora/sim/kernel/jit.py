"""How the kernel's functions are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that neither allocates nor raises.

    The types are numba's to infer. `nogil` lets threads run simulations in parallel; `cache` keeps the
    machine code between processes. Reference counting is off (`_nrt=False`): numba would otherwise
    count references to every array of a named tuple at every call, which was measured to cost 25 times
    the work itself. So such a function can't create arrays; what it needs is handed in.
    """
    return njit(nogil=True, cache=True, error_model="numpy", _nrt=False)(function)  # type: ignore[no-any-return]


def jitted_with_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that allocates arrays; for what is called once a run."""
    return njit(nogil=True, cache=True, error_model="numpy")(function)  # type: ignore[no-any-return]
