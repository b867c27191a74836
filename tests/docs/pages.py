"""Pages of the documentation, and their prose without code, tables and links."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = "<!-- Written by `python -m docs.programs.reference`"
FORMATS = "<!-- Printed by `aurora"


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def is_generated(text: str) -> bool:
    return text.startswith((GENERATED, FORMATS))


def without_code(text: str) -> str:
    """Return the text without comments, code blocks and quoted output; inline code stays."""
    text = re.sub(r"<!-- generated: .*?<!-- end -->", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^( *)(```|~~~).*?^\1\2\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?:^|(?<=\n\n))(?: {4}.*(?:\n|$)|\n(?= {4}))+", "\n", text, flags=re.MULTILINE)


def paragraphs(text: str) -> list[str]:
    """Return paragraphs and items of the prose, each on one line, without headings, tables, quotations or formulas."""
    found: list[list[str]] = []
    for line in without_code(text).splitlines():
        if not line.strip() or line.startswith(("|", "#", ">", "!!!", "<")):
            found.append([])
        elif re.match(r"\s*(?:[-*]|\d+\.)\s", line):
            found.append([re.sub(r"^\s*(?:[-*]|\d+\.)\s+", "", line)])
        else:
            if not found:
                found.append([])
            found[-1].append(line.strip())
    return [" ".join(words) for words in found if words]


def sentences(paragraph: str) -> list[str]:
    """Return the sentences of a paragraph; a link counts as its text, inline code as one word."""
    plain = re.sub(r"`[^`]*`", "CODE", paragraph)
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", plain)
    plain = re.sub(r"[*_]{1,2}", "", plain)
    plain = re.sub(r"\b(et al|e\.g|i\.e|vs|cf|Fig|Eq)\.", r"\1", plain)
    return [s for s in re.split(r"(?<=[.!?])\)?\s+", plain) if s.strip()]


def words(sentence: str) -> int:
    return len([w for w in re.split(r"\s+", sentence) if re.search(r"[A-Za-z0-9]", w)])
