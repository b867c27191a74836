"""`aurora compare`: policies on the same scenarios, each against the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling, steps
from aurora.errors import PolicyError, ScenarioError
from aurora.quantities import relative, with_unit

if TYPE_CHECKING:  # heavy at run time
    from aurora.evals.compare import Standing
    from aurora.sim.policies.policy import Policy
    from aurora.sim.scenarios.scenario import Scenario

_UNDONE = "not completed"
"""Column of the tasks that were not completed."""
MIN_SCENARIOS_OF_INTERVAL = 2
"""Least number of scenarios for which intervals are shown."""


def compare(
    scenarios: list[Path] = options.path_argument(
        help="Scenarios or specs, JSON; several are compared by their means."
    ),
    policies: str = options.text(
        "",
        help="References, champions and policy files, separated by commas; default: the references that suit them.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Compare policies on the same scenarios: reward, latency, cost, energy and misses, each against the best.

    Example: aurora compare scenario.json --policies cheapest,fastest,champion.json
    """
    from aurora.evals.compare import compare_policies, suitable_references  # heavy, used here only
    from aurora.sim.scenarios.reader import load_scenario  # heavy, used here only

    loaded = [load_scenario(path) for path in scenarios]
    _require_own_ids(loaded, scenarios)
    chosen = _policies(policies) if policies.strip() else suitable_references(loaded)
    note_compiling()
    with steps() as progress:
        comparison = compare_policies(loaded, chosen, progress)
    if as_json:
        emit_json(comparison.to_json())
        return
    is_mean = len(loaded) >= MIN_SCENARIOS_OF_INTERVAL
    subject = f"{len(loaded)} scenarios, means" if is_mean else loaded[0].scenario_id
    compared = [_compared(s) for s in comparison.standings]
    best = {name: min(row[name] for row in compared) for name in compared[0]}
    columns = ("policy", "reward", *(["behind the best [95 %]"] if is_mean else []), *best)
    rows = [_row(s, row, best, is_mean=is_mean) for s, row in zip(comparison.standings, compared, strict=True)]
    emit_table(f"policies on {subject}; in brackets: against the best of the column", columns, rows)
    note(comparison.why)


def _require_own_ids(scenarios: Sequence[Scenario], paths: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for scenario, path in zip(scenarios, paths, strict=True):
        if scenario.scenario_id in seen:
            raise ScenarioError(
                f"{seen[scenario.scenario_id]} and {path} have the same scenario_id {scenario.scenario_id!r}; "
                "give each scenario once, with an id of its own"
            )
        seen[scenario.scenario_id] = path


def _policies(text: str) -> dict[str, Policy]:
    from aurora.champions.named import load_policy  # heavy, used here only

    policies: dict[str, Policy] = {}
    for name in (part.strip() for part in text.split(",")):
        if not name:
            raise options.usage_error(
                "--policies", f"{options.shown(text)} has an empty name; for example cheapest,fastest,champion.json"
            )
        policy = load_policy(name)
        if policy.policy_id in policies:
            raise PolicyError(f"policy {policy.policy_id!r} is named twice in --policies; name each once")
        policies[policy.policy_id] = policy
    return policies


def _compared(standing: Standing) -> dict[str, float]:
    """Return the values of a policy by the names of their columns."""
    from aurora.sim.objectives import SHARES, WITH_TARGET  # heavy, used here only

    counted = [o for o in (*WITH_TARGET, *SHARES) if o.name in standing.amounts]
    return {**{o.compared: standing.amounts[o.name] for o in counted}, _UNDONE: standing.undone}


def _row(
    standing: Standing, values: Mapping[str, float], best: Mapping[str, float], *, is_mean: bool
) -> tuple[str, ...]:
    from aurora.sim.objectives import OBJECTIVES  # heavy, used here only

    units = {**{o.compared: o.shown_unit for o in OBJECTIVES}, _UNDONE: "tasks"}
    behind = standing.behind
    cells = [standing.policy_id, f"{standing.reward.mean:.4f}"]
    if is_mean:
        cells.append(f"{behind.mean:.4f} [{behind.low:.4f}, {behind.high:.4f}]")
    for name, least in best.items():
        value, unit = values[name], units[name]
        text = f"{value:,.1f}" if unit == "tasks" and is_mean else with_unit(value, unit)
        difference = "" if value == least else relative(value, least)
        cells.append(f"{text} ({difference})" if difference else text)
    return tuple(cells)
