"""`aurora recommend` and `aurora experiment`, from files to files."""

import csv
import json
from datetime import date, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from aurora.cli.main import app
from aurora.errors import DataError
from aurora.learning.accounts import generate, write_accounts


def aurora(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def histories(tmp_path_factory):
    path = tmp_path_factory.mktemp("accounts") / "histories.jsonl"
    found = generate(7, 5).accounts
    write_accounts([*found[:4], found[4].between(0, 20)], path)
    return path


def test_from_histories_to_a_plan_applied_undone_and_settled(histories, tmp_path):
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


def test_a_sample_of_accounts_is_the_same_for_a_seed_and_can_be_read(tmp_path):
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
    with pytest.raises(DataError, match="has no web"):
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
    with pytest.raises(DataError, match="already"):
        aurora("experiment", "new", folder, *names, "--effect", "4%")
