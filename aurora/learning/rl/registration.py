"""Registers `aurora/Allocation-v0` with gymnasium, without loading gymnasium or anything else.

`import aurora` arranges it, so that `gymnasium.make("aurora/Allocation-v0")` works whichever of the two was imported
first. Gymnasium has had no entry points for plugins since 1.0, and importing it takes as long as all that `import
aurora` may; so the registration waits until gymnasium is imported.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

ENV_ID = "aurora/Allocation-v0"
ENTRY_POINT = "aurora.learning.rl.env:generated_env"
"""What gymnasium imports and calls when somebody makes the environment."""


def register_when_imported() -> None:
    """Register the environment now where gymnasium is loaded, else as soon as it is."""
    if "gymnasium" in sys.modules:
        _register()
    elif not any(isinstance(finder, _GymnasiumFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _GymnasiumFinder())


def _register() -> None:
    from gymnasium.envs import registration  # noqa: PLC0415  # loaded by now

    if ENV_ID not in registration.registry:
        registration.register(id=ENV_ID, entry_point=ENTRY_POINT)


class _GymnasiumFinder:
    """Leaves every import as it is, and registers the environment after that of gymnasium."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find gymnasium as it would have been found, and let `_Loader` load it."""
        if fullname != "gymnasium":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]  # imports take any object with these two methods
        return spec


class _Loader:
    """Loads as another loader does, and registers the environment then."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as the other loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then register."""
        self._loader.exec_module(module)
        _register()
