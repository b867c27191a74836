"""The command `aurora plan`, from a sample to files and back."""

import json
from pathlib import Path

import pytest

from tests.cli.command import aurora


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _new(*words: str) -> dict:
    return json.loads(aurora("plan", "new", *words, "--json").stdout)


def test_a_plan_is_made_shown_approved_applied_and_rolled_back(folder: Path) -> None:
    made = _new("sample:web-shop", "--drain", "node-a1", "--scale", "shop/Deployment/checkout=5")
    plan_id = made["plan"]["plan_id"]
    assert made["violations"] == []
    measures = {m["name"]: m for m in made["plan"]["effect"]["measures"]}
    assert measures["pending"]["before"]["expected"] == 3
    assert measures["fullest_node_cpu"]["after"]["low"] < measures["fullest_node_cpu"]["after"]["high"]
    assert made["path"] == f"runs/plans/{plan_id}.json"
    shown = aurora("plan", "show", plan_id[:6]).stdout
    assert "shop/Deployment/checkout" in shown
    assert f"sha256: {made['plan']['sha256']}" in shown
    assert aurora("plan", "diff", plan_id).stdout.splitlines() == made["plan"]["diff"]
    refused = aurora("plan", "apply", plan_id, "--json", code=11)
    assert json.loads(refused.stderr)["kind"] == "PlanError"
    aurora("plan", "approve", plan_id, "--who", "ada")
    applied = json.loads(aurora("plan", "apply", plan_id, "--out", "overlay", "--json").stdout)
    assert applied["state"] == "applied"
    assert (folder / "overlay" / "kustomization.yaml").exists()
    listed = json.loads(aurora("plan", "list", "--json").stdout)["plans"]
    assert [(p["plan_id"], p["status"]) for p in listed] == [(plan_id, "applied")]
    assert "undo with: aurora plan rollback" in aurora("plan", "apply", plan_id).stderr
    assert json.loads(aurora("plan", "rollback", plan_id, "--json").stdout)["state"] == "rolled back"
    assert not (folder / "overlay").exists()


def test_a_hash_approves_in_passing(folder: Path) -> None:
    plan = _new("sample:hpc-queue", "--place-pending")["plan"]
    wrong = "0" * 6 if not plan["sha256"].startswith("0" * 6) else "1" * 6
    aurora("plan", "apply", plan["plan_id"], "--yes", wrong, code=11)
    aurora("plan", "apply", plan["plan_id"], "--yes", plan["sha256"][:3], code=6)
    aurora("plan", "apply", plan["plan_id"], "--yes", plan["sha256"][:10])
    assert (folder / "runs" / "plans" / f"{plan['plan_id']}.slurm" / "apply.sh").exists()


def test_a_plan_that_breaks_a_constraint_is_kept_and_not_applied(folder: Path) -> None:
    made = _new("sample:web-shop", "--scale", "shop/Deployment/checkout=900", "--quick")
    assert made["plan"]["effect"] is None
    assert [v["code"] for v in made["violations"]] == ["does not fit"]
    plan_id = made["plan"]["plan_id"]
    refused = aurora("plan", "apply", plan_id, "--yes", plan_id, code=5)
    assert "nothing was changed" in refused.stderr
    assert not (folder / "runs" / "plans" / f"{plan_id}.files").exists()


def test_a_plan_is_edited_and_says_how_it_was_made(folder: Path) -> None:
    old = _new("sample:web-shop", "--drain", "node-a1", "--scale", "shop/Deployment/checkout=5")["plan"]
    words = ("--drop", "3", "--resize", "shop/Deployment/checkout:requests.cpu=200m,limits.memory=2048Mi")
    edited = aurora("plan", "edit", old["plan_id"], *words, "--move", "shop/web-84b75d05-4fc76=node-a3", "--json")
    plan = json.loads(edited.stdout)["plan"]
    changes = [c["change"] for c in plan["changes"]]
    assert [c["kind"] for c in changes] == ["scale", "cordon", "move", "move", "resize"]
    assert changes[3]["node_id"] == "node-a3"
    assert (changes[4]["requests"], changes[4]["limits"]) == ({"cpu": 0.2}, {"memory": 2.0})
    made = plan["provenance"]
    assert (made["policy_id"], made["seed"], made["history"]) == ("least_allocated", 0, "sample:web-shop")
    assert made["edited_from"] == old["sha256"]
    assert made["command"].startswith(f"aurora plan edit {old['plan_id']} --drop 3 --resize")
    assert plan["effect"]["runs"] == old["effect"]["runs"] > 1
    listed = json.loads(aurora("plan", "list", "--json").stdout)["plans"]
    assert {p["plan_id"]: p["status"] for p in listed} == {plan["plan_id"]: "new", old["plan_id"]: "replaced"}
    assert plan["plan_id"] in aurora("plan", "approve", old["plan_id"], code=11).stderr
    shown = aurora("plan", "show", plan["plan_id"]).stdout
    assert "made with: policy least_allocated, seed 0, measured use from sample:web-shop, snapshot" in shown
    assert "--drop 9" in aurora("plan", "edit", plan["plan_id"], "--drop", "9", code=6).stderr
    assert "say what to change" in aurora("plan", "edit", plan["plan_id"], code=2).stderr


