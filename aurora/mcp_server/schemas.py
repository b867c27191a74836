"""Describes the tools to a client: names, schemas of arguments, and what they do to the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool
from mcp import types
from pydantic import BaseModel, Field

from aurora.agents.operator.tool_schemas import short_schema
from aurora.mcp_server.results import MORE
from aurora.tools.registry import Effect, Tool
from aurora.types import Frozen

REFRESH = "refresh_cluster"
"""Name of the tool that reads the cluster anew."""
OF_A_PERSON = frozenset({"apply_plan", "roll_back_plan", "train"})
"""Tools that change something beyond a plan: they are a person's, and never offered here."""
TASKS = "Tasks are the pods of Kubernetes, or the jobs of Slurm."
OF_TASKS = frozenset({"cluster_overview", "find_tasks", "why_task_waits"})
"""Tools by which a model begins; some clients don't show it the server's instructions."""
PLAN_NOTE = "It changes nothing: a person approves and applies it, with `aurora plan approve` and `aurora plan apply`."


class MoreArguments(Frozen):
    """Which part of a result to show."""

    id: str = Field(max_length=100, description="as the end of the cut result names it")
    offset: int = Field(default=0, ge=0, le=10**9, description="character at which to begin")


class RefreshArguments(Frozen):
    """Nothing to choose."""


OWN: Mapping[str, tuple[str, type[BaseModel]]] = {
    MORE: ("Show more of a result that was cut; its last line says which id and offset to give.", MoreArguments),
    REFRESH: (
        "Read the cluster, or its file, anew; results are about the state read last. Returns when it was taken.",
        RefreshArguments,
    ),
}
"""Tools of the server itself: description and arguments."""


UNITS = "Amounts: cpu in cores, memory in GiB, prices in dollars an hour."
"""Said by each tool whose results have bare numbers: many clients hand no instructions of the server to their model."""
WITH_AMOUNTS = frozenset(
    {
        "cluster_overview",
        "find_nodes",
        "find_tasks",
        "find_workloads",
        "node_details",
        "task_details",
        "cluster_what_if",
        "oversized",
    }
)


def names_offered(names: tuple[str, ...], effect_of: Callable[[str], Effect], *, may_plan: bool) -> tuple[str, ...]:
    """Return the names of the tools that a client may call, of those for which there is data.

    Args:
        names: Tools for which there is data.
        effect_of: Returns the effect of a tool.
        may_plan: True: tools that write plans too.
    """
    allowed = ("reads", "plans") if may_plan else ("reads",)
    return tuple(n for n in names if n not in OF_A_PERSON and effect_of(n) in allowed)


def described(name: str, tool: Tool) -> types.Tool:
    """Return a tool as a client is told of it."""
    description = f"{tool.description} {PLAN_NOTE}" if tool.effect == "plans" else tool.description
    if name in OF_TASKS:
        description = f"{description} {TASKS}"
    if name in WITH_AMOUNTS:
        description = f"{description} {UNITS}"
    return _described(name, description, tool.arguments, tool.effect)


def own_tools() -> list[types.Tool]:
    """Return the server's own tools as a client is told of them."""
    return [_described(name, text, arguments, "reads") for name, (text, arguments) in OWN.items()]


def _described(name: str, description: str, arguments: type[BaseModel], effect: Effect) -> types.Tool:
    return types.Tool(
        name=name,
        title=name.replace("_", " ").capitalize(),
        description=description,
        input_schema=_schema(arguments),
        annotations=types.ToolAnnotations(
            read_only_hint=effect == "reads",
            destructive_hint=False,
            idempotent_hint=effect == "reads",
            open_world_hint=False,
        ),
    )


def _schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of arguments, its references resolved and without what only the validation needs."""
    schema = short_schema(convert_to_openai_tool(arguments)["function"]["parameters"])
    return {"type": "object", "properties": {}, **schema}
