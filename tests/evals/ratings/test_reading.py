"""Filled forms as spreadsheets write them, and the cells that are no ratings."""

from __future__ import annotations

import pytest

from aurora.errors import DataError
from aurora.evals.ratings.form import csv_form
from aurora.evals.ratings.reading import read_forms
from tests.evals.ratings.made_up import filled, rating_set

OF = rating_set()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_forms_of_all_spreadsheets_are_read(tmp_path, separator):
    scores = {"item-01": (5, "4.0", 3), "item-02": ("", 2, ""), "item-03": ("", "", "")}
    found = read_forms([filled(tmp_path / "a.csv", OF, "Anna", scores, separator=separator)], OF)
    assert [(r.item, r.rater, r.scores) for r in found] == [
        ("item-01", "Anna", {"completeness": 5, "correctness": 4, "clarity": 3}),
        ("item-02", "Anna", {"correctness": 2}),
    ]


def test_an_empty_form_has_no_rating(tmp_path):
    (tmp_path / "form.csv").write_text(csv_form(OF))
    assert read_forms([tmp_path / "form.csv"], OF) == []
    assert read_forms([], OF) == []


def test_a_form_without_a_name_counts_for_its_file(tmp_path):
    assert read_forms([filled(tmp_path / "ben.csv", OF, "", {"item-01": (1, 2, 3)})], OF)[0].rater == "ben"


def test_a_comment_that_looks_like_a_formula_comes_back_as_written(tmp_path):
    path = filled(tmp_path / "a.csv", OF, "Anna", {"item-01": (1, 2, 3)}, comment="'=1+1")
    assert read_forms([path], OF)[0].comment == "=1+1"


@pytest.mark.parametrize("bad", ["6", "0", "3.5", "good", "-1", "nan", "1e9", "٣٣"])
def test_a_cell_that_is_no_rating_is_named(tmp_path, bad):
    path = filled(tmp_path / "a.csv", OF, "Anna", {"item-01": (5, 5, 5), "item-02": (5, bad, 5)})
    with pytest.raises(DataError, match=r"a\.csv, line 3, correctness: .* is no whole number from 1 to 5"):
        read_forms([path], OF)


def test_all_bad_cells_are_named_up_to_ten(tmp_path):
    path = filled(tmp_path / "a.csv", OF, "Anna", {f"item-{k:02d}": (9, 9, 9) for k in range(1, 5)})
    with pytest.raises(DataError, match=r"line 5, completeness.*and 2 more") as raised:
        read_forms([path], OF)
    assert str(raised.value).count("no whole number") == 10


def test_another_set_an_unknown_item_and_a_second_rating_are_refused(tmp_path):
    other = rating_set(11)
    with pytest.raises(DataError, match="another set than the key's"):
        read_forms([filled(tmp_path / "a.csv", other, "Anna", {"item-01": (1, 2, 3)})], OF)
    with pytest.raises(DataError, match="there is no 'item-99'"):
        read_forms([filled(tmp_path / "a.csv", OF, "Anna", {"item-99": (1, 2, 3)})], OF)
    twice = [filled(tmp_path / f"{n}.csv", OF, "Anna", {"item-01": (1, 2, 3)}) for n in ("a", "b")]
    with pytest.raises(DataError, match=r"b\.csv, line 2: Anna rated item-01 in .*a\.csv, line 2 already"):
        read_forms(twice, OF)


def test_what_is_no_form_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,age\nx,3\n")
    with pytest.raises(DataError, match="has no column 'set'"):
        read_forms([path], OF)
