"""Rating views show items without their key, and the agreement of all raters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora.errors import AuroraError, InputError, RunError
from aurora.evals.ratings.items import CRITERIA, Facts, Item, RatingSet, named, save_key
from aurora.evals.ratings.sampling import FormSettings
from aurora.web.views.rating import item_view, make_set, open_set, rate_item, results, scale_text, set_lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of runs with a set of four items, one of them wrong."""
    facts = (Facts(caption="Candidates", columns=("node", "cost"), rows=(("n1", "$1"),)),)
    items = tuple(
        Item(
            item=f"item-{k}",
            kind="decision",
            question=f"Why {k}?",
            text=f"Because of {k}.",
            facts=facts,
            planted="number" if k == 2 else "",
            original="SECRET-ORIGINAL" if k == 2 else "",
        )
        for k in range(4)
    )
    place = tmp_path / "eval" / "ratings"
    place.mkdir(parents=True)
    save_key(place / "key.json", named(RatingSet(seed=1, items=items)))
    return tmp_path


def test_sets_are_found_with_their_raters(folder: Path) -> None:
    place, rating_set = open_set(folder, "eval/ratings")
    (line,) = set_lines(folder)
    assert (line.name, line.items, line.raters, line.problem) == ("eval/ratings", 4, (), "")
    rate_item(place, rating_set, "Ada", item_view(place, rating_set, "Ada"), dict.fromkeys(CRITERIA, 3), "")
    rate_item(place, rating_set, "Ben", item_view(place, rating_set, "Ben"), {"clarity": 3}, "")
    (line,) = set_lines(folder)
    assert line.raters == (("Ada", 1), ("Ben", 0))
    (place / "key.json").write_text("{}")
    (line,) = set_lines(folder)
    assert "is no key of ratings" in line.problem
    assert set_lines(folder / "absent") == []


def test_an_item_shows_nothing_of_its_key(folder: Path) -> None:
    place, rating_set = open_set(folder, "eval/ratings")
    for number in range(1, 5):
        view = item_view(place, rating_set, "Ada", number)
        assert "planted" not in view._fields
        assert "SECRET-ORIGINAL" not in str(view)


def test_a_rater_comes_back_to_the_first_item_that_is_left(folder: Path) -> None:
    place, rating_set = open_set(folder, "eval/ratings")
    seen = []
    for _ in range(4):
        view = item_view(place, rating_set, "Ada")
        assert view.finished == len(seen)
        seen.append(view.item)
        rate_item(place, rating_set, "Ada", view, dict.fromkeys(CRITERIA, 4), "fine")
    assert len(set(seen)) == 4
    again = item_view(place, rating_set, "Ada")
    assert (again.place, again.finished, again.comment) == (1, 4, "fine")
    assert item_view(place, rating_set, "Ada", 99).place == 4
    lines = (place / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["who"] for line in lines] == ["Ada"] * 4


def test_half_a_rating_is_not_finished(folder: Path) -> None:
    place, rating_set = open_set(folder, "eval/ratings")
    view = item_view(place, rating_set, "Ada")
    rate_item(place, rating_set, "Ada", view, {"clarity": 2}, "")
    again = item_view(place, rating_set, "Ada")
    assert again.item == view.item
    assert {q.criterion: q.score for q in again.questions} == {"completeness": None, "correctness": None, "clarity": 2}


def test_agreement_is_that_of_the_command_line(folder: Path) -> None:
    place, rating_set = open_set(folder, "eval/ratings")
    for rater, shift in (("Ada", 0), ("Ben", 0)):
        for number in range(1, 5):
            view = item_view(place, rating_set, rater, number)
            score = 1 + (int(view.item[-1]) + shift) % 5
            rate_item(place, rating_set, rater, view, dict.fromkeys(CRITERIA, score), "")
    found = results(place, rating_set)
    agreement = next(t for t in found.tables if "Krippendorff" in t.title)
    assert [row[1] for row in agreement.rows] == [1.0, 1.0, 1.0]
    assert "Ada, Ben" in found.notes[0]


def test_a_set_is_made_once(tmp_path: Path) -> None:
    make_set(tmp_path, "mine", FormSettings(decisions=2, runs=0, planted=1, seed=3), "ada")
    place, rating_set = open_set(tmp_path, "mine")
    assert len(rating_set.items) == 2
    assert (place / "form" / "ratings.html").exists()
    assert json.loads((place / "journal.jsonl").read_text())["who"] == "ada"
    with pytest.raises(InputError, match="already"):
        make_set(tmp_path, "mine", FormSettings(decisions=1, runs=0, planted=0), "ada")


@pytest.mark.parametrize(
    "settings", [FormSettings(0, 0, 0), FormSettings(1, 0, 2), FormSettings(-1, 3, 0), FormSettings(10_000, 0, 0)]
)
def test_a_set_of_another_size_is_refused(tmp_path: Path, settings: FormSettings) -> None:
    with pytest.raises(InputError):
        make_set(tmp_path, "mine", settings, "ada")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../out", "", "a/../../b", "/etc"])
def test_a_set_stays_in_the_folder_of_runs(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError):
        make_set(tmp_path / "runs", name, FormSettings(1, 0, 0), "ada")
    with pytest.raises(AuroraError):
        open_set(tmp_path, name)


def test_a_rating_has_words() -> None:
    assert [scale_text(k) for k in (1, 3, 5)] == ["1 of 5, not at all", "3 of 5", "5 of 5, entirely"]
