"""Rules on where pods may run, the states of pods and nodes, and notes on what a snapshot can't hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.feasibility import Room
from aurora.cluster.readers.kubernetes import read_kubernetes
from aurora.cluster.snapshot import Affinity, Requirement, Snapshot, Spread, Taint, Task, Toleration
from aurora.errors import DataError
from tests.cluster.readers.kubernetes_objects import container, controlled_by, node, pod, write

ZONE = "topology.kubernetes.io/zone"


def read(folder: Path, *items: dict[str, Any], **arguments: Any) -> Snapshot:
    return read_kubernetes([write(folder / "c.json", *items)], **arguments)


def one(folder: Path, *more: dict[str, Any], spec: Any = None, **metadata: Any) -> Task:
    return read(folder, node("a"), pod("p", spec=spec, **metadata), *more).tasks_by_id["shop/p"]


def note(snapshot: Snapshot, code: str) -> int:
    return next((n.count for n in snapshot.notes if n.code == code), 0)


def test_node_selectors_and_affinity(tmp_path: Path) -> None:
    required = {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}]},
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]},
            {},
        ]
    }
    wish = {"weight": 40, "preference": {"matchExpressions": [{"key": "gpus", "operator": "Gt", "values": ["3"]}]}}
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": required,
            "preferredDuringSchedulingIgnoredDuringExecution": [wish],
        }
    }
    task = one(tmp_path, spec={"nodeSelector": {"os": "linux"}, "affinity": affinity})
    assert task.node_selector == {"os": "linux"}
    assert task.node_affinity[0] == (Requirement(key="disk", operator="In", values=("ssd", "nvme")),)
    assert task.node_affinity[1] == (Requirement(key="metadata.name", operator="In", values=("a",)),)
    assert task.node_affinity[2] == (Requirement(key="metadata.name", operator="In"),)  # an empty term matches no node
    assert task.preferred_nodes == ((40, (Requirement(key="gpus", operator="Gt", values=("3",)),)),)


def test_an_empty_term_alone_fits_no_node(tmp_path: Path) -> None:
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}}
    snapshot = read(tmp_path, node("a"), pod("p", spec={"affinity": affinity}))
    assert Room(snapshot).fitting(snapshot.tasks[0]) == []


def test_tolerations_and_taints(tmp_path: Path) -> None:
    taints = [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}, {"key": "old", "effect": "NoExecute"}]
    tolerations = [{"key": "gpu", "operator": "Equal", "value": "yes"}, {"operator": "Exists"}]
    tolerations.append({"key": "cost", "operator": "Gt", "value": "3"})
    snapshot = read(tmp_path, node("a", taints=taints), pod("p", spec={"tolerations": tolerations}))
    assert snapshot.nodes[0].taints == (
        Taint(key="gpu", value="yes", effect="NoSchedule"),
        Taint(key="old", effect="NoExecute"),
    )
    assert snapshot.tasks[0].tolerations == (
        Toleration(key="gpu", value="yes"),
        Toleration(operator="Exists"),
    )
    assert note(snapshot, "toleration-operator") == 1


def test_how_long_a_pod_stays_on_a_node_that_fails_is_noted_unless_every_pod_has_it(tmp_path: Path) -> None:
    usual = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
    usual["tolerationSeconds"] = 300
    longer = {**usual, "tolerationSeconds": 6000}
    snapshot = read(
        tmp_path, node("a"), pod("p", spec={"tolerations": [usual]}), pod("q", spec={"tolerations": [longer]})
    )
    assert note(snapshot, "toleration-seconds") == 1
    (found,) = [n for n in snapshot.notes if n.code == "toleration-seconds"]
    assert (found.kind, found.subjects) == ("not represented", ("shop/q",))


def test_affinity_between_pods(tmp_path: Path) -> None:
    near = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": ZONE, "namespaces": ["data"]}
    apart = {
        "weight": 7,
        "podAffinityTerm": {
            "labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
            "topologyKey": "kubernetes.io/hostname",
            "matchLabelKeys": ["version"],
        },
    }
    affinity = {
        "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [near]},
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [apart],
            "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": ZONE}],  # selects no pod
        },
    }
    task = one(tmp_path, spec={"affinity": affinity}, labels={"version": "2"})
    assert task.affinities == (
        Affinity(
            topology_key=ZONE,
            selector=(Requirement(key="app", operator="In", values=("db",)),),
            namespaces=("data",),
        ),
        Affinity(
            topology_key="kubernetes.io/hostname",
            selector=(
                Requirement(key="app", operator="Exists"),
                Requirement(key="version", operator="In", values=("2",)),
            ),
            is_anti=True,
            is_required=False,
            weight=7,
        ),
    )


def test_selectors_of_namespaces_name_the_namespaces(tmp_path: Path) -> None:
    def wanted(selector: Any) -> dict[str, Any]:
        term = {"labelSelector": {}, "topologyKey": ZONE, "namespaceSelector": selector}
        return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}

    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n, "labels": {"team": t}}}
        for n, t in (("shop", "web"), ("data", "db"))
    ]
    by_label = one(tmp_path, *spaces, spec=wanted({"matchLabels": {"team": "db"}}))
    assert by_label.affinities[0].namespaces == ("data",)
    assert one(tmp_path, *spaces, spec=wanted({})).affinities[0].namespaces == ("data", "shop")
    unlisted = read(tmp_path, node("a"), pod("p", spec=wanted({"matchLabels": {"team": "db"}})))
    assert note(unlisted, "namespaces-not-listed") == 1


def test_topology_spread(tmp_path: Path) -> None:
    rules = [
        {
            "maxSkew": 2,
            "topologyKey": ZONE,
            "whenUnsatisfiable": "DoNotSchedule",
            "minDomains": 3,
            "labelSelector": {"matchLabels": {"app": "web"}},
            "matchLabelKeys": ["pod-template-hash"],
        },
        {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway", "nodeTaintsPolicy": "Honor"},
    ]
    labels = {"app": "web", "pod-template-hash": "x1"}
    snapshot = read(tmp_path, node("a"), pod("p", spec={"topologySpreadConstraints": rules}, labels=labels))
    first, second = snapshot.tasks[0].spreads
    web = Requirement(key="app", operator="In", values=("web",))
    own = Requirement(key="pod-template-hash", operator="In", values=("x1",))
    assert first == Spread(topology_key=ZONE, max_skew=2, selector=(web, own), min_domains=3)
    assert not second.is_required
    assert note(snapshot, "spread-policies") == 1


def test_priorities(tmp_path: Path) -> None:
    classes = [
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000},
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "usual"},
            "value": 10,
            "globalDefault": True,
        },
    ]
    assert one(tmp_path, *classes, spec={"priority": 7, "priorityClassName": "high"}).priority == 7
    assert one(tmp_path, *classes, spec={"priorityClassName": "high"}).priority == 1000
    assert one(tmp_path, *classes).priority == 10
    unlisted = read(tmp_path, node("a"), pod("p", spec={"priorityClassName": "high"}))
    assert (unlisted.tasks[0].priority, note(unlisted, "class-not-listed")) == (0, 1)


def test_states_of_nodes(tmp_path: Path) -> None:
    labels = {ZONE: "eu-1a", "node.kubernetes.io/instance-type": "m5.large", "nvidia.com/gpu.product": "A100"}
    cordoned = node("cordoned", unschedulable=True, labels=labels)
    cordoned["status"]["conditions"][0]["status"] = "True"
    snapshot = read(tmp_path, cordoned, node("lost", ready="Unknown"), prices={"m5.large": 0.096})
    first, second = snapshot.nodes
    assert (first.is_cordoned, first.is_ready, first.conditions) == (True, True, ("MemoryPressure",))
    assert (first.zone, first.instance_type, first.accelerator_model) == ("eu-1a", "m5.large", "A100")
    assert first.price_per_hour == 0.096
    assert (second.is_cordoned, second.is_ready, second.conditions) == (False, False, ("NotReady (Unknown)",))
    assert second.price_per_hour is None
    assert {"no-pods", "no-instance-type"} <= {n.code for n in snapshot.notes}


def test_prices_of_nodes_that_may_be_taken_back(tmp_path: Path) -> None:
    labels = {"node.kubernetes.io/instance-type": "m5.large", "karpenter.sh/capacity-type": "spot"}
    full = read(tmp_path, node("a", labels=labels), prices={"m5.large": 0.1})
    assert (full.nodes[0].price_per_hour, note(full, "spot-at-full-price")) == (0.1, 1)
    assert read(tmp_path, node("a", labels=labels), prices={"m5.large:spot": 0.03}).nodes[0].price_per_hour == 0.03
    lacking = read(tmp_path, node("a", labels=labels), prices={"other": 1.0})
    assert (lacking.nodes[0].price_per_hour, note(lacking, "type-without-price")) == (None, 1)


def test_kinds_of_pods(tmp_path: Path) -> None:
    mirror = pod(
        "etcd", "a", annotations={"kubernetes.io/config.mirror": "x"}, ownerReferences=controlled_by("Node", "a")
    )
    daemon = pod("proxy", "a", ownerReferences=controlled_by("DaemonSet", "proxy"))
    job = pod("report-1", "a", ownerReferences=controlled_by("Job", "report"))
    snapshot = read(tmp_path, node("a"), mirror, daemon, job, pod("alone", "a"))
    assert {t.task_id: (t.kind, t.workload_id) for t in snapshot.tasks} == {
        "shop/etcd": ("static", None),
        "shop/proxy": ("daemon", "shop/DaemonSet/proxy"),
        "shop/report-1": ("job", "shop/Job/report"),
        "shop/alone": ("pod", None),
    }


def test_why_pods_wait_and_how_they_fared(tmp_path: Path) -> None:
    unplaced = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient cpu."}
    pulling = [{"name": "main", "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]
    killed = [
        {
            "name": "main",
            "restartCount": 4,
            "state": {"running": {"startedAt": "2026-11-01T10:00:00Z"}},
            "lastState": {"terminated": {"reason": "OOMKilled"}},
        }
    ]
    snapshot = read(
        tmp_path,
        node("a"),
        pod("big", status={"conditions": [unplaced]}),
        pod("gated", spec={"schedulingGates": [{"name": "quota"}]}),
        pod("pulling", "a", phase="Pending", status={"containerStatuses": pulling}),
        pod("hungry", "a", status={"containerStatuses": killed}),
    )
    tasks = snapshot.tasks_by_id
    assert tasks["shop/big"].pending_reason.startswith("0/1 nodes")
    assert tasks["shop/gated"].pending_reason == "scheduling gates: quota"
    assert tasks["shop/pulling"].pending_reason == "ImagePullBackOff"
    assert (tasks["shop/hungry"].restarts, tasks["shop/hungry"].out_of_memory_kills) == (4, 1)


def test_volumes_bind_pods_to_places(tmp_path: Path) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop"},
        "spec": {"volumeName": "pv-1"},
    }
    expression = {"key": ZONE, "operator": "In", "values": ["eu-1b"]}
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "pv-1"},
        "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}},
    }
    spec = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}
    nodes = (node("a", labels={ZONE: "eu-1a"}), node("b", labels={ZONE: "eu-1b"}))
    listed = read(tmp_path, *nodes, pod("p", spec=spec), claim, volume)
    assert Room(listed).fitting(listed.tasks[0]) == ["b"]
    unlisted = read(tmp_path, *nodes, pod("p", spec=spec))
    assert note(unlisted, "volumes-not-listed") == 1


def test_what_a_task_can_not_hold_is_noted_with_count_and_subjects(tmp_path: Path) -> None:
    spec = {
        "containers": [container(ports=[{"containerPort": 80, "hostPort": 80}])],
        "runtimeClassName": "gvisor",
        "schedulerName": "volcano",
        "preemptionPolicy": "Never",
        "resourceClaims": [{"name": "gpu"}],
    }
    leaving = {"deletionTimestamp": "2026-11-01T12:00:00Z"}
    nominated = pod("n", status={"nominatedNodeName": "a"})
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}}
    snapshot = read(tmp_path, node("a"), *(pod(f"p{k}", "a", spec=spec, **leaving) for k in range(7)), nominated, quota)
    for code in ("host-ports", "runtime-class", "other-scheduler", "never-preempts", "device-claims", "terminating"):
        found = next(n for n in snapshot.notes if n.code == code)
        assert (found.count, len(found.subjects)) == (7, 5), code
    assert note(snapshot, "nominated") == 1
    assert next(n for n in snapshot.notes if n.code == "kinds-not-read").subjects == ("ResourceQuota",)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"affinity": {"nodeAffinity": []}}, "nodeAffinity: expected an object"),
        ({"tolerations": [7]}, "tolerations: expected a list of objects"),
        ({"nodeSelector": {"a": 1}}, r"nodeSelector\.a: expected a text, found the number 1"),
        ({"priority": "high"}, "priority: expected a whole number, found the text 'high'"),
        ({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "z"}]}, "maxSkew: 0 is less than 1"),
        ({"containers": [{"resources": {}}]}, r"spec\.containers\[0\]: name is missing"),
    ],
)
def test_fields_of_another_type_are_refused_with_their_place(tmp_path: Path, spec: Any, message: str) -> None:
    with pytest.raises(DataError, match=r"c\.json: Pod shop/p: " + message):
        read(tmp_path, node("a"), pod("p", spec=spec))
