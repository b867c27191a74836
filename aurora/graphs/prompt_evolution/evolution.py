"""Prompt evolution: variants of a prompt are proposed, checked, measured and selected, generation by generation.

    propose → check → measure → select → commit ─┬→ judge
       ▲                                         │
       └───────────── budget left ───────────────┘

Each node is a function from the context and the state to the keys that it sets. `commit` and `judge` write one
transaction, which is the checkpoint: after a kill, the generation in progress is done again from its start, with the
answers that the recording already holds.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from langgraph.graph import END, START, StateGraph

from aurora.errors import BudgetExceeded
from aurora.graphs.prompt_evolution.bench import Cases
from aurora.graphs.prompt_evolution.budget import EvolutionBudget
from aurora.graphs.prompt_evolution.context import EvolutionContext
from aurora.graphs.prompt_evolution.judging import LEAST_FOR_GAIN
from aurora.graphs.prompt_evolution.nodes import check, commit, judge, measure, next_node, propose, select
from aurora.graphs.prompt_evolution.state import Standing, State, Stop, first_standing
from aurora.graphs.state import Abandoned
from aurora.prompts.loader import Prompt

STEPS_PER_GENERATION = 8
"""Upper bound on the nodes that a generation visits, for LangGraph's recursion limit."""


class Evolved(NamedTuple):
    """The result of an evolution so far."""

    reason: Stop
    standing: Standing


def evolve(context: EvolutionContext, first: Prompt) -> Evolved:
    """Evolve a prompt until the generations or the budget are spent, or it is interrupted.

    Generations in the archive are not repeated, so another call resumes the evolution.

    Args:
        context: What the nodes share.
        first: Prompt that a new evolution begins with.

    Raises:
        ModelError: A provider failed in a way that another try can't cure. Nothing committed is lost.
        StoreError: The archive can't be read or written.
    """
    last = context.store.last_iteration()
    standing = first_standing(first) if last is None else Standing.model_validate(last[1])
    state: dict[str, Any] = {"standing": standing, "stop": ""}
    limit = STEPS_PER_GENERATION * (context.last + 3)
    reason: Stop = ""
    try:
        # Each step yields the whole state; an abandoned generation leaves the state of the last commit.
        for step in build_graph(context).stream(state, {"recursion_limit": limit}, stream_mode="values"):
            state = step
    except Abandoned:
        reason = "interrupted"
    except BudgetExceeded:
        reason = "budget spent"
    return Evolved(reason or state["stop"], state["standing"])


def build_graph(context: EvolutionContext) -> Any:
    """Return the compiled graph of prompt evolution."""
    graph = StateGraph(State)
    for node in (propose, check, measure, select, commit, judge):
        graph.add_node(node.__name__, partial(node, context))
    graph.add_conditional_edges(START, partial(next_node, context), ["propose", "judge"])
    graph.add_edge("propose", "check")
    graph.add_edge("check", "measure")
    graph.add_edge("measure", "select")
    graph.add_edge("select", "commit")
    graph.add_conditional_edges("commit", partial(next_node, context), ["propose", "judge"])
    graph.add_edge("judge", END)
    return graph.compile()


def stated(budget: EvolutionBudget, cases: Cases, generations: int, variants: int) -> str:
    """Return the budget in words, with what it is made of, to be shown before the start."""
    first, most = len(cases.selection), generations * variants
    sealed = 2 * len(cases.sealed)
    few = ""
    if sealed < 2 * LEAST_FOR_GAIN:
        few = f". With {len(cases.sealed)} sealed cases no gain can be shown; take at least {LEAST_FOR_GAIN}"
    return (
        f"{budget}. At most {min(most, budget.proposals)} variants in {generations} generations; {first} evaluations "
        f"for the first prompt, at most {first} for each variant, {sealed} kept for the sealed cases{few}"
    )
