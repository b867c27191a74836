"""The commands `aurora recommend` and `aurora experiment`, from files to files."""

import csv
import json
from datetime import date, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.cli.recommend.advice import as_csv, as_markdown, by_savings, lines, totals
from aurora.errors import FileError, InputError
from aurora.learning.accounts import Configuration, generate, write_accounts
from aurora.learning.rightsizing.recommend import Confidence, Recommendation, Savings


def aurora(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def histories(tmp_path_factory):
    path = tmp_path_factory.mktemp("accounts") / "histories.jsonl"
    found = generate(7, 5).accounts
    write_accounts([*found[:2], found[4].between(0, 20)], path)
    return path


def test_a_plan_is_made_applied_rolled_back_and_settled(histories, tmp_path):
    plan, inventory, books = tmp_path / "plan.json", tmp_path / "inventory.json", tmp_path / "ledger.jsonl"
    chart = tmp_path / "savings.html"
    found = json.loads(aurora("recommend", histories, "--quick", "--plan", plan, "--plot", chart, "--json"))
    assert found[-1]["finding"] == "no_data"
    assert found[-1]["reasons"] == ["have 20 of 42 values"]
    applicable = {r["account"] for r in found if r["is_applicable"]}
    assert applicable
    assert chart.stat().st_size > 1000
    aurora("recommend", "inventory", histories, "--out", inventory)
    before = inventory.read_bytes()
    assert aurora("recommend", "apply", plan, "--inventory", inventory, "--dry-run")
    assert inventory.read_bytes() == before
    done = json.loads(aurora("recommend", "apply", plan, "--inventory", inventory, "--ledger", books, "--json"))
    assert set(done["changed"]) == applicable
    again = json.loads(aurora("recommend", "apply", plan, "--inventory", inventory, "--ledger", books, "--json"))
    assert again["changed"] == []
    aurora("recommend", "rollback", done["rollback"], "--inventory", inventory)
    assert inventory.read_bytes() == before
    waiting = json.loads(aurora("recommend", "realised", books, "--json"))
    assert len(waiting["open"]) == len(applicable)
    settled = aurora("recommend", "realised", books, "--change", waiting["open"][0], "--savings", 12.5, "--json")
    assert json.loads(settled)["calibration"]["count"] == 1


def test_a_sample_of_accounts_depends_on_the_seed_and_can_be_read(tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    for path in (one, two):
        aurora("recommend", "sample", "--accounts", 2, "--days", 8, "--seed", 3, "--out", path)
    assert one.read_bytes() == two.read_bytes()
    found = json.loads(aurora("recommend", one, "--quick", "--json"))
    assert len(found) == 2
    assert {r["finding"] for r in found} <= {"under", "over", "optimised", "conflict"}


def test_a_series_of_utilisation_and_its_inventory(tmp_path):
    path, inventory = tmp_path / "web.csv", tmp_path / "inventory.json"
    entry = {"instance": "general-8", "storage": "standard", "network": "1g", "minimum": 6, "maximum": 6}
    inventory.write_text(json.dumps({"web": {**entry, "target": 0.6, "cooldown": 300}}))
    hours = np.arange(14 * 24) * 3600
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["unique_id", "ds", "y", "metric", "unit"])
        rows.writerows(["web/cpu", 1_767_571_200 + t, 10 + 3 * np.sin(t / 13_751), "cpu", "percent"] for t in hours)
    (found,) = json.loads(aurora("recommend", path, "--inventory", inventory, "--quick", "--json"))
    assert (found["account"], found["finding"]) == ("web", "over")
    inventory.write_text("{}")
    with pytest.raises(InputError, match="has no web"):
        aurora("recommend", path, "--inventory", inventory)


def measurements(path, first, days, treated=(), gain=0.0):
    rng = np.random.default_rng(days)
    level = np.random.default_rng(0).lognormal(3, 0.5, 48)
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["account", "day", "cost", "latency", "received"])
        for d in range(days):
            for i in range(48):
                is_treated = f"a{i:02d}" in treated
                cost = level[i] * (1 + 0.03 * rng.normal()) * (1 - gain * is_treated)
                rows.writerow([f"a{i:02d}", first + timedelta(days=d), cost, rng.normal(1, 0.05), int(is_treated)])


