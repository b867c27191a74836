import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.errors import DataError
from aurora.sim.kernel import encode, evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.traces.flows import demand_scenario, gravity_scenario, read_demands
from aurora.sim.scenarios.traces.topology import UNKNOWN_GBPS, UNKNOWN_MS, distance_km, read_capacities, read_gml
from tests.examples import examples

GML = """
graph [
  label "tiny"
  node [ id 0 label "Paris" Longitude 2.3488 Latitude 48.8534 ]
  node [ id 1 label "Lyon" Longitude 4.84671 Latitude 45.74846 ]
  node [ id 2 label "Lyon" ]
  edge [ source 0 target 1 LinkSpeedRaw 2500000000.0 ]
  edge [ source 0 target 1 ]
  edge [ source 1 target 2 LinkLabel "100 Mbit/s" ]
  edge [ source 2 target 2 ]
]
"""
TABLE = "to_node   from_node   capacity   prob_failure\n1 2 4000000 .001\n2 1 5000000 .001\n2 3 5000000 .001\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "file.txt"
    path.write_text(text)
    return path


def test_sites_links_bandwidths_and_distances_are_read(tmp_path: Path) -> None:
    network = read_gml(write(tmp_path, GML))
    assert network.sites == ("Paris", "Lyon (1)", "Lyon (2)")
    assert [(l.source, l.target, l.bandwidth) for l in network.links] == [
        ("Paris", "Lyon (1)", 2.5),
        ("Paris", "Lyon (1)", UNKNOWN_GBPS),
        ("Lyon (1)", "Lyon (2)", UNKNOWN_GBPS),
    ]
    assert network.links[0].latency_ms == pytest.approx(392 * 0.0049, rel=0.01)  # Paris to Lyon is 392 km
    assert network.links[2].latency_ms == UNKNOWN_MS


def test_distance_km_matches_a_known_distance() -> None:
    new_york, london = (40.7128, -74.006), (51.5074, -0.1278)
    km = distance_km(*(tuple(map(math.radians, p)) for p in (new_york, london)))  # type: ignore[arg-type]
    assert km == pytest.approx(5570, rel=0.002)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid GML"),
        ("hello", "not valid GML"),
        ("graph [", "not valid GML"),
        ("graph [ node [ id 0 ] ", "not valid GML"),
        ("graph [ node [ label 1 ] ]", "not valid GML"),
        ("graph [ node [ id 0 ] node [ id 0 ] ]", "not valid GML"),
        ("graph [ node [ id 0 ] edge [ source 0 target 9 ] ]", "not valid GML"),
        ("graph [ node [ id 0 ] node [ id 1 ] ]", "no edge"),
        ("graph [ node [ id 0 ] edge [ source 0 target 0 ] ]", "no edge"),
        ("graph [ " + "a [ " * 5000 + "] " * 5000 + "]", "not valid GML"),
        (GML.replace("48.8534", "1000"), "Latitude"),
        (GML.replace("48.8534", '"north"'), "Latitude"),
        (GML.replace("2500000000.0", "-1"), "LinkSpeedRaw"),
        (GML.replace("2500000000.0", "1e400"), "not valid GML|LinkSpeedRaw"),
    ],
)
def test_a_malformed_topology_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_gml(write(tmp_path, text))


TOKENS = [
    "graph",
    "node",
    "edge",
    "[",
    "]",
    "id",
    "source",
    "target",
    "label",
    "0",
    "1",
    "-2.5",
    '"x"',
    "é",
    "multigraph",
]


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_any_text_is_a_network_or_a_data_error(tmp_path: Path, tokens: list[str]) -> None:
    try:
        network = read_gml(write(tmp_path, " ".join(tokens)))
    except DataError:
        return
    assert network.links


def test_flows_of_a_gravity_model_can_all_be_served(tmp_path: Path) -> None:
    network = read_gml(write(tmp_path, GML))
    scenario = gravity_scenario(network, flows=200, load=0.7, seed=4)
    assert scenario == gravity_scenario(network, flows=200, load=0.7, seed=4)
    assert scenario != gravity_scenario(network, flows=200, load=0.7, seed=5)
    summary = evaluate(encode(scenario), compile_policy(REFERENCES["first_fit"]))
    assert summary.completed == 200


