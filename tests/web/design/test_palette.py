"""Contrast of all pairs of colours that the pages use (WCAG 2.2 AA)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import aurora.web.design
from aurora.web.design.palette import DARK, LIGHT, PAIRS, contrast, variables

STYLES = Path(aurora.web.design.__file__).parent / "assets" / "desk.css"


def test_contrast_is_that_of_the_standard():
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48  # the usual example of a grey that just fails
    assert contrast("#ffffff", "#000000") == contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_pair_has_the_contrast_of_its_use(colours):
    short = {
        (ink, ground): round(contrast(colours[ink], colours[ground]), 2)
        for ink, ground, least in PAIRS
        if contrast(colours[ink], colours[ground]) < least
    }
    assert not short


def test_both_schemes_have_the_same_colours():
    assert LIGHT.keys() == DARK.keys()
    assert all(re.fullmatch("#[0-9a-f]{6}", c) for c in (*LIGHT.values(), *DARK.values()))


def test_every_ground_of_the_styles_is_paired_with_its_ink():
    """A rule that sets a ground and an ink must use a pair whose contrast is checked."""
    checked = {pair for ink, ground, _ in PAIRS for pair in ((ink, ground), (ground, ink))}
    found = set()
    for body in re.findall(r"\{([^{}]*)\}", STYLES.read_text()):
        ground = re.search(r"(?<![\w-])background:\s*var\(--([\w-]+)\)", body)
        ink = re.search(r"(?<![\w-])color:\s*var\(--([\w-]+)\)", body)
        if ground and ink:
            found.add((ink[1], ground[1]))
    assert len(found) > 10
    assert found - checked == set()


def test_styles_name_colours_only_by_variable():
    text = re.sub(r"/\*.*?\*/", "", STYLES.read_text(), flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", text)
    used = set(re.findall(r"var\(--([\w-]+)\)", text))
    declared = {*LIGHT, *re.findall(r"--([\w-]+):", text)}
    assert used <= declared
    assert "prefers-color-scheme:dark" in variables()
