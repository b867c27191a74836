"""Functions that are compiled only within their callers.

numba optimises a function and all that it calls, and generates their machine code, before it compiles the caller. With
calls ten deep, the same code goes through LLVM ten times. A part is left unoptimised until the outermost function is
compiled, so LLVM gets all of the kernel at once. This halves the time of compiling, which is spent on inlining the
functions of the event loop.

Indices in a part count from the start of an array only.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering
from numba.np import arrayobj


class _Part(JITCodeLibrary):  # type: ignore[misc]  # numba has no types
    """The code of a function and of all that it calls, neither optimised nor executable."""

    @property
    def codegen(self) -> _Part:
        return self

    def set_env(self, _name: str, _environment: Any) -> None:
        """Ignore the Python objects of a function; a part has none."""

    def get_pointer_to_function(self, _name: str) -> int:
        self._ensure_finalized()
        return 0

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):  # type: ignore[misc]
    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        numbas_own = arrayobj.fix_integer_index
        arrayobj.fix_integer_index = _from_the_start  # numba compiles one function at a time, under a lock
        try:
            lowered: bool = super().run_pass(state)
        finally:
            arrayobj.fix_integer_index = numbas_own
        return lowered


def _from_the_start(context: Any, builder: Any, kind: Any, index: Any, _size: Any) -> Any:
    """Return an index unchanged; numba would test at every access whether it counts from the end."""
    return context.cast(builder, index, kind, types.intp)


class PartCompiler(CompilerBase):  # type: ignore[misc]
    """numba's compiler, with a part as its result."""

    def define_pipelines(self) -> list[PassManager]:
        """Return the passes over a function."""
        manager = PassManager("part")
        for passes in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            manager.add_pass(*((_PartLowering, passes[1]) if passes[0] is NativeLowering else passes))
        manager.finalize()
        return [manager]
