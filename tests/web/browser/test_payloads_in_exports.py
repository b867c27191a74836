"""No payload runs or loads in a page that AURORA writes as a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.charts import Band, Bars, Chart, Line, write_charts
from aurora.evals.ratings.form import page as rating_form
from aurora.evals.ratings.items import RatingSet, named
from aurora.evals.report.evaluations import evaluation_report, read_evaluations, write_evaluation_report
from aurora.evals.report.evaluations.comparisons import compare_all
from aurora.evals.report.selfplay import page as selfplay_page
from aurora.evals.report.selfplay import write_report
from aurora.evals.rightsizing import curve_charts
from aurora.evals.rl import curves
from aurora.graphs.run import settings_of
from aurora.learning.composition.spaces.task_space import front_chart
from aurora.learning.experiments.effect_charts import effect_charts
from aurora.learning.forecasting.charts import fan_chart
from aurora.learning.futures.charts import futures_charts
from aurora.learning.series.charts import series_chart
from aurora.learning.series.series import QUANTILES, Finding, Forecast, Series
from aurora.reading import read_json
from tests.web.browser import hostile
from tests.web.browser.canary import set_trap, waiting
from tests.web.browser.payloads import PAYLOADS
from tests.web.browser.watching import Watch

CHARTED = 7
"""Each seventh payload names a chart of each kind: a page of hundreds takes minutes."""
SHARE, LEAST_RUNNING = 5, 12
"""Where nothing is escaped, so many of each fifth payload must be seen to run or load; the trap is broken otherwise."""
TIMEOUT = 120_000.0

Open = Callable[[Path], Page]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Open a file, and fail if anything in it ran, loaded, or waits for a click."""
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT)
    watch = Watch("")
    watch.attach(context)
    set_trap(context)
    pages = []

    def open_file(path: Path) -> Page:
        page = context.new_page()
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_file
    for page in pages:
        page.wait_for_timeout(300)
        assert waiting(page) == []
    context.close()
    watch.check()


def test_payloads_that_are_not_escaped_are_seen(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT)
    watch = Watch("")
    watch.attach(context)
    set_trap(context)
    page = context.new_page()
    frames = "".join(
        f'<iframe srcdoc="{p.replace("&", "&amp;").replace(chr(34), "&quot;")}"></iframe>' for p in PAYLOADS[::SHARE]
    )
    (tmp_path / "x.html").write_text(f"<!doctype html><meta charset=utf-8>{frames}")
    page.goto((tmp_path / "x.html").as_uri())
    page.wait_for_timeout(500)
    seen = {n for n in range(len(PAYLOADS)) for f in watch.faults if f"payload {n} ran" in f or f"invalid/{n}" in f}
    held = waiting(page)
    context.close()
    assert len(seen) >= LEAST_RUNNING
    assert any("javascript:" in h for h in held)


def test_a_chart_shows_payloads_as_text(opened: Open, tmp_path: Path) -> None:
    x = [0.0, 1.0]
    charts = []
    for number in range(0, len(PAYLOADS), 10):
        title, below, beside, band, line, bars, *categories = PAYLOADS[number : number + 10]
        marks = (Band(band, x, x, x), Line(line, x, x), Bars(bars, categories, [1.0, 2.0, 3.0, 4.0]))
        charts.append(Chart(title, below, beside, marks))
    write_charts(charts, tmp_path / "charts.html")
    page = opened(tmp_path / "charts.html")
    page.get_by_text(charts[1].title).first.wait_for()


def _series(text: str) -> Series:
    values = np.arange(1.0, 9.0)
    return Series(text, 0, 60, values, values > 2, labels={"unit": text})  # two are filled in


def _measured(text: str) -> Chart:
    return series_chart(_series(text), [Finding(text, "gap", 1, 60, text)])


def _forecast(text: str) -> Chart:
    quantiles = np.tile(np.linspace(1.0, 2.0, len(QUANTILES)), (3, 1))
    return fan_chart(_series(text), Forecast(text, 480, 60, quantiles, text))


def _learning(text: str) -> Chart:
    algorithm = {"algorithm": text, "curve": [{"steps": 1, "value": 1.0}, {"steps": 2, "value": 2.0}]}
    return curves({"levels": [{"level": text, "algorithms": [algorithm], "curve_marks": {text: 1.0}}]})[0]


def _strategies(text: str) -> Chart:
    curve = {"data": text, "resource": text, "strategy": text, "violations": [0.1, 0.2], "slack": [1.0, 2.0]}
    return curve_charts({"curves": [curve]})[0]


def _experiment(text: str) -> Chart:
    rules = SimpleNamespace(
        metric=text, guardrail=text, direction="lower", effect=1.0, margin=1.0, alpha=0.03, guardrail_alpha=0.01
    )
    looks = SimpleNamespace(estimate=[1.0, 2.0], low=np.array([0.0, 1.0]), high=np.array([2.0, 3.0]))
    verdict = SimpleNamespace(decision=text, reason=text, metric=looks, guardrail=looks)
    registration: Any = SimpleNamespace(experiment_id=text, rules=rules)
    standing: Any = SimpleNamespace(verdict=verdict)
    return effect_charts(registration, standing)[0]


