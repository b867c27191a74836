"""Data of the page Experiments."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from aurora.errors import DataError, FileError
from aurora.learning.experiments.experiment import Experiment, ExperimentDesign
from aurora.learning.made_up import FIRST_DAY, made_up_rows
from aurora.learning.rightsizing.savings_ledger import MIN_SETTLEMENTS, Promise, record_promises, settle_promise
from aurora.web.settings import WebSettings
from aurora.web.views.experiments import ExperimentView, experiment_rows, experiment_view
from aurora.web.views.ledgers import ledgers

START, ACCOUNTS = date(2026, 7, 1), 32


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> WebSettings:
    """Return served folders with an experiment whose change lowers the cost by a fifth, and one without days."""
    runs = tmp_path_factory.mktemp("runs")
    before = list(made_up_rows(ACCOUNTS, FIRST_DAY, 30, 0))
    design = ExperimentDesign("cost", "latency", START, effect="5%", days=10, earliest=4)
    trial = Experiment.register(runs / "trials" / "cheaper", before, design)
    treated = {s.account: 0.2 if s.treated else 0.0 for s in trial.registration.subjects}
    trial.add(list(made_up_rows(ACCOUNTS, START, 6, 0, treated)))
    Experiment.register(runs / "trials" / "young", before, design)
    return WebSettings(runs=runs)


@pytest.fixture(scope="module")
def view(settings: WebSettings) -> ExperimentView:
    return experiment_view(settings.runs / "trials" / "cheaper")


def test_experiments_of_the_served_folders_are_listed(settings: WebSettings) -> None:
    rows = experiment_rows(settings)
    assert [r.name for r in rows] == ["cheaper", "young"]
    assert rows[0].accounts == "16 with the change, 16 control" and rows[0].metric == "cost, lower is better"


def test_an_altered_registration_is_listed_with_its_problem(tmp_path: Path, settings: WebSettings) -> None:
    text = (settings.runs / "trials" / "young" / "registration.json").read_text(encoding="utf-8")
    (tmp_path / "forged").mkdir()
    (tmp_path / "forged" / "registration.json").write_text(text.replace('"seed": 0', '"seed": 7'), encoding="utf-8")
    (row,) = experiment_rows(WebSettings(runs=tmp_path))
    assert "altered" in row.problem
    with pytest.raises(DataError, match="altered"):
        experiment_view(tmp_path / "forged")


def test_the_effect_and_its_interval_are_those_of_the_library(view: ExperimentView, settings: WebSettings) -> None:
    status = Experiment.open(settings.runs / "trials" / "cheaper").status().to_json()
    assert status["decision"] == "stop_benefit" and view.decision == "stop: it is better" and view.tone == "good"
    assert view.effect.startswith(f"{status['estimate']:.4g}") and "97 %" in view.effect_note
    assert view.day == f"{status['day']} of 10"


def test_each_day_has_an_interval_that_may_be_infinite(view: ExperimentView) -> None:
    assert [d.day for d in view.days] == [6, 5, 4, 3, 2, 1]
    assert view.days[0].date == "2026-07-06"
    assert all("(" in d.effect and " to " in d.effect and "nan" not in d.effect for d in view.days)
    assert len(view.charts) == 2 and view.charts[0][1].marks[1].name.startswith("effect")


def test_the_rule_that_decided_is_marked(view: ExperimentView) -> None:
    assert [r.name for r in view.rules if r.is_met] == ["Stop for benefit"]
    assert "from day 4" in view.rules[1].condition and "3 %" in view.rules[1].condition


def test_groups_and_assignment_are_shown(view: ExperimentView) -> None:
    assert [(a.arm, a.accounts, a.crossed) for a in view.arms] == [("with the change", 16, 0), ("control", 16, 0)]
    assert len(view.assigned) == ACCOUNTS and {a[2] for a in view.assigned} == {"with the change", "control"}
    assert "not randomised" in view.per_protocol
    assert dict(view.registered)["First day"] == "2026-07-01"


def test_an_experiment_without_days_shows_its_rules(settings: WebSettings) -> None:
    view = experiment_view(settings.runs / "trials" / "young")
    assert view.decision == "go on" and view.charts == () and view.effect == "" and view.day == "0 of 10"
    assert not any(r.is_met for r in view.rules)


def test_a_folder_without_an_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no experiment"):
        experiment_view(tmp_path)


def promise(k: int) -> Promise:
    return Promise(f"web-{k}@abc", f"web-{k}", "2026-06-01", 100.0, 80.0, 130.0, 0.8, "synthetic")


def test_a_ledger_says_how_its_promises_held(tmp_path: Path) -> None:
    book = tmp_path / "ledger.jsonl"
    record_promises(book, [promise(k) for k in range(3)])
    settings = WebSettings(runs=tmp_path)
    assert "Nothing is settled yet; 3 promises wait" in ledgers(settings)[0].summary
    settle_promise(book, "web-0@abc", 95.0, "2026-07-01")
    settle_promise(book, "web-1@abc", 10.0, "2026-07-01")
    (view,) = ledgers(settings)
    assert [r.verdict for r in view.rows] == ["within", "outside", "open"]
    assert view.rows[0].promised == "$100.00 a month ($80.00 to $130.00, 80 %)"
    assert view.rows[0].realised.startswith("$95.00 a month") and view.rows[2].realised == "waits"
    assert "50 %" in view.summary and "20 settlements are needed" in view.summary and view.is_calibrated is None


def test_enough_settlements_judge_the_intervals(tmp_path: Path) -> None:
    book = tmp_path / "ledger.jsonl"
    record_promises(book, [promise(k) for k in range(MIN_SETTLEMENTS)])
    for k in range(MIN_SETTLEMENTS):
        settle_promise(book, f"web-{k}@abc", 0.0, "2026-07-01")
    (view,) = ledgers(WebSettings(runs=tmp_path))
    assert view.is_calibrated is False


def test_other_files_are_no_ledgers_and_a_damaged_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text('{"account_id": "a"}\n', encoding="utf-8")
    (tmp_path / "binary.jsonl").write_bytes(b"\x00\xff" * 100)
    assert ledgers(WebSettings(runs=tmp_path)) == ()
    lines = [json.dumps({"kind": "predicted", "change_id": "a"}), json.dumps({"kind": "realised"})]
    (tmp_path / "bad.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (view,) = ledgers(WebSettings(runs=tmp_path))
    assert "bad.jsonl" in view.problem and view.rows == ()
