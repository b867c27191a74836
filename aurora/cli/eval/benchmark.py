"""`aurora eval benchmark`: the champion and its rivals on suites of scenarios."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.eval.results import emit_result
from aurora.cli.terminal.steps import note_compiling, steps

QUICK_SUITES = "level1,level2,level3"


def benchmark(  # one parameter an option
    suites: str = options.text(
        QUICK_SUITES,
        help="Names of suites, separated by commas; `all`: openb, swf, azure, utilisation, edge, slices and level1 to "
        "level5.",
    ),
    data: Path | None = options.path(None, help="Folder with the traces, for suites that read some."),
    scenarios: int = options.count(10, most=1000, help="Number of scenarios of each stratum."),
    seeds: str = options.text("1-3", help="Random seeds of training: a range (1-3) or a list (1,5)."),
    seconds: float = options.number(
        60.0, least=1.0, most=options.YEAR, unit="seconds", help="Processor time of each training."
    ),
    methods: str = options.text(
        "champion,dqn,ppo,ppo_lstm", help="Methods to train: champion (self-play), dqn, ppo, ppo_lstm; `none`."
    ),
    policy: list[str] = options.policy([], help="Policy to measure as well: a file, or the name of one; repeatable."),
    proofs: int = options.count(
        0, least=0, most=1000, help="Scenarios of each stratum of level1 to level3 with bounds and Pareto tests."
    ),
    out: Path = options.path(Path("runs/eval/benchmark"), help="Folder of the evaluation; it is continued."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Compare the champion of self-play with rivals: reference policies, and trained networks.

    The default trains four methods three times for a minute each and takes about 15 minutes.

    Example: aurora eval benchmark --suites level1 --seeds 1 --seconds 5 --methods champion --scenarios 2
    """
    from aurora.champions.named import load_policy
    from aurora.evals.benchmark.benchmark import BenchmarkSettings, run_benchmark
    from aurora.evals.benchmark.contestants import METHODS
    from aurora.evals.benchmark.suites import SUITES

    names = tuple(SUITES) if suites == "all" else tuple(n.strip() for n in suites.split(",") if n.strip())
    chosen = () if methods == "none" else tuple(m.strip() for m in methods.split(","))
    unknown = [m for m in chosen if m not in METHODS]
    if unknown or not names:
        raise options.usage_error("--methods" if unknown else "--suites", f"there are {', '.join(METHODS)} and none")
    settings = BenchmarkSettings(
        suites=names,
        scenarios=scenarios,
        seeds=tuple(options.parse_seeds(seeds, "--seeds")),
        seconds=seconds,
        methods=tuple(m for m in METHODS if m in chosen),
        proofs=proofs,
    )
    words = f"aurora eval benchmark --suites {suites} --scenarios {scenarios} --seeds {seeds} --seconds {seconds:g}"
    command = f"{words} --methods {methods} --proofs {proofs}" + " --data TRACES" * (data is not None)
    policies = {p.policy_id: p for p in map(load_policy, policy)}
    note_compiling()
    with steps() as progress:
        result = run_benchmark(out, settings, data=data, policies=policies, command=command, progress=progress)
    emit_result(result, out, as_json=as_json)
    require_passed(fails, result.metrics)
