"""The graph of a conversation for `langgraph dev`, Studio and agent-chat-ui, which bring their own checkpointer.

`langgraph.json` names it. What it talks about comes from the environment: `AURORA_SNAPSHOT`, `AURORA_HISTORY`,
`AURORA_PLANS` and `AURORA_MODEL`. The mode is `read` until a person says `/mode plan` or `/mode apply`.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from aurora.cluster.plans.folder import PLANS
from aurora.graphs.chat.graph import chat_graph
from aurora.graphs.chat.opening import DEFAULT_SNAPSHOT, open_desk, open_operator
from aurora.graphs.chat.surroundings import Surroundings
from aurora.people import user

SNAPSHOT_VARIABLE = "AURORA_SNAPSHOT"
"""Environment variable with the snapshot: a path or a sample."""
HISTORY_VARIABLE = "AURORA_HISTORY"
"""Environment variable with a file of measured series."""
PLANS_VARIABLE = "AURORA_PLANS"
"""Environment variable with the folder of plans."""


@lru_cache(maxsize=1)
def graph() -> Any:
    """Return the graph of a conversation, without a checkpointer.

    Raises:
        AuroraError: What the environment names can't be opened.
    """
    history = os.environ.get(HISTORY_VARIABLE, "")
    desk = open_desk(
        os.environ.get(SNAPSHOT_VARIABLE, DEFAULT_SNAPSHOT),
        history=Path(history) if history else None,
        plans=Path(os.environ.get(PLANS_VARIABLE, str(PLANS))),
    )
    operator = open_operator(os.environ.get("AURORA_MODEL", ""))
    return chat_graph(Surroundings(desk, operator, who=user()))
