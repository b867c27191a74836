"""One server and one Chromium for all browser tests of a worker, and pages that fail on errors and outside requests.

The fixtures last as long as this package's tests, not the session: while Playwright runs, `asyncio.run` of other
tests would fail.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.web.browser.chromium import chromium, executable, is_required
from tests.web.browser.served import Served, served
from tests.web.browser.visiting import Visits, visits
from tests.web.browser.watching import Watch

Visit = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if executable() is None and not is_required():
        pytest.skip("needs Chromium: apt-get install chromium")
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def desk_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a folder with a run, plans, conversations and an evaluation, made once for all workers.

    `AURORA_TEST_DESK` names one that `python -m tests.web.browser.desk` made before, which saves half a minute.
    """
    if made := os.environ.get("AURORA_TEST_DESK"):
        return Path(made)
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "desk"
    with (folder.parent / "desk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = folder.with_name("desk-making")
            making.mkdir()
            command = [sys.executable, "-m", "tests.web.browser.desk", str(making)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            making.rename(folder)
    return folder


@pytest.fixture(scope="package")
def desk(desk_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a copy of the folder: each worker changes its own."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(desk_folder, folder, dirs_exist_ok=True)
    with served(folder, "--snapshot", "sample:web-shop") as server:
        yield server


@pytest.fixture
def visitors(browser: Browser, desk: Served) -> Iterator[Visits]:
    """Visitors of the desk: contexts with cookies of their own."""
    with visits(browser, desk) as made:
        yield made


@pytest.fixture
def watch(visitors: Visits) -> Watch:
    """What went wrong in the pages of a test; name in `expected` what it causes on purpose."""
    return visitors.watch


@pytest.fixture
def visit(visitors: Visits) -> Visit:
    """Open a path of the desk as another visitor: `visit("/plans", narrow=True, dark=True)`."""
    return visitors.open


@pytest.fixture
def page(visitors: Visits) -> Page:
    """A wide, light page of the desk, not yet anywhere: `page.goto("/plans")`."""
    return visitors.context().new_page()
