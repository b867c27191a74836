"""Write the generated parts of the reference: `python -m docs.programs.reference`.

A page is generated as a whole (`PAGES`), or between two comments that name a table (`TABLES`):

    <!-- generated: features -->
    ...
    <!-- end -->

`tests/docs/test_generated.py` compares the files with what this program would write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from aurora.sim.formats import page
from docs.programs import champions, commands, http_api, python, tables

DOCS = Path(__file__).parents[1]

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/champions.md": champions.index,
    "reference/command-line.md": commands.index,
    "reference/http-api.md": http_api.page,
    "reference/python.md": python.index,
    "reference/scenario-format.md": lambda: page("scenario"),
    "reference/policy-format.md": lambda: page("policy"),
}
"""Pages that are generated as a whole."""

BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """Return a page with its generated tables as they are now."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{tables.TABLES[m[2]]()}\n\n{m[3]}", text)


def generated() -> dict[Path, str]:
    """Return every page that has a generated part, with its whole current text."""
    whole = {DOCS / name: write() for name, write in PAGES.items()}
    whole |= {DOCS / f"reference/commands/aurora-{name}.md": text for name, text in commands.pages().items()}
    whole |= {DOCS / f"reference/champions/{name}.md": text for name, text in champions.pages().items()}
    whole |= {DOCS / f"reference/python/{name}.md": text for name, text in python.pages().items()}
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if path not in whole and BLOCK.search(text):
            whole[path] = filled(text)
    return whole


def main() -> None:
    """Write every generated page."""
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
