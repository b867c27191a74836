"""Ratings that are given one at a time are kept as a form that `aurora eval rate read` reads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aurora.errors import InputError
from aurora.evals.ratings.items import CRITERIA, Item, RatingSet, named, save_key
from aurora.evals.ratings.keeping import (
    LONGEST_COMMENT,
    checked_name,
    form_path,
    given_ratings,
    keep_rating,
    order_of,
)
from aurora.evals.ratings.reading import read_forms


@pytest.fixture
def rating_set() -> RatingSet:
    """Ten items, two with an error."""
    return named(
        RatingSet(
            seed=1,
            items=tuple(
                Item(
                    item=f"item-{k:02d}",
                    kind="decision",
                    question=f"Why {k}?",
                    text=f"Because {k}.",
                    facts=(),
                    planted="number" if k < 2 else "",
                    original="Because." if k < 2 else "",
                )
                for k in range(10)
            ),
        )
    )


def test_a_rating_is_kept_and_replaced(tmp_path: Path, rating_set: RatingSet) -> None:
    save_key(tmp_path / "key.json", rating_set)
    keep_rating(tmp_path, rating_set, "Ada", "item-03", {"clarity": 4})
    kept = keep_rating(tmp_path, rating_set, " Ada ", "item-03", {"clarity": 5, "correctness": 1}, "  too\nlong ")
    assert [(r.item, r.scores, r.comment) for r in kept] == [("item-03", {"clarity": 5, "correctness": 1}, "too long")]
    keep_rating(tmp_path, rating_set, "Ben", "item-03", dict.fromkeys(CRITERIA, 2))
    assert {r.rater for r in given_ratings(tmp_path, rating_set)} == {"Ada", "Ben"}
    assert read_forms([form_path(tmp_path, "Ada")], rating_set) == given_ratings(tmp_path, rating_set, "Ada")
    assert given_ratings(tmp_path, rating_set, "Cy") == []
    assert keep_rating(tmp_path, rating_set, "Ada", "item-03", {}) == []  # taken back


@pytest.mark.parametrize("rater", ["=cmd()", "@x", "-1", "Zoë", "../../etc/passwd", "a" * 60, 'name, with; "marks"'])
def test_any_name_comes_back_as_it_was(tmp_path: Path, rating_set: RatingSet, rater: str) -> None:
    keep_rating(tmp_path, rating_set, rater, "item-01", {"clarity": 3}, "=1+1")
    (rating,) = given_ratings(tmp_path, rating_set, rater)
    assert (rating.rater, rating.comment) == (rater, "=1+1")
    assert form_path(tmp_path, rater).resolve().parent == (tmp_path / "given").resolve()
    assert ",=1" not in form_path(tmp_path, rater).read_text()


def test_names_that_look_alike_have_forms_of_their_own(tmp_path: Path) -> None:
    assert form_path(tmp_path, "Ada B") != form_path(tmp_path, "ada-b")


@pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\u202eb", "a\x00b"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        checked_name(name)


@pytest.mark.parametrize(
    ("item", "scores", "comment"),
    [
        ("item-99", {"clarity": 3}, ""),
        ("item-01", {"clarity": 6}, ""),
        ("item-01", {"clarity": 0}, ""),
        ("item-01", {"beauty": 3}, ""),
        ("item-01", {"clarity": 3}, "x" * (LONGEST_COMMENT + 1)),
    ],
)
def test_what_is_no_rating_is_refused(
    tmp_path: Path, rating_set: RatingSet, item: str, scores: dict[str, int], comment: str
) -> None:
    with pytest.raises(InputError):
        keep_rating(tmp_path, rating_set, "Ada", item, scores, comment)  # type: ignore[arg-type]
    assert given_ratings(tmp_path, rating_set) == []


def test_the_order_is_a_raters_own_and_stays(rating_set: RatingSet) -> None:
    first, again, other = (order_of(rating_set, name) for name in ("Ada", "Ada", "Ben"))
    assert first == again
    assert first != other
    assert sorted(i.item for i in first) == [i.item for i in rating_set.items]


def test_tabs_of_one_rater_lose_nothing(tmp_path: Path, rating_set: RatingSet) -> None:
    threads = [
        threading.Thread(target=keep_rating, args=(tmp_path, rating_set, "Ada", i.item, {"clarity": 3}))
        for i in rating_set.items
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {r.item for r in given_ratings(tmp_path, rating_set, "Ada")} == {i.item for i in rating_set.items}
