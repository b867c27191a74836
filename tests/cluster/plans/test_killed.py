"""Killed at any write point, an application ends in the plan's state or the old one, and nothing is done twice."""

from __future__ import annotations

import copy
import json
import multiprocessing
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aurora.cluster.changes import Cordon, Move, Resize, Scale
from aurora.cluster.files import write_snapshot
from aurora.cluster.plans.journal import read_progress
from aurora.cluster.plans.plan import Plan
from tests.cluster.kubernetes_api import serving
from tests.cluster.kubernetes_objects import Cluster, shop_cluster
from tests.cluster.plans.live import plan_of, snapshot_of
from tests.cluster.plans.victim import play

MOST_POINTS = 200


class Place:
    """Where a plan is applied, and how its state is seen."""

    def __init__(self, address: str, state: Callable[[], Any], writes: Callable[[], list[str]]) -> None:
        self.address, self.state, self.writes = address, state, writes


@contextmanager
def _files(folder: Path, template: tuple[Cluster, Plan, Any]) -> Iterator[Place]:
    out = folder / "out"

    def state() -> dict[str, str]:
        found = [p for p in out.rglob("*") if p.is_file() and not p.name.startswith(".")]
        return {str(p.relative_to(out)): p.read_text() for p in found}

    yield Place(str(out), state, lambda: [])


@contextmanager
def _api(folder: Path, template: tuple[Cluster, Plan, Any]) -> Iterator[Place]:
    cluster = Cluster()
    cluster.objects, cluster._version = copy.deepcopy(template[0].objects), template[0]._version

    def state() -> dict[str, Any]:
        specs = {n: cluster.get("deployments", "shop", n)["spec"] for n in ("web", "api")}
        return {
            "cordoned": [n["metadata"]["name"] for n in cluster.all("nodes") if n["spec"].get("unschedulable")],
            "replicas": {name: spec["replicas"] for name, spec in specs.items()},
            "cpu": {name: spec["template"]["spec"]["containers"][0]["resources"] for name, spec in specs.items()},
        }

    with serving(cluster) as server:
        yield Place(server.url, state, lambda: list(cluster.changes))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cluster, Plan, Any]:
    cluster = shop_cluster()
    snapshot = snapshot_of(cluster, tmp_path_factory.mktemp("cluster"))
    (pod,) = cluster.pods_of("shop", {"app": "api"})
    other = next(n for n in "abc" if n != pod["spec"]["nodeName"])
    plan = plan_of(
        snapshot,
        Scale(workload_id="shop/Deployment/web", replicas=4),
        Move(task_id=f"shop/{pod['metadata']['name']}", node_id=other),
        Resize(workload_id="shop/Deployment/api", container="app", requests={"cpu": 0.25}, limits={"cpu": 1.0}),
        Cordon(node_id=other),
    )
    return cluster, plan, snapshot


@pytest.fixture
def run() -> Callable[..., int]:
    processes = multiprocessing.get_context("fork")  # hundreds of them, which import nothing anew

    def run(what: str, place: Place, folder: Path, point: int = 0) -> int:
        process = processes.Process(target=play, args=(what, place.address, folder, point))
        process.start()
        process.join(300)
        assert process.exitcode is not None
        return int(process.exitcode)

    return run


def _fresh(folder: Path, template: tuple[Cluster, Plan, Any]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(template[1].to_json()))
    write_snapshot(template[2], folder / "snapshot.json")
    return folder


def _is_truth(place: Place, folder: Path) -> None:
    """What the journal says is done was done; nothing was done of which it says nothing."""
    progress = read_progress(folder / "journal.jsonl")
    made = [w for w in place.writes() if "PATCH" in w or "eviction" in w]
    assert len(progress.done) <= len(made) or place.address.startswith("/")
    assert len(made) <= len(progress.begun)


@pytest.mark.parametrize("where", [_files, _api])
@pytest.mark.parametrize(
    ("after", "first", "step"),
    [
        ("apply", 3, 13),
        ("rollback", 8, 13),
        *(pytest.param(after, 1, 1, marks=pytest.mark.slow) for after in ("apply", "rollback")),
    ],
)
def test_killed_while_applying(
    first: int, step: int, where: Any, after: str, run: Any, template: Any, tmp_path: Path
) -> None:
    with where(_fresh(tmp_path / "w", template), template) as place:
        old = place.state()
        assert run("apply", place, tmp_path / "w") == 0
        new, once = place.state(), Counter(place.writes())
    for point in range(first, MOST_POINTS, step):
        folder = _fresh(tmp_path / "w", template)
        with where(folder, template) as place:
            code = run("apply", place, folder, point)
            if code == 0:
                assert point > 20, "the write points are not counted"
                return
            assert code == -signal.SIGKILL
            _is_truth(place, folder)
            if not read_progress(folder / "journal.jsonl").steps and after == "rollback":
                assert place.state() == old
                continue
            assert run(after, place, folder) == 0, point
            assert place.state() == (new if after == "apply" else old), point
            if after == "apply":
                assert Counter(place.writes()) == once, point
            assert read_progress(folder / "journal.jsonl").state == ("applied" if after == "apply" else "rolled back")
    raise AssertionError("it never ends")


@pytest.mark.parametrize("where", [_files, _api])
@pytest.mark.parametrize(("first", "step"), [(5, 13), pytest.param(1, 1, marks=pytest.mark.slow)])
def test_killed_while_rolling_back(first: int, step: int, where: Any, run: Any, template: Any, tmp_path: Path) -> None:
    with where(_fresh(tmp_path / "w", template), template) as place:
        old = place.state()
        assert run("apply", place, tmp_path / "w") == 0
        assert run("rollback", place, tmp_path / "w") == 0
        once = Counter(place.writes())
    for point in range(first, MOST_POINTS, step):
        folder = _fresh(tmp_path / "w", template)
        with where(folder, template) as place:
            assert run("apply", place, folder) == 0
            code = run("rollback", place, folder, point)
            if code == 0:
                assert point > 20, "the write points are not counted"
                return
            assert code == -signal.SIGKILL
            assert run("rollback", place, folder) == 0, point
            assert place.state() == old, point
            assert Counter(place.writes()) == once, point
    raise AssertionError("it never ends")


@pytest.mark.parametrize("where", [_files, _api])
def test_killed_again_and_again(where: Any, run: Any, template: Any, tmp_path: Path) -> None:
    """Killed four times while applying, then at the sixth write point of every rollback, until one ends."""
    folder = _fresh(tmp_path / "w", template)
    with where(folder, template) as place:
        old = place.state()
        for point in (5, 7, 3, 9):
            assert run("apply", place, folder, point) == -signal.SIGKILL
        for _ in range(MOST_POINTS):
            if run("rollback", place, folder, 6) == 0:
                break
        assert place.state() == old
        assert read_progress(folder / "journal.jsonl").state == "rolled back"
