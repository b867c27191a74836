"""The command `aurora data`."""

import json

import pytest
import typer
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.cli.data import parse_span, parse_time
from aurora.errors import AuroraError
from tests.learning.series.prometheus_server import TOKEN, fake_prometheus

CSV = "unique_id,ds,y,account,unit\n" + "".join(
    f"acme/cpu,2024-05-01T00:{5 * k:02}:00Z,{k},acme,percent\n" for k in (0, 1, 3, 3, 4, 5)
)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "usage.csv").write_text(CSV)
    return tmp_path / "usage.csv"


def run(*arguments, **env):
    result = CliRunner().invoke(app, ["data", *map(str, arguments)], env=env)
    if isinstance(result.exception, AuroraError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_a_table_on_stdout_and_findings_on_stderr(path):
    result = run(path)
    assert result.stdout.splitlines()[2].split("\t") == [
        "acme/cpu",
        "2024-05-01T00:00:00Z",
        "2024-05-01T00:25:00Z",
        "300",
        "6",
        "0.83333",
        "",
        "percent",
    ]
    assert "duplicate: 1 in 1 findings" in result.stderr and "gap: 1 in 1 findings" in result.stderr


def test_json_output_and_the_repaired_file_agree(path, tmp_path):
    found = json.loads(run(path, "--json", "--out", tmp_path / "out.csv").stdout)
    assert [(f["defect"], f["count"]) for f in found["findings"]] == [("duplicate", 1), ("gap", 1)]
    again = json.loads(run(tmp_path / "out.csv", "--json").stdout)
    assert again["series"] == found["series"] and again["findings"] == []


def test_accounts_are_hashed_with_the_key_from_the_environment(path, tmp_path):
    result = run(path, "--hash-accounts", "--out", tmp_path / "out.csv", AURORA_ACCOUNT_KEY="0123456789abcdef")
    assert "acme" not in result.stdout + result.stderr + (tmp_path / "out.csv").read_text()
    with pytest.raises(AuroraError, match="AURORA_ACCOUNT_KEY"):
        run(path, "--hash-accounts", AURORA_ACCOUNT_KEY="")


def test_series_from_a_server(tmp_path):
    with fake_prometheus() as server:
        server.authorization = {f"Bearer {TOKEN}"}
        window = ("--from", "2024-05-01", "--to", "2024-05-01T06:00+00:00", "--step", "1m")
        arguments = ("--prometheus", server.url, "--query", "cpu_percent", *window)
        found = json.loads(run(*arguments, "--json", AURORA_PROMETHEUS_TOKEN=TOKEN).stdout)
        assert [(s["unique_id"], s["n"], s["step"]) for s in found["series"]] == [('cpu_percent{host="a"}', 361, 60)]
        run("--prometheus", server.url, "--query", "cpu_percent", "--from", "now-1h", AURORA_PROMETHEUS_TOKEN=TOKEN)
        assert int(server.requests[-1]["start"]) % 300 == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no file was given"),
        (("x.csv", "--prometheus", "http://h"), "not both"),
        (("--prometheus", "http://h", "--query", "up"), "--query and --from"),
        (("--prometheus", "http://h", "--query", "up", "--from", "soon"), "'soon': write ISO 8601"),
        (("x.csv", "--out", "x.xlsx"), "must end in .parquet"),
        (("x.csv", "--plot", "x.pdf"), "must end in .html"),
    ],
)
def test_bad_options_are_reported_before_the_work(arguments, says):
    done = CliRunner().invoke(app, ["data", *arguments])
    assert done.exit_code in (1, 2)  # 1: an error whose own code `main` gives
    assert says in " ".join(f"{done.output} {done.exception}".replace("│", " ").split())


def test_a_plot_is_written(path, tmp_path):
    run(path, "--plot", tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_times_and_spans():
    assert parse_time("--from", "1714521600") == parse_time("--from", "2024-05-01") == 1714521600
    assert parse_time("--from", "2024-05-01T02:00+02:00") == 1714521600
    assert parse_time("--to", "now") - parse_time("--from", "now-7d") == pytest.approx(7 * 86_400, abs=2)
    assert [parse_span("--step", text) for text in ("15", "30s", "5m", "1h")] == [15, 30, 300, 3600]
    for wrong in ("5 minutes", "-1m", "1.5h", ""):
        with pytest.raises(typer.BadParameter):
            parse_span("--step", wrong)


def test_control_characters_are_not_printed(tmp_path):
    (tmp_path / "x.csv").write_text("unique_id,ds,y\n\x1b[2Ja,0,1\n\x1b[2Ja,300,2\n")
    assert "\x1b" not in run(tmp_path / "x.csv").output
