"""Every module, function and file that a page names exists."""

import importlib
import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, is_generated, pages

MODULE = re.compile(r"(?<![\w/.-])(aurora(?:\.[a-z_]\w*)*(?:\.[A-Z]\w*)*(?:\.\w+)?)(?![\w-])")
FILE = re.compile(r"(?<![\w/.<-])((?:aurora(?!/Allocation)|docs|tests|benchmarks|examples)/[\w./*-]*[\w/*])")


def resolves(name: str) -> bool:
    """Return whether a dotted name is a module or an attribute of one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(thing, part):
                return part in getattr(thing, "__annotations__", ())
            thing = getattr(thing, part)
        return True
    return False


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_dotted_name_exists(page: Path) -> None:
    for code in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")):
        for name in MODULE.findall(code):
            if "." in name and not code.startswith("aurora "):
                assert resolves(name), name


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_named_file_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if is_generated(text):
        pytest.skip("its files are named in docstrings")
    for name in FILE.findall(text):
        assert list(ROOT.glob(name.rstrip("/"))), name
