"""A replay and its report say what an independent simulation of first fit and FGD says."""

from pathlib import Path

import numpy as np
import pytest

from aurora.cluster.scheduler.replay import replay_scenario
from aurora.cluster.scheduler.report import report_shadow
from aurora.cluster.scheduler.shadow import ShadowLog
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.traces.openb import read_nodes, read_pods, traced_scenario
from tests.cluster.scheduler.plain_replay import both

NODE_HEAD = "sn,cpu_milli,memory_mib,gpu,model\n"
POD_HEAD = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time,scheduled_time\n"


def written(folder: Path, seed: int) -> tuple[Path, Path]:
    """Write a small trace with shares, models, ties and queues."""
    rng = np.random.default_rng(seed)
    nodes, pods = folder / "nodes.csv", folder / "pods.csv"
    models = ("A", "B")
    rows = [f"n{k},{rng.choice([16000, 32000])},65536,{2 * (k % 3)},{models[k % 2] if k % 3 else ''}" for k in range(9)]
    nodes.write_text(NODE_HEAD + "\n".join(rows) + "\n")
    lines = []
    for k in range(300):
        devices = int(rng.choice([0, 1, 1, 2]))
        milli = 1000 if devices != 1 else int(rng.choice([250, 500, 1000]))
        wanted = str(rng.choice(models)) if devices and rng.random() < 0.2 else ""
        created = 10 * (k // 2)
        ran = int(rng.integers(20, 400))
        lines.append(
            f"p{k},{int(rng.choice([1000, 2500, 4000]))},{int(rng.choice([1024, 8192]))},{devices},"
            f"{milli if devices else 0},{wanted},{created},{created + ran},{created}"
        )
    pods.write_text(POD_HEAD + "\n".join(lines) + "\n")
    return nodes, pods


def compared(nodes: Path, pods: Path, log: Path, share: float = 1.0) -> None:
    listed = read_nodes(nodes)
    kept = max(1, round(share * len(listed)))
    taking_part = tuple(listed[k * len(listed) // kept] for k in range(kept))
    scenario = traced_scenario(taking_part, read_pods(pods), first=0, count=None)
    with ShadowLog(log) as out:
        shadow = replay_scenario(scenario, REFERENCES["first_fit"], REFERENCES["fgd"], out)
    report = report_shadow(log)
    first_fit, fgd = both(nodes, pods, share)
    assert shadow.decisions == len(first_fit["nodes"])
    for row in report.differences:
        if row.measure != "price in use":
            assert row.cluster == pytest.approx(first_fit[row.measure], abs=1e-12), row.measure
            assert row.policy == pytest.approx(fgd[row.measure], abs=1e-12), row.measure
            assert row.low is not None and row.high is not None
            assert row.low <= row.difference <= row.high  # type: ignore[operator]
    assert not any("devices" in u for u in report.unknown)


@pytest.mark.parametrize("seed", range(4))
def test_a_small_trace(tmp_path: Path, seed: int) -> None:
    compared(*written(tmp_path, seed), tmp_path / "s.jsonl")


@pytest.mark.slow
def test_openb_on_a_cluster_that_is_too_small(tmp_path: Path, traces: Path) -> None:
    folder = traces / "openb"
    lists = folder / "openb_node_list_all_node.csv.gz", folder / "openb_pod_list_default.csv.gz"
    compared(*lists, tmp_path / "s.jsonl", share=0.03)
