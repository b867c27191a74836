"""Usage of a run's model: calls, cost and faults, from the run's recording and archive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from aurora.agents.models.budget import Budget, Purse
from aurora.graphs.run_directory import CALLS
from aurora.memory.names import BY_MODEL
from aurora.memory.store import Store
from aurora.tools.recording import Recording


def model_usage(directory: Path, store: Store) -> dict[str, Any] | None:
    """Count calls, tokens, dollars and faults of a run; None if it has no model. Keys of `aurora selfplay --json`.

    Args:
        directory: Folder of the run.
        store: Archive of the run.
    """
    if not (directory / CALLS).exists():
        return None
    with Recording(directory / CALLS, replaying=True) as recording:
        spent = Purse(Budget(), recording).spent
        tools = Counter(e.response[0] for e in recording if e.kind == "tool")
    return {
        "calls": spent.calls,
        "requests": spent.requests,
        "accepted": store.count_prompted(),
        "tokens_cached": spent.tokens_cached,
        "tokens_in": spent.tokens_in,
        "tokens_out": spent.tokens_out,
        "dollars": spent.dollars,
        "seconds": spent.seconds,
        "faults": dict(sorted(spent.faults.items())),
        "tool_calls": dict(sorted(tools.items())),
        "answers_sent_back": store.count_attempts(BY_MODEL),
    }
