"""`aurora bench rl`: the algorithms trained, timed, and compared on held-out scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling


def rl(
    levels: str = options.text("1-3", help="Levels of the curriculum, each trained on its own."),
    steps: int = options.count(200_000, help="Decisions of each training."),
    seed: int = options.seed("Of training and of the held-out scenarios."),
    scenarios: int = options.count(300, least=2, most=100_000, help="Held-out scenarios of each level."),
    algorithms: str = options.text("ppo,ppo_lstm,dqn,sac", help="Which of them."),
    plain_steps: int = options.count(4096, least=0, help="Decisions to time the libraries' own PPO over; 0: none."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
    plot: Path | None = options.path(None, help="Learning curves, .html or .png."),
) -> None:
    """PPO, PPO with an LSTM, DQN and SAC beside random and first fit on the generated levels.

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
    said: dict[tuple[str, int], int] = {}

    def tell(algorithm: str, level: int, point: Any) -> None:
        tenth = 10 * point.steps // steps
        if said.get((algorithm, level)) != tenth:
            said[algorithm, level] = tenth
            value = "" if point.value is None else f"  mean reward {point.value:.4f}"
            note(f"level {level}  {algorithm}  {point.steps} of {steps} steps  {point.seconds:.0f} s{value}")

    def tell_result(level: int, got: dict[str, Any]) -> None:
        ahead = got["over_first_fit"]
        note(
            f"level {level}  {got['algorithm']}  reward {got['reward']['mean']:.4f}, over first fit "
            f"{ahead['mean']:+.4f} ({ahead['low']:+.4f} to {ahead['high']:+.4f}), {got['cpu_seconds']:.0f} cpu seconds"
        )

    note_compiling()
    result = bench_rl(
        options.parse_levels(levels, "--levels"),
        steps,
        seed=seed,
        scenarios=scenarios,
        algorithms=chosen,
        plain_steps=plain_steps,
        tell=tell,
        tell_result=tell_result,
    )
    if plot is not None:
        write_charts(curves(result), plot)
        note(f"wrote {plot}")
    if as_json:
        emit_json(result)
        return
    for level in result["levels"]:
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
                f"level {level['level']}: the libraries' own",
                ("algorithm", "steps/s", "steps/cpu s"),
                [
                    (p["algorithm"], round(p["steps_per_second"]), round(p["steps_per_cpu_second"]))
                    for p in level["plain"]
                ],
            )
