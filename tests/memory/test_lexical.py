from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.memory.index import Entry, open_index
from aurora.memory.lexical import common_words, stems
from aurora.memory.store import Store
from aurora.sim.policies.references import REFERENCES
from tests.memory.bag_of_words import BagOfWords

TEXTS = {
    "calm": "Tasks: sporadic long large tasks. No trouble.",
    "mixed": "Tasks: bursty long large tasks. No trouble.",
    "short": "Tasks: bursty short tiny tasks. No trouble.",
}


@pytest.mark.parametrize(
    ("one", "other"),
    [("bursts", "bursty"), ("batteries", "Battery"), ("job", "tasks"), ("machines", "node"), ("prices", "price")],
)
def test_inflections_and_synonyms_match(one: str, other: str) -> None:
    assert stems(one) == stems(other)


def test_rare_words_have_higher_weight() -> None:
    shared = common_words("bursts of short jobs", TEXTS)
    assert shared["short"] == pytest.approx(1)
    assert shared["calm"] < shared["mixed"] < 0.6
    assert set(common_words("bakery", TEXTS).values()) == {0.0}


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=3), st.text(max_size=40), max_size=4))
def test_scores_are_between_zero_and_one_for_any_query(asked: str, texts: dict[str, str]) -> None:
    shared = common_words(asked, texts)
    assert shared.keys() == texts.keys()
    assert all(0 <= share <= 1 + 1e-12 for share in shared.values())


def test_a_search_ranks_by_similarity_and_words_and_omits_less_similar_entries(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store, open_index(tmp_path / "index", store, BagOfWords()) as index:
        index.add("policies", [Entry(name, REFERENCES[name].model_dump_json()) for name in ("sjf", "fgd", "cheapest")])
        hits = index.search("policies", "fragmentation", 3)
        assert hits[0].key == "fgd" and hits[0].words == pytest.approx(1)
        assert [h.similarity + h.words for h in hits] == sorted((h.similarity + h.words for h in hits), reverse=True)
        assert hits == index.search("policies", "fragmentation", 3)
        assert index.search("policies", "fragmentation", 3, least=0.999) == []
        assert index.search("scenarios", "fragmentation", 3) == []
