"""Resources: the cluster in sum, and the plans, which a person can put into a conversation."""

from __future__ import annotations

import re

from mcp import types

CLUSTER, PLANS = "aurora://cluster", "aurora://plans"
JSON = "application/json"
_PLAN = re.compile(rf"{PLANS}/([0-9a-f]{{6,64}})")
RESOURCES = (
    types.Resource(
        uri=CLUSTER,
        name="cluster",
        title="The cluster",
        description="The open cluster in sum: nodes, tasks, how full it is, what it costs an hour.",
        mime_type=JSON,
    ),
    types.Resource(
        uri=PLANS,
        name="plans",
        title="Plans",
        description="The plans, the newest first, and how far each is.",
        mime_type=JSON,
    ),
)
TEMPLATES = (
    types.ResourceTemplate(
        uri_template=f"{PLANS}/{{plan_id}}",
        name="plan",
        title="A plan",
        description="A plan: its changes, simulated effect, risks, money, and how far it is.",
        mime_type=JSON,
    ),
)


def call_of(uri: str) -> tuple[str, dict[str, str]] | None:
    """Return the tool and the arguments that read a resource; None: there is no such resource."""
    if uri == CLUSTER:
        return "cluster_overview", {}
    if uri == PLANS:
        return "list_plans", {}
    plan = _PLAN.fullmatch(uri)
    return None if plan is None else ("show_plan", {"plan_id": plan[1]})
