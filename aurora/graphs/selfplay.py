"""Self-play: the attacker writes scenarios, the defender searches policies, the archive remembers.

                  ┌────── not enough ──────┐
                  ▼                        │
    curriculum → attack → validate ────────┴→ retrieve → defend → simulate
        ▲                                                            │
        └────────── commit ← advance ← rate ← score ─────────────────┘

One pass is an iteration. It ends with a single transaction that holds everything the iteration found and
where the run stands: that row is the run's checkpoint. So an iteration is in the archive as a whole or not
at all, and a run that was killed goes on after its last committed one, to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from langgraph.graph import END, START, StateGraph

from aurora.agents.models.metered import Call
from aurora.errors import BudgetExceeded
from aurora.graphs.events import Listener
from aurora.graphs.nodes_attack import attack, curriculum, enough, retrieve, validate
from aurora.graphs.nodes_defend import defend, simulate
from aurora.graphs.nodes_rate import advance, commit, go_on, rate, score
from aurora.graphs.state import Abandoned, State, StopReason
from aurora.graphs.workbench import Authors, SelfPlaySettings, Workbench, new_workbench
from aurora.memory.index import Index
from aurora.memory.ledger import Ledger
from aurora.memory.store import Store
from aurora.sim.policies.policy import Policy, parse_policy

__all__ = ["Finished", "SelfPlaySettings", "build_graph", "play"]

MANY = 10**6
"""Iterations of a run that only its time limit ends."""
STEPS_AN_ITERATION = 20
"""More nodes than an iteration can visit; LangGraph wants a limit."""


class Finished(NamedTuple):
    """How a call of `play` ended.

    Attributes:
        reason: Why.
        iterations: Committed iterations of the run, earlier calls included.
        champion: The best policy on validation.
        simulated: Simulations that this call ran; what a killed process had paid for is not among them.
    """

    reason: StopReason
    iterations: int
    champion: Policy
    simulated: int


def play(  # noqa: PLR0913  # what a run is started with
    store: Store,
    settings: SelfPlaySettings,
    *,
    iterations: int | None = None,
    jobs: int = 1,
    time_limit: float | None = None,
    tell: Listener = lambda event: None,
    interrupted: Callable[[], bool] = lambda: False,
    ledger: Ledger | None = None,
    validation_ledger: Ledger | None = None,
    index: Index | None = None,
    authors: Authors | None = None,
) -> Finished:
    """Run self-play until the archive holds `iterations`, the time is up, or somebody interrupts.

    Whatever the archive holds already is not repeated: calling it again resumes.

    Args:
        store: The archive of this run.
        settings: What determines the run.
        iterations: How many iterations the archive shall hold in the end; None: any number.
        jobs: Threads; the result does not depend on it.
        time_limit: Seconds. An unfinished iteration is abandoned at its next generation, unless it is the
            run's first: what a run leaves behind always has a champion.
        tell: Called with every event, in the order of time.
        interrupted: Asked after every generation; then the iteration is abandoned.
        ledger: Keeps what the iteration in progress has paid for, for the process after a kill.
        validation_ledger: Likewise the references' results on validation.
        index: Over the archive, in line with it; None: similar scenarios are found by statistics.
        authors: The model with its prompts, where the settings name one.

    Raises:
        ModelError: The model failed in a way that another try can't mend. Nothing committed is lost.
        DataError: A trace is not there or not valid.
        RunError: The settings name families that don't go.
        StoreError: The archive can't be read or written.
    """
    until = MANY if iterations is None else iterations
    last = store.last_iteration()
    if last is not None and last[0] + 1 >= until:
        return Finished("done", last[0] + 1, parse_policy(last[1]["champion"]), 0)
    ledger = Ledger() if ledger is None else ledger
    validation_ledger = Ledger() if validation_ledger is None else validation_ledger
    bench = new_workbench(
        store,
        settings,
        jobs=jobs,
        tell=tell,
        interrupted=interrupted,
        deadline=None if time_limit is None else time.monotonic() + time_limit,
        ledger=ledger,
        validation_ledger=validation_ledger,
        index=index,
        authors=authors,
    )
    if authors is not None:
        authors.model.watch = partial(_tell_call, bench)
        authors.model.tell = partial(_tell_remark, bench)
    reason = _loop(bench, until)
    simulated = ledger.added + validation_ledger.added
    tell({"event": "stopped", "iteration": bench.committed - 1, "reason": reason, "simulated": simulated})
    return Finished(reason, bench.committed, bench.champion, simulated)


def _tell_call(bench: Workbench, call: Call) -> None:
    spent = call.spent
    bench.tell(
        {
            "event": "model",
            "iteration": bench.committed,
            "cached": call.cached,
            "calls": spent.calls,
            "tokens_in": spent.tokens_in,
            "tokens_out": spent.tokens_out,
            "dollars": spent.dollars,
            "model_seconds": spent.seconds,
            "retries": spent.retries,
        }
    )


def _tell_remark(bench: Workbench, text: str) -> None:
    bench.tell({"event": "remark", "iteration": bench.committed, "text": text})


def _loop(bench: Workbench, last: int) -> StopReason:
    reason = bench.stop()
    if reason:
        return reason
    start: State = {
        "iteration": bench.committed,
        "last": last,
        "level": bench.curriculum.level,
        "round": 0,
        "proposed_ids": [],
        "scenario_ids": [],
        "rejected": 0,
        "rival_ids": [],
        "candidate_ids": [],
        "stop": "",
    }
    steps = STEPS_AN_ITERATION * (last - bench.committed)
    try:
        end: State = build_graph(bench).invoke(start, {"recursion_limit": steps})
    except Abandoned as abandoned:
        return abandoned.reason
    except BudgetExceeded:
        return "budget spent"
    return end["stop"]


def build_graph(bench: Workbench) -> Any:
    """The state machine; the wiring is all that happens here."""
    graph = StateGraph(State)
    for node in (curriculum, attack, validate, retrieve, defend, simulate, score, rate, advance, commit):
        graph.add_node(node.__name__, partial(node, bench))
    graph.add_edge(START, "curriculum")
    graph.add_edge("curriculum", "attack")
    graph.add_edge("attack", "validate")
    graph.add_conditional_edges("validate", enough, ["attack", "retrieve"])
    graph.add_edge("retrieve", "defend")
    graph.add_edge("defend", "simulate")
    graph.add_edge("simulate", "score")
    graph.add_edge("score", "rate")
    graph.add_edge("rate", "advance")
    graph.add_edge("advance", "commit")
    graph.add_conditional_edges("commit", go_on, {"curriculum": "curriculum", "stop": END})
    return graph.compile()
