"""A valid file of every kind that AURORA reads, with its reader."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import pandas as pd
import yaml

from aurora.agents.models import budget
from aurora.champions.named import load_policy as load_named_policy
from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.readers.prices import read_prices
from aurora.graphs.run_directory import read_manifest, start_manifest
from aurora.learning.accounts import generate, load_catalogue, read_accounts, synthetic_catalogue, write_accounts
from aurora.learning.experiments.measurements import read_rows
from aurora.learning.experiments.registration import Registration, Rules, assign, load_registration, register
from aurora.learning.experts.cloning import CloneSettings, load_policy, new_policy, save_policy
from aurora.learning.forecasting.models.boosted import TRAINED_QUANTILES, BoostedTrees
from aurora.learning.futures.tracking import Tracking, read_tracking, write_tracking
from aurora.learning.rightsizing import savings_ledger as ledger
from aurora.learning.rightsizing.containers.files import read_containers
from aurora.learning.rightsizing.plan_file import ChangePlan, PlannedChange, read_inventory, read_plan, write_plan
from aurora.learning.rl import checkpoint, trainer
from aurora.learning.series.read import read_panel
from aurora.memory.measurement_cache import MeasurementCache
from aurora.memory.records import Iteration, NewPolicy
from aurora.memory.store import Store
from aurora.sim.capacity.capacity import CapacityPlan, read_plans
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.disturbances import parse_disturbance, read_disturbances
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec
from aurora.sim.scenarios.reader import load_scenario
from aurora.sim.scenarios.traces import azure_vm, eua, flows, openb, swf, topology
from aurora.tools.recording import Exchange, Recording
from benchmarks.valid_kubernetes import cluster
from benchmarks.valid_plans import plan_files
from benchmarks.valid_snapshots import snapshot_files


class Reader(NamedTuple):
    """A kind of file.

    Attributes:
        name: Of the kind.
        file: Name that its mutations get.
        good: A valid file.
        read: Reads a file at a path.
    """

    name: str
    file: str
    good: bytes
    read: Callable[[Path], Any]


def readers(folder: Path) -> list[Reader]:
    """Make a valid file of every kind; what needs others beside it finds them in `folder`."""
    return [
        *_scenarios(),
        *_series(),
        *_accounts(folder),
        *_traces(folder),
        *_runs(folder),
        *_networks(folder),
        *_clusters(),
        *(Reader(*kind) for kind in snapshot_files(folder)),
        *(Reader(*kind) for kind in plan_files(folder)),
    ]


def _scenarios() -> list[Reader]:
    spec = sample_spec("video", 1, np.random.default_rng(1))
    plan = CapacityPlan(plan_id="a", reserved_nodes=3, burst_nodes=2)
    what_ifs = [parse_disturbance(t).model_dump(mode="json") for t in ("spike:+20%@20m/10m", "node_loss:2")]
    prices = {"dollars_per_million_tokens": {"openai:a": {"in": 1.0, "out": 2.0}, "openai:b": [0.5, 1.5]}}
    return [
        Reader("scenario", "s.json", expand(spec).model_dump_json().encode(), load_scenario),
        Reader("spec", "spec.json", spec.model_dump_json().encode(), load_scenario),
        Reader("policy", "p.json", REFERENCES["fgd"].model_dump_json().encode(), lambda p: load_named_policy(str(p))),
        Reader("capacity plans", "c.json", f"[{plan.model_dump_json()}]".encode(), read_plans),
        Reader("what-ifs", "w.json", json.dumps(what_ifs).encode(), read_disturbances),
        Reader("prices", "prices.json", json.dumps(prices).encode(), budget._read_table),
    ]


def _series() -> list[Reader]:
    steps = [1_700_000_000 + 300 * k for k in range(60)]
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.to_datetime(steps, unit="s"), "y": np.arange(60) % 7 / 2})
    packed = io.BytesIO()
    frame.to_parquet(packed, index=False)
    long_form = frame.to_csv(index=False).encode()
    wide = "timestamp,a,b\n" + "".join(f"2026-01-01 {k // 12:02d}:{5 * (k % 12):02d},{k},{k / 2}\n" for k in range(60))
    nab = "timestamp,value\n" + "".join(f"2014-02-14 14:{k:02d}:00,{k / 3}\n" for k in range(0, 60, 5))
    return [
        Reader("series, CSV", "s.csv", long_form, lambda p: read_panel([p])),
        Reader("series, Parquet", "s.parquet", packed.getvalue(), lambda p: read_panel([p])),
        Reader("series, wide", "wide.csv", wide.encode(), lambda p: read_panel([p])),
        Reader("series, two columns", "two.csv", nab.encode(), lambda p: read_panel([p])),
        Reader("series, semicolons", "semi.csv", long_form.replace(b",", b";"), lambda p: read_panel([p])),
    ]


def _clusters() -> list[Reader]:
    items = cluster()
    listed = {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}
    by_kind: dict[str, list[Any]] = {}
    for item in items:
        by_kind.setdefault(item["kind"], []).append(item)
    lists = [{"kind": f"{kind}List", "apiVersion": own[0]["apiVersion"], "items": own} for kind, own in by_kind.items()]
    after_each_other = "\n".join(json.dumps(document) for document in lists)
    prices = {"m5.large": 0.096, "m5.large:spot": 0.035}
    return [
        Reader("Kubernetes, JSON", "k.json", json.dumps(listed, indent=4).encode(), _read_cluster),
        Reader("Kubernetes, lists", "l.json", after_each_other.encode(), _read_cluster),
        Reader("Kubernetes, YAML", "k.yaml", yaml.safe_dump(json.loads(json.dumps(listed))).encode(), _read_cluster),
        Reader("prices of machines", "prices-of-machines.json", json.dumps(prices).encode(), read_prices),
        Reader("prices of machines, CSV", "p.csv", b"type,$/h\nm5.large,0.096\nm5.xlarge,0.192\n", read_prices),
    ]


def _read_cluster(path: Path) -> Any:
    return read_kubernetes([path])


def _histories(path: Path, catalogue: Any) -> Any:
    return read_accounts([path], catalogue)


def _container_line() -> bytes:
    pod = {"pod": "a", "start": 1_780_272_000, "step": 300, "cpu": [0.1, None, 0.3, 0.2], "memory": [1, 1.5, 1, 1]}
    row = {"workload": "w", "container": "c", "cpu_request": "500m", "memory_limit": "2Gi", "pods": [pod]}
    kills = {"ooms": [{"time": "2026-06-01T00:10:00Z", "limit": 2}], "starts": [1_780_272_000]}
    return json.dumps(row | kills | {"autoscaler": {"resource": "cpu", "target": 0.7}}).encode()


def _container_rows() -> bytes:
    rows = [f"w,c,{p},2026-06-01T00:{5 * k:02d}:00Z,0.{k + 1},1.5,2,{k % 2}" for k in range(6) for p in ("a", "b")]
    return ("workload,container,pod,time,cpu,memory,cpu_request,oom\n" + "\n".join(rows) + "\n").encode()


def _accounts(folder: Path) -> list[Reader]:
    catalogue = synthetic_catalogue()
    write_accounts(generate(1, 2, periods=40).accounts, folder / "h.jsonl")
    write_accounts(generate(1, 2, periods=40).accounts, folder / "h.parquet")
    change = PlannedChange(
        "a", {"instance": "x", "maximum": 2}, {"instance": "y", "maximum": 2}, "why", {"expected": 1.0}
    )
    write_plan(ChangePlan((change,), "made up"), folder / "plan.json")
    ledger.record_promises(
        folder / "l.jsonl", [ledger.Promise("a@1", "a", "2026-01-01", 5.0, 1.0, 9.0, 0.9, "made up")]
    )
    ledger.settle_promise(folder / "l.jsonl", "a@1", 4.0, "2026-02-01")
    days = [date(2026, 5, 1) + timedelta(days=k) for k in range(10)]
    cells = [f"{a},{d},{k % 5}.5,{k % 3}" for d in days for k, a in enumerate(("a", "b", "c"))]
    table = "account,day,cost,latency\n" + "\n".join(cells) + "\n"
    means = {f"a{k}": (float(k), 1.0) for k in range(20)}
    rules = Rules("cost", "lower", "latency", "lower", 0.0, 0.05, 0.02, 1.0, 28, 7)
    subjects = assign(means, dict.fromkeys(means, ""), experiment_id="e", seed=1, block_size=rules.block_size)
    draft = Registration("e", days[0], days[9], 1, rules, subjects, {"power": 0.8, "days": 9.0})
    register(folder / "e", draft)
    registered = next((folder / "e").glob("*.json")).read_bytes()
    read_histories = partial(_histories, catalogue=catalogue)
    inventory = {"a": {"instance": "general-8", "minimum": 1, "maximum": 2, "tags": ["tier=web"]}}
    shipped = Path(sys.modules[type(catalogue).__module__].__file__ or "").with_name("catalogue.json")
    return [
        Reader(
            "histories, JSON lines",
            "h.jsonl",
            (folder / "h.jsonl").read_bytes(),
            read_histories,
        ),
        Reader(
            "histories, Parquet",
            "h.parquet",
            (folder / "h.parquet").read_bytes(),
            read_histories,
        ),
        Reader("containers, JSON lines", "c.jsonl", _container_line(), read_containers),
        Reader("containers, CSV", "c.csv", _container_rows(), read_containers),
        Reader("plan", "plan.json", (folder / "plan.json").read_bytes(), read_plan),
        Reader("inventory", "i.json", json.dumps(inventory).encode(), read_inventory),
        Reader("ledger", "l.jsonl", (folder / "l.jsonl").read_bytes(), ledger.settlements),
        Reader("catalogue", "cat.json", shipped.read_bytes(), load_catalogue),
        Reader("measurements", "m.csv", table.encode(), lambda p: read_rows(p, ("cost", "latency"))),
        Reader(
            "registration",
            "registration.json",
            registered,
            _within(load_registration, folder / "e"),
        ),
    ]


def _traces(folder: Path) -> list[Reader]:
    jobs = "; header\n" + "".join(
        f"{k} {k * 10} 1 {5 + k} 2 -1 -1 2 {9 + k} -1 1 1 1 1 1 -1 -1 -1\n" for k in range(1, 40)
    )
    nodes = "sn,cpu_milli,memory_mib,gpu,model\n" + "".join(f"n{k},32000,131072,{k % 3},T4\n" for k in range(5))
    pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
    pods += "creation_time,deletion_time,scheduled_time\n"
    pods += "".join(f"p{k},2000,4096,{k % 2},1000,,LS,Running,{k},{k + 50},{k + 1}\n" for k in range(9))
    points = "".join(f'  node [ id {k} label "N{k}" Longitude {k}.5 Latitude {40 + k} ]\n' for k in range(4))
    edges = "".join(f"  edge [ source {k} target {(k + 1) % 4} LinkSpeedRaw 1000000000 ]\n" for k in range(4))
    links = "to_node from_node capacity prob_failure\n" + "".join(
        f"{a} {b} 100.0 0.01\n" for a, b in ((1, 2), (2, 3), (3, 1))
    )
    sites = "SITE_ID,LATITUDE,LONGITUDE\n" + "".join(f"s{k},-37.8{k},144.9{k}\n" for k in range(6))
    users = "Latitude,Longitude\n" + "".join(f"-37.8{k},144.9{k}\n" for k in range(6))
    per_unit = 1e-6

    def traffic(path: Path) -> Any:
        return flows.read_demands(path, 3, gbps_per_unit=per_unit)

    return [
        Reader("SWF", "l.swf", jobs.encode(), swf.read_jobs),
        Reader("openb nodes", "n.csv", nodes.encode(), openb.read_nodes),
        Reader("openb pods", "p.csv", pods.encode(), openb.read_pods),
        Reader("GML", "g.gml", f"graph [\n  directed 0\n{points}{edges}]\n".encode(), topology.read_gml),
        Reader("capacities", "t.txt", links.encode(), lambda p: topology.read_capacities(p, gbps_per_unit=per_unit)),
        Reader(
            "traffic",
            "d.txt",
            b"0 1 2 1 0 3 2 2 0\n" * 4,
            traffic,
        ),
        Reader("edge sites", "sites.csv", sites.encode(), eua.read_sites),
        Reader("edge users", "users.csv", users.encode(), eua.read_users),
        Reader("Azure flavours", "f.txt", b"2,3.5 a\n4,7 b\n8,28 c\n", azure_vm.read_flavours),
        Reader("Azure lifetimes", "life.txt", b"300 0\n600 1\n1200 2\n3600 3\n", azure_vm.read_lifetimes),
    ]


def _runs(folder: Path) -> list[Reader]:
    run = folder / "run"
    run.mkdir()
    start_manifest(run, {"source": "generated", "seed": 1})
    with Store.open(run / "archive.sqlite") as store:
        policies = [NewPolicy(REFERENCES[name], "reference") for name in ("first_fit", "best_fit", "fgd")]
        store.commit(Iteration(0, policies, [], [], [], [], {}, {"champion": None}, [{"event": "iteration"}]))
    with Recording(folder / "calls.jsonl") as recording:
        recording.add(Exchange(recording.key("model", {"a": 1}), "model", {"a": 1}, {"b": [1, 2]}, {"tokens": 3}))
    levels = (0.5, 0.9)
    write_tracking(
        Tracking(("a",), 300, 1.0, levels, (0.0, 0.1), (0.0, 0.1), inside=(1, 2), peaks_inside=(0, 1)),
        folder / "t.json",
    )
    with MeasurementCache(folder / "paid.ledger") as paid:
        paid.begin(3)

    def archive(path: Path) -> Any:
        for name in ("-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
        with Store.open(path) as opened:
            return opened.top(9), opened.counts(), opened.last_iteration(), opened.events(), opened.dump()

    def replay(path: Path) -> Any:
        with Recording(path, replaying=True) as opened:
            return list(opened)

    def paid_for(path: Path) -> Any:
        with MeasurementCache(path) as opened:
            return len(opened)

    return [
        Reader("manifest", "manifest.json", (run / "manifest.json").read_bytes(), _within(read_manifest, run)),
        Reader("archive", "archive.sqlite", (run / "archive.sqlite").read_bytes(), archive),
        Reader("recording", "calls.jsonl", (folder / "calls.jsonl").read_bytes(), replay),
        Reader("state of futures", "t.json", (folder / "t.json").read_bytes(), read_tracking),
        Reader("ledger of simulations", "paid.ledger", (folder / "paid.ledger").read_bytes(), paid_for),
    ]


def _networks(folder: Path) -> list[Reader]:
    clone = folder / "clone.pt"
    save_policy(new_policy(8, 0), clone, CloneSettings(units=8), {"kind": "clone"})
    room = folder / "training"
    room.mkdir()
    checkpoint.save(room, trainer.to_state(trainer.start_training(trainer.TrainingConfig("ppo", (1,), 100, 0))))
    x = np.random.default_rng(0).random((300, 4))
    settings = {"objective": "quantile", "num_leaves": 4, "verbose": -1, "num_threads": 1}
    text = str(lightgbm.train(settings, lightgbm.Dataset(x, x[:, 0]), 2).model_to_string())
    trees = folder / "trees"
    trees.mkdir()
    BoostedTrees((text,) * len(TRAINED_QUANTILES)).save(trees)

    def forest(path: Path) -> Any:
        shutil.copy(path, trees / path.name)
        for model in BoostedTrees().load(trees).models[:1]:
            booster = lightgbm.Booster(model_str=model)
            booster.predict(np.zeros((2, booster.num_feature())), num_threads=1)

    return [
        Reader("clone", "c.pt", clone.read_bytes(), load_policy),
        Reader(
            "training", checkpoint.NAME, (room / checkpoint.NAME).read_bytes(), _within(trainer.load_training, room)
        ),
        Reader("LightGBM", f"lightgbm-{TRAINED_QUANTILES[0]}.txt", text.encode(), forest),
    ]


def _within(read: Callable[[Path], Any], folder: Path) -> Callable[[Path], Any]:
    """A reader of a folder, as one of the file that is changed in it."""

    def reads(path: Path) -> Any:
        place = next((p for p in folder.iterdir() if p.suffix == path.suffix), folder / path.name)
        place.chmod(0o644)
        shutil.copy(path, place)
        return read(folder)

    return reads
