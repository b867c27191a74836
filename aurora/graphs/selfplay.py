"""Self-play: the attacker writes scenarios, the defender searches policies, the archive remembers.

    attack -> validate -> defend -> simulate -> rate -> advance -> (attack)

One pass is an iteration. It ends with a single transaction that holds everything it found and where the
run stands, so a run that is killed resumes after its last committed iteration and goes on to the bit.
State between nodes is ids and small numbers; scenarios and policies are on the workbench and in the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from aurora.agents.evaluation import Arena, advantage, arena, measurements
from aurora.agents.policy_search import Proposal, SearchState, Settings, first_state, search
from aurora.agents.scenario_search import (
    NEAR_DUPLICATE,
    Known,
    complexity,
    describe,
    diversity,
    propose,
)
from aurora.agents.sources import Source, Spec, difficulty, open_source
from aurora.memory import pareto
from aurora.memory.store import Failure, Iteration, NewOutcome, NewPolicy, NewScenario, Store
from aurora.sim.compiler import compile_policy
from aurora.sim.curriculum import Curriculum
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policy import Policy, parse_policy
from aurora.sim.rewards import attacker_reward, objective_vector, succeeds
from aurora.sim.scenario import Frozen

SCENARIOS = 5
"""Attacker's scenarios an iteration."""
RIVALS = 4
"""Archive champions that the new candidates meet on every scenario."""
KNOWN_LIMIT = 60
"""Earlier specs the attacker keeps in mind."""
VALIDATION_SEED = 1_000_003
FORGETTING_SAMPLE = 20
TIE = 1e-12

Event = dict[str, Any]
Listener = Callable[[Event], None]


class SelfPlaySettings(Frozen):
    """What determines a run; two runs with equal settings have equal archives.

    Attributes:
        source: Where scenarios come from.
        data: Folder with the traces, for openb and swf.
        seed: Of everything random.
        population, generations: Size of an iteration's search.
        training_per_family, validation_per_family: Scenarios of each family.
    """

    source: Literal["generated", "openb", "swf"] = "generated"
    data: str | None = None
    seed: int = 0
    population: int = 16
    generations: int = 12
    training_per_family: int = 1
    validation_per_family: int = 6


class TimeIsUp(Exception):  # noqa: N818  # not an error: ends an iteration that will not be kept
    """The time limit passed within an iteration, which is then abandoned."""


class GraphState(TypedDict):
    """What passes between the nodes of one iteration: ids and small numbers."""

    iteration: int
    level: int
    scenario_ids: list[str]
    candidate_ids: list[str]


@dataclass(slots=True)
class Workbench:
    """What the nodes of an iteration work on; nothing of it outlives the iteration but `commit`'s row."""

    source: Source
    settings: SelfPlaySettings
    store: Store
    validation: Arena
    jobs: int
    tell: Listener
    deadline: float | None
    curriculum: Curriculum
    searcher: SearchState
    champion: Policy
    champion_value: float
    known: list[Known]
    evaluations: int = 0
    specs: dict[str, Spec] = field(default_factory=dict)
    encoded: dict[str, EncodedScenario] = field(default_factory=dict)
    descriptions: dict[str, tuple[float, ...]] = field(default_factory=dict)
    proposal: Proposal | None = None
    training_gap: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    policies: dict[str, NewPolicy] = field(default_factory=dict)
    scenarios: list[NewScenario] = field(default_factory=list)
    outcomes: list[NewOutcome] = field(default_factory=list)
    rounds: dict[str, dict[str, float]] = field(default_factory=dict)
    fronts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def _rng(bench: Workbench, iteration: int, part: int) -> np.random.Generator:
    return np.random.default_rng([bench.settings.seed, iteration, part])


def attack(bench: Workbench, state: GraphState) -> dict[str, Any]:
    """The attacker writes scenarios for the current level."""
    rng = _rng(bench, state["iteration"], 1)
    specs = propose(bench.source, state["level"], bench.known, SCENARIOS, rng)
    bench.specs = {s.spec_id: s for s in specs}
    return {"scenario_ids": list(bench.specs)}


