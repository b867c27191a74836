"""The form of ratings: blind, self-contained, shuffled, with errors that the facts reveal."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest

from aurora.errors import DataError
from aurora.evals.ratings.form import csv_form, page, write_forms
from aurora.evals.ratings.items import Facts, Item, RatingSet, load_key, named
from aurora.evals.ratings.planting import PLANTERS, Told, planted
from aurora.evals.ratings.sampling import FormSettings, sample_set
from tests.evals.ratings.made_up import rating_set

TOLD = Told(
    "Task g0-6 on n0-1, because: lowest energy of the candidates (1.71 kJ), "
    "fewest free cores of the candidates (1,530); "
    "runner-up n0-2 lost on energy and free cores; it would have won if its speed were over 0.7 (it was 0.6).",
    "n0-1",
    ("n0-2", "n0-3"),
    ("energy", "free cores"),
    frozenset({"1.71", "1,530"}),
)


@pytest.fixture(scope="module")
def sampled():
    return sample_set(FormSettings(decisions=10, runs=2, planted=5, seed=1))


def test_a_form_has_what_was_asked_for_and_the_same_seed_gives_it_again(sampled):
    assert [i.kind for i in sampled.items].count("decision") == 10
    assert [i.kind for i in sampled.items].count("run") == 2
    assert sum(bool(i.planted) for i in sampled.items) == 5
    assert sample_set(FormSettings(decisions=10, runs=2, planted=5, seed=1)) == sampled
    assert sample_set(FormSettings(decisions=10, runs=2, planted=5, seed=2)).name != sampled.name


def test_a_planted_explanation_differs_from_the_true_one(sampled):
    for item in sampled.items:
        assert bool(item.planted) == bool(item.original)
        assert item.text != item.original


def test_the_forms_do_not_tell_which_explanations_are_planted(sampled):
    data = json.loads(re.search(r'id="data">(.*?)</script>', page(sampled), re.DOTALL)[1])
    assert all(set(i) == {"item", "question", "text", "facts"} for i in data["items"])
    rows = list(csv.DictReader(io.StringIO(csv_form(sampled).removeprefix("\ufeff"))))
    assert [r["item"] for r in rows] == [i.item for i in sampled.items]
    for text in (page(sampled), csv_form(sampled)):
        assert "planted" not in text
        assert "original" not in text
        for item in sampled.items:
            assert not item.original or item.original not in text


def test_the_page_loads_nothing_and_holds_any_text():
    of = rating_set()
    evil = "</script><img src=x onerror=alert(1)>"
    text = page(of.model_copy(update={"items": (of.items[0].model_copy(update={"text": evil}),)}))
    assert evil not in text
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("kind", PLANTERS)
def test_every_kind_of_error_changes_the_text(kind):
    for seed in range(20):
        found = planted(TOLD, np.random.default_rng(seed), (kind,))
        assert found is not None
        assert found[0] == kind
        assert found[1] != TOLD.text


def test_a_wrong_number_is_no_rounding_of_the_true_one():
    for seed in range(20):
        _, text = planted(TOLD, np.random.default_rng(seed), ("number",))
        kept = "0.7" in text and "0.6" in text  # these are not among the facts
        assert kept
        wrong = [float(n.replace(",", "")) for n in re.findall(r"\((?:it was )?([\d,.]+)", text)]
        assert sum(abs(w - t) > 0.3 * t for w, t in zip(wrong, (1.71, 1530.0, 0.6), strict=True)) == 1


def test_a_wrong_number_of_a_run_is_one_that_its_tables_show():
    text = "5 placements of 5 tasks.\nWhere: a draw: 5 on n1.\nOutcome: cost: $5.\nWithout n1: cost $3 instead of $5."
    for seed in range(40):
        _, wrong = planted(Told(text, "", (), (), frozenset({"5", "3"})), np.random.default_rng(seed), ("number",))
        changed = [k for k, (a, b) in enumerate(zip(text.split("\n"), wrong.split("\n"), strict=True)) if a != b]
        assert changed in ([0], [2])


def test_the_tables_of_a_run_show_its_tasks(sampled):
    for item in sampled.items:
        if item.kind == "run":
            assert f"of {dict(item.facts[0].rows)['tasks']} tasks" in (item.original or item.text)


def test_no_error_is_planted_where_there_is_no_place_for_one():
    told = Told("Task a on b, because: the only candidate with room.", "", (), (), frozenset())
    assert planted(told, np.random.default_rng(0)) is None


def test_a_changed_key_is_refused(tmp_path):
    written = write_forms(tmp_path, rating_set())
    assert load_key(tmp_path) == load_key(written.key) == rating_set()
    written.key.write_text(written.key.read_text().replace('"planted": "number"', '"planted": ""', 1))
    with pytest.raises(DataError, match="was changed"):
        load_key(written.key)
    written.key.write_text("{}")
    with pytest.raises(DataError, match="is no key of ratings"):
        load_key(written.key)


def test_no_cell_of_the_csv_form_is_a_formula():
    facts = Facts(caption="=1+1", columns=("a",), rows=(("b",),))
    items = (Item(item="item-01", kind="run", question="=1+1", text="@SUM(1)", facts=(facts,)),)
    rows = list(csv.reader(io.StringIO(csv_form(named(RatingSet(seed=0, items=items))))))
    assert rows[1][-3:] == ["'=1+1", "'@SUM(1)", "'=1+1\na\nb"]
