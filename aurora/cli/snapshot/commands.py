"""`aurora snapshot`: reads real systems, shows, checks, compares and converts what was read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

from aurora.cli import options
from aurora.cli.terminal.groups import with_default
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.errors import FileError

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.snapshot import Snapshot

app = typer.Typer(
    cls=with_default("read"),
    help="Snapshots of real systems: `aurora snapshot FILE...` is short for `aurora snapshot read FILE...`.",
    no_args_is_help=True,
)

USE_SECONDS, USE_STEP = 900, 60
"""Time before the snapshot over which use is averaged, and its steps."""
_AS_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


def _snapshot_argument(
    help: str = "Snapshot, files that kubectl or Slurm wrote, or a sample such as sample:web-shop.",
) -> Any:
    return options.text_argument(help=help, most=options.MAX_PATH)


_SNAPSHOT_FILES = _snapshot_argument("Snapshot, sample such as sample:web-shop, or all files of one system.")


@app.command()
def read(  # one parameter an option
    files: list[Path] | None = options.path_argument(
        None,
        help="Output of kubectl or of Slurm's commands, or a folder with it, tables of nodes and tasks, or a "
        "scenario; after one of kubernetes, slurm, csv or aurora if their content does not show their kind.",
    ),
    live: bool = typer.Option(False, "--live", help="Read the Kubernetes cluster of the kubeconfig instead of files."),
    context: str = options.text("", help="With --live: context of the kubeconfig."),
    as_user: str = options.text("", "--as", help="With --live: user to impersonate."),
    namespace: list[str] | None = options.text(None, "--namespace", help="With --live: namespace; repeatable."),
    name: str = options.text("", help="Name for the snapshot."),
    prometheus: str = options.text("", help="Address of a Prometheus server, for the use of nodes and tasks."),
    prices: Path | None = options.path(None, help="Prices by instance type: CSV with type and $/h, or JSON."),
    mapping: list[str] | None = options.text(None, "--map", help="With tables: HEADING=FIELD; repeatable."),
    time_zone: str = options.text(
        "", help="Time zone, such as Europe/Berlin, of times in Slurm's text and in tables; without it UTC."
    ),
    yes: bool = typer.Option(False, "--yes", help="With tables: take the guess of their headings."),
    out: Path | None = options.path(None, help="Snapshot file to write."),
    as_json: bool = _AS_JSON,
) -> None:
    """Read a system from files or a live cluster, and show it or write it as a snapshot.

    Examples: kubectl get nodes,pods,deployments,pdb,hpa -A -o json > k.json; aurora snapshot k.json --out s.json

    scontrol show node -o > n.txt; squeue --json > q.json; aurora snapshot n.txt q.json --out s.json
    """
    from aurora.cli.snapshot.reading import asking, parse_mapping, tell_read
    from aurora.cluster.files import write_snapshot  # heavy, used here only
    from aurora.cluster.opening import Kind, open_snapshot  # heavy, used here only
    from aurora.cluster.readers.prices import read_prices  # heavy, used here only
    from aurora.cluster.report import report  # heavy, used here only

    paths = list(files or ())
    kind = next((k for k in get_args(Kind) if paths and str(paths[0]) == k and not paths[0].exists()), None)
    paths = paths[kind is not None :]
    if not live and (context or as_user or namespace):
        raise options.usage_error("--live", "--context, --as and --namespace go with --live")
    table = None if prices is None else read_prices(prices)
    if live and time_zone:
        raise options.usage_error("--time-zone", "it goes with Slurm's text and with tables")
    if live:
        if paths or kind not in (None, "kubernetes"):
            raise options.usage_error("--live", "give files or --live, not both; only Kubernetes is read live")
        found = _live(context, as_user, namespace, table)
    elif not paths:
        raise options.usage_error("FILES", "give files, or --live for the cluster of the kubeconfig")
    else:
        found = open_snapshot(
            *paths,
            kind=kind,
            prices=table,
            mapping=parse_mapping(mapping or ()),
            confirm=asking(yes),
            time_zone=time_zone or None,
        )
    if prometheus:
        found = _with_use(found, prometheus)
    if name:
        found = found.model_copy(update={"snapshot_id": name})
    if out is not None:
        write_snapshot(found, out)
    if as_json:
        emit_json(report(found).to_json())
    elif out is None:
        _print(found)
        note("nothing is stored; --out s.json writes the snapshot")
    if out is not None:
        tell_read(found)
        note(f"wrote {out}; look at it: aurora snapshot show {out}, aurora snapshot check {out}")


def _live(context: str, as_user: str, namespaces: list[str] | None, prices: dict[str, float] | None) -> Snapshot:
    from aurora.cli.terminal.steps import steps
    from aurora.cluster.readers.kubernetes.live import read_live  # heavy, used here only

    with steps() as progress:
        return read_live(
            context or None, as_user=as_user or None, namespaces=namespaces or None, prices=prices, progress=progress
        )


def _with_use(found: Snapshot, url: str) -> Snapshot:
    """Add the mean use over the last minutes, as Prometheus has it."""
    from aurora.cluster.readers.prometheus import read_history, with_use  # heavy, used here only
    from aurora.learning.series.prometheus_http import access_from_environment  # heavy, used here only

    end = int(found.taken_at.timestamp())
    end -= end % USE_STEP
    history = read_history(url, found, end - USE_SECONDS, end, USE_STEP, access=access_from_environment(), tell=note)
    return with_use(found, history, url)


def _print(found: Snapshot) -> None:
    from aurora.cli.snapshot.pictures import print_report
    from aurora.cluster.report import report  # heavy, used here only

    print_report(report(found))


@app.command()
def show(snapshot: list[str] = _SNAPSHOT_FILES, as_json: bool = _AS_JSON) -> None:
    """Show how full each node is, what waits and why, what it costs, and what is not known.

    Example: aurora snapshot show sample:web-shop
    """
    from aurora.cluster.opening import open_snapshot  # heavy, used here only
    from aurora.cluster.report import report  # heavy, used here only

    found = open_snapshot(*snapshot)
    if as_json:
        emit_json(report(found).to_json())
    else:
        _print(found)


@app.command()
def check(snapshot: list[str] = _SNAPSHOT_FILES, as_json: bool = _AS_JSON) -> None:
    """Find what is wrong: overcommitted nodes, tasks that can never be placed, limits, budgets, maintenance.

    Exit code 1 if there is an error or a warning; hints alone are no failure.

    Example: aurora snapshot check sample:gpu-cluster
    """
    from aurora.cli.snapshot.pictures import print_problems
    from aurora.cluster.opening import open_snapshot  # heavy, used here only
    from aurora.cluster.problems import find_problems  # heavy, used here only

    found = find_problems(open_snapshot(*snapshot))
    if as_json:
        emit_json(found.to_json())
    else:
        print_problems(found)
    if not found.is_sound:
        raise typer.Exit(1)


@app.command()
def diff(
    before: str = _snapshot_argument("The earlier snapshot."),
    after: str = _snapshot_argument("The later snapshot."),
    as_json: bool = _AS_JSON,
) -> None:
    """Compare two snapshots: what came, went, moved and changed, and what it does to room and money.

    Example: aurora snapshot diff monday.json tuesday.json
    """
    from aurora.cli.snapshot.pictures import print_difference
    from aurora.cluster.differences import compare_snapshots  # heavy, used here only
    from aurora.cluster.opening import open_snapshot  # heavy, used here only

    found = compare_snapshots(open_snapshot(before), open_snapshot(after))
    if as_json:
        emit_json(found.to_json())
    else:
        print_difference(found)


@app.command()
def anonymise(
    snapshot: list[str] = _SNAPSHOT_FILES,
    out: Path = options.path(..., help="Snapshot file to write."),
) -> None:
    """Replace all names by pseudonyms, the same name by the same one, so that the snapshot can be shared.

    The pseudonyms are keyed by AURORA_ACCOUNT_KEY; without it by a key that nobody keeps.

    Example: aurora snapshot anonymise s.json --out shared.json
    """
    import secrets

    from aurora.cluster.anonymity import anonymise as replace_names  # heavy, used here only
    from aurora.cluster.files import write_snapshot  # heavy, used here only
    from aurora.cluster.opening import open_snapshot  # heavy, used here only
    from aurora.learning.series.pseudonyms import KEY_VARIABLE  # heavy, used here only

    key = os.environ.get(KEY_VARIABLE, "")
    found = replace_names(open_snapshot(*snapshot), key or secrets.token_hex(16))
    write_snapshot(found.snapshot, out)
    note(f"wrote {out}: {found.names} names replaced")
    if found.texts:
        note(f"{found.texts} free texts (reasons, notes) keep their words; known names in them are replaced")
        note(f"read the free texts in {out} before you share it")
    if not key:
        note(f"another run gives other pseudonyms; set {KEY_VARIABLE} to get the same ones")


@app.command("to-scenario")
def to_scenario(
    snapshot: list[str] = _SNAPSHOT_FILES,
    horizon: float | None = options.number(
        None, least=1, most=options.YEAR, unit="seconds", help="Time that a task of unknown length runs."
    ),
    out: Path | None = options.path(None, help="Scenario file to write instead of stdout."),
) -> None:
    """Convert a snapshot to a scenario, which can be simulated, compared and explained.

    Example: aurora snapshot to-scenario sample:web-shop --out shop.json; aurora compare shop.json
    """
    from aurora.cluster.opening import open_snapshot  # heavy, used here only
    from aurora.cluster.scenario import to_scenario as convert  # heavy, used here only
    from aurora.files import write_atomically

    opened = open_snapshot(*snapshot)
    found = convert(opened) if horizon is None else convert(opened, horizon=horizon)
    text = found.scenario.model_dump_json(indent=2, exclude_none=True)
    if out is None:
        typer.echo(text)
    else:
        write_atomically(out, text + "\n")
    for entry in found.notes:
        note(f"{entry.kind}: {entry.message}")
    if out is not None:
        note(f"wrote {out}; try it: aurora compare {out}")


@app.command()
def template(
    nodes: Path = options.path(Path("nodes.csv"), help="File for the table of nodes; it must not exist yet."),
    tasks: Path = options.path(Path("tasks.csv"), help="File for the table of tasks; it must not exist yet."),
    as_json: bool = typer.Option(False, "--json", help="List the columns and their meaning as JSON instead."),
) -> None:
    """Write two tables, nodes and tasks, with all columns and example rows, to fill in by hand.

    Example: aurora snapshot template --nodes nodes.csv --tasks tasks.csv
    """
    from aurora.cluster.readers.tables import template as tables  # heavy, used here only
    from aurora.cluster.readers.tables.fields import NODES, TASKS  # heavy, used here only
    from aurora.files import write_atomically

    if as_json:
        tables_of = {"nodes": NODES, "tasks": TASKS}
        emit_json({t: [{"name": f.name, "meaning": f.meaning} for f in fields] for t, fields in tables_of.items()})
        return
    for path in (nodes, tasks):
        if path.exists():
            raise FileError(f"{path} exists; name another file, or remove it")
    for path, text in zip((nodes, tasks), tables(), strict=True):
        write_atomically(path, text)
    note(f"wrote {nodes} and {tasks}; replace the example rows, then: aurora snapshot {nodes} {tasks} --out s.json")
    note("of the columns, only node_id, task_id and cpu must stay; amounts may have units, such as 500m or 32Gi")


@app.command()
def schema() -> None:
    """Print the JSON schema of snapshot files: every field with its unit.

    Example: aurora snapshot schema
    """
    import json

    from aurora.cluster.snapshot import Snapshot as Format  # heavy, used here only

    typer.echo(json.dumps(Format.model_json_schema(), indent=2))


@app.command()
def samples(as_json: bool = _AS_JSON) -> None:
    """List the sample snapshots that come with AURORA.

    Example: aurora snapshot samples
    """
    from aurora.cluster.samples.load import SAMPLES  # heavy, used here only

    if as_json:
        emit_json([{"name": f"sample:{name}", "meaning": meaning} for name, meaning in SAMPLES.items()])
    else:
        emit_table("samples", ("name", "meaning"), [(f"sample:{n}", meaning) for n, meaning in SAMPLES.items()])
