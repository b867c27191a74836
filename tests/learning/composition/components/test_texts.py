import numpy as np
import pytest

from aurora.errors import DataError, InputError
from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.components import texts
from aurora.learning.composition.components.component import Recipe
from aurora.learning.composition.components.fitting import fit_branch
from aurora.learning.composition.components.loading import load_branch
from aurora.learning.composition.components.texts import hashing, tf_idf
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.learning.composition.tasks.task import Split, Task

GOOD = [
    "I love this phone!",
    "What a wonderful film, truly great.",
    "Best day ever :)",
    "The service is good and fast.",
]
BAD = ["I hate it.", "A boring, awful mess of a film.", "Worst phone I ever had.", "The service is slow and rude."]
SPLIT = Split((GOOD + BAD) * 4, np.array(([1] * 4 + [0] * 4) * 4))
TASK = Task("opinions", "", ValueType("text"), ("negative", "positive"), SPLIT, SPLIT, SPLIT, "made up", "none")
NEW = ["a good and great phone", "boring and slow", "", "zz 17 ???"]


def components(**width):
    """Return the shipped components, with other widths for some."""
    changed = {name: shipped()[name] for name in shipped()}
    for name, wide in width.items():
        key = name.replace("_", "-")
        entry = changed[key]
        recipe = Recipe(family=entry.recipe.family, parameters={"width": wide})
        changed[key] = entry.model_copy(update={"recipe": recipe})
    return changed


def test_weighted_words_equal_those_of_scikit_learn(tmp_path):
    from sklearn.feature_extraction.text import TfidfVectorizer

    fit_branch(Branch(("tf-idf",), "logistic"), TASK, components(tf_idf=40), tmp_path)
    loaded = load_branch(Branch(("tf-idf",), "logistic"), "opinions", tmp_path)
    expected = TfidfVectorizer(ngram_range=(1, 2), max_features=40, sublinear_tf=True).fit(SPLIT.items)
    assert np.abs(loaded.steps[0](NEW) - expected.transform(NEW).toarray()).max() < 1e-6
    assert (loaded(SPLIT.items).argmax(1) == SPLIT.labels).all()
    assert loaded.classes == ("negative", "positive")


def test_hashed_words_are_the_same_in_every_process_and_of_length_one():
    rows = hashing(64)(NEW)
    assert np.allclose(np.linalg.norm(rows[[0, 1, 3]], axis=1), 1)
    assert (rows[2] == 0).all(), "no words: no direction"
    alone = hashing(64)(["slow"])[0]
    assert alone.nonzero()[0].tolist() == [46]
    assert alone[46] == 1.0
    assert np.array_equal(rows, hashing(64)(NEW))


def test_static_embeddings_equal_those_of_their_package(tmp_path):
    wordllama = pytest.importorskip("wordllama")
    from pathlib import Path

    branch = Branch(("wordllama",), "logistic")
    fit_branch(branch, TASK, shipped(), tmp_path)
    loaded = load_branch(branch, "opinions", tmp_path)
    package = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    assert np.array_equal(loaded.steps[0](NEW[:2]), package.embed(NEW[:2]))
    assert np.isfinite(loaded(NEW)).all()
    assert loaded.size > 16_000_000


def test_sentence_embeddings_are_of_length_one_and_near_for_like_texts(tmp_path):
    branch = Branch(("minilm",), "logistic")
    fit_branch(branch, TASK, shipped(), tmp_path)
    embed = load_branch(branch, "opinions", tmp_path).steps[0]
    like, also, other = embed(["The film was great.", "I liked the movie a lot.", "Pressure of oil in bar"])
    assert np.isclose(np.linalg.norm(like), 1, atol=1e-5)
    assert like @ also > 0.5 > like @ other
    assert np.isfinite(embed([" ".join(["word"] * 5000), ""])).all(), "long texts are cut, empty ones are texts too"


def test_vader_answers_with_calibrated_probabilities(tmp_path):
    branch = Branch((), "vader")
    fit_branch(branch, TASK, shipped(), tmp_path)
    loaded = load_branch(branch, "opinions", tmp_path)
    answers = loaded([*GOOD, *BAD])
    assert np.allclose(answers.sum(axis=1), 1)
    assert (answers[:4, 1] > answers[4:, 1].max()).all()
    assert loaded.input == ValueType("text")


def test_vader_is_refused_where_the_classes_are_others(tmp_path):
    task = Task("topics", "", ValueType("text"), ("sport", "news"), SPLIT, SPLIT, SPLIT, "", "")
    with pytest.raises(InputError, match="the classes are sport, news"):
        fit_branch(Branch((), "vader"), task, shipped(), tmp_path)


def test_too_few_words_are_refused_with_their_number(tmp_path):
    with pytest.raises(InputError, match=r"tf-idf needs 3000 different words and pairs, and the texts have \d+"):
        fit_branch(Branch(("tf-idf",), "logistic"), TASK, shipped(), tmp_path)


def test_an_array_is_refused_where_texts_are_wanted():
    with pytest.raises(DataError, match="list of texts"):
        tf_idf(["good"], [1.0])(np.zeros((1, 3), np.float32))


def test_words_are_in_lower_case_and_of_two_letters_or_more():
    assert texts.words_and_pairs("I Like IT, a lot") == ["like", "it", "lot", "like it", "it lot"]
