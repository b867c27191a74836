"""The command `aurora futures`: from measured demand to plans, what-ifs, a state and a plot; and its errors."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.errors import AuroraError

RUN = CliRunner()


def write_demand(path: Path, count: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    y = np.abs(10 + rng.normal(0, 1.5, 2000))[:count]
    rows = [f"web,{1_700_000_100 + 300 * k},{v:.3f}" for k, v in enumerate(y)]
    path.write_text("\n".join(["unique_id,ds,y", *rows]) + "\n")


@pytest.fixture
def demand(tmp_path: Path) -> Path:
    path = tmp_path / "demand.csv"
    write_demand(path, 600)
    return path


def futures(*args: object) -> dict:
    done = RUN.invoke(app, ["futures", *map(str, args), "--json", "--futures", "100"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def refused(*args: object) -> str:
    with pytest.raises(AuroraError) as raised:
        RUN.invoke(app, ["futures", *map(str, args), "--futures", "50"], catch_exceptions=False)
    return str(raised.value)


def misused(*args: object) -> str:
    done = RUN.invoke(app, ["futures", *map(str, args), "--futures", "50"], catch_exceptions=False)
    assert done.exit_code == 2
    return " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize("command", [("futures",), ("whatif",), ("bench", "futures")])
def test_help_is_shown(command: tuple[str, ...]) -> None:
    shown = RUN.invoke(app, [*command, "--help"], catch_exceptions=False)
    assert shown.exit_code == 0 and "Usage" in shown.stdout


def test_tiers_plans_and_what_ifs(demand: Path, tmp_path: Path) -> None:
    plot = tmp_path / "futures.html"
    found = futures(demand, "--what-if", "spike:+50%@10m", "--what-if", "node_loss", "--plot", plot)
    assert found["what_ifs"] == ["as forecast", "spike:+50%@10m", "node_loss"]
    assert [t["confidence"] for t in found["tiers"]] == [0.5, 0.8, 0.95, 0.99]
    cores = [t["cores"] for t in found["tiers"]]
    assert cores == sorted(cores) and 8 < cores[0] < 16
    assert found["best"] == found["plans"][0]["plan_id"] and found["plans"][0]["worse"] == 0
    assert found["runs"] == 100 * 3 * len(found["plans"])
    for plan in found["plans"]:
        assert plan["measures"]["spike:+50%@10m"]["energy"]["mean"] > plan["measures"]["as forecast"]["energy"]["mean"]
    assert "plotly" in plot.read_text()
    again = futures(demand, "--what-if", "spike:+50%@10m", "--what-if", "node_loss", "--threads", "1")
    changing = ("seconds", "runs_per_second")
    assert {k: v for k, v in again.items() if k not in changing} == {
        k: v for k, v in found.items() if k not in changing
    }


def test_own_plans_own_what_ifs_and_weights(demand: Path, tmp_path: Path) -> None:
    plans, own = tmp_path / "plans.json", tmp_path / "own.json"
    plans.write_text(
        json.dumps(
            [
                {"plan_id": "small", "reserved_nodes": 2, "reserved_price": 0.1},
                {"plan_id": "large", "reserved_nodes": 8, "reserved_price": 0.1},
            ]
        )
    )
    own.write_text(json.dumps({"name": "sale", "changes": [{"kind": "demand", "factor": 1.5, "start": 0}]}))
    for weights, best in (("cost=1", "small"), ("sla=1", "large")):
        found = futures(demand, "--plans", plans, "--what-if", own, "--weights", weights)
        assert found["best"] == best and found["what_ifs"] == ["as forecast", "sale"]


def test_a_state_is_compared_once_its_demand_is_known(demand: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = futures(demand, "--state", state)
    assert first["compared"] is None
    assert "0 of the 12 steps" in refused(demand, "--compare", state)
    write_demand(demand, 612)
    seen = futures(demand, "--compare", state)["compared"]
    assert seen["rounds"] == 1 and seen["steps"] == 12 and seen["nearest"] == "as forecast"
    assert "nothing was simulated" in refused(demand, "--compare", state)
    # Followed: nothing to compare, then nothing new, then the next horizon.
    followed = RUN.invoke(
        app,
        ["futures", str(demand), "--follow", "--rounds", "2", "--every", "0.01", "--state", str(state), "--json"],
        catch_exceptions=False,
    )
    assert len(followed.stdout.splitlines()) == 1 and json.loads(followed.stdout)["compared"] is None
    write_demand(demand, 624)
    assert futures(demand, "--state", state)["compared"]["rounds"] == 2


def test_bad_input_is_reported_with_the_remedy(demand: Path, tmp_path: Path) -> None:
    plans = tmp_path / "plans.json"
    plans.write_text('[{"plan_id": "p", "reserved_nodes": "many"}]')
    assert "reserved_nodes" in refused(demand, "--plans", plans)
    assert "can't read" in refused(demand, "--plans", tmp_path / "absent.json")
    assert "weights" in misused(demand, "--weights", "speed=1")
    assert "NAME is one of" in misused(demand, "--what-if", "quake")
    assert "--tiers" in misused(demand, "--tiers", "high")
    assert "must rise" in misused(demand, "--tiers", "90,50")
    assert "did you mean 95?" in misused(demand, "--tiers", "0.95")
    assert "none matches" in refused(demand, "--series", "db*")
    assert "--state" in misused(demand, "--follow")
    assert ".html or .png" in refused(demand, "--plot", tmp_path / "x.svg")
    assert "node_cores=" in refused(demand, "--node-cores", "0.001")
    assert "job_cores" in refused(demand, "--job-cores", "0.0005")
    assert "forecaster" in refused(demand, "--model", tmp_path)
    short = tmp_path / "short.csv"
    write_demand(short, 20)
    assert "20 values, but" in refused(short)
    write_demand(short, 1)
    assert refused(short)
    negative = tmp_path / "negative.csv"
    rows = [f"a,{300 * k},{-5.0 + k % 3}" for k in range(400)]
    negative.write_text("\n".join(["unique_id,ds,y", *rows]) + "\n")
    assert "below 0" in refused(negative)


def test_the_command_line_ends_with_a_message_and_no_traceback(demand: Path) -> None:
    aurora = Path(sys.executable).with_name("aurora")
    done = subprocess.run([aurora, "whatif", demand, "--what-if", "quake"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("aurora: ") and "'quake'" in done.stderr and not done.stdout


def write_series(path: Path, spans: dict[str, tuple[int, int]], unit: str = "") -> None:
    """Write series over a range of steps of five minutes."""
    rng = np.random.default_rng(1)
    rows = [
        f"{name},{1_700_000_100 + 300 * k},{abs(10 + rng.normal()):.3f}" + (f",{unit}" if unit else "")
        for name, (first, last) in spans.items()
        for k in range(first, last)
    ]
    path.write_text("\n".join(["unique_id,ds,y" + (",unit" if unit else ""), *rows]) + "\n")


def test_a_stated_unit_is_never_assumed_to_be_cores(tmp_path: Path) -> None:
    path = tmp_path / "demand.csv"
    write_series(path, {"web": (0, 400)}, "%")
    assert "y is in percent" in (said := refused(path)) and "cores_per_unit=0.08" in said
    found = futures(path, "--cores-per-unit", "0.08")
    assert (found["unit"], found["cores_per_unit"], found["assumed_unit"]) == ("percent", 0.08, None)
    write_series(path, {"web": (0, 400)}, "cores")
    assert futures(path)["assumed_unit"] is None


def test_titles_state_an_assumed_unit_and_the_terms_of_plans(demand: Path) -> None:
    done = RUN.invoke(app, ["futures", str(demand), "--futures", "50", "--node-cores", "8"], catch_exceptions=False)
    titles = [line for line in done.stdout.splitlines() if line.startswith("# ")]
    assert "2023-11-17 00:15 to 01:15 UTC (12 steps of 5 min)" in titles[0] and "--cores-per-unit" in titles[0]
    assert "nodes of 8 cores, $0.10/h reserved, $0.25/h on demand" in titles[1]
    assert futures(demand)["assumed_unit"] == "cores"


def test_futures_start_after_the_latest_value_and_ended_series_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "pods.csv"
    write_series(path, {"old": (0, 300), "new": (0, 400)})
    found = futures(path)
    assert found["series"] == ["new"] and found["start"] == 1_700_000_100 + 300 * 400
    assert len(found["notes"]) == 1 and "series old ended" in found["notes"][0]
    write_series(path, {"old": (0, 400), "new": (300, 400)})
    assert "100 values, but" in (said := refused(path)) and "series new begins only then" in said


def test_a_what_if_beyond_the_horizon_is_reported_as_without_effect(demand: Path) -> None:
    (said,) = futures(demand, "--what-if", "spike:+20%@2h")["notes"]
    assert "changes nothing" in said and "--horizon 25 or more" in said