def _futures(text: str) -> Chart:
    """Return what `aurora futures --plot` draws of a snapshot's plans, whose names are the user's."""
    demand = SimpleNamespace(start=0, step=60, by_step=[1.0, 2.0], tiers=[], totals=np.ones((2, 2)))
    measured = {"cost": [[1.0, 2.0]], "sla": [[0.0, 0.1]]}
    simulated = SimpleNamespace(plans=[SimpleNamespace(plan_id=text)], measured=measured)
    report: Any = SimpleNamespace(demand=demand, past=np.array([1.0]), simulated=simulated)
    return futures_charts(report)[1]


class _Space(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.latency)


def _composed(text: str) -> Chart:
    """Return what `aurora compose space --plot` draws of a task, whose name is the user's."""
    space: Any = _Space(latency=[0.1, 0.2], accuracy=[0.5, 0.6], is_single=[True, False])
    found: Any = SimpleNamespace(front=[SimpleNamespace(selection=SimpleNamespace(latency=0.2, accuracy=0.6))])
    return front_chart(text, space, found)


KINDS = (_measured, _forecast, _learning, _strategies, _experiment, _futures, _composed)


@pytest.mark.parametrize("drawn", KINDS)
def test_every_kind_of_exported_chart_shows_payloads_as_text(
    opened: Open, tmp_path: Path, drawn: Callable[[str], Chart]
) -> None:
    charts = [drawn(payload) for payload in PAYLOADS[::CHARTED]]
    write_charts(charts, tmp_path / "charts.html")
    page = opened(tmp_path / "charts.html")
    page.locator("svg text").first.wait_for(state="attached")
    assert page.locator("svg .xtick").count() > 0


def test_a_comparison_of_evaluations_shows_payloads_as_text(opened: Open, desk_folder: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "before", tmp_path / "after"]
    for folder in folders:
        shutil.copytree(desk_folder / "runs/eval/explanations", folder)
        result = hostile.swapped(read_json(folder / "result.json"), cycle(PAYLOADS))
        (folder / "result.json").write_text(json.dumps(result))
    evaluations = read_evaluations(folders)
    document = evaluation_report(evaluations, compare_all(evaluations))
    write_evaluation_report(document, page=tmp_path / "report.html", markdown=None)
    page = opened(tmp_path / "report.html")
    assert "compared with" in page.locator("body").inner_text()


def test_a_rating_form_shows_payloads_as_text(opened: Open, desk_folder: Path, tmp_path: Path) -> None:
    key = read_json(desk_folder / "runs/eval/ratings/key.json")
    item = key["items"][0]
    key["items"] = [
        item
        | {"item": f"item-{n:02}", "question": p, "text": p, "facts": [{"caption": p, "columns": [p], "rows": [[p]]}]}
        for n, p in enumerate(PAYLOADS)
    ]
    (tmp_path / "form.html").write_text(rating_form(named(RatingSet.model_validate(key))))
    page = opened(tmp_path / "form.html")
    assert PAYLOADS[0] in page.locator("body").inner_text()


def _table(text: str) -> dict[str, object]:
    return {"caption": text, "columns": [text], "rows": [[text]]}


def test_a_report_of_an_evaluation_shows_payloads_as_text(opened: Open, desk_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "explanations"
    shutil.copytree(desk_folder / "runs/eval/explanations", folder)
    result = read_json(folder / "result.json")
    result["notes"] = list(PAYLOADS)
    result["tables"] = [{"title": p, "columns": [p], "rows": [[p]], "note": p} for p in PAYLOADS]
    (folder / "result.json").write_text(json.dumps(hostile.swapped(result, cycle(PAYLOADS))))
    evaluations = read_evaluations([folder])
    document = evaluation_report(evaluations, compare_all(evaluations))
    write_evaluation_report(document, page=tmp_path / "report.html", markdown=None)
    page = opened(tmp_path / "report.html")
    assert PAYLOADS[0] in page.locator("body").inner_text()


@pytest.mark.slow
def test_a_report_of_self_play_shows_payloads_as_text(
    opened: Open, desk_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GeneratedSource, "judged_per_family", 1)
    monkeypatch.setattr(selfplay_page, "BOUNDED_PER_FAMILY", 0)
    run = tmp_path / hostile.FILE_NAMES[0]
    shutil.copytree(desk_folder / "runs/first", run, ignore=shutil.ignore_patterns("index"))
    hostile.change_run(run)
    report, *_ = write_report(run, settings_of(run))
    page = opened(report)
    page.locator("svg .gtitle, svg text").first.wait_for(state="attached")
    assert "self.aurora_canary=" in page.locator("body").inner_text()
