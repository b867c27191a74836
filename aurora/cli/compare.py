"""`aurora compare`: which policy is best on given scenarios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.allocation import relative, told
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import PolicyError, ScenarioError

if TYPE_CHECKING:  # heavy at run time
    from aurora.evals.compare import Standing
    from aurora.sim.measures import Unit
    from aurora.sim.policies.policy import Policy
    from aurora.sim.scenarios.scenario import Scenario

SEVERAL = 2
"""Scenarios from which on there are intervals."""


def compare(
    scenarios: list[Path] = options.path_argument(help="Scenarios or specs, JSON; several are compared by their mean."),
    policies: str = options.text(
        "", help="Names of references and policy files, with commas; default: the references that suit the scenarios."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Compare policies on the same scenarios: reward, latency, cost, energy and misses, each against the best.

    Example: aurora compare scenario.json --policies cheapest,fastest,champion.json
    """
    from aurora.evals.compare import compare as compared  # heavy, used here only
    from aurora.evals.compare import suited  # heavy, used here only
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only

    problems = [load_scenario(path) for path in scenarios]
    _require_own_ids(problems, scenarios)
    chosen = _policies(policies) if policies.strip() else suited(problems)
    note_compiling()
    with steps() as tell:
        found = compared(problems, chosen, lambda done, of: tell("simulations", done, of))
    if as_json:
        emit_json(found.to_json())
        return
    many = len(problems) >= SEVERAL
    what = f"{len(problems)} scenarios, means" if many else problems[0].scenario_id
    columns = ("policy", "reward", *(["behind the best [95 %]"] if many else []), *_MEASURES)
    best = {name: min(read(s) for s in found.standings) for name, (_, read) in _MEASURES.items()}
    rows = [_row(s, best, many=many) for s in found.standings]
    emit_table(f"policies on {what}; in brackets: against the best of the column", columns, rows)
    note(found.why)


def _require_own_ids(problems: Sequence[Scenario], paths: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for problem, path in zip(problems, paths, strict=True):
        if problem.scenario_id in seen:
            raise ScenarioError(
                f"{seen[problem.scenario_id]} and {path} have the same scenario_id {problem.scenario_id!r}; "
                "give each scenario once, with an id of its own"
            )
        seen[problem.scenario_id] = path


def _policies(text: str) -> dict[str, Policy]:
    from aurora.sim.policies.references import load_policy  # heavy, used here only

    found: dict[str, Policy] = {}
    for name in (part.strip() for part in text.split(",")):
        if not name:
            raise options.usage_error(
                "--policies", f"{options.shown(text)} has an empty name; for example cheapest,fastest,champion.json"
            )
        policy = load_policy(name)
        if policy.policy_id in found:
            raise PolicyError(f"policy {policy.policy_id!r} is named twice in --policies; name each once")
        found[policy.policy_id] = policy
    return found


_MEASURES: dict[str, tuple[Unit, Callable[[Standing], float]]] = {
    "latency": ("seconds", lambda s: s.latency),
    "cost": ("dollars", lambda s: s.cost),
    "energy": ("joules", lambda s: s.energy),
    "misses": ("tasks", lambda s: s.misses),
    "not completed": ("tasks", lambda s: s.undone),
}


def _row(standing: Standing, best: dict[str, float], *, many: bool) -> tuple[str, ...]:
    behind = standing.behind
    cells = [standing.policy_id, f"{standing.reward.mean:.4f}"]
    if many:
        cells.append(f"{behind.mean:.4f} [{behind.low:.4f}, {behind.high:.4f}]")
    for name, (unit, read) in _MEASURES.items():
        value = read(standing)
        shown = f"{value:,.1f}" if unit == "tasks" and many else told(value, unit)
        far = "" if value == best[name] else relative(value, best[name])
        cells.append(f"{shown} ({far})" if far else shown)
    return tuple(cells)
