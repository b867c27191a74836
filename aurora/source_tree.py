"""The commit of the source tree that AURORA runs from."""

from __future__ import annotations

import subprocess  # git, with fixed arguments
from pathlib import Path

_GIT_SECONDS = 10.0


def source_commit() -> str:
    """Return the commit of the tree that AURORA runs from, with + if its files differ; empty outside of a tree."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return ""
    commit, changes = _git(root, "rev-parse", "--short=12", "HEAD"), _git(root, "status", "--porcelain", "-uno")
    return "" if not commit else f"{commit}+" if changes else commit


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints; empty if it fails or is not installed."""
    try:
        done = subprocess.run(  # fixed arguments
            ["git", "-C", str(root), *arguments],  # the user's own git
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
