"""Registers AURORA's environments with gymnasium without loading gymnasium, torch or numba.

`import aurora` calls `register_when_imported`, so `gymnasium.make("aurora/Allocation-v0")` works whichever of the two
is imported first. Gymnasium has no entry points for plugins since 1.0, and importing it takes longer than `import
aurora` may; so an import hook registers the environment when gymnasium is imported.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importlib.abc alone would take half the time of `import aurora`
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

ENV_ID = "aurora/Allocation-v0"
ENTRY_POINT = "aurora.learning.rl.env:AllocationEnv"
"""Class that gymnasium imports when the environment is made."""
ENVIRONMENTS = {
    ENV_ID: ENTRY_POINT,
    "aurora/Composition-v0": "aurora.learning.composition.environment.env:CompositionEnv",
}
"""Id of every environment -> its class."""


def register_when_imported() -> None:
    """Register the environment now if gymnasium is loaded, else as soon as it is."""
    if "gymnasium.envs.registration" in sys.modules:
        _register()
    elif not any(isinstance(finder, _GymnasiumFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _GymnasiumFinder())


def _register() -> None:
    registration = importlib.import_module("gymnasium.envs.registration")
    for name, entry_point in ENVIRONMENTS.items():
        if name not in registration.registry:
            registration.register(id=name, entry_point=entry_point)


class _GymnasiumFinder:
    """Finds gymnasium, with a loader that registers the environments; leaves every other import alone.

    It stays until gymnasium is loaded, because `importlib.util.find_spec` asks it too and loads nothing.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _RegisteringLoader(spec.loader, self)  # type: ignore[assignment]  # two methods suffice
                return spec
        return None


class _RegisteringLoader:
    """Loads gymnasium with its own loader, to which it is handed back, and registers the environment."""

    def __init__(self, loader: Loader, finder: _GymnasiumFinder) -> None:
        self._loader, self._finder = loader, finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        module.__loader__ = self._loader  # whoever asks for gymnasium's source or data finds what it always was
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _register()
