"""Limits on sentences, lines and pages of the documentation."""

import re

import pytest

from tests.docs.pages import ROOT, is_generated, pages, paragraphs, sentences, without_code, words

MAX_WORDS_A_SENTENCE = 25
MAX_COLUMNS = 120
MAX_WORDS_A_PAGE = 1500

NAMES = [str(p.relative_to(ROOT)) for p in pages()]


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_is_longer_than_25_words(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    if is_generated(text):
        pytest.skip("its sentences are docstrings and help texts")
    long = [s for p in paragraphs(text) for s in sentences(p) if words(s) > MAX_WORDS_A_SENTENCE]
    assert not long, f"{len(long)} sentences, such as: {long[0]}"


@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_prose_is_wider_than_120_columns(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    if is_generated(text):
        pytest.skip("generated")
    wide = [line for line in without_code(text).splitlines() if len(line) > MAX_COLUMNS and not line.startswith("|")]
    assert not wide, wide[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_at_most_1500_words(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    if is_generated(text):
        pytest.skip("as long as what it lists")
    prose = re.sub(r"^\|.*$", "", without_code(text), flags=re.MULTILINE)
    assert len(prose.split()) <= MAX_WORDS_A_PAGE


def test_readme_has_at_most_500_words() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 500
