"""Take the pictures of the web desk's pages: `python -m docs.programs.screenshots`.

It needs Chromium, and takes a minute. `--desk FOLDER` names a folder that `python -m tests.web.browser.desk FOLDER`
filled before; `--all FOLDER` writes every page there in both sizes and both schemes, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Page, ViewportSize

from tests.web.browser import desk
from tests.web.browser.chromium import chromium
from tests.web.browser.paths import PAGES, details
from tests.web.browser.served import served
from tests.web.browser.visiting import NARROW, visits

IMAGES = Path(__file__).parents[1] / "images" / "web"
QUALITY = 72
"""Quality of the pictures, WebP's scale from 0 to 100."""
SETTLING = 1200
"""Milliseconds until charts are drawn."""
PATIENCE = 180_000
"""Milliseconds that a page may compute."""
BROAD, TALL = ViewportSize(width=1280, height=1000), 1200
"""Sizes of the pictures in pixels; what is further down is not shown."""
SHOWN_NARROW = ("/", "/chat", "/plans")
"""Pages that the documentation also shows narrow and dark."""


class Shot(NamedTuple):
    """A picture of a page."""

    path: str
    narrow: bool = False
    dark: bool = False

    @property
    def name(self) -> str:
        """Return the name of its file: the page, and how it is shown."""
        page = re.sub(r"[^a-z]+", "-", self.path.strip("/").split("/")[0]) or "cluster"
        parts = [page, "detail" if self.path.count("/") > 1 else "", "narrow" if self.narrow else ""]
        return "-".join(p for p in (*parts, "dark" if self.dark else "") if p)


def of_docs(paths: Sequence[str]) -> Iterator[Shot]:
    """Yield the pictures of the documentation: every page wide and light, some narrow and dark."""
    for path in paths:
        yield Shot(path)
    for path in SHOWN_NARROW:
        if path in paths:
            yield Shot(path, narrow=True, dark=True)


def of_all(paths: Sequence[str]) -> Iterator[Shot]:
    """Yield every page in both sizes and both schemes."""
    for path in paths:
        for narrow in (False, True):
            for dark in (False, True):
                yield Shot(path, narrow=narrow, dark=dark)


def picture(page: Page) -> bytes:
    """Return the visible part of a page as WebP."""
    page.wait_for_function("document.querySelectorAll('.loading').length === 0", timeout=PATIENCE)
    page.wait_for_timeout(SETTLING)
    out = io.BytesIO()
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    shot.save(out, "webp", quality=QUALITY, method=6)
    return out.getvalue()


def take(folder: Path, images: Path, *, every: bool) -> None:
    """Take the pictures.

    Args:
        folder: Folder of a desk, which is changed.
        images: Folder of the pictures.
        every: True for all sizes and schemes of every page.
    """
    images.mkdir(parents=True, exist_ok=True)
    paths = (*PAGES, *details(folder))
    with chromium() as browser, served(folder) as server:
        for shot in (of_all if every else of_docs)(paths):
            with visits(browser, server) as visitors:
                page = visitors.open(shot.path, narrow=shot.narrow, dark=shot.dark)
                page.set_viewport_size(ViewportSize(width=NARROW["width"], height=TALL) if shot.narrow else BROAD)
                data = picture(page)
            (images / f"{shot.name}.webp").write_bytes(data)
            print(f"{shot.name}.webp\t{len(data) / 1000:.0f} kB")


def main() -> None:
    """Take the pictures of the documentation, or all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--desk", type=Path, help="folder that python -m tests.web.browser.desk filled")
    parser.add_argument("--all", type=Path, help="folder for every page in both sizes and schemes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.desk is None:
            desk.make(folder)
        else:
            shutil.copytree(given.desk, folder, dirs_exist_ok=True)
        take(folder, IMAGES if given.all is None else given.all, every=given.all is not None)


if __name__ == "__main__":
    main()
