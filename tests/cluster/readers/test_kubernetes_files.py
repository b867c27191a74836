"""Lists of kubectl become a snapshot: every form of file, nothing secret kept, nothing lost in silence."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.snapshot import Snapshot
from aurora.errors import DataError, FileError
from tests.cluster.readers.kubernetes_objects import container, controlled_by, node, pod, write


def codes(snapshot: Snapshot) -> set[str]:
    return {n.code for n in snapshot.notes}


def test_a_list_of_nodes_and_pods_becomes_nodes_and_tasks(tmp_path: Path) -> None:
    owner = controlled_by("ReplicaSet", "web-5d4f")
    labels = {"app": "web", "pod-template-hash": "5d4f"}
    snapshot = read_kubernetes(
        [write(tmp_path / "shop.json", node("a"), pod("web-5d4f-x", "a", labels=labels, ownerReferences=owner))]
    )
    assert snapshot.snapshot_id == "shop"
    assert snapshot.taken_at.isoformat() == "2026-11-01T12:00:00+00:00"
    assert snapshot.nodes_by_id["a"].allocatable == {"cpu": 4.0, "memory": 16.0, "pods": 110.0}
    task = snapshot.tasks_by_id["shop/web-5d4f-x"]
    assert (task.node_id, task.state, task.requests) == ("a", "running", {"cpu": 0.1, "memory": 0.125})
    assert task.workload_id == "shop/Deployment/web"
    assert {"no-prices", "owner-by-hash", "workload-from-pod"} == codes(snapshot)


def test_every_form_of_file_gives_the_same_nodes_and_tasks(tmp_path: Path) -> None:
    items = [node("a"), pod("p", "a")]
    whole = write(tmp_path / "whole.json", *items)
    text = whole.read_text()
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "list.yaml").write_text(yaml.safe_dump(json.loads(text)))
    (tmp_path / "several.yaml").write_text(yaml.safe_dump_all(items))
    (tmp_path / "one-after-the-other.json").write_text("\n".join(json.dumps(i) for i in items))
    (tmp_path / "array.json").write_text(json.dumps(items))
    without_kind = [{k: v for k, v in i.items() if k not in ("kind", "apiVersion")} for i in items]
    for number, kind in enumerate(("NodeList", "PodList")):  # as the API answers; jq -S puts the kind last
        answer = {"apiVersion": "v1", "items": [without_kind[number]], "kind": kind, "metadata": {}}
        (tmp_path / f"{kind}.json").write_text(json.dumps(answer))
        (tmp_path / f"first-{kind}.json").write_text(json.dumps({"kind": kind, **answer}))
    (tmp_path / "folder").mkdir()
    for number, item in enumerate(items):
        (tmp_path / "folder" / f"{number}.json").write_text(json.dumps(item))
    expected = read_kubernetes([whole])
    for names in (
        ["packed.json.gz"],
        ["list.yaml"],
        ["several.yaml"],
        ["one-after-the-other.json"],
        ["array.json"],
        ["NodeList.json", "PodList.json"],
        ["first-NodeList.json", "first-PodList.json"],
        ["folder"],
    ):
        read = read_kubernetes([tmp_path / n for n in names])
        assert (read.nodes, read.tasks) == (expected.nodes, expected.tasks), names


def test_secrets_and_environment_are_not_kept(tmp_path: Path) -> None:
    env = [{"name": "PASSWORD", "value": "hunter2"}]
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "hunter2", "note": "hunter2"}
    spec = {"containers": [container(env=env, args=["hunter2"], command=["hunter2"])]}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "hunter2"}}
    path = write(tmp_path / "c.json", node("a"), pod("p", "a", spec=spec, annotations=annotations), secret)
    snapshot = read_kubernetes([path])
    assert "hunter2" not in snapshot.model_dump_json()
    assert "kinds-without-bearing" in codes(snapshot)


def test_control_characters_are_escaped_and_reported(tmp_path: Path) -> None:
    labels = {"app": "\x1b[31mred", "team": "a\nb", "way": "\u202eback"}
    snapshot = read_kubernetes([write(tmp_path / "c.json", node("a"), pod("p", "a", labels=labels))])
    assert snapshot.tasks[0].labels == {"app": "\\x1b[31mred", "team": "a\\nb", "way": "\\u202eback"}
    assert "control-characters" in codes(snapshot)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"apiVersion": "v1", "items": [{"kind": "Node", "metadata": {"na', "ends too early"),
        ("", "is empty"),
        ("NAME STATUS\na Ready\n", "neither JSON nor YAML"),
        ('{"a": 1}', "object without a kind"),
        ('{"kind": "Table", "apiVersion": "meta.k8s.io/v1"}', "is a table"),
        ('{"kind": "Status", "message": "nodes is forbidden"}', "refusal.*nodes is forbidden"),
        ('{"kind": "List", "apiVersion": "v1", "items": [7]}', "item 1 of the list is no object"),
        ('{"kind": "List", "apiVersion": "v1", "items": []}', "no node and no pod"),
        ('{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "a", "name": "b"}}', "two fields 'name'"),
        ('{"kind": "Node", "apiVersion": "v1", "metadata": {}}', "Node number 1 has no metadata.name"),
        ("a: &x [1]\nb: *x", "aliases"),
    ],
)
def test_what_is_no_list_of_objects_is_refused_with_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_kubernetes([path])


def test_a_folder_without_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no JSON or YAML file"):
        read_kubernetes([tmp_path])
    with pytest.raises(FileError, match="at least one file"):
        read_kubernetes([])


def test_pods_without_nodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 pods are listed and no node.*kubectl get nodes,pods -A -o json"):
        read_kubernetes([write(tmp_path / "c.json", pod("p", "a"))])


def test_a_quantity_that_is_none_names_file_pod_container_and_resource(tmp_path: Path) -> None:
    spec = {"containers": [container(), container("side", requests={"cpu": "12x"})]}
    with pytest.raises(
        DataError, match=r"c\.json: Pod shop/p: spec\.containers\[1\]: requests\.cpu: '12x' is not a qu"
    ):
        read_kubernetes([write(tmp_path / "c.json", node("a"), pod("p", "a", spec=spec))])


def test_other_files_in_a_folder_are_noted_and_cut_ones_refused(tmp_path: Path) -> None:
    write(tmp_path / "nodes.json", node("a"), pod("p", "a"))
    (tmp_path / "version.json").write_text('{"major": "1"}')
    (tmp_path / "values.yaml").write_text("- 1\n- 2\n")
    (tmp_path / "logs.txt").write_text("no list")
    snapshot = read_kubernetes([tmp_path])
    found = next(n for n in snapshot.notes if n.code == "other-files")
    assert found.count == 2
    assert [(s.origin, s.facts) for s in snapshot.sources] == [(str(tmp_path), ("Node", "Pod"))]
    (tmp_path / "pods.json").write_text('{"kind": "PodList", "items": [{"metadata": {"name"')
    with pytest.raises(DataError, match="ends too early"):
        read_kubernetes([tmp_path])


def test_the_logs_between_the_lists_of_a_dump_are_skipped(tmp_path: Path) -> None:
    nodes = {"kind": "NodeList", "apiVersion": "v1", "items": [node("a")]}
    pods = {"kind": "PodList", "apiVersion": "v1", "items": [pod("p", "a")]}
    logs = '==== START logs for container c of pod shop/p ====\n{"level": "info"}\n==== END logs for container c ====\n'
    empty = '{"selfLink": "/apis/extensions/v1beta1/daemonsets", "Items": []}'
    (tmp_path / "dump.json").write_text(f"{json.dumps(nodes)}\n{json.dumps(pods)}\n{logs}{empty}\n{logs}")
    assert len(read_kubernetes([tmp_path / "dump.json"]).tasks) == 1
    (tmp_path / "old.json").write_text(empty.replace("[]", '[{"name": "x"}]'))
    with pytest.raises(DataError, match=r"dump of a kubectl before 1\.14"):
        read_kubernetes([tmp_path / "old.json"])


def test_objects_without_a_kind_are_told_by_their_fields(tmp_path: Path) -> None:
    for item in (node("a"), pod("p", "a")):
        bare = {k: v for k, v in item.items() if k not in ("kind", "apiVersion")}
        (tmp_path / f"{item['metadata']['name']}.json").write_text(json.dumps(bare))
    snapshot = read_kubernetes([tmp_path / "a.json", tmp_path / "p.json"])
    assert (len(snapshot.nodes), len(snapshot.tasks)) == (1, 1)
    assert "kind-by-fields" in codes(snapshot)


def test_a_list_comes_through_a_pipe(tmp_path: Path) -> None:
    path = write(tmp_path / "c.json", node("a"), pod("p", "a"))
    program = "from aurora.cluster.readers.kubernetes import read_kubernetes as r; print(r(['-']).snapshot_id)"
    with path.open() as stream:
        done = subprocess.run([sys.executable, "-c", program], stdin=stream, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "kubernetes"
