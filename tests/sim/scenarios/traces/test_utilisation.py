from pathlib import Path

import numpy as np
import pytest

from aurora.errors import DataError
from aurora.sim.scenarios.traces.utilisation import (
    PERIOD,
    SERVICE_CORES,
    STEP_SECONDS,
    jobs_scenario,
    read_cluster,
    read_machines,
    services_scenario,
)


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_machines_are_read_with_gaps(tmp_path: Path) -> None:
    file = _write(tmp_path / "m.csv", "vm,t,cpu_pct,mem_pct\na,0,10,20\na,2,30,120\nb,1,50,60\n")
    machines = read_machines(file)
    assert machines["a"].shape == (3, 2)
    assert np.isnan(machines["a"][1]).all()
    assert machines["a"][2] == pytest.approx([0.3, 1.2])  # a machine may use more memory than it was assigned


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("vm,t,cpu_pct,mem_pct\na,0,-1,2\n", "cpu_pct"),
        ("vm,t,cpu_pct,mem_pct\na,0,1,many\n", "mem_pct"),
        ("vm,t,cpu_pct\na,0,1\n", "mem_pct"),
        ("vm,t,cpu_pct,mem_pct\n", "no machine"),
    ],
)
def test_what_is_no_utilisation_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(DataError, match=named):
        read_machines(_write(tmp_path / "m.csv", text))


def test_a_service_asks_for_the_largest_use_of_its_hour() -> None:
    shares = np.full((2 * PERIOD, 2), 0.1)
    shares[3], shares[PERIOD + 5] = (0.5, 0.4), (0.8, 0.2)
    scenario = services_scenario("s", [shares], first=0, periods=2, load=1.0, seed=1)
    assert [t.cpu_required for t in scenario.tasks] == pytest.approx([0.5 * SERVICE_CORES, 0.8 * SERVICE_CORES])
    assert {t.duration for t in scenario.tasks} == {PERIOD * STEP_SECONDS}
    assert scenario == services_scenario("s", [shares], first=0, periods=2, load=1.0, seed=1)


def test_jobs_arrive_where_the_cluster_is_used() -> None:
    shares = np.array([0.1] * 50 + [0.9] * 50)
    scenario = jobs_scenario("j", shares, first=0, steps=100, jobs=1000, load=1.0, seed=1)
    late = sum(t.arrival_time >= 50 * STEP_SECONDS for t in scenario.tasks)
    assert late / len(scenario.tasks) == pytest.approx(0.9, abs=0.03)
    assert len(scenario.tasks) == pytest.approx(1000, abs=120)
    with pytest.raises(DataError, match="were asked for"):
        jobs_scenario("j", shares, first=60, steps=100, jobs=10, load=1.0, seed=1)


def test_more_load_means_fewer_servers() -> None:
    shares = np.full(100, 0.5)
    cores = [
        sum(n.cpu for n in jobs_scenario("j", shares, first=0, steps=100, jobs=3000, load=load, seed=1).nodes)
        for load in (0.3, 1.0)
    ]
    assert cores[0] > 2 * cores[1]


def test_a_cluster_without_the_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cpu_util_percent"):
        read_cluster(_write(tmp_path / "c.csv", "cpu\n1\n"))