def validate(bench: Workbench, state: GraphState) -> dict[str, Any]:
    """Keep what is solvable and new: a reference that completes every task is the witness."""
    kept: list[str] = []
    for name in state["scenario_ids"]:
        scenario = bench.source.expand(bench.specs[name])
        description = describe(scenario)
        if diversity(description, bench.known) < NEAR_DUPLICATE and bench.source.has_levels:
            bench.failures.append(Failure("scenario", name, "near duplicate of an earlier scenario"))
            continue
        encoded = encode(scenario)
        if bench.source.must_complete:
            unplaced = _least_unplaced(bench, encoded)
            if unplaced > 0:
                reason = f"no witness: every reference leaves at least {unplaced} tasks unserved"
                bench.failures.append(Failure("scenario", name, reason))
                continue
        bench.encoded[name] = encoded
        bench.descriptions[name] = description
        kept.append(name)
    return {"scenario_ids": kept}


def _least_unplaced(bench: Workbench, encoded: EncodedScenario) -> int:
    programs = [compile_policy(p) for p in bench.source.references.values()]
    bench.evaluations += len(programs)
    rows = measurements(bench.source, [encoded], programs, bench.jobs)
    return min(row[0][1].unplaced for row in rows)


def defend(bench: Workbench, state: GraphState) -> dict[str, Any]:
    """The defender searches on fresh training scenarios and the attacker's; proposes candidates."""
    source, settings = bench.source, bench.settings
    rng = _rng(bench, state["iteration"], 2)
    training = [
        encode(source.expand(source.sample(family, _mixed_level(state["level"], rng), rng)))
        for family in source.training
        for _ in range(settings.training_per_family)
    ]
    ground = arena(source, training + [bench.encoded[n] for n in state["scenario_ids"]], bench.jobs)
    bench.evaluations += ground.reference_values.size
    others = [*source.references.values(), bench.champion]

    def tick(generation: int, advantage_: float) -> None:
        if bench.deadline is not None and time.monotonic() > bench.deadline:
            raise TimeIsUp
        bench.tell(
            {
                "event": "generation",
                "iteration": state["iteration"],
                "generation": generation,
                "advantage": advantage_,
            }
        )

    bench.proposal = search(
        bench.searcher,
        ground,
        others,
        Settings(settings.population, settings.generations, bench.jobs),
        int(rng.integers(2**31)),
        tick,
    )
    bench.evaluations += bench.proposal.evaluations
    bench.searcher = bench.proposal.state
    bench.failures += [Failure("policy", "variation", reason) for reason in bench.proposal.failures]
    for policy, origin, parents in bench.proposal.candidates:
        bench.policies[policy.policy_id] = NewPolicy(policy, origin, parents)
    bench.training_gap = float(advantage(ground, bench.proposal.candidates[0][0], bench.jobs).mean())
    return {"candidate_ids": [p.policy_id for p, _, _ in bench.proposal.candidates]}


def _mixed_level(level: int, rng: np.random.Generator) -> int:
    """Mostly the current level, sometimes an earlier one, so that little is forgotten."""
    return level if rng.random() < 0.6 else int(rng.integers(1, level + 1))  # noqa: PLR2004  # a share


def simulate(bench: Workbench, state: GraphState) -> dict[str, Any]:
    """Candidates, champions and references meet on the attacker's scenarios."""
    source = bench.source
    rivals = {d["policy_id"]: bench.store.policy(d["policy_id"]) for d in bench.store.top(RIVALS)}
    players = {p: bench.policies[p].policy for p in state["candidate_ids"]}
    players |= rivals | {bench.champion.policy_id: bench.champion} | dict(source.references)
    for name, policy in players.items():
        origin = "reference" if name in source.references else "champion"
        bench.policies.setdefault(name, NewPolicy(policy, origin))
    names = sorted(players)
    scenarios = [bench.encoded[n] for n in state["scenario_ids"]]
    rows = measurements(source, scenarios, [compile_policy(players[n]) for n in names], bench.jobs)
    bench.evaluations += len(names) * len(scenarios)
    for place, scenario_id in enumerate(state["scenario_ids"]):
        achieved = {name: rows[i][place] for i, name in enumerate(names)}
        bench.rounds[scenario_id] = {name: value for name, (value, _) in achieved.items()}
        vectors = {name: objective_vector(summary) for name, (_, summary) in achieved.items()}
        bench.fronts[scenario_id] = pareto.front(vectors)
        for name, (value, summary) in achieved.items():
            sums = {key: float(getattr(summary, key)) for key in summary.__slots__}
            bench.outcomes.append(NewOutcome(name, scenario_id, value, sums))
    return {}


