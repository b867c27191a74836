"""The report of evaluations: what it shows, that nothing is blank, and that names from files stay data."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown import markdown

from aurora.errors import DataError, InputError
from aurora.evals.report.evaluations import evaluation_report, read_evaluations, write_evaluation_report
from aurora.evals.report.evaluations.comparisons import compare_all
from aurora.evals.results.result import Metric, Table
from aurora.evals.results.samples import Sample
from tests.evals.report.made_up import HOSTILE, benchmark, evaluation

VOID = {"meta", "circle", "line", "polyline", "polygon"}


class Page(HTMLParser):
    """Collects elements and texts, and fails on elements that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.visible = Counter[str]()
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.visible[tag] += "details" not in self.open
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def text(self) -> str:
        return " ".join(text for tag, text in self.texts if tag != "style")


def written(paths: list[Path], folder: Path) -> tuple[str, str]:
    evaluations = read_evaluations(paths)
    document = evaluation_report(evaluations, compare_all(evaluations))
    page, text = folder / "r.html", folder / "r.md"
    assert write_evaluation_report(document, page=page, markdown=text) == [page, text]
    return page.read_text(), text.read_text()


def test_a_benchmark_has_all_its_figures_in_both_forms(tmp_path: Path) -> None:
    table = Table(title="of the result", columns=("policy", "p"), rows=(("champion", None),), note="a remark")
    path = benchmark(tmp_path / "b", ["champion", "ppo", "random"], tables=(table,), notes=("test apart from train",))
    page, text = written([path], tmp_path)
    shown = Page(page).text()
    for expected in (
        "Compares AURORA's champion",
        "test apart from train",
        "Elo",
        "openb: objectives",
        "decision time and quality",
        "cost and quality",
        "Learning curves: not measured",
        "price of the model and quality: not measured",
        "of the result",
        "a remark",
        "aurora eval made-up --seed 1",
        "not measured",
    ):
        assert expected in shown, expected
        assert expected in text.replace("\\", ""), expected
    (best,) = (m for m in read_evaluations([path])[0].result.metrics if m.key == "openb/champion:value")
    numbers = f"[{best.low:.4g}, {best.high:.4g}]"
    assert numbers in shown
    assert numbers in text.replace("\\", "")
    assert "├" in text


def test_every_figure_names_the_command_that_repeats_it(tmp_path: Path) -> None:
    page, text = written([benchmark(tmp_path / "b", ["champion", "ppo"])], tmp_path)
    assert page.count("<figure>") == page.count("<p class='repeat'>Repeat: <code>aurora eval ") > 3
    assert text.count("Repeat:\n\n```text\naurora eval ") == page.count("<figure>")


def test_a_page_loads_and_runs_nothing(tmp_path: Path) -> None:
    page, _ = written([benchmark(tmp_path / "b", ["champion", "ppo"])], tmp_path)
    elements = Page(page).elements
    assert not {"script", "link", "img", "iframe", "object", "base"} & {tag for tag, _ in elements}
    loaded = [v for _, attrs in elements for name, v in attrs.items() if name in ("src", "href") or name[:2] == "on"]
    assert not loaded
    assert "url(" not in page
    assert "@import" not in page
    assert any("default-src 'none'" in (attrs.get("content") or "") for _, attrs in elements)


def test_hostile_names_stay_data(tmp_path: Path) -> None:
    table = Table(title=HOSTILE, columns=(HOSTILE, "x"), rows=((HOSTILE, 1),), note=HOSTILE)
    names = ["champion", HOSTILE, f"{HOSTILE}2"]
    first = benchmark(tmp_path / "b", names, suites=(HOSTILE,), tables=(table,), notes=(HOSTILE,))
    failed = [Sample(suite=HOSTILE, subject=HOSTILE, sample=HOSTILE, failure=HOSTILE)]
    pair = [
        Metric(name="share", value=0.5, subject=f"{HOSTILE} → b", better="higher"),
        Metric(name="share", value=0.6, subject=f"b → {HOSTILE}", better="higher"),
    ]
    second = evaluation(
        tmp_path / "t", HOSTILE, pair, failed, command=HOSTILE, settings={HOSTILE: HOSTILE}, data={HOSTILE: "0"}
    )
    page, text = written([first, second], tmp_path)
    plain = Page(page)
    assert "alert(1)" in plain.text()
    rendered = Page(markdown(text, extensions=["tables", "fenced_code"]))
    for parsed in (plain, rendered):
        tags = {tag for tag, _ in parsed.elements}
        assert not {"script", "img", "em", "strong"} & tags
        assert all((attrs.get("href") or "#").startswith("#") for tag, attrs in parsed.elements if tag == "a")
    assert "\u202e" not in page + text
    headings = [line for line in text.splitlines() if re.match(r"#+ h", line)]
    assert not headings


def test_no_cell_of_a_table_is_blank(tmp_path: Path) -> None:
    table = Table(title="t", columns=("a", "b", "c"), rows=(("", None, "x"), ("y", 0.0, True)))
    path = evaluation(
        tmp_path / "e", "explanations", [Metric(name="m", value=1.0)], [], tables=(table,), command="", machine=""
    )
    page, text = written([path], tmp_path)
    assert not re.search(r"<td[^>]*>\s*</td>", page)
    assert not [line for line in text.splitlines() if re.search(r"\|\s*\|", line) and "value" not in line]
    assert "the command is not recorded" in page
    assert "the command is not recorded" in text


def test_two_evaluations_of_a_kind_are_compared_on_top(tmp_path: Path) -> None:
    before = benchmark(tmp_path / "before", ["champion", "ppo"], kind="study")
    after = benchmark(tmp_path / "after", ["champion", "ppo"], kind="study", shift=0.5)
    other = benchmark(tmp_path / "other", ["x", "y"], kind="transfer")
    page, text = written([before, other, after], tmp_path)
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles == ["Study: after compared with before", "Study: before", "Transfer: other", "Study: after"]
    assert "3 better, 7 no difference shown" in page
    assert "## Study: after compared with before" in text


def test_evaluations_without_a_sample_in_common_are_not_compared(tmp_path: Path) -> None:
    paths = [benchmark(tmp_path / name, [name, f"{name}2"]) for name in ("a", "b")]
    page, _ = written(paths, tmp_path)
    assert "Not compared:" in page


def test_many_subjects_and_suites_are_folded_and_complete(tmp_path: Path) -> None:
    subjects = ["champion", *(f"subject {k:02d}" for k in range(49))]
    path = benchmark(tmp_path / "b", subjects, suites=tuple(f"suite {k:02d}" for k in range(20)), scenarios=3)
    page, text = written([path], tmp_path)
    assert "rows between" in page
    assert all(f"suite {k:02d}" in text and f"suite {k:02d}" in page for k in range(20))
    assert page.count("suite 07") > 50
    assert Page(page).visible["figure"] < 5
    assert Page(page).visible["tr"] < 100
    assert len(page) < 8_000_000


def test_a_folder_is_given_once_and_must_hold_a_result(tmp_path: Path) -> None:
    path = benchmark(tmp_path / "b", ["champion", "ppo"])
    with pytest.raises(InputError, match="occurs twice"):
        read_evaluations([path, tmp_path / "x" / ".." / "b"])
    (tmp_path / "b" / "result.json").write_text("{}")
    with pytest.raises(DataError, match="no result of an evaluation"):
        read_evaluations([path])


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [benchmark(tmp_path / name / "eval", ["champion", "ppo"]) for name in ("old", "new")]
    assert [e.name for e in read_evaluations(paths)] == ["old/eval", "new/eval"]
