"""Chromium of the system for tests and for screenshots of the documentation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-dev-shm-usage",  # the shared memory of containers is small
    "--disable-gpu",
    "--force-color-profile=srgb",
)
REQUIRED = "AURORA_TEST_BROWSER"
"""Environment variable that makes an absent Chromium an error; CI sets it."""


def executable() -> str | None:
    """Return the path of a Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def is_required() -> bool:
    """Return whether tests fail without Chromium, where they would be skipped otherwise."""
    return bool(os.environ.get(REQUIRED))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium for the duration of a block.

    Raises:
        FileNotFoundError: There is no Chromium.
    """
    path = executable()
    if path is None:
        raise FileNotFoundError(f"no {', '.join(NAMES)} on the PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
