from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.errors import DataError
from aurora.sim.kernel import encode, evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.traces.azure_vm import SERVER, Vm, read_flavours, read_lifetimes, read_vms, vm_scenario
from aurora.sim.scenarios.traces.eua import CLOUD, edge_scenario, read_sites, read_users
from tests.examples import examples

SITES = "SITE_ID,LATITUDE,LONGITUDE,NAME\n1,-37.81,144.97,x\n2,-37.82,144.95,y\n3,-37.80,144.96,z\n"
USERS = "Latitude,Longitude\n-37.8101,144.9701\n-37.8001,144.9601\n"
FLAVOUR_MAP, LIFETIME_MAP = "1,2 a\n4,7 b\n", "0 0\n300 1\n600 2\n900 2\n"
FLAVOURS, LIFETIMES = "300 a,|,b,b,|\n600 a,|\n", "300 U0,|,U2,C1,|\n600 U1,|\n"


def write(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def vms(folder: Path, flavours: str = FLAVOURS, lifetimes: str = LIFETIMES) -> tuple[Vm, ...]:
    return read_vms(
        write(folder, flavours, "flavours"),
        write(folder, lifetimes, "lifetimes"),
        read_flavours(write(folder, FLAVOUR_MAP, "flavour_map")),
        read_lifetimes(write(folder, LIFETIME_MAP, "lifetime_map")),
    )


def test_users_are_served_at_the_nearest_site(tmp_path: Path) -> None:
    sites, users = read_sites(write(tmp_path, SITES)), read_users(write(tmp_path, USERS))
    scenario = edge_scenario(sites, users, requests=50, seed=2)
    assert scenario == edge_scenario(sites, users, requests=50, seed=2)
    nearest = {t.task_id.split("-")[1]: t.source_site for t in scenario.tasks}
    assert nearest == {"u2": "1", "u3": "3"}
    assert {n.site for n in scenario.nodes} == {"1", "2", "3", CLOUD}
    for name in ("nearest", "first_fit", "random"):
        assert evaluate(encode(scenario), compile_policy(REFERENCES[name])).completed == 50


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("SITE_ID,LATITUDE\n1,2\n", "LONGITUDE"),
        (SITES + "1,-37,144,x\n", "listed twice"),
        (SITES + "4,-97,144,x\n", "LATITUDE"),
        (SITES + "4,nan,144,x\n", "LATITUDE"),
        (SITES + "4,1,181,x\n", "LONGITUDE"),
        (SITES + ",1,1,x\n", "SITE_ID"),
        (SITES + "cloud,1,1,x\n", "SITE_ID"),
        (SITES.splitlines()[0] + "\n", "no site"),
    ],
)
def test_malformed_sites_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_sites(write(tmp_path, text))


def test_malformed_users_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 4, Latitude"):
        read_users(write(tmp_path, USERS + "x,1\n"))
    with pytest.raises(DataError, match="no user"):
        read_users(write(tmp_path, "Latitude,Longitude\n"))


def test_machines_have_flavours_and_lifetimes(tmp_path: Path) -> None:
    assert vms(tmp_path) == (
        Vm(300, 1, 2, 0, 300),
        Vm(300, 4, 7, 600, 1200),
        Vm(300, 4, 7, 600, 600),  # not over at 900 s, the end of the trace
        Vm(600, 1, 2, 300, 600),
    )


def test_the_load_determines_the_number_of_servers(tmp_path: Path) -> None:
    many = vms(tmp_path) * 100
    few, more = (vm_scenario(many, first=0, count=400, load=load, seed=1) for load in (1.5, 0.5))
    assert len(more.nodes) > 2 * len(few.nodes)
    busiest = max(
        sum(t.cpu_required for t in few.tasks if t.arrival_time <= now < t.arrival_time + t.duration)
        for now in {t.arrival_time for t in few.tasks}
    )
    assert len(few.nodes) == round(busiest / (1.5 * SERVER["cpu"]))
    assert evaluate(encode(few), compile_policy(REFERENCES["best_fit"])).completed == 400


@pytest.mark.parametrize(
    ("flavours", "lifetimes", "message"),
    [
        ("", LIFETIMES, "empty"),
        (FLAVOURS, LIFETIMES.splitlines()[0], "must match"),
        (FLAVOURS, LIFETIMES.replace("600 U1", "601 U1"), "601"),
        (FLAVOURS, LIFETIMES.replace("U1", "U1,U1"), "2 at"),
        (FLAVOURS.replace("a", "z"), LIFETIMES, "'z' is not in the map"),
        (FLAVOURS, LIFETIMES.replace("U0", "X0"), "U or C"),
        (FLAVOURS, LIFETIMES.replace("U0", "U"), "bin"),
        (FLAVOURS, LIFETIMES.replace("U0", "U77"), "bin 77"),
        (FLAVOURS.replace("600", "200"), LIFETIMES, "does not come after"),
        (FLAVOURS.replace("600", "x"), LIFETIMES, "not a number"),
        (FLAVOURS.replace("600 a", "600 a b"), LIFETIMES, "is expected"),
        ("300 |\n", "300 |\n", "no machine"),
    ],
)
def test_malformed_traces_of_machines_are_refused(tmp_path: Path, flavours: str, lifetimes: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        vms(tmp_path, flavours, lifetimes)


@pytest.mark.parametrize("text", ["", "1,2\n", "1 a\n", "1,2 a\n1,2 a\n", "x,2 a\n", "1,-2 a\n", "1,2 a b\n"])
def test_a_malformed_map_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        read_flavours(write(tmp_path, text))


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("30 UC|,ab1\n", max_size=40), st.text("30 UC|,ab1\n", max_size=40))
def test_any_text_is_machines_or_a_data_error(tmp_path: Path, flavours: str, lifetimes: str) -> None:
    try:
        found = vms(tmp_path, flavours, lifetimes)
    except DataError:
        return
    assert found


def test_a_stretch_beyond_the_trace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the trace has 4"):
        vm_scenario(vms(tmp_path), first=2, count=3, load=1, seed=0)


def test_the_real_traces_are_read(traces: Path) -> None:
    eua, azure = traces / "eua", traces / "azure_vm"
    sites, users = read_sites(eua / "site-optus-melbCBD.csv.gz"), read_users(eua / "users-melbcbd-generated.csv.gz")
    assert (len(sites), len(users)) == (125, 816)
    scenario = edge_scenario(sites, users, requests=200, seed=0)
    assert evaluate(encode(scenario), compile_policy(REFERENCES["nearest"])).completed == 200
    found = read_vms(
        azure / "v1.dev.txt.gz",
        azure / "v1.dev.c2100000.txt.gz",
        read_flavours(azure / "flav_map.txt.gz"),
        read_lifetimes(azure / "v1.interval_map.txt.gz"),
    )
    assert len(found) == 259_159
    scenario = vm_scenario(found, first=0, count=500, load=0.9, seed=0)
    assert evaluate(encode(scenario), compile_policy(REFERENCES["best_fit"])).completed == 500
