"""Summary of ratings by made-up raters whose opinions are known."""

from __future__ import annotations

import numpy as np
import pytest

from aurora.evals.ratings.reading import Rating
from aurora.evals.ratings.summary import NOT_RATED, samples_of, summarise_ratings
from aurora.evals.results.samples import read_samples, save_samples
from aurora.statistics.agreement import krippendorff
from tests.evals.ratings.made_up import rating_set

OF = rating_set(20, 5)
PLANTED = {i.item for i in OF.items if i.planted}


def _rated(raters: int, seed: int = 0, *, notices: int | None = None) -> list[Rating]:
    """Return ratings of raters who agree up to noise; the first `notices` of them give planted errors 1."""
    rng = np.random.default_rng(seed)
    quality = {i.item: int(rng.integers(2, 6)) for i in OF.items}
    found = []
    for rater in range(raters):
        for item in OF.items:
            own = {c: int(np.clip(quality[item.item] + rng.integers(-1, 2), 1, 5)) for c in ("completeness", "clarity")}
            sees = item.item in PLANTED and (notices is None or rater < notices)
            own["correctness"] = 1 if sees else 5 if item.item in PLANTED and rater % 2 else 4
            found.append(Rating(item.item, f"rater {rater}", own, ""))
    return found


def test_nobody_has_rated_yet():
    result = summarise_ratings(OF, [])
    assert result.metrics == ()
    assert all(NOT_RATED in row for table in result.tables for row in table.rows)
    assert "Nobody has rated" in result.notes[0]


def test_means_have_intervals_over_explanations_and_leave_planted_ones_apart():
    ratings = _rated(3)
    values = {m.key: m for m in summarise_ratings(OF, ratings).metrics}
    correctness = values["ratings/all:correctness"]
    true = [r.scores["correctness"] for r in ratings if r.item not in PLANTED]
    assert correctness.value == pytest.approx(np.mean(true))
    assert correctness.samples == 15
    assert values["ratings/planted:correctness"].value == 1
    clarity = values["ratings/all:clarity"]
    assert 1 <= clarity.low < clarity.value < clarity.high <= 5
    kinds = values["ratings/decision:clarity"].samples, values["ratings/run:clarity"].samples
    assert sum(kinds) == 15


def test_the_share_of_raters_who_notice_planted_errors_is_counted():
    values = {m.key: m for m in summarise_ratings(OF, _rated(4, notices=3)).metrics}
    share = values["ratings/raters:rate planted errors lower"]
    assert (share.value, share.samples) == (0.75, 4)
    assert share.low < 0.75 < share.high


def test_agreement_is_krippendorffs_alpha_of_all_items():
    ratings = _rated(4)
    values = {m.key: m for m in summarise_ratings(OF, ratings).metrics}
    table = {i.item: {r.rater: float(r.scores["clarity"]) for r in ratings if r.item == i.item} for i in OF.items}
    assert values["ratings/raters:alpha of clarity"].value == krippendorff(table).alpha
    one = summarise_ratings(OF, _rated(1))
    assert not any("alpha" in m.name for m in one.metrics)
    assert one.tables[1].rows[0][1] == "needs two raters"


def test_what_one_person_left_out_is_not_invented():
    ratings = [Rating("item-01", "a", {"clarity": 4}, "unclear")]
    result = summarise_ratings(OF, ratings)
    assert {m.name for m in result.metrics} == {"clarity"}
    assert ("item-01", "", "a", "unclear") in result.tables[-1].rows


def test_ratings_are_kept_as_samples(tmp_path):
    samples = samples_of(OF, _rated(2))
    save_samples(tmp_path, samples)
    save_samples(tmp_path, samples)  # replaces them
    assert read_samples(tmp_path) == samples
    assert {s.trial for s in samples} == {0, 1}
    assert {s.cluster for s in samples} == {i.item for i in OF.items}
