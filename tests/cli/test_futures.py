"""`aurora futures` from measured demand to plans, what-ifs, a state and a plot; and what it says of bad input."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aurora.cli.main import app
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


def test_a_state_is_compared_when_its_time_has_come(demand: Path, tmp_path: Path) -> None:
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


def test_bad_input_is_told_with_its_remedy(demand: Path, tmp_path: Path) -> None:
    plans = tmp_path / "plans.json"
    plans.write_text('[{"plan_id": "p", "reserved_nodes": "many"}]')
    assert "reserved_nodes" in refused(demand, "--plans", plans)
    assert "can't read" in refused(demand, "--plans", tmp_path / "absent.json")
    assert "weights" in refused(demand, "--weights", "speed=1")
    assert "NAME is one of" in refused(demand, "--what-if", "quake")
    assert "--tiers" in refused(demand, "--tiers", "high")
    assert "must rise" in refused(demand, "--tiers", "90,50")
    assert "none matches" in refused(demand, "--series", "db*")
    assert "--state" in refused(demand, "--follow")
    assert ".html or .png" in refused(demand, "--plot", tmp_path / "x.svg")
    assert "--node-cores" in refused(demand, "--node-cores", "0.001")
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
    assert done.returncode == 3 and done.stderr.startswith("aurora: what-if 'quake'") and not done.stdout
