"""`aurora bench rl`: trains, times and compares the algorithms on held-out scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling
from aurora.cli.terminal.steps import steps as show_steps


def rl(
    levels: str = options.text("1-3", help="Levels of the curriculum, each trained separately."),
    steps: int = options.count(200_000, help="Number of decisions of each training."),
    seed: int = options.seed("Random seed of training and of the held-out scenarios."),
    scenarios: int = options.count(300, least=2, most=100_000, help="Number of held-out scenarios of each level."),
    algorithms: str = options.text("ppo,ppo_lstm,dqn,sac", help="Algorithms to train, separated by commas."),
    plain_steps: int = options.count(
        4096, least=0, help="Number of decisions over which the libraries' PPO is timed; 0 skips it."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
    plot: Path | None = options.path(None, help="File for charts of learning curves, .html or .png."),
) -> None:
    """Train PPO, PPO with an LSTM, DQN and SAC, and compare them with random and first fit.

    Takes about 25 minutes on two cores with 200,000 steps, 1 to 2 with 10,000.

    Example: aurora bench rl --levels 1 --steps 20000 --algorithms ppo
    """
    from aurora.charts import check_plot_path, write_charts  # heavy, used here only
    from aurora.evals.rl import bench_rl, curves  # heavy, used here only
    from aurora.learning.rl.trainer import ALGORITHMS  # heavy, used here only

    check_plot_path(plot)
    chosen = [a for a in ALGORITHMS if a in algorithms.split(",")]
    if len(chosen) != len(algorithms.split(",")):
        raise options.usage_error("--algorithms", f"{options.shown(algorithms)}: there are {', '.join(ALGORITHMS)}")

    def on_result(level: int, result: dict[str, Any]) -> None:
        over = result["over_first_fit"]
        note(
            f"level {level}  {result['algorithm']}  reward {result['reward']['mean']:.4f}, over first fit "
            f"{over['mean']:+.4f} ({over['low']:+.4f} to {over['high']:+.4f}), {result['cpu_seconds']:.0f} cpu seconds"
        )

    note_compiling()
    with show_steps() as progress:
        result = bench_rl(
            options.parse_levels(levels, "--levels"),
            steps,
            seed=seed,
            scenarios=scenarios,
            algorithms=chosen,
            plain_steps=plain_steps,
            progress=progress,
            on_result=on_result,
        )
    if plot is not None:
        write_charts(curves(result), plot)
        note(f"wrote {plot}")
    if as_json:
        emit_json(result)
        return
    for level in result["levels"]:
        _print_level(level)


def _print_level(level: Mapping[str, Any]) -> None:
    emit_table(
        f"level {level['level']}: random {level['random']['mean']:.4f}, first fit {level['first_fit']['mean']:.4f}",
        ("algorithm", "reward", "over_random", "low", "over_first_fit", "low", "steps/s", "steps/cpu s", "seconds"),
        [
            (
                a["algorithm"],
                a["reward"]["mean"],
                a["over_random"]["mean"],
                a["over_random"]["low"],
                a["over_first_fit"]["mean"],
                a["over_first_fit"]["low"],
                round(a["steps_per_second"]),
                round(a["steps_per_cpu_second"]),
                round(a["train_seconds"]),
            )
            for a in level["algorithms"]
        ],
    )
    if level["plain"]:
        emit_table(
            f"level {level['level']}: the libraries' PPO",
            ("algorithm", "steps/s", "steps/cpu s"),
            [(p["algorithm"], round(p["steps_per_second"]), round(p["steps_per_cpu_second"])) for p in level["plain"]],
        )
