"""`aurora schedule`: a policy at work as a cluster's scheduler, or in its shadow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.schedule.running import until_stopped
from aurora.cli.secret import read_token
from aurora.cli.terminal.output import emit_json, emit_table, note, say
from aurora.cli.terminal.steps import note_compiling, steps

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.scheduler.configuration import TlsFile
    from aurora.sim.scenarios.scenario import Scenario

app = typer.Typer(
    help="A policy as the scheduler of a Kubernetes cluster, or in its shadow.",
    no_args_is_help=True,
)

MAX_PORT = 65_535
_AS_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_POLICY = "Name of a reference or champion, or policy file such as `aurora policies export` writes."
_CONTEXT = "With --live: context of the kubeconfig."


@app.command()
def serve(  # one parameter an option
    policy: str = options.policy(..., help=_POLICY),
    snapshot: str = options.text("", most=options.MAX_PATH, help="Snapshot or sample to serve as it is, for a trial."),
    live: bool = typer.Option(False, "--live", help="Follow the Kubernetes cluster of the kubeconfig."),
    context: str = options.text("", help=_CONTEXT),
    as_user: str = options.text("", "--as", help="With --live: user to impersonate."),
    bind: bool = typer.Option(False, "--bind", help="With --live: bind pods where kube-scheduler leaves it to this."),
    host: str = options.text("127.0.0.1", help="Address to listen on; others than this machine need a secret."),
    port: int = options.count(8765, least=0, most=MAX_PORT, help="Port; 0 for any that is free."),
    certificate: Path | None = options.path(None, help="Certificate for HTTPS, PEM."),
    key: Path | None = options.path(None, help="Key of the certificate, PEM."),
    client_ca: Path | None = options.path(None, help="Authority of the certificates that clients must have, PEM."),
    token_file: Path | None = options.path(None, help="File with the secret that requests must carry."),
) -> None:
    """Answer kube-scheduler's questions which nodes fit a pod and how good each is, by a policy.

    Example: aurora schedule serve --live --policy champion.json
    """
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.cluster.scheduler.cluster import LiveCluster  # heavy, used here only
    from aurora.cluster.scheduler.extender import Extender  # heavy, used here only
    from aurora.cluster.scheduler.server import ExtenderServer, ServerSettings, settle_process  # heavy, used here only

    _one_source(snapshot, live, context, as_user)
    if bind and not live:
        raise options.usage_error("--bind", "it goes with --live")
    chosen = load_policy(policy)
    settings = ServerSettings(host, port, certificate, key, client_ca, read_token(token_file))
    note_compiling()
    follower = binder = None
    if live:
        from aurora.cluster.readers.kubernetes.connection import connect  # heavy, used here only
        from aurora.cluster.scheduler.watch import Follower, read_start  # heavy, used here only

        connection = connect(context or None, as_user=as_user or None)
        start = read_start(connection)
        cluster = LiveCluster(start.snapshot, chosen)
        follower = Follower(connection, cluster, start)
        if bind:
            from aurora.cluster.plans.targets import api  # heavy, used here only
            from aurora.cluster.scheduler.binding import binder_of  # heavy, used here only

            binder = binder_of(api.connect(context or None, as_user or None))
    else:
        from aurora.cluster.opening import open_snapshot  # heavy, used here only

        cluster = LiveCluster(open_snapshot(snapshot), chosen)
    with ExtenderServer(Extender(cluster, is_watched=live, binder=binder), settings) as server:
        if follower is not None:
            follower.start()
        cluster.warm_up()
        settle_process()
        note(f"{chosen.policy_id} answers for {len(cluster.state.node_ids)} nodes at {server.url}; Ctrl-C ends it")
        until_stopped(server.serve_forever, server.shutdown)


@app.command()
def config(  # one parameter an option
    url: str = options.text("http://127.0.0.1:8765", help="Address of `aurora schedule serve` for kube-scheduler."),
    profile: str = options.text("aurora", help="`schedulerName` of the pods that the policy places."),
    weight: int = options.count(100, most=1_000_000, help="Factor of the policy's scores."),
    timeout: float = options.number(2.0, least=0.01, most=60, unit="seconds", help="Seconds for an answer."),
    whole_nodes: bool = typer.Option(False, "--whole-nodes", help="Send whole nodes instead of their names."),
    resource: list[str] | None = options.text(
        None, help="Extended resource; only pods that ask for one are asked about; repeatable."
    ),
    bind: bool = typer.Option(False, "--bind", help="Leave binding to `aurora schedule serve --bind`."),
    ca: str = options.text("", help="Authority of the extender's certificate, on kube-scheduler's machine."),
    certificate: str = options.text("", help="Certificate of kube-scheduler, on its machine."),
    key: str = options.text("", help="Key of that certificate."),
) -> None:
    """Print the configuration of a kube-scheduler that asks the policy.

    Example: aurora schedule config --url https://aurora.kube-system:8765 --ca /etc/aurora/ca.crt > scheduler.yaml
    """
    from aurora.cluster.scheduler.configuration import scheduler_configuration  # heavy, used here only

    files: dict[TlsFile, str] = {}
    given: tuple[tuple[TlsFile, str], ...] = (("caFile", ca), ("certFile", certificate), ("keyFile", key))
    files.update((name, path) for name, path in given if path)
    text = scheduler_configuration(
        url,
        profile=profile,
        weight=weight,
        timeout=timeout,
        nodes_cached=not whole_nodes,
        resources=resource or (),
        tls_files=files,
        has_bind=bind,
    )
    say(text.rstrip("\n"))


@app.command()
def shadow(  # one parameter an option
    policy: str = options.policy(..., help=_POLICY),
    out: Path = options.path(..., help="Log to write to, JSON lines; one that exists is continued."),
    context: str = options.text("", help="Context of the kubeconfig."),
    as_user: str = options.text("", "--as", help="User to impersonate."),
    seconds: float = options.number(0.0, least=0, most=options.YEAR, unit="seconds", help="Seconds; 0: until Ctrl-C."),
) -> None:
    """Watch a live cluster and write down what a policy would have done; decide nothing.

    Example: aurora schedule shadow --policy champion.json --out shadow.jsonl
    """
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.cluster.readers.kubernetes.connection import connect  # heavy, used here only
    from aurora.cluster.scheduler.cluster import LiveCluster  # heavy, used here only
    from aurora.cluster.scheduler.shadow import Shadow, ShadowLog  # heavy, used here only
    from aurora.cluster.scheduler.watch import Follower, read_start  # heavy, used here only

    chosen = load_policy(policy)
    connection = connect(context or None, as_user=as_user or None)
    note_compiling()
    with ShadowLog(out) as log:
        start = read_start(connection)
        cluster = LiveCluster(start.snapshot, chosen)
        cluster.warm_up()
        watching = Shadow(cluster, log, source=f"{connection.context} at {connection.host}")
        follower = Follower(connection, watching, start)
        follower.start()
        note(f"{chosen.policy_id} watches {len(start.snapshot.nodes)} nodes and decides nothing; Ctrl-C ends it")
        try:
            until_stopped(None, None, seconds=seconds)
        finally:
            follower.stop()
            watching.stop()
    note(f"{watching.decisions} pods were placed, {watching.same} where the policy would have; read it with:")
    note(f"  aurora schedule report {out}")


@app.command()
def replay(  # one parameter an option
    nodes: Path = options.path(..., help="Node list of openb, .csv or .csv.gz."),
    pods: Path = options.path(..., help="Pod list of openb, .csv or .csv.gz."),
    policy: str = options.policy(..., help=_POLICY),
    out: Path = options.path(..., help="Log to write, JSON lines."),
    cluster_policy: str = options.policy("first_fit", help="Policy that stands for the cluster's scheduler."),
    first: int = options.count(0, least=0, help="Number of the first pod in the order of creation, from 0."),
    count: int | None = options.count(None, help="Most pods; without it, all."),
    node_share: float = options.share(
        1.0, least=0.001, most=1.0, help="Share of the nodes that take part, evenly from the list."
    ),
    as_json: bool = _AS_JSON,
) -> None:
    """Replay a trace: one policy as the cluster's scheduler, another in its shadow.

    Example: aurora schedule replay --nodes N.csv.gz --pods P.csv.gz --policy fgd --out shadow.jsonl
    """
    from aurora.champions.named import load_policy  # heavy, used here only
    from aurora.cluster.scheduler.replay import replay_scenario  # heavy, used here only
    from aurora.cluster.scheduler.shadow import ShadowLog  # heavy, used here only

    chosen, rival = load_policy(policy), load_policy(cluster_policy)
    scenario = _trace(nodes, pods, node_share, first, count)
    if out.exists() and out.stat().st_size:
        raise options.usage_error("--out", f"{options.shown(str(out))} exists; give the name of a new log")
    note_compiling()
    with ShadowLog(out) as log, steps() as progress:
        watching = replay_scenario(scenario, rival, chosen, log, progress=progress)
    tasks = len(scenario.tasks)
    if as_json:
        emit_json({"tasks": tasks, "decisions": watching.decisions, "same": watching.same, "log": str(out)})
        return
    emit_table("replayed", ("tasks", "placed", "same node"), [(tasks, watching.decisions, watching.same)])
    note(f"wrote {out}; read it with: aurora schedule report {out}")


def _trace(nodes: Path, pods: Path, share: float, first: int, count: int | None) -> Scenario:
    from aurora.sim.scenarios.traces.openb import read_nodes, read_pods, traced_scenario  # heavy, used here only

    listed = read_nodes(nodes)
    kept = max(1, round(share * len(listed)))
    return traced_scenario(
        tuple(listed[k * len(listed) // kept] for k in range(kept)), read_pods(pods), first=first, count=count
    )


@app.command()
def report(
    log: Path = options.path_argument(help="Log of `aurora schedule shadow` or `aurora schedule replay`."),
    as_json: bool = _AS_JSON,
) -> None:
    """Say what the difference between a cluster's scheduler and the policy is worth, with 95 % intervals.

    Example: aurora schedule report shadow.jsonl
    """
    from aurora.cluster.scheduler.report import report_shadow  # heavy, used here only

    note_compiling()
    found = report_shadow(log)
    if as_json:
        emit_json(found.to_json())
        return
    emit_table(
        f"{found.policy_id} compared with the cluster's scheduler",
        ("measure", "unit", "cluster", "policy", "difference", "low", "high"),
        [tuple(d) for d in found.differences],
        keys=2,
    )
    emit_table(
        "decisions",
        ("tasks", "placed by the cluster", "same node", "no node by the policy"),
        [(found.tasks, found.decisions, found.same, found.none)],
    )
    note("less is better for every measure; low and high bound the difference (policy minus cluster) with 95 %")
    for text in found.unknown:
        note(f"not known: {text}")


def _one_source(snapshot: str, live: bool, context: str, as_user: str) -> None:
    if live == bool(snapshot):
        raise options.usage_error("--live", "give --live, or --snapshot for a trial on a cluster that stands still")
    if not live and (context or as_user):
        raise options.usage_error("--live", "--context and --as go with --live")
