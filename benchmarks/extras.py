"""Install each extra into a fresh environment; print what it takes, as the table of docs/guides/installation.md.

    python benchmarks/extras.py

Uses uv where it is on the path, pip elsewhere, and downloads nothing that is in their caches. PyTorch comes in a build
without CUDA, as `make` installs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = {
    "": "simulation, policies, search self-play, explanations",
    "learn": "measured series, forecasts, futures, reinforcement learning, cloned experts, pandas",
    "models": "language models as proposers and narrators, the index of similar scenarios",
    "solver": "optimal plans, sharper bounds, witnesses that a scenario is solvable",
    "kubernetes": "snapshots of a live cluster, and plans applied to it",
    "all": "everything",
}
"""Extra -> what it gives."""
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
IMPORTS = 5
"""Runs of which the fastest import counts."""
IMPORT = "import time; t = time.perf_counter(); import aurora; print(time.perf_counter() - t)"


def main() -> None:
    """Print a row for the base and for every extra."""
    print("| `pip install` | gives | size | time | `import aurora` |")
    print("|---|---|--:|--:|--:|")
    for extra, gives in EXTRAS.items():
        with tempfile.TemporaryDirectory() as folder:
            seconds, size, imported = measure(Path(folder), extra)
        name = f"aurora-alloc[{extra}]" if extra else "aurora-alloc"
        print(f"| `{name}` | {gives} | {size / 1e6:,.0f} MB | {seconds:.0f} s | {1000 * imported:.0f} ms |", flush=True)


def measure(folder: Path, extra: str) -> tuple[float, int, float]:
    """Return seconds of an installation, its bytes, and seconds of `import aurora`."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    began = time.perf_counter()
    if extra in ("learn", "models", "all"):
        version = next(v for v in (ROOT / "constraints.txt").read_text().split() if v.startswith("torch=="))
        if not install(python, f"{version}+cpu") and not install(python, version, "--index-url", CPU_INDEX):
            raise SystemExit(f"no build of {version} without CUDA was found")
    if not install(python, f"{ROOT}[{extra}]" if extra else str(ROOT)):
        raise SystemExit(f"the installation of the extra {extra or 'base'} failed")
    seconds = time.perf_counter() - began
    size = sum(path.lstat().st_size for path in (folder / "venv" / "lib").rglob("*") if path.is_file())
    runs = [subprocess.run([python, "-c", IMPORT], capture_output=True, check=True, cwd=folder) for _ in range(IMPORTS)]
    return seconds, size, min(float(run.stdout) for run in runs)


def install(python: Path, *arguments: str) -> bool:
    """Install into an environment; return whether it succeeded. uv looks where pip is told to look."""
    installer = (
        ["uv", "pip", "install"] if shutil.which("uv") else [sys.executable, "-m", "pip", "--python", str(python)]
    )
    chosen = ["--python", str(python)] if shutil.which("uv") else ["install"]
    constraints = ["--quiet", "-c", str(ROOT / "constraints.txt")]
    found = {"UV_FIND_LINKS": os.environ["PIP_FIND_LINKS"]} if "PIP_FIND_LINKS" in os.environ else {}
    command = [*installer, *chosen, *constraints, *arguments]
    return subprocess.run(command, check=False, env={**found, **os.environ}).returncode == 0


if __name__ == "__main__":
    main()
