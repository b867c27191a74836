"""Self-play: the attacker proposes scenarios, the defender proposes policies, the archive remembers.

                  ┌────── not enough ──────┐
                  ▼                        │
    curriculum → attack → validate ────────┴→ retrieve → defend → simulate
        ▲                                                            │
        └────────── commit ← advance ← rate ← score ─────────────────┘

    Attacked: attack, validate · Retrieved: retrieve · Defended: defend · Played: simulate
    Scored: score · Rated: rate · Advanced: advance · Standing: commit

Each node is a function from the typed state (`aurora.graphs.state`) to the keys that it sets; what they share
(`aurora.graphs.context`) does not change. `attack` and `defend` ask a `ScenarioProposer` and a `PolicyProposer`
(`aurora.graphs.proposers.protocols`): the search, a model, both, or the caller's own.

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

from aurora.agents.arena.evaluation import Arena
from aurora.agents.arena.source import Source
from aurora.errors import BudgetExceeded
from aurora.graphs.checkpoint import restored
from aurora.graphs.context import Authors, RunContext, first_standing, proposers, validation_arena
from aurora.graphs.events import Listener, StopReason
from aurora.graphs.nodes.attack import attack, curriculum, enough, retrieve, validate
from aurora.graphs.nodes.defend import defend, simulate
from aurora.graphs.nodes.rate import advance, commit, go_on, rate, score
from aurora.graphs.proposers.protocols import PolicyProposer, ScenarioProposer
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.graphs.state import Abandoned, Standing, Start, State
from aurora.memory.index import Index
from aurora.memory.measurement_cache import MeasurementCache
from aurora.memory.store import Store
from aurora.sim.policies.policy import Policy, parse_policy

__all__ = ["Finished", "SelfPlaySettings", "build_graph", "play"]

MAX_ITERATIONS = 10**6
"""Iterations of a run that only its time limit ends."""
STEPS_PER_ITERATION = 20
"""More nodes than an iteration can visit; LangGraph wants a limit."""


class Finished(NamedTuple):
    """How a call of `play` ended.

    Attributes:
        reason: Why it ended.
        iterations: Committed iterations of the run, earlier calls included.
        champion: Best policy on validation.
        simulated: Simulations that this call ran; those of a killed process are not among them.
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
    clock: Callable[[], float] = time.monotonic,
    source: Source | None = None,
    cache: MeasurementCache | None = None,
    validation_cache: MeasurementCache | None = None,
    index: Index | None = None,
    authors: Authors | None = None,
    scenario_proposer: ScenarioProposer | None = None,
    policy_proposer: PolicyProposer | None = None,
) -> Finished:
    """Run self-play until the archive holds `iterations`, the time is up, or somebody interrupts.

    Whatever the archive holds already is not repeated: calling it again resumes.

    Args:
        store: The archive of this run.
        settings: Settings that determine the run.
        iterations: How many iterations the archive shall hold in the end; None: any number.
        jobs: Threads; the result does not depend on it.
        time_limit: Seconds. An unfinished iteration is abandoned at its next generation, unless it is the
            run's first: what a run leaves behind always has a champion.
        tell: Called with every event, in the order of time.
        interrupted: Asked after every generation; then the iteration is abandoned.
        clock: Monotonic clock, seconds.
        source: Source that the settings choose, where it is open already.
        cache: Keeps the measurements of the iteration in progress, for the process after a kill.
        validation_cache: Likewise the references' measurements on validation.
        index: Index over the archive, in line with it; None: similar scenarios are found by statistics.
        authors: The model with its prompts, where the settings name one.
        scenario_proposer: Attacker of the caller's own; None: the one that the settings name.
        policy_proposer: Defender of the caller's own; None: the one that the settings name.

    Raises:
        ModelError: The model failed in a way that another try can't mend. Nothing committed is lost.
        DataError: A trace is not there or not valid.
        RunError: The settings name families that don't go.
        StoreError: The archive can't be read or written.
    """
    until = MAX_ITERATIONS if iterations is None else iterations
    last = store.last_iteration()
    if last is not None and last[0] + 1 >= until:
        return Finished("done", last[0] + 1, parse_policy(last[1]["champion"]), 0)
    deadline = None if time_limit is None else clock() + time_limit
    source = chosen_source(settings) if source is None else source
    cache = MeasurementCache() if cache is None else cache
    validation_cache = MeasurementCache() if validation_cache is None else validation_cache
    built_in = proposers(settings, store, index, authors)
    validation = validation_arena(source, settings.seed, jobs, validation_cache)
    committed, standing = begin(store, validation, settings, jobs)
    context = RunContext(
        settings=settings,
        source=source,
        store=store,
        index=index,
        cache=cache,
        validation=validation._replace(cache=cache),  # candidates are measurements of their iteration
        scenario_proposer=scenario_proposer or built_in[0],
        policy_proposer=policy_proposer or built_in[1],
        authors=authors,
        jobs=jobs,
        tell=tell,
        interrupted=interrupted,
        deadline=deadline,
        clock=clock,
    )
    reason, committed, standing = _loop(context, committed, standing, until)
    simulated = cache.added + validation_cache.added
    tell({"event": "stopped", "iteration": committed - 1, "reason": reason, "simulated": simulated})
    return Finished(reason, committed, standing.champion, simulated)


def begin(store: Store, validation: Arena, settings: SelfPlaySettings, jobs: int) -> tuple[int, Standing]:
    """Return how many iterations the archive holds, and where the run stands after them."""
    last = store.last_iteration()
    if last is None:
        return 0, first_standing(validation, settings.start, jobs)
    return last[0] + 1, restored(last[1], validation.source, store)


def _loop(context: RunContext, committed: int, standing: Standing, last: int) -> tuple[StopReason, int, Standing]:
    """Play until iteration `last`; return why it ended, how many iterations are committed, and where the run stands."""
    reason = context.stop(committed)
    if reason:
        return reason, committed, standing
    begun: Start = {"iteration": committed, "last": last, "standing": standing, "stop": ""}
    limits = {"recursion_limit": STEPS_PER_ITERATION * (last - committed)}
    try:
        # Each step yields the whole state: a pass that is abandoned leaves what the last commit made of it.
        for state in build_graph(context).stream(begun, limits, stream_mode="values"):
            begun = state
    except Abandoned as abandoned:
        reason = abandoned.reason
    except BudgetExceeded:
        reason = "budget spent"
    return reason or begun["stop"], begun["iteration"], begun["standing"]


def build_graph(context: RunContext) -> Any:
    """Wire the nodes; this is all that happens here."""
    graph = StateGraph(State)
    for node in (curriculum, attack, validate, retrieve, defend, simulate, score, rate, advance, commit):
        graph.add_node(node.__name__, partial(node, context))
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