def rate(bench: Workbench, state: GraphState) -> dict[str, Any]:
    """What the scenarios were worth to the attacker, and who is champion (chosen on validation)."""
    level = state["level"]
    for scenario_id in state["scenario_ids"]:
        achieved = bench.rounds[scenario_id]
        marks = [achieved[r] for r in bench.source.references]
        players = [n for n in achieved if n not in bench.source.references]
        rate_ = sum(succeeds(achieved[n], marks) for n in players) / len(players)
        description = bench.descriptions[scenario_id]
        reward = attacker_reward(
            rate_,
            diversity(description, bench.known),
            complexity(description),
            difficulty(level) if bench.source.has_levels else 0.5,
        )
        spec = bench.specs[scenario_id]
        family = getattr(spec, "family", "") or bench.source.name
        bench.scenarios.append(NewScenario(scenario_id, family, level, spec.model_dump_json(), rate_, reward))
        bench.known.append(Known(spec, reward, description))
    bench.known[:] = bench.known[-KNOWN_LIMIT:]
    for name in state["candidate_ids"]:
        policy = bench.policies[name].policy
        value = float(advantage(bench.validation, policy, bench.jobs).mean())
        bench.evaluations += len(bench.validation.scenarios)
        if value > bench.champion_value:
            bench.champion, bench.champion_value = policy, value
    return {}


def advance(bench: Workbench, state: GraphState) -> dict[str, Any]:
    """Record success, perhaps move up a level (and measure what was forgotten), and commit."""
    before = bench.curriculum.level
    champion = bench.champion.policy_id
    for scenario_id in state["scenario_ids"]:
        achieved = bench.rounds[scenario_id]
        if champion in achieved and bench.source.has_levels:
            marks = [achieved[r] for r in bench.source.references]
            bench.curriculum = bench.curriculum.record(succeeds(achieved[champion], marks))
    iteration = state["iteration"]
    rates = [s.success_rate for s in bench.scenarios]
    bench.events.append(
        {
            "event": "iteration",
            "iteration": iteration,
            "level": before,
            "scenarios": len(rates),
            "rejected": SCENARIOS - len(rates),
            "success_rates": rates,
            "attacker_rewards": [s.attacker_reward for s in bench.scenarios],
            "champion": champion,
            "validation_advantage": bench.champion_value,
            "training_advantage": bench.training_gap,
            "evaluations": bench.evaluations,
            "failures": len(bench.failures),
            "history": list(bench.proposal.history) if bench.proposal else [],
        }
    )
    if bench.curriculum.level > before:
        bench.events.append(_forgetting(bench, iteration))
    bench.store.commit(
        Iteration(
            number=iteration,
            policies=[bench.policies[n] for n in sorted(bench.policies)],
            scenarios=bench.scenarios,
            outcomes=bench.outcomes,
            failures=bench.failures,
            rounds=bench.rounds,
            fronts=bench.fronts,
            state=_checkpoint(bench),
            events=bench.events,
        )
    )
    for event in bench.events:
        bench.tell(event)
    return {}


def _forgetting(bench: Workbench, iteration: int) -> Event:
    """The champion on archived scenarios of earlier levels: success by level."""
    by_level: dict[str, float] = {}
    for level in range(1, bench.curriculum.level):
        rows = bench.store.scenarios(level=level)[-FORGETTING_SAMPLE:]
        scenarios = [encode(bench.source.expand(bench.source.parse(r["spec"]))) for r in rows]
        if scenarios:
            ground = arena(bench.source, scenarios, bench.jobs)
            ahead = advantage(ground, bench.champion, bench.jobs)
            bench.evaluations += ground.reference_values.size + len(scenarios)
            by_level[str(level)] = float(np.mean(ahead >= -TIE))
    return {
        "event": "forgetting",
        "iteration": iteration,
        "level": bench.curriculum.level,
        "success": by_level,
    }


