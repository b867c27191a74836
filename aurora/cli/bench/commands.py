"""`aurora bench`: benchmarks against published references."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.bench import (
    answers,
    cloning,
    environments,
    experiments,
    forecast,
    futures,
    operator,
    rightsizing,
    rl,
    schedule,
    wording,
)
from aurora.cli.bench.spread import SpreadCommand
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import note_compiling

app = typer.Typer(help="Benchmarks against published references.", no_args_is_help=True)
app.command("env")(environments.env)
app.command("experiment")(experiments.experiment)
app.command("forecast", cls=SpreadCommand)(forecast.forecast)
app.command("rl")(rl.rl)
app.command("cloning")(cloning.cloning)
app.command("futures")(futures.futures)
app.command("operator")(operator.operator)
app.command("rightsizing")(rightsizing.rightsizing)
app.command("answers")(answers.answers)
app.command("schedule")(schedule.schedule)
app.command("wording")(wording.wording)


class Backfill(StrEnum):
    """Queue discipline of the job scheduling benchmark."""

    none = "none"
    easy = "easy"


@app.command()
def openb(  # one parameter an option
    nodes: Path = options.path(..., help="Node list of openb, .csv or .csv.gz."),
    pods: Path = options.path(..., help="Pod list of openb, .csv or .csv.gz."),
    policy: str = options.policy(..., help="Name of a reference or champion, or policy file."),
    seeds: str = options.text("42-51", help="Random seeds: a range (42-51) or a list (1,5,9)."),
    node_orders: int = options.count(2, most=100, help="Number of node orders for every seed."),
    jobs: int = options.count(2, most=256, help="Number of threads."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure GPU placement under the protocol of FGD (Weng et al., ATC 2023), compared with FGD itself.

    Example: aurora bench openb --nodes N.csv.gz --pods P.csv.gz --policy fgd
    """
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.evals.published.openb import bench_openb  # heavy, used here only

    note_compiling()
    result = bench_openb(
        nodes,
        pods,
        load_policy(policy),
        seeds=options.parse_seeds(seeds, "--seeds"),
        node_orders=node_orders,
        jobs=jobs,
    )
    if result["pods_without_model"]:
        note(
            f"{result['pods_without_model']} pods of {pods.name} request models that no node has, and can't be placed: "
            f"{', '.join(result['models_of_no_node'][:5])}"
        )
    if as_json:
        emit_json(result)
        return
    columns = tuple(result["runs"][0])
    emit_table(f"{result['policy']} on {result['trace']}", columns, [tuple(r.values()) for r in result["runs"]])
    fgd = result["fgd"]
    rows = [
        (result["policy"], result["mean_100"], result["mean_130"], result["sd_130"], fgd["difference_130"]),
        ("fgd", fgd["mean_100"], fgd["mean_130"], fgd["sd_130"], None),
    ]
    if result["policy"] == "fgd":
        rows.pop()
    columns = ("policy", "at 100 %", "at 130 %", "sd at 130 %", "points over fgd at 130 %")
    emit_table("devices allocated, %, at a demand of 100 and 130 % of them", columns, rows)


@app.command()
def swf(  # one parameter an option
    log: Path = options.path(..., help="Log in the Standard Workload Format, .swf or .swf.gz."),
    processors: int = options.count(..., most=options.MAX_PROCESSORS, help="Number of processors of the machine."),
    policy: str = options.policy(..., help="Name of a reference or champion, or policy file."),
    backfill: Backfill = typer.Option(Backfill.none, help="EASY backfilling or none."),
    jobs: int = options.count(2, most=256, help="Number of threads."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure job scheduling under the protocol of RLScheduler (Zhang et al., SC 2020).

    Example: aurora bench swf --log lublin_256.swf.gz --processors 256 --policy f1 --backfill easy
    """
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.evals.published.swf import bench_swf  # heavy, used here only

    note_compiling()
    result = bench_swf(log, processors, load_policy(policy), backfill=backfill.value, jobs=jobs)
    if result["left_out"]:
        note(f"{result['left_out']} jobs of {log.name} never ran or are parts of others, and are left out")
    if result["assumed_run_times"]:
        note(f"{result['assumed_run_times']} jobs of {log.name} state no run time; 10 s is assumed, as in RLScheduler")
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
    repeats: int = options.count(5, most=100, help="Number of runs of each measurement."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure the event loop compared with the same model in SimPy, and decisions a second.

    Example: aurora bench speed --repeats 3
    """
    from aurora.evals.speed.simulator import bench_speed  # heavy, used here only

    note_compiling()
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
    emit_table("event loop compared with SimPy", columns, [tuple(r[c] for c in columns) for r in result["event_loop"]])
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
def features(
    repeats: int = options.count(20, most=1000, help="Number of runs of each feature; the shortest counts."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure what each feature of the policy language costs, in nanoseconds per candidate and per decision.

    Example: aurora bench features --repeats 2
    """
    from aurora.evals.speed.features import bench_features  # heavy, used here only

    note_compiling()
    result = bench_features(repeats)
    if as_json:
        emit_json(result)
        return
    rows = [tuple(r.values()) for r in result["features"]]
    emit_table(f"cost of features on {result['nodes']} nodes", tuple(result["features"][0]), rows)


@app.command()
def agents(
    calls: int = options.count(50, most=10_000, help="Number of questions of each kind."),
    iterations: int = options.count(3, most=100, help="Number of iterations of self-play."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Measure the overhead of the framework, with a model server that answers at once.

    Example: aurora bench agents --calls 20 --iterations 1
    """
    from aurora.evals.speed.agents import bench_agents  # heavy, used here only

    note_compiling()
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
    decisions: int = options.count(1000, most=100_000, help="Number of decisions to explain."),
    seed: int = options.seed("Random seed of the scenarios and of the planted errors."),
    data: Path | None = options.path(None, help="Folder with openb/; without it, generated scenarios only."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Check every claim of many explanations, and that planted errors are caught.

    Example: aurora bench explanations --decisions 200
    """
    from aurora.evals.explanations.decisions import bench_explanations  # heavy, used here only

    note_compiling()
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
