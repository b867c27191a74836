"""`aurora doctor`: checks of this machine."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import NamedTuple

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table
from aurora.cli.terminal.steps import note_compiling
from aurora.extras import EXTRA_OF

PACKAGES = (
    "numpy",
    "numba",
    "pydantic",
    "SQLAlchemy",
    "langgraph",
    "langchain",
    "langchain-anthropic",
    "langchain-openai",
    "outlines",
    "llguidance",
    "transformers",
    "cma",
    "joblib",
    "plotly",
    "networkx",
    "scipy",
    "ortools",
    "chromadb",
    "sentence-transformers",
    "torch",
)
MIN_MEMORY = 2 * 2**30
"""Bytes that should be free for a self-play run with its index, the compiler and the report."""


class Check(NamedTuple):
    """The result of a check: its name, whether it passed, the finding, and the remedy."""

    name: str
    ok: bool
    found: str
    remedy: str


def doctor(
    data: Path | None = options.path(None, help="Folder with traces to check as well."),
    compile_now: bool = typer.Option(False, "--compile", help="Compile all simulators now, so that no command waits."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Check that this machine has what AURORA needs; exit code 1 if something is missing.

    Example: aurora doctor --compile
    """
    if compile_now:
        from aurora.learning.accounts.compilation import compile_accounts  # heavy, used here only
        from aurora.sim.compilation import PARTS, compile_kernel  # heavy, used here only

        note_compiling()
        compile_kernel(PARTS)
        compile_accounts()
    checks = [
        _python(),
        *(_package(p) for p in PACKAGES),
        _cuda(),
        _embedder(),
        _model(),
        _cache(),
        _compiled(),
        _cores(),
        _memory(),
    ]
    if data is not None:
        traces = [name for name in ("openb", "swf", "topology") if (data / name).is_dir()]
        checks.append(Check("traces", bool(traces), ", ".join(traces) or "none", "fetch the traces named in docs"))
    if as_json:
        emit_json([c._asdict() for c in checks])
    else:
        emit_table(
            "doctor",
            ("check", "ok", "found", "remedy"),
            [(c.name, "yes" if c.ok else "NO", c.found, "" if c.ok else c.remedy) for c in checks],
        )
    if not all(c.ok for c in checks):
        raise typer.Exit(1)


def _python() -> Check:
    running = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 11), running, "install Python 3.11 or newer")


def _package(name: str) -> Check:
    try:
        return Check(name, True, version(name), "")
    except PackageNotFoundError:
        extra = EXTRA_OF.get(name.replace("-", "_"))
        if extra is not None:  # not an error: a command that needs it says so
            return Check(name, True, f"absent; comes with the extra {extra}", "")
        return Check(name, False, "absent", "pip install -c constraints.txt -e .")


def _cuda() -> Check:
    packages = sorted(d.metadata["Name"] for d in distributions() if (d.metadata["Name"] or "").startswith("nvidia-"))
    return Check("no CUDA packages", not packages, ", ".join(packages) or "none", "reinstall with constraints.txt")


def _embedder() -> Check:
    from aurora.errors import ModelError
    from aurora.memory.embedder import EMBEDDER_VARIABLE, run_fingerprint

    try:
        return Check("embedder", True, run_fingerprint() or "absent; comes with the extra models", "")
    except ModelError as error:
        return Check("embedder", False, str(error), f"reinstall with constraints.txt, or set {EMBEDDER_VARIABLE}")


def _model() -> Check:
    """Check the model that the environment names; there need not be one."""
    from aurora.agents.models.model import MODEL_VARIABLE, connect, model_name
    from aurora.errors import MissingExtraError, ModelError

    chosen = os.environ.get(MODEL_VARIABLE)
    if not chosen:
        return Check("model", True, "none named: the search proposes", "")
    try:
        connect(model_name(chosen))
    except (MissingExtraError, ModelError) as error:
        return Check("model", False, str(error), "see docs/guides/models.md")
    return Check("model", True, f"{chosen} (not asked)", "")


def _cache() -> Check:
    from aurora.sim.kernel.jit import cache_folder

    folder = cache_folder()
    return Check(
        "machine-code cache",
        os.access(folder, os.W_OK),
        str(folder),
        "set NUMBA_CACHE_DIR to a writable folder",
    )


def _compiled() -> Check:
    """List the compiled parts of the kernel; the others are compiled on first use, so the check passes."""
    from aurora.sim.compilation import PARTS, missing

    waiting = missing()
    compiled = [part for part in PARTS if part not in waiting]
    later = f"; when first used, about 40 s each: {', '.join(waiting)}" if waiting else ""
    return Check("compiled simulators", True, (", ".join(compiled) or "none") + later, "")


def _cores() -> Check:
    count = os.cpu_count() or 1
    return Check("cores", True, str(count), "")


def _memory() -> Check:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return Check("memory", True, "unknown", "")
    available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    finding = f"{available / 2**30:.1f} GB available"
    return Check("memory", available >= MIN_MEMORY, finding, f"free {MIN_MEMORY / 2**30:.0f} GB")
