import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import aurora

FAMILIES = ("--train-on", "batch", "--validate-on", "spot")
"""Two families, so that an iteration takes a third of the simulations."""
HELP, TYPER = ("-m", "aurora", "--help"), ("-c", "import typer.rich_utils")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "run"
    asked = ("selfplay", "--iterations", "1", "--seed", "3", *FAMILIES, "--run", str(folder), "--no-report", "--json")
    assert json.loads(aurora(*asked, fresh=True).stdout)["iterations"] == 1
    return folder


def test_help_is_fast() -> None:
    """The help costs at most three times what drawing it costs: the import of what Typer draws with."""
    typer, ours = (min(_processor_time(*command) for _ in range(3)) for command in (TYPER, HELP))
    assert ours < 3 * typer


def _processor_time(*command: str) -> float:
    """Return the seconds of a processor that a command takes, imports included, whatever else runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_champion_of_a_run_can_be_simulated(finished: Path, tmp_path: Path) -> None:
    champion, scenario = tmp_path / "champion.json", tmp_path / "scenario.json"
    exported = aurora("policies", "export", "--run", str(finished), "--best", "--out", str(champion), "--json")
    assert json.loads(exported.stdout)["policy_id"] == json.loads(champion.read_text())["policy_id"]
    aurora("scenarios", "generate", "--family", "video", "--level", "2", "--seed", "7", "--out", str(scenario))
    result = json.loads(aurora("simulate", str(scenario), str(champion), "--json", "--trace").stdout)
    assert set(result) == {
        "schema_version",
        "scenario_id",
        "policy_id",
        "reward",
        "scores",
        "summary",
        "tasks",
        "decisions",
        "bill",
        "violations",
    }
    assert len(result["tasks"]) == result["summary"]["tasks"] == 20
    assert len(result["decisions"]) == result["summary"]["decisions"]
    assert "node.cpu_free" in result["decisions"][0]["candidates"][0]["features"]


def test_two_runs_of_a_seed_have_the_same_top_policies(finished: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    asked = ("selfplay", "--iterations", "1", "--seed", "3", *FAMILIES, "--run", str(other), "--json", "--no-report")
    aurora(*asked, "--jobs", "1")
    tops = [aurora("policies", "top", "--run", str(r), "--limit", "5", "--json").stdout for r in (finished, other)]
    assert tops[0] == tops[1]
    assert {"policy_id", "elo", "parents", "rules", "results"} <= set(json.loads(tops[0])[0])


def test_a_topology_becomes_a_scenario_that_can_be_simulated(tmp_path: Path) -> None:
    gml, scenario = tmp_path / "t.gml", tmp_path / "s.json"
    gml.write_text("graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] ]")
    aurora("scenarios", "read", "gml", str(gml), "--count", "20", "--out", str(scenario))
    assert json.loads(aurora("scenarios", "show", str(scenario), "--json").stdout)["tasks"] == 20
    result = json.loads(aurora("simulate", str(scenario), "nearest", "--bounds", "--json").stdout)
    assert result["summary"]["completed"] == 20
    assert result["bounds"]["reward"] >= result["reward"] - 1e-9
    aurora("scenarios", "read", "eua", str(gml), code=2)  # it takes two files


def test_the_index_is_rebuilt_and_searched(finished: Path) -> None:
    counts = json.loads(aurora("index", "rebuild", "--run", str(finished), "--json").stdout)
    assert counts["scenarios"] >= 1
    assert counts["policies"] >= len(json.loads(aurora("policies", "list", "--run", str(finished), "--json").stdout))
    found = json.loads(
        aurora("index", "search", "shortest job first", "--kind", "policies", "--run", str(finished), "--json").stdout
    )
    assert [set(f) for f in found] == [{"id", "similarity", "words", "description"}] * 5
    sums = [f["similarity"] + f["words"] for f in found]
    assert sums == sorted(sums, reverse=True)


def test_resume_continues_the_run(finished: Path) -> None:
    result = json.loads(
        aurora("selfplay", "--resume", str(finished), "--iterations", "2", "--json", "--no-report").stdout
    )
    assert result["iterations"] == 2


@pytest.mark.slow
def test_the_report_loads_no_external_resources(finished: Path) -> None:
    result = json.loads(aurora("selfplay", "--resume", str(finished), "--iterations", "2", "--json").stdout)
    page = Path(result["report"]).read_text()
    assert 'src="http' not in page
    assert "<link" not in page
    assert "Champion, start and references on fresh scenarios" in page
    assert [v["level"] for v in result["verdicts"]] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("simulate", "absent.json", "best_fit"), 3, "can't read"),
        (("policies", "top", "--run", "absent"), 8, "holds no archive"),
        (("index", "rebuild", "--run", "absent"), 8, "holds no archive"),
        (("policies", "show", "bets_fit"), 4, "did you mean best_fit"),
        (("selfplay", "--source", "openb"), 6, "--data"),
        (("selfplay", "--resume", "absent"), 8, "holds no run"),
        (("bench", "openb", "--nodes", "x", "--pods", "y", "--policy", "fgd"), 6, "can't read x"),
        (("scenarios", "generate", "--family", "moon"), 3, "families"),
    ],
)
def test_bad_input_ends_with_a_message_and_a_code(
    args: tuple[str, ...], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = aurora(*args, code=code, fresh=args[0] == "scenarios")
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_finds_all_requirements() -> None:
    checks = json.loads(aurora("doctor", "--json").stdout)
    assert all(check["ok"] for check in checks)


def test_the_openb_benchmark_prints_its_documented_keys(traces: Path) -> None:
    folder = traces / "openb"
    nodes, pods = folder / "openb_node_list_gpu_node.csv.gz", folder / "openb_pod_list_default.csv.gz"
    args = (
        "--nodes",
        str(nodes),
        "--pods",
        str(pods),
        "--policy",
        "best_fit",
        "--seeds",
        "42-43",
        "--node-orders",
        "1",
    )
    result = json.loads(aurora("bench", "openb", *args, "--json").stdout)
    means = ["mean_100", "mean_130", "sd_130"]
    told = ["pods_without_model", "models_of_no_node"]
    assert list(result) == ["schema_version", "policy", "trace", "runs", *told, *means, "fgd"]
    assert list(result["fgd"]) == [*means, "difference_100", "difference_130"]
    assert result["fgd"]["difference_130"] == pytest.approx(result["mean_130"] - result["fgd"]["mean_130"])
    assert result["fgd"]["mean_130"] > result["mean_130"] + 1  # as published
    keys = ["seed", "node_order", "allocation_pct_100", "allocation_pct_130", "failed_pods", "cpu_pct", "seconds"]
    assert [list(r) for r in result["runs"]] == [keys, keys]


def test_the_swf_benchmark_prints_its_documented_keys(traces: Path) -> None:
    log = str(traces / "swf" / "lublin_256.swf.gz")
    args = ("--log", log, "--processors", "256", "--policy", "f1", "--backfill", "easy", "--json")
    result = json.loads(aurora("bench", "swf", *args).stdout)
    assert list(result)[:5] == ["schema_version", "policy", "bounded_slowdown", "utilization", "sequences"]
    assert [list(s) for s in result["sequences"]] == [["start", "bounded_slowdown", "utilization", "unfinished"]] * 10
    assert all(s["unfinished"] == 0 for s in result["sequences"])


def test_debug_shows_the_traceback_at_any_position() -> None:
    for args in (("--debug", "simulate", "absent.json", "fgd"), ("simulate", "absent.json", "fgd", "--debug")):
        assert "Traceback" in aurora(*args, code=1).stderr
