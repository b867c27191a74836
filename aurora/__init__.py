"""AURORA learns how to allocate resources by playing against itself, and explains what it does.

    >>> import aurora
    >>> scenario = aurora.generate("batch", level=1, seed=1)
    >>> outcome = aurora.simulate(scenario, aurora.load_policy("best_fit"))
    >>> 0 < aurora.score(outcome, scenario).reward <= 1
    True

Scenarios and policies
    Scenario, Node, Link, Task, Workload    an allocation problem and its parts
    ScenarioSpec                            a short description that a scenario is drawn from
    Policy, REFERENCES                      a rule that allocates, and every published rule by name
    load_scenario, load_policy              read them from files; references by name
    parse_scenario, parse_policy            read them from dictionaries
    read_tables                             make a scenario of your own machines and jobs, two CSV files
    generate                                draw a scenario of a family, a level and a seed

Simulation
    simulate -> Outcome                     run a policy on a scenario; `Outcome.to_pandas` has a row for each task
    score -> Scores                         what an outcome is worth by the scenario's objectives
    bounds -> Bounds                        what no policy can beat
    solve -> Solution                       the best plan, by constraint programming
    explain, explain_task                   why a run went as it did; why a task went where it went

Measured series
    read_series -> Panel of Series          from files or a DataFrame, checked and repaired
    forecast -> Forecast                    what follows each series, as quantiles
    look_ahead -> DemandForecast            futures of demand, and the capacity that covers them
    recommend -> RecommendationReport       what to change in cloud accounts, why, and what it saves
    apply_plan -> AppliedReport             change an inventory as a plan says, with its inverse for rollback
    Experiment, ExperimentDesign            a randomised control group, judged after every day
    series_frame, forecast_frame            as DataFrames with `unique_id`, `ds`, `y`

Real systems
    read_snapshot -> Snapshot               from files of kubectl, of Slurm, tables, a scenario, or `sample:web-shop`

Learning
    AllocationEnv                           gymnasium's `aurora/Allocation-v0`: where does the next task go?
    train -> TrainingReport                 PPO, DQN or SAC on generated scenarios; resume_training continues it
    selfplay -> SelfPlayResult              attacker against defender; the champion is a policy
    SelfPlaySettings                        what determines a run of self-play
    ScenarioProposer, PolicyProposer        contracts of an attacker and of a defender of your own

Errors
    AuroraError                             base of all errors that AURORA raises; `aurora.errors` has the tree
    InputError, FileError, DataError, ScenarioError, PolicyError, ConstraintError, StoreError, RunError, ModelError,
    BudgetExceeded, MissingExtraError, PlanError

Names are loaded when they are first used: `import aurora` takes milliseconds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from aurora.extras import name_missing_extras
from aurora.learning.rl.registration import register_when_imported

if TYPE_CHECKING:
    from aurora.agents.explain.explainer import explain as explain_task
    from aurora.agents.explain.run_explainer import explain_plan as explain
    from aurora.champions.named import load_policy
    from aurora.cluster.opening import open_snapshot as read_snapshot
    from aurora.cluster.snapshot import Snapshot
    from aurora.errors import (
        AuroraError,
        BudgetExceeded,
        ConstraintError,
        DataError,
        FileError,
        InputError,
        MissingExtraError,
        ModelError,
        PlanError,
        PolicyError,
        RunError,
        ScenarioError,
        StoreError,
    )
    from aurora.graphs.proposers.protocols import PolicyProposer, ScenarioProposer
    from aurora.graphs.result import SelfPlayResult
    from aurora.graphs.session import selfplay
    from aurora.graphs.settings import SelfPlaySettings
    from aurora.learning.experiments.experiment import Experiment, ExperimentDesign
    from aurora.learning.forecasting.predict import forecast
    from aurora.learning.futures.ahead import look_ahead
    from aurora.learning.futures.demand_forecast import DemandForecast
    from aurora.learning.rightsizing.execution import AppliedReport, apply_plan
    from aurora.learning.rightsizing.report import RecommendationReport, recommend
    from aurora.learning.rl.env import AllocationEnv
    from aurora.learning.rl.report import TrainingReport, resume_training, train
    from aurora.learning.series.dataframes import forecast_frame, read_series, series_frame
    from aurora.learning.series.series import Forecast, Panel, Series
    from aurora.sim.kernel.run import simulate
    from aurora.sim.optimum.bounds import Bounds, bounds
    from aurora.sim.optimum.solver import Solution, solve
    from aurora.sim.outcome import Outcome
    from aurora.sim.policies.policy import Policy, parse_policy
    from aurora.sim.policies.references import REFERENCES
    from aurora.sim.rewards import Scores, score
    from aurora.sim.scenarios.reader import load_scenario
    from aurora.sim.scenarios.sampling import generate
    from aurora.sim.scenarios.scenario import Link, Node, Scenario, Task, Workload, parse_scenario
    from aurora.sim.scenarios.spec import ScenarioSpec
    from aurora.sim.scenarios.traces.own_tables import read_tables

__version__ = "0.1.0"

__all__ = [
    "REFERENCES",
    "AllocationEnv",
    "AppliedReport",
    "AuroraError",
    "Bounds",
    "BudgetExceeded",
    "ConstraintError",
    "DataError",
    "DemandForecast",
    "Experiment",
    "ExperimentDesign",
    "FileError",
    "Forecast",
    "InputError",
    "Link",
    "MissingExtraError",
    "ModelError",
    "Node",
    "Outcome",
    "Panel",
    "PlanError",
    "Policy",
    "PolicyError",
    "PolicyProposer",
    "RecommendationReport",
    "RunError",
    "Scenario",
    "ScenarioError",
    "ScenarioProposer",
    "ScenarioSpec",
    "Scores",
    "SelfPlayResult",
    "SelfPlaySettings",
    "Series",
    "Snapshot",
    "Solution",
    "StoreError",
    "Task",
    "TrainingReport",
    "Workload",
    "__version__",
    "apply_plan",
    "bounds",
    "explain",
    "explain_task",
    "forecast",
    "forecast_frame",
    "generate",
    "load_policy",
    "load_scenario",
    "look_ahead",
    "parse_policy",
    "parse_scenario",
    "read_series",
    "read_snapshot",
    "read_tables",
    "recommend",
    "resume_training",
    "score",
    "selfplay",
    "series_frame",
    "simulate",
    "solve",
    "train",
]

_HOMES = {
    "REFERENCES": "aurora.sim.policies.references",
    "AllocationEnv": "aurora.learning.rl.env",
    "AppliedReport": "aurora.learning.rightsizing.execution",
    "AuroraError": "aurora.errors",
    "Bounds": "aurora.sim.optimum.bounds",
    "BudgetExceeded": "aurora.errors",
    "ConstraintError": "aurora.errors",
    "DataError": "aurora.errors",
    "DemandForecast": "aurora.learning.futures.demand_forecast",
    "Experiment": "aurora.learning.experiments.experiment",
    "ExperimentDesign": "aurora.learning.experiments.experiment",
    "FileError": "aurora.errors",
    "Forecast": "aurora.learning.series.series",
    "InputError": "aurora.errors",
    "Link": "aurora.sim.scenarios.scenario",
    "MissingExtraError": "aurora.errors",
    "ModelError": "aurora.errors",
    "Node": "aurora.sim.scenarios.scenario",
    "Outcome": "aurora.sim.outcome",
    "Panel": "aurora.learning.series.series",
    "PlanError": "aurora.errors",
    "Policy": "aurora.sim.policies.policy",
    "PolicyError": "aurora.errors",
    "PolicyProposer": "aurora.graphs.proposers.protocols",
    "RecommendationReport": "aurora.learning.rightsizing.report",
    "RunError": "aurora.errors",
    "Scenario": "aurora.sim.scenarios.scenario",
    "ScenarioError": "aurora.errors",
    "ScenarioProposer": "aurora.graphs.proposers.protocols",
    "ScenarioSpec": "aurora.sim.scenarios.spec",
    "Scores": "aurora.sim.rewards",
    "SelfPlayResult": "aurora.graphs.result",
    "SelfPlaySettings": "aurora.graphs.settings",
    "Series": "aurora.learning.series.series",
    "Snapshot": "aurora.cluster.snapshot",
    "Solution": "aurora.sim.optimum.solver",
    "StoreError": "aurora.errors",
    "Task": "aurora.sim.scenarios.scenario",
    "TrainingReport": "aurora.learning.rl.report",
    "Workload": "aurora.sim.scenarios.scenario",
    "apply_plan": "aurora.learning.rightsizing.execution",
    "bounds": "aurora.sim.optimum.bounds",
    "explain": "aurora.agents.explain.run_explainer:explain_plan",
    "explain_task": "aurora.agents.explain.explainer:explain",
    "forecast": "aurora.learning.forecasting.predict",
    "forecast_frame": "aurora.learning.series.dataframes",
    "generate": "aurora.sim.scenarios.sampling",
    "load_policy": "aurora.champions.named",
    "load_scenario": "aurora.sim.scenarios.reader",
    "look_ahead": "aurora.learning.futures.ahead",
    "parse_policy": "aurora.sim.policies.policy",
    "parse_scenario": "aurora.sim.scenarios.scenario",
    "read_series": "aurora.learning.series.dataframes",
    "read_snapshot": "aurora.cluster.opening:open_snapshot",
    "read_tables": "aurora.sim.scenarios.traces.own_tables",
    "recommend": "aurora.learning.rightsizing.report",
    "resume_training": "aurora.learning.rl.report",
    "score": "aurora.sim.rewards",
    "selfplay": "aurora.graphs.session",
    "series_frame": "aurora.learning.series.dataframes",
    "simulate": "aurora.sim.kernel.run",
    "solve": "aurora.sim.optimum.solver",
    "train": "aurora.learning.rl.report",
}
"""Module that defines each name; after a colon, what it is called there."""

if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used."""
        home, _, original = _HOMES.get(name, "").partition(":")
        if not home:
            raise AttributeError(f"module 'aurora' has no attribute {name!r}")
        value = getattr(importlib.import_module(home), original or name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


name_missing_extras()
register_when_imported()