def test_load_is_the_mean_utilisation_of_links(tmp_path: Path) -> None:
    network = read_gml(write(tmp_path, GML))
    busy = [
        evaluate(
            encode(gravity_scenario(network, flows=3000, load=load, seed=1)), compile_policy(REFERENCES["first_fit"])
        ).bandwidth_utilization
        for load in (0.1, 0.2)
    ]
    assert busy[1] / busy[0] == pytest.approx(2, rel=0.15)


def test_both_directions_of_a_link_become_one(tmp_path: Path) -> None:
    network = read_capacities(write(tmp_path, TABLE), gbps_per_unit=1e-6)
    assert network.sites == ("s1", "s2", "s3")
    assert [(l.source, l.target, l.bandwidth) for l in network.links] == [("s1", "s2", 5.0), ("s2", "s3", 5.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "header"),
        ("1 2 3 4\n", "header"),
        (TABLE + "1 2 3\n", "line 5"),
        (TABLE + "0 2 3 0\n", "line 5"),
        (TABLE + "2 2 3 0\n", "line 5"),
        (TABLE + "1 2 nan 0\n", "capacity"),
        (TABLE + "1 x 1 0\n", "not a number"),
        (TABLE.splitlines()[0], "no link"),
        (TABLE.splitlines()[0] + "\n1 2 0 0", "no link"),
    ],
)
def test_a_malformed_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_capacities(write(tmp_path, text), gbps_per_unit=1e-6)


def test_every_demand_becomes_a_flow(tmp_path: Path) -> None:
    network = read_capacities(write(tmp_path, TABLE), gbps_per_unit=1e-6)
    matrices = read_demands(write(tmp_path, "7 1e6 0 0 7 2e6 0 0 7\n\n0 0 3e6 0 0 0 0 0 0\n"), 3, gbps_per_unit=1e-6)
    scenario = demand_scenario(network, matrices, step=300)
    flows = [(t.arrival_time, t.source_site, t.destination_site, t.bandwidth, t.duration) for t in scenario.tasks]
    assert flows == [(0, "s1", "s2", 1, 300), (0, "s2", "s3", 2, 300), (300, "s1", "s3", 3, 300)]
    assert evaluate(encode(scenario), compile_policy(REFERENCES["nearest"])).completed == 3


@pytest.mark.parametrize(
    ("text", "message"), [("", "no traffic matrix"), ("1 2 3", "need 9"), ("1 2 3 4 5 6 7 8 -9", "field 9")]
)
def test_a_malformed_demand_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_demands(write(tmp_path, text), 3, gbps_per_unit=1)


def test_a_demand_without_a_path_is_refused(tmp_path: Path) -> None:
    network = read_capacities(write(tmp_path, TABLE.replace("2 3", "3 4")), gbps_per_unit=1e-6)
    with pytest.raises(DataError, match="s1 to s4"):
        demand_scenario(network, np.eye(4)[::-1][None] * 1.0, step=1)
    with pytest.raises(DataError, match="no demand"):
        demand_scenario(network, np.zeros((1, 4, 4)), step=1)


def test_all_topologies_and_matrices_are_read(traces: Path) -> None:
    sizes = {}
    for path in sorted((traces / "topology").glob("*.gml.gz")):
        network = read_gml(path)
        sizes[network.name] = (len(network.sites), len(network.links))
        scenario = gravity_scenario(network, flows=100, load=0.5, seed=0)
        assert evaluate(encode(scenario), compile_policy(REFERENCES["nearest"])).completed == 100
    assert sizes["Abilene"] == (11, 14)
    assert sizes["Geant2012"] == (40, 61)
    for name, count in (("Abilene", 36), ("B4", 200)):
        network = read_capacities(traces / "traffic" / f"{name}_topology.txt.gz", gbps_per_unit=1e-6)
        matrices = read_demands(traces / "traffic" / f"{name}_demand.txt.gz", len(network.sites), gbps_per_unit=1e-6)
        assert matrices.shape == (count, 12, 12)
        scenario = demand_scenario(network, matrices[:3], step=300)
        summary = evaluate(encode(scenario), compile_policy(REFERENCES["nearest"]))
        assert summary.completed == summary.tasks
