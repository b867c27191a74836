"""`aurora bench`: benchmarks against published references."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from aurora.cli import bench_cloning, bench_env, bench_experiment, bench_forecast, bench_futures, bench_rl
from aurora.cli.output import emit_json, emit_table, note
from aurora.cli.spread import SpreadCommand
from aurora.errors import DataError

app = typer.Typer(help="Benchmarks against published references.", no_args_is_help=True)
app.command("env")(bench_env.env)
app.command("experiment")(bench_experiment.experiment)
app.command("forecast", cls=SpreadCommand)(bench_forecast.forecast)
app.command("rl")(bench_rl.rl)
app.command("cloning")(bench_cloning.cloning)
app.command("futures")(bench_futures.futures)


class Backfill(StrEnum):
    """Queue discipline of the job scheduling benchmark."""

    none = "none"
    easy = "easy"


MAX_SEEDS = 1000


def parse_seeds(text: str) -> list[int]:
    """Seeds from `42-51` or `1,5,9`.

    Raises:
        DataError: It is neither.
    """
    seeds: list[int] = []
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            bounds = int(first), int(last or first)
            if bounds[1] - bounds[0] >= MAX_SEEDS:
                raise DataError(f"--seeds {text!r}: at most {MAX_SEEDS} at a time")
            seeds += range(bounds[0], bounds[1] + 1)
    except ValueError:
        raise DataError(f"--seeds {text!r}: write a range like 42-51 or a list like 1,5,9") from None
    if not seeds or min(seeds) < 0:
        raise DataError(f"--seeds {text!r}: names no seed from 0 up")
    return seeds


@app.command()
def openb(  # one parameter an option
    nodes: Path = typer.Option(..., help="openb node list, .csv or .csv.gz."),
    pods: Path = typer.Option(..., help="openb pod list, .csv or .csv.gz."),
    policy: str = typer.Option(..., help="A reference policy's name or a policy file."),
    seeds: str = typer.Option("42-51", help="A range (42-51) or a list (1,5,9)."),
    node_orders: int = typer.Option(2, min=1, max=100, help="Orders of the nodes for every seed."),
    jobs: int = typer.Option(2, min=1, max=256, help="Threads."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """GPU placement under the protocol of FGD (Weng et al., ATC 2023).

    Example: aurora bench openb --nodes N.csv.gz --pods P.csv.gz --policy fgd
    """
    from aurora.evals.openb import bench_openb  # heavy, used here only
    from aurora.sim.references import load_policy  # heavy, used here only

    result = bench_openb(nodes, pods, load_policy(policy), seeds=parse_seeds(seeds), node_orders=node_orders, jobs=jobs)
    if as_json:
        emit_json(result)
        return
    columns = tuple(result["runs"][0])
    emit_table(f"{result['policy']} on {result['trace']}", columns, [tuple(r.values()) for r in result["runs"]])
    typer.echo(
        f"mean {result['mean_130']:.2f} % at 130 %, {result['mean_100']:.2f} % at 100 %, sd {result['sd_130']:.2f}",
        err=True,
    )


@app.command()
def swf(  # one parameter an option
    log: Path = typer.Option(..., help="A log in the Standard Workload Format, .swf or .swf.gz."),
    processors: int = typer.Option(..., min=1, help="Processors of the machine."),
    policy: str = typer.Option(..., help="A reference policy's name or a policy file."),
    backfill: Backfill = typer.Option(Backfill.none, help="EASY backfilling or none."),
    jobs: int = typer.Option(2, min=1, max=256, help="Threads."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Job scheduling under the protocol of RLScheduler (Zhang et al., SC 2020).

    Example: aurora bench swf --log lublin_256.swf.gz --processors 256 --policy f1 --backfill easy
    """
    from aurora.evals.swf import bench_swf  # heavy, used here only
    from aurora.sim.references import load_policy  # heavy, used here only

    result = bench_swf(log, processors, load_policy(policy), backfill=backfill.value, jobs=jobs)
    if result["left_out"]:
        note(f"{result['left_out']} jobs of {log.name} never ran, or are parts of others: left out")
    if not result["published_protocol"]:
        note(
            f"{log.name} has {result['jobs']} jobs, too few for the published protocol: measured on "
            f"{len(result['sequences'])} sequences of {result['sequence_length']}; compare with no published figure"
        )
    if as_json:
        emit_json(result)
        return
    emit_table(
        f"{result['policy']} on {log.name}",
        ("start", "bounded_slowdown", "utilization", "unfinished"),
        [tuple(s.values()) for s in result["sequences"]],
    )
    typer.echo(f"mean bounded slowdown {result['bounded_slowdown']:.2f}", err=True)


@app.command()
def speed(
    repeats: int = typer.Option(5, min=1, max=100, help="Runs of each measurement."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """The event loop beside the same model in SimPy, and decisions a second.

    Example: aurora bench speed --repeats 3
    """
    from aurora.evals.speed import bench_speed  # heavy, used here only

    result = bench_speed(repeats)
    if as_json:
        emit_json(result)
        return
    columns = (
        "nodes",
        "sizes",
        "ratio_min",
        "ratio_median",
        "ratio_max",
        "events_per_second",
        "simpy_events_per_second",
    )
    emit_table("event loop beside SimPy", columns, [tuple(r[c] for c in columns) for r in result["event_loop"]])
    emit_table(
        "uncached decisions of a 20-operation policy",
        ("nodes", "decisions_per_second"),
        [(r["nodes"], r["decisions_per_second"]) for r in result["decisions"]],
    )
    emit_table(
        "scenarios a second",
        ("level", "one_core", "two_cores"),
        [(r["level"], r["one_core"], r["two_cores"]) for r in result["scenarios"]],
    )


@app.command()
def agents(
    calls: int = typer.Option(50, min=1, max=10_000, help="Questions of each kind."),
    iterations: int = typer.Option(3, min=1, max=100, help="Iterations of self-play."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """What the framework costs beside the model and the simulation, with a server that answers at once.

    Example: aurora bench agents --calls 20 --iterations 1
    """
    from aurora.evals.agents import bench_agents  # heavy, used here only

    result = bench_agents(calls, iterations)
    if as_json:
        emit_json(result)
        return
    emit_table("a model call", tuple(result["calls"][0]), [tuple(r.values()) for r in result["calls"]])
    emit_table(
        "an iteration of self-play", tuple(result["iterations"][0]), [tuple(r.values()) for r in result["iterations"]]
    )


@app.command()
def explanations(
    decisions: int = typer.Option(1000, min=1, max=100_000, help="Decisions to explain."),
    seed: int = typer.Option(0, min=0, help="Of the scenarios, and of the errors that are planted."),
    data: Path | None = typer.Option(None, help="Folder with openb/; without it, generated scenarios only."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Every claim of many explanations checked, and planted errors that must be caught.

    Example: aurora bench explanations --decisions 200
    """
    from aurora.evals.explanations import bench_explanations  # heavy, used here only

    result = bench_explanations(decisions, seed, data)
    if as_json:
        emit_json(result)
        return
    emit_table("claims", ("kind", "made", "held"), [tuple(r.values()) for r in result["claims"]])
    emit_table("planted errors", ("error", "planted", "caught"), [tuple(r.values()) for r in result["planted"]])
    typer.echo(
        f"{result['decisions']} decisions ({', '.join(f'{k} {v}' for k, v in result['from'].items())}); "
        f"{result['milliseconds_median']:.2f} ms each, 95 % within {result['milliseconds_p95']:.2f} ms",
        err=True,
    )