def _checkpoint(bench: Workbench) -> dict[str, Any]:
    return {
        "curriculum": bench.curriculum.model_dump(mode="json"),
        "searcher": bench.searcher.model_dump(mode="json"),
        "champion": bench.champion.model_dump(mode="json"),
        "champion_value": bench.champion_value,
        "evaluations": bench.evaluations,
        "known": [
            {"spec": k.spec.model_dump(mode="json"), "reward": k.reward, "description": list(k.description)}
            for k in bench.known
        ],
    }


def _first_bench(store: Store, settings: SelfPlaySettings, jobs: int, tell: Listener) -> Workbench:
    """The workbench of a new run."""
    source = open_source(settings.source, None if settings.data is None else Path(settings.data))
    rng = np.random.default_rng([settings.seed, VALIDATION_SEED])
    validation = arena(
        source,
        [
            encode(source.expand(source.sample(family, 1 + i % 5 if source.has_levels else 1, rng)))
            for family in source.validation
            for i in range(settings.validation_per_family)
        ],
        jobs,
    )
    ahead = (validation.reference_values - validation.mark).mean(axis=1)
    best = validation.reference_names[int(np.argmax(ahead))]
    return Workbench(
        source=source,
        settings=settings,
        store=store,
        validation=validation,
        jobs=jobs,
        tell=tell,
        deadline=None,
        curriculum=Curriculum(),
        searcher=first_state(source.templates[0]),
        champion=source.references[best],
        champion_value=float(ahead.max()),
        known=[],
    )


def _restore(bench: Workbench, state: Mapping[str, Any]) -> None:
    bench.curriculum = Curriculum.model_validate(state["curriculum"])
    bench.searcher = SearchState.model_validate(state["searcher"])
    bench.champion = parse_policy(state["champion"])
    bench.champion_value = state["champion_value"]
    bench.evaluations = state["evaluations"]
    bench.known = [Known(bench.source.parse(k["spec"]), k["reward"], tuple(k["description"])) for k in state["known"]]


def _clear(bench: Workbench) -> None:
    """Forget what belonged to the last iteration."""
    bench.specs, bench.encoded, bench.descriptions = {}, {}, {}
    bench.policies, bench.rounds, bench.fronts = {}, {}, {}
    bench.failures, bench.scenarios, bench.outcomes, bench.events = [], [], [], []
    bench.proposal = None


def play(  # what a run is started with
    store: Store,
    settings: SelfPlaySettings,
    *,
    iterations: int,
    jobs: int = 1,
    time_limit: float | None = None,
    tell: Listener = lambda event: None,
) -> Policy:
    """Run self-play until `iterations` are committed in the archive or the time is up.

    Whatever the archive holds already is not repeated: calling it again resumes.

    Args:
        store: The archive of this run.
        settings: What determines the run.
        iterations: How many iterations the archive shall hold in the end.
        jobs: Threads; the result does not depend on it.
        time_limit: Seconds; an iteration that is not finished by then is abandoned, not kept.
        tell: Called with every event, in the order of time.

    Returns:
        The champion.
    """
    started = time.monotonic()
    bench = _first_bench(store, settings, jobs, tell)
    bench.deadline = None if time_limit is None else started + time_limit
    last = store.last_iteration()
    first = 0
    if last is not None:
        first = last[0] + 1
        _restore(bench, last[1])
    graph = build_graph(bench)
    for iteration in range(first, iterations):
        if bench.deadline is not None and time.monotonic() > bench.deadline:
            break
        _clear(bench)
        try:
            graph.invoke(
                {
                    "iteration": iteration,
                    "level": bench.curriculum.level,
                    "scenario_ids": [],
                    "candidate_ids": [],
                }
            )
        except TimeIsUp:
            tell({"event": "time_is_up", "iteration": iteration})
            break
    final = store.last_iteration()
    return bench.champion if final is None else parse_policy(final[1]["champion"])


def build_graph(bench: Workbench) -> Any:
    """The state machine of one iteration."""
    graph = StateGraph(GraphState)
    nodes = (attack, validate, defend, simulate, rate, advance)
    for node in nodes:
        graph.add_node(node.__name__, lambda state, node=node: node(bench, state) or {"level": state["level"]})
    graph.add_edge(START, nodes[0].__name__)
    for here, there in pairwise(nodes):
        graph.add_edge(here.__name__, there.__name__)
    graph.add_edge(nodes[-1].__name__, END)
    return graph.compile()
