"""The site builds without a warning and without network access."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

EXTERNAL = re.compile(r"""(?:src|href)=["']?(https?://[^"'\s>]+)|url\(["']?(https?://[^"')]+)""")


@pytest.mark.slow
def test_the_site_builds_and_loads_no_external_resources(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", text)
        assert not [tag for tag in loaded if EXTERNAL.search(tag)], page
    for sheet in (tmp_path / "site").rglob("*.css"):
        assert not EXTERNAL.search(sheet.read_text(encoding="utf-8")), sheet