def test_an_experiment_from_registration_to_report(tmp_path):
    before, after, folder = tmp_path / "june.csv", tmp_path / "july.csv", tmp_path / "trial"
    start = date(2026, 7, 1)
    measurements(before, start - timedelta(days=14), 14)
    names = ("--before", before, "--metric", "cost", "--guardrail", "latency", "--start", start)
    new = json.loads(aurora("experiment", "new", folder, *names, "--effect", "4%", "--margin", "2%", "--json"))
    assert new["treated"] == new["control"] == len(new["treated_accounts"]) == 24
    assert 0 <= new["power"] <= 1
    told = aurora(
        "experiment", "new", tmp_path / "again", *names, "--effect", "4%", "--margin", "2%", "--name", "trial"
    )
    assert told.split("# treated accounts\naccount\n")[1].splitlines() == new["treated_accounts"]
    assert json.loads(aurora("experiment", "status", folder, "--json"))["reason"] == "no day is measured yet"
    measurements(after, start, 9, new["treated_accounts"], 0.1)
    status = json.loads(aurora("experiment", "status", folder, "--add", after, "--json"))
    assert (status["decision"], status["added"]["days"]) == ("stop_benefit", 9)
    chart = tmp_path / "effect.png"
    report = json.loads(aurora("experiment", "report", folder, "--plot", chart, "--json"))
    effect = report["intention_to_treat"]
    assert effect["low"] < effect["estimate"] < effect["high"] < 0
    assert report["compliance"]["treated"]["complied"] == 24
    assert report["per_protocol"]["is_randomised"] is False
    assert chart.stat().st_size > 1000
    with pytest.raises(FileError, match="already"):
        aurora("experiment", "new", folder, *names, "--effect", "4%")


def refused(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code != 0
    return done


def found_like(name, finding="over", expected=100.0):
    now = Configuration("general-32", "extreme", "25g", 24, 64, 0.4, 600)
    new = None if finding == "no_data" else Configuration("compute-32", "standard", "1g", 2, 10, 0.8, 300)
    saved = None if new is None else Savings(expected, expected - 10, expected + 10, 0.8, "list")
    sure = None if new is None else Confidence(0.9, 0.8, 0.95, "cases", False)
    measured = {"cpu": True, "memory": False, "io": True, "bandwidth": False}
    cost = None if new is None else 12345.6
    return Recommendation(
        name,
        finding,
        ("because",),
        10,
        5,
        measured,
        now=now,
        proposed=new,
        is_applicable=finding == "over",
        savings=saved,
        cost_now=cost,
        cost_proposed=cost and cost - expected,
        risk=None if new is None else 1,
        confidence=sure,
    )


@pytest.mark.parametrize("columns", [40, 60, 80, 110, 200])
def test_each_account_has_one_line_and_totals_count_permitted_changes(columns):
    names = ["web", "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:production/checkout", "r", "n"]
    kinds = ["over", "over", "conflict", "no_data"]
    found = [found_like(n, k, 100.0 * (i + 1)) for i, (n, k) in enumerate(zip(names, kinds, strict=True))]
    told = lines(by_savings(found), columns)
    assert len(told) == 5
    assert max(len(line) for line in told) <= max(columns, 60)
    assert [line.split()[0] for line in told[1:]][-1] == "n"
    assert all(word in "\n".join(told) for word in ("12", "90%", "conflict", "no_data"))
    if columns >= 200:
        assert "24-64 general-32 -> 2-10 compute-32 +storage +network +target +cooldown" in "\n".join(told)
    said = "\n".join(totals(found))
    assert "$37,037 a month now, $36,737 with the 2 changes" in said
    assert "not in a plan: r (conflict)" in said
    assert "too little measured: n" in said
    assert "memory, network of" in said
    assert as_csv(found).count("\n") == as_markdown(found).split("\n\n")[0].count("\n") == 5


def test_reasons_formats_and_parts_of_a_plan(histories, tmp_path):
    plan, inventory, prices = tmp_path / "plan.json", tmp_path / "inventory.json", tmp_path / "prices.json"
    aurora("recommend", "catalogue", "--out", prices)
    told = aurora("recommend", histories, "--quick", "--catalogue", prices, "--plan", plan, "--why", "all")
    assert "  - measured: median" in told
    assert "no account nobody" in str(refused("recommend", histories, "--quick", "--why", "nobody").exception)
    assert len(list(csv.DictReader(aurora("recommend", histories, "--quick", "--format", "csv").splitlines()))) == 3
    aurora("recommend", "inventory", histories, "--out", inventory)
    name = json.loads(plan.read_text())["changes"][0]["account"]
    done = json.loads(aurora("recommend", "apply", plan, "--inventory", inventory, "--only", name, "--json"))
    assert done["changed"] == [name]
    assert all(line.startswith(name) for line in done["diff"])
    assert "nothing to do" in aurora("recommend", "apply", plan, "--inventory", inventory, "--max-risk", 0)
    assert "inventory=FILE" in str(refused("recommend", inventory).exception)
    assert "there is no ledger" in str(refused("recommend", "realised", tmp_path / "nope.jsonl").exception)


def test_help_shows_the_options_of_recommend_file():
    told = aurora("recommend", "--help")
    assert "--least-days" in told
    assert "rollback" in told


def test_the_folder_of_an_experiment_is_checked_before_any_computation(tmp_path):
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "registration.json").write_text("{}")
    names = ("--before", tmp_path / "absent.csv", "--metric", "cost", "--guardrail", "latency", "--start", "2026-07-01")
    assert "holds an experiment already" in str(refused("experiment", "new", folder, *names).exception)
