"""The generated pages and figures are current."""

from docs.programs import figures, reference
from tests.docs.pages import ROOT


def test_the_generated_pages_are_current() -> None:
    for path, text in reference.generated().items():
        assert path.exists(), f"write it with: python -m docs.programs.reference ({path.relative_to(ROOT)})"
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.relative_to(ROOT)}: write it again with: python -m docs.programs.reference"
        )


def test_no_generated_page_is_orphaned() -> None:
    for folder in ("commands", "python"):
        there = set((reference.DOCS / "reference" / folder).glob("*.md"))
        assert there <= reference.generated().keys()


def test_the_diagrams_are_current() -> None:
    for path, text in figures.diagrams().items():
        assert path.read_text(encoding="utf-8") == text, "write them again with: python -m docs.programs.figures"
