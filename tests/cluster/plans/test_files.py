"""Files of a plan: patches that kustomize merges, scripts that a person reads, inventories; written whole, undone."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aurora.cluster.changes import Cordon, Drain, Evict, Move, Place, Resize, Scale
from aurora.cluster.plans.journal import read_progress
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import Plan
from aurora.cluster.plans.targets.files import FilesTarget, manifests
from aurora.cluster.plans.targets.inventory import InventoryTarget, inventory_of
from aurora.cluster.plans.targets.patches import has_fields, quantity
from aurora.cluster.plans.targets.slurm import SlurmTarget, scripts
from aurora.cluster.snapshot import Snapshot, Workload
from aurora.errors import PlanError
from tests.cluster.clusters import SHOP_TIME as NOW
from tests.cluster.clusters import shop
from tests.cluster.clusters import shop_node as node
from tests.cluster.kubernetes_api import serving
from tests.cluster.kubernetes_objects import KINDS, kubernetes_validate, shop_cluster, validate
from tests.cluster.plans.live import apply, undo

WEB = "shop/Deployment/web"
CHANGES = (
    Resize(workload_id=WEB, container="app", requests={"cpu": 0.25}, limits={"memory": None, "cpu": 1.5}),
    Scale(workload_id=WEB, replicas=5),
    Cordon(node_id="b"),
    Move(task_id="shop/api-1", node_id="a", is_pinned=True),
    Evict(task_id="shop/db-0"),
)


def _plan(*changes: Any, snapshot: Snapshot | None = None) -> Plan:
    return make_plan(snapshot or shop(), [Proposal(c) for c in changes], at=NOW)


def test_files_hold_one_patch_an_object_with_its_undo() -> None:
    files = manifests(_plan(*CHANGES), shop())
    assert sorted(files) == [
        "kustomization.yaml",
        "nodes/b.yaml",
        "not-in-files.txt",
        "undo/b.yaml",
        "undo/shop-deployment-api.yaml",
        "undo/shop-deployment-web.yaml",
        "workloads/shop-deployment-api.yaml",
        "workloads/shop-deployment-web.yaml",
    ]
    patch = yaml.safe_load(files["workloads/shop-deployment-web.yaml"])
    assert patch["metadata"] == {"name": "web", "namespace": "shop"}
    assert patch["spec"]["replicas"] == 5
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    resources = {"requests": {"cpu": "250m"}, "limits": {"memory": None, "cpu": "1500m"}}
    assert container == {"name": "app", "resources": resources}
    back = yaml.safe_load(files["undo/shop-deployment-web.yaml"])
    assert back["spec"]["replicas"] == 3
    assert back["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"memory": "2Gi", "cpu": None}
    assert "evict shop/db-0" in files["not-in-files.txt"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_merges_them_into_valid_manifests(tmp_path: Path) -> None:
    cluster = shop_cluster()
    base = tmp_path / "base"
    base.mkdir()
    names = []
    for plural in ("deployments", "statefulsets"):
        for manifest in cluster.all(plural):
            plain = {k: manifest[k] for k in ("apiVersion", "kind", "spec")}
            plain["metadata"] = {k: manifest["metadata"][k] for k in ("name", "namespace")}
            names.append(f"{plain['metadata']['name']}.yaml")
            (base / names[-1]).write_text(yaml.safe_dump(plain))
    (base / "kustomization.yaml").write_text(yaml.safe_dump({"resources": names}))
    apply(_plan(*CHANGES), shop(), FilesTarget(tmp_path / "out"), tmp_path / "j.jsonl")
    command = ["kubectl", "kustomize", str(tmp_path / "out")]
    built = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert built.returncode == 0, built.stderr
    merged = {m["metadata"]["name"]: m for m in yaml.safe_load_all(built.stdout)}
    app, proxy = merged["web"]["spec"]["template"]["spec"]["containers"]
    assert app["image"] == "app:1"
    assert app["resources"] == {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"cpu": "1500m"}}
    assert proxy == {"name": "proxy", "image": "proxy:1"}
    assert merged["web"]["spec"]["replicas"] == 5
    assert merged["api"]["spec"]["template"]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": "a"}
    if kubernetes_validate is not None:
        for manifest in merged.values():
            validate(manifest)


def test_files_are_written_and_taken_away_again(tmp_path: Path) -> None:
    plan, to, journal = _plan(*CHANGES), FilesTarget(tmp_path / "out"), tmp_path / "j.jsonl"
    apply(plan, shop(), to, journal)
    assert len(read_progress(journal).steps) == 8
    undo(plan, to, journal)
    assert not (tmp_path / "out").exists()


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kustomization.yaml").write_text("resources: []\n")
    with pytest.raises(PlanError, match="is there already"):
        apply(_plan(*CHANGES), shop(), FilesTarget(tmp_path / "out"), tmp_path / "j.jsonl")
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_file_that_was_edited_stops_the_rollback(tmp_path: Path) -> None:
    plan, to, journal = _plan(*CHANGES), FilesTarget(tmp_path / "out"), tmp_path / "j.jsonl"
    apply(plan, shop(), to, journal)
    (tmp_path / "out" / "nodes" / "b.yaml").write_text("mine\n")
    with pytest.raises(PlanError, match=r"nodes/b.yaml was changed meanwhile.*aurora plan rollback` goes on"):
        undo(plan, to, journal)
    (tmp_path / "out" / "nodes" / "b.yaml").unlink()
    assert undo(plan, to, journal).progress.state == "rolled back"
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [("cpu", 0.1, "100m"), ("cpu", 0.0001, "1m"), ("cpu", 3.0, "3"), ("memory", 0.5, "512Mi"), ("memory", 0.0, "0")],
)
def test_amounts_are_written_as_quantities(resource: str, amount: float, text: str) -> None:
    assert quantity(resource, amount) == text


def test_fields_are_compared_as_kubernetes_means_them() -> None:
    found = {"spec": {"containers": [{"name": "a", "resources": {"limits": {"memory": "1024Mi"}}}]}}
    wanted = {"spec": {"containers": [{"name": "a", "resources": {"limits": {"memory": "1Gi", "cpu": None}}}]}}
    assert has_fields(found, wanted)
    wanted["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1G"
    assert not has_fields(found, wanted)
    assert not has_fields({}, wanted)


# Slurm


def _slurm(*nodes: str) -> Snapshot:
    tasks = tuple(
        t.model_copy(update={"task_id": name, "workload_id": None})
        for t, name in zip(shop().tasks, ("7", "8_3", "9.n1", "10"), strict=False)
    )
    return shop(system="slurm", tasks=tasks, workloads=(), nodes=tuple(node(n) for n in ("a", "b", "c", *nodes)))


def test_slurm_gets_scripts_to_read() -> None:
    plan = _plan(Drain(node_id="a", onto={"7": "b"}), Evict(task_id="10"), snapshot=_slurm())
    files = scripts(plan)
    assert [line for line in files["apply.sh"].splitlines() if not line.startswith("#")] == [
        "set -eu",
        f"scontrol update NodeName=a State=DRAIN 'Reason=aurora plan {plan.plan_id}'",
        "scontrol requeuehold 7",
        "scontrol update JobId=7 ReqNodeList=b",
        "scontrol release 7",
        "scontrol requeue 8_3",
        "scontrol requeue 10",
    ]
    assert files["undo.sh"].endswith("# uncordon a\nscontrol update NodeName=a State=RESUME\n")


def test_scripts_are_valid_and_names_stay_names(tmp_path: Path) -> None:
    plan = _plan(Cordon(node_id="a"), snapshot=_slurm())
    apply(plan, _slurm(), SlurmTarget(tmp_path / "out"), tmp_path / "j.jsonl")
    for name in ("apply.sh", "undo.sh"):
        assert subprocess.run(["sh", "-n", str(tmp_path / "out" / name)], check=False).returncode == 0
    for bad in ("a; rm -rf /", "a\nrm -rf /", "ALL", "$(id)", "a b", "-x"):
        with pytest.raises(PlanError, match="no name of one node"):
            scripts(_plan(Cordon(node_id=bad), snapshot=_slurm(bad)))


def test_what_slurm_cannot_do_is_refused() -> None:
    with pytest.raises(PlanError, match="places as a whole"):
        scripts(_plan(Move(task_id="9.n1", node_id="a"), snapshot=_slurm()))
    pending = shop(system="slurm").tasks_by_id["shop/batch-1"]
    with pytest.raises(PlanError, match="no job id"):
        scripts(_plan(Place(task_id=pending.task_id, node_id="a"), snapshot=shop(system="slurm")))
    workload = Workload(workload_id="array", kind="array", replicas=2)
    sized = _slurm().model_copy(update={"workloads": (workload,)})
    with pytest.raises(PlanError, match="Slurm can't do this"):
        scripts(_plan(Scale(workload_id="array", replicas=1), snapshot=sized))


# Inventories


def test_an_inventory_is_changed_all_or_nothing_and_back(tmp_path: Path) -> None:
    snapshot, path = shop(system="csv"), tmp_path / "inventory.json"
    before = json.dumps(inventory_of(snapshot), indent=2) + "\n"
    path.write_text(before)
    plan = _plan(Drain(node_id="a", onto={"shop/web-1": "b"}), *CHANGES[:2], snapshot=snapshot)
    apply(plan, snapshot, InventoryTarget(path), tmp_path / "j.jsonl")
    after = json.loads(path.read_text())
    assert after["a"] == {"cordoned": True}
    assert after["shop/web-1"] == {"node": "b"}
    assert after["shop/db-0"] == {"node": None}
    assert after[WEB] == {
        "replicas": 5,
        "app requests cpu": 0.25,
        "app requests memory": 1.0,
        "app limits cpu": 1.5,
    }
    undo(plan, InventoryTarget(path), tmp_path / "j.jsonl")
    assert path.read_text() == before


def test_an_inventory_that_differs_is_left_alone(tmp_path: Path) -> None:
    snapshot, path = shop(system="csv"), tmp_path / "inventory.json"
    path.write_text(json.dumps({**inventory_of(snapshot), WEB: {"replicas": 9}}))
    before = path.read_text()
    with pytest.raises(PlanError, match="nothing was changed"):
        apply(_plan(*CHANGES[:2], snapshot=snapshot), snapshot, InventoryTarget(path), tmp_path / "j.jsonl")
    assert path.read_text() == before


def test_every_kind_that_is_served_has_a_plural() -> None:
    assert all(kind.lower() + "s" == plural for plural, (_, kind, _) in KINDS.items())


def test_an_inventory_that_is_not_there_begins_as_the_snapshot(tmp_path: Path) -> None:
    snapshot, path = shop(system="csv"), tmp_path / "inventory.json"
    plan = _plan(Cordon(node_id="b"), snapshot=snapshot)
    apply(plan, snapshot, InventoryTarget(path), tmp_path / "j.jsonl")
    assert json.loads(path.read_text()) == {**inventory_of(snapshot), "b": {"cordoned": True}}
    undo(plan, InventoryTarget(path), tmp_path / "j.jsonl")
    assert not path.exists()


@pytest.mark.parametrize("name", ["../../../etc/passwd", "a?dryRun=All", "a/../b", "A", "a\nb", "-a", "x" * 300])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    snapshot = shop(nodes=(*shop().nodes, node(name)))
    with pytest.raises(PlanError, match="can't be a name in Kubernetes"):
        manifests(_plan(Cordon(node_id=name), snapshot=snapshot), snapshot)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_applies_the_patches_and_their_undo(tmp_path: Path) -> None:
    cluster = shop_cluster()
    for name, text in manifests(_plan(*CHANGES[:3]), shop()).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def state() -> Any:
        spec = cluster.get("deployments", "shop", "web")["spec"]
        resources = spec["template"]["spec"]["containers"][0]["resources"]
        return spec["replicas"], resources, cluster.get("nodes", "", "b")["spec"].get("unschedulable")

    def patch(*words: str) -> None:
        command = ["kubectl", f"--server={server.url}", f"--cache-dir={tmp_path}", "patch", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    before = state()
    with serving(cluster, is_ticking=False) as server:
        for folder, undo_folder in (("workloads", "nodes"), ("undo", "undo")):
            patch("deployment", "web", "-n", "shop", "--patch-file", f"{tmp_path}/{folder}/shop-deployment-web.yaml")
            patch("node", "b", "--patch-file", f"{tmp_path}/{undo_folder}/b.yaml")
            if folder == "workloads":
                limits = {"cpu": "1500m"}
                assert state() == (5, {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": limits}, True)
    assert state() == before
