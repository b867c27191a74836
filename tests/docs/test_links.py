"""Links between pages, their anchors, pictures, and the navigation of the site."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, pages

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as Python-Markdown makes them."""
    found: set[str] = set()
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower()
        anchor = re.sub(r"[-\s]+", "-", plain)
        count = 0
        while f"{anchor}_{count}" in found or (not count and anchor in found):
            count += 1
        found.add(f"{anchor}_{count}" if count else anchor)
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_has_a_target(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in LINK.findall(re.sub(r"`[^`]*`", "", text)):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{target}: no such file"
        assert not anchor or anchor in anchors(path), f"{target}: no such heading"


def test_the_navigation_lists_every_page_once() -> None:
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    names = re.findall(r"([\w./-]+\.md)$", site.partition("\nnav:\n")[2], flags=re.MULTILINE)
    assert sorted(names) == sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))
