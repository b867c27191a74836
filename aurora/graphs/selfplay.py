"""Self-play: the attacker proposes scenarios, the defender proposes policies, the archive keeps both.

                  ┌────── not enough ──────┐
                  ▼                        │
    curriculum → attack → validate ────────┴→ retrieve → defend → simulate
        ▲                                                            │
        └────────── commit ← advance ← rate ← score ─────────────────┘

    Attacked: attack, validate · Retrieved: retrieve · Defended: defend · Played: simulate
    Scored: score · Rated: rate · Advanced: advance · Standing: commit

Each node is a function from the typed state (`aurora.graphs.state`) to the keys that it sets; the context that they
share (`aurora.graphs.context`) does not change. `attack` and `defend` call a `ScenarioProposer` and a `PolicyProposer`
(`aurora.graphs.proposers.protocols`): the search, a model, both, or the caller's own.

Where the settings say so, `evolve_prompts` (`aurora.graphs.prompt_iterations`) stands before `commit`.

One pass is an iteration. It ends with a single transaction that writes all results of the iteration and the state of
the run, which is its checkpoint. So the archive holds an iteration as a whole or not at all, and a run that was killed
continues exactly from its last committed iteration.
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
from aurora.graphs.prompt_iterations import evolve_prompts
from aurora.graphs.proposers.protocols import PolicyProposer, ScenarioProposer
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.graphs.state import Abandoned, Standing, Start, State
from aurora.graphs.validation import Pool
from aurora.memory.index import Index
from aurora.memory.measurement_cache import MeasurementCache
from aurora.memory.store import Store
from aurora.sim.policies.policy import Policy, parse_policy

__all__ = ["Finished", "SelfPlaySettings", "build_graph", "play"]

MAX_ITERATIONS = 10**6
"""Number of iterations of a run that only its time limit ends."""
STEPS_PER_ITERATION = 20
"""Upper bound on the nodes that an iteration visits, for LangGraph's recursion limit."""


class Finished(NamedTuple):
    """The result of a call of `play`.

    Attributes:
        reason: Reason why the run stopped.
        iterations: Number of committed iterations of the run, earlier calls included.
        champion: Best policy on validation.
        simulated: Simulations of this call, without those of processes that were killed.
    """

    reason: StopReason
    iterations: int
    champion: Policy
    simulated: int


def play(  # noqa: PLR0913  # all options of a run
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
    """Run self-play until the archive holds `iterations`, the time is up, or it is interrupted.

    Iterations in the archive are not repeated, so another call resumes the run.

    Args:
        store: Archive of the run.
        settings: Settings that determine the run.
        iterations: Total number of iterations in the archive at the end; None: no limit.
        jobs: Number of threads; the result does not depend on it.
        time_limit: Time limit, in seconds. An unfinished iteration is abandoned at its next generation, unless it is
            the run's first, so that a run always has a champion. None: no limit.
        tell: Callback for every event, in order.
        interrupted: Callback that is called after every generation; if it returns True, the iteration is abandoned.
        clock: Monotonic clock, seconds.
        source: Source that the settings choose; None: it is opened here.
        cache: Measurements of the iteration in progress, kept for the next process after a kill; None: in memory only.
        validation_cache: Measurements of the references on validation; None: in memory only.
        index: Up-to-date index over the archive; None: similar scenarios are found by statistics.
        authors: Model with its prompts, if the settings name one.
        scenario_proposer: Attacker of the caller; None: the one that the settings name.
        policy_proposer: Defender of the caller; None: the one that the settings name.

    Raises:
        ModelError: The model failed, and another try can't succeed. Nothing committed is lost.
        DataError: A trace is missing or not valid.
        RunError: The settings name unknown families, or families for both training and validation.
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
        # candidates are measurements of their iteration
        validation=Pool(validation._replace(cache=cache), settings.seed),
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
    """Return the number of iterations in the archive, and the state of the run after them."""
    last = store.last_iteration()
    if last is None:
        return 0, first_standing(validation, settings.start, jobs)
    return last[0] + 1, restored(last[1], validation.source, store)


def _loop(context: RunContext, committed: int, standing: Standing, last: int) -> tuple[StopReason, int, Standing]:
    """Play `last` iterations; return the reason of the stop, the number of committed iterations, and the state."""
    reason = context.stop(committed)
    if reason:
        return reason, committed, standing
    begun: Start = {"iteration": committed, "last": last, "standing": standing, "stop": ""}
    limits = {"recursion_limit": STEPS_PER_ITERATION * (last - committed)}
    try:
        # Each step yields the whole state; an abandoned iteration leaves the state of the last commit.
        for state in build_graph(context).stream(begun, limits, stream_mode="values"):
            begun = state
    except Abandoned as abandoned:
        reason = abandoned.reason
    except BudgetExceeded:
        reason = "budget spent"
    return reason or begun["stop"], begun["iteration"], begun["standing"]


def build_graph(context: RunContext) -> Any:
    """Return the compiled graph of self-play."""
    graph = StateGraph(State)
    last = (evolve_prompts,) if context.settings.evolve_prompts else ()
    for node in (curriculum, attack, validate, retrieve, defend, simulate, score, rate, advance, *last, commit):
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
    graph.add_edge("advance", "evolve_prompts" if last else "commit")
    if last:
        graph.add_edge("evolve_prompts", "commit")
    graph.add_conditional_edges("commit", go_on, {"curriculum": "curriculum", "stop": END})
    return graph.compile()
