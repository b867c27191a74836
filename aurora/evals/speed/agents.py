"""Measures the framework's own overhead per model call and iteration, against a server that answers immediately."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import numpy as np
from langchain_core.messages import HumanMessage

from aurora.agents.models.agent import run_agent
from aurora.agents.models.metered import MeteredModel, metered
from aurora.agents.models.model import model_name
from aurora.agents.models.structured import ask
from aurora.agents.roles.answers import PolicyAnswer, to_policy
from aurora.evals.testing.scripted_server import scripted_server
from aurora.graphs.context import Authors
from aurora.graphs.selfplay import play
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.store import Store
from aurora.prompts.loader import load_prompt
from aurora.sim import grid
from aurora.sim.kernel import encode
from aurora.sim.kernel.many import simulate_many
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.recording import Recording

TOOLS = ("draft_policy", "compare_policies", "feature_table", "simulate_policy")


def bench_agents(calls: int, iterations: int) -> dict[str, Any]:
    """Measure the overhead per call and per iteration, ms; keys of `aurora bench agents --json`.

    Args:
        calls: Number of questions of each kind.
        iterations: Iterations of self-play.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder, scripted_server() as server, scripted_environment(server.url):
        for provider in ("openai", "anthropic"):
            for kind in ("answer", "conversation with tools"):
                with Recording(Path(folder) / f"{provider}-{kind}.jsonl") as recording:
                    rows.append({"provider": provider, "kind": kind, **_questions(provider, kind, calls, recording)})
        runs = [_selfplay(Path(folder), proposer, iterations) for proposer in ("search", "both")]
    return {"calls": rows, "iterations": runs}


@contextmanager
def scripted_environment(url: str) -> Iterator[None]:
    """Set the environment variables that direct both clients to a server."""
    wanted = {
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_BASE_URL": url,
        "OPENAI_API_KEY": "none",
        "ANTHROPIC_API_KEY": "none",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _questions(provider: str, kind: str, count: int, recording: Recording) -> dict[str, Any]:
    """Time questions in sequence, without the provider's client and the tools."""
    model = metered(model_name(f"{provider}:scripted"), recording=recording)
    scenario = encode(expand(sample_spec("spot", 2, np.random.default_rng(1))))
    _question(model, kind, scenario, 0)  # imports and connections
    before, started, tools = model.purse.spent, time.perf_counter(), 0.0
    for number in range(1, count + 1):
        tools += _question(model, kind, scenario, number)
    seconds = time.perf_counter() - started
    spent = model.purse.spent
    made, client = spent.calls - before.calls, spent.seconds - before.seconds
    return {
        "calls": made,
        "client_ms": 1e3 * client / made,
        "tools_ms": 1e3 * tools / made,
        "overhead_ms": 1e3 * (seconds - client - tools) / made,
    }


def _question(model: MeteredModel, kind: str, scenario: Any, number: int) -> float:
    """Ask once; return the run time of tools, seconds."""
    asked = f"Write a policy, number {number}."
    if kind == "answer":
        ask(model, [HumanMessage(asked)], PolicyAnswer, to_policy)
        return 0.0
    harness = Harness(Desk([scenario]), TOOLS, recording=model.recording)
    run_agent(model, ("You write policies.", asked), PolicyAnswer, to_policy, harness=harness)
    return sum(e.seconds for e in harness.journal)


def _selfplay(folder: Path, proposer: Literal["search", "both"], iterations: int) -> dict[str, Any]:
    """Profile a short run."""
    prompts = load_prompt("attacker"), load_prompt("defender")
    settings = SelfPlaySettings(
        proposer=proposer,
        model="openai:scripted",
        model_from_level=1,
        prompts=tuple(p.prompt_id for p in prompts),
    )
    simulating = 0.0

    def timed(*arguments: Any) -> None:
        nonlocal simulating
        started = time.perf_counter()
        simulate_many(*arguments)
        simulating += time.perf_counter() - started

    with (
        Recording(folder / f"{proposer}.jsonl") as recording,
        Store.open(folder / f"{proposer}.sqlite") as store,
        patch.object(grid, "simulate_many", timed),
    ):
        model = metered(model_name(settings.model), recording=recording)
        authors = Authors(model, *prompts) if proposer == "both" else None
        started = time.perf_counter()
        play(store, settings, iterations=iterations, authors=authors)
        seconds = time.perf_counter() - started
        spent = model.purse.spent
    return {
        "proposer": proposer,
        "calls": spent.calls / iterations,
        "ms": 1e3 * seconds / iterations,
        "simulation_ms": 1e3 * simulating / iterations,
        "client_ms": 1e3 * spent.seconds / iterations,
        "simulation_share": simulating / seconds,
    }