def test_a_plan_that_can_not_be_applied_is_not_approved(folder: Path) -> None:
    plan_id = _new("sample:web-shop", "--scale", "shop/Deployment/checkout=900", "--cordon", "node-a1", "--quick")[
        "plan"
    ]["plan_id"]
    refused = aurora("plan", "approve", plan_id, code=5).stderr
    assert "would have no node" in refused
    assert f"aurora plan edit {plan_id} --drop 2" in refused


def test_a_folder_that_is_not_there_is_an_error(folder: Path) -> None:
    for words in (
        ("list",),
        ("show", "1a2b3c"),
        ("approve", "1a2b3c"),
        ("diff", "1a2b3c"),
        ("edit", "1a", "--drop", "1"),
    ):
        assert "there is no folder absent" in aurora("plan", *words, "--folder", "absent", code=6).stderr
    assert "no plan in runs/plans yet" in aurora("plan", "list").stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say what is to change"),
        (("--scale", "web"), "write WORKLOAD=REPLICAS"),
        (("--scale", "web=many"), "write a number of replicas"),
        (("--resize", "web:app:cpu=1"), "write requests.RESOURCE or limits.RESOURCE"),
        (("--resize", "web:app:requests.cpu=much"), "write cores or GiB"),
        (("--move", "=b"), "write TASK=NODE"),
        (("--resize", "shop/Deployment/checkout:requests.cpu=200q"), "a quantity such as 200m"),
    ],
)
def test_an_option_in_another_form_is_a_usage_error(folder: Path, words: tuple[str, ...], message: str) -> None:
    assert message in aurora("plan", "new", "sample:web-shop", *words, code=2).stderr


def test_an_altered_plan_is_refused(folder: Path) -> None:
    made = _new("sample:web-shop", "--cordon", "node-a1")
    path = folder / made["path"]
    path.write_text(path.read_text().replace('"node-a1"', '"node-a2"'))
    assert "was altered" in aurora("plan", "approve", made["plan"]["plan_id"], code=6).stderr


def test_a_plan_is_applied_to_the_cluster_of_a_kubeconfig(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.cluster.kubernetes_api import serving
    from tests.cluster.kubernetes_objects import shop_cluster
    from tests.cluster.plans.live import snapshot_of

    pytest.importorskip("kubernetes")
    cluster = shop_cluster()
    snapshot_of(cluster, folder)
    with serving(cluster) as server:
        context = {"cluster": "fake", "user": "fake", "namespace": "shop"}
        config = {
            **{"apiVersion": "v1", "kind": "Config", "current-context": "fake"},
            "clusters": [{"name": "fake", "cluster": {"server": server.url}}],
            "users": [{"name": "fake", "user": {}}],
            "contexts": [{"name": "fake", "context": context}],
        }
        (folder / "kubeconfig").write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
        from aurora.cluster.files import write_snapshot

        write_snapshot(snapshot_of(cluster, folder), folder / "snapshot.json")
        plan = _new("snapshot.json", "--scale", "shop/Deployment/web=4")["plan"]
        live = ("--target", "kubernetes", "--context", "fake")
        missing = ("--target", "kubernetes", "--context", "none", "--yes", plan["sha256"][:8])
        assert "can't connect" in aurora("plan", "apply", plan["plan_id"], *missing, code=11).stderr
        done = json.loads(aurora("plan", "apply", plan["plan_id"], *live, "--json").stdout)
        assert done["state"] == "applied"
        assert cluster.get("deployments", "shop", "web")["spec"]["replicas"] == 4
        assert "connect to it" in aurora("plan", "rollback", plan["plan_id"], code=6).stderr
        aurora("plan", "rollback", plan["plan_id"], *live)
        assert cluster.get("deployments", "shop", "web")["spec"]["replicas"] == 3


def test_a_plan_is_explained_and_compared_with_what_came(folder: Path) -> None:
    plan_id = _new("sample:web-shop", "--drain", "node-a1")["plan"]["plan_id"]
    text = aurora("plan", "explain", plan_id[:8], "--history", "sample:web-shop").stdout
    assert f"Plan {plan_id} puts 3 tasks on node-a2 and node-a3." in text
    assert "node-c2 (cordoned)" in text
    assert "is forecast to peak at" in text
    said = json.loads(
        aurora(
            "plan", "explain", plan_id, "--history", "sample:web-shop", "--later", "sample:web-shop", "--json"
        ).stdout
    )
    assert said["dropped"] == 0
    assert {"group", "avoided", "room", "came"} <= {c["kind"] for c in said["claims"]}
    assert "0 of 3 tasks where planned" in said["text"]
    refused = aurora("plan", "explain", plan_id, "--later", "sample:hpc-queue", code=6)
    assert "--later" in refused.stderr


def test_why_a_plan_does_not_put_a_task_on_a_node(folder: Path) -> None:
    plan_id = _new("sample:web-shop", "--drain", "node-a1")["plan"]["plan_id"]
    asked = ("plan", "explain", plan_id, "--why-not")
    found = json.loads(aurora(*asked, "shop/redis-0=node-b2", "--json").stdout)
    assert found["chosen"] == "node-a2"
    assert found["because_of"] == ["fit.cpu_left"]
    assert "least_allocated prefers node-a2" in aurora(*asked, "shop/redis-0=node-b2").stdout
    assert "TASK=NODE" in aurora(*asked, "shop/redis-0", code=2).stderr
    assert "no node" in aurora(*asked, "shop/redis-0=x", code=6).stderr
