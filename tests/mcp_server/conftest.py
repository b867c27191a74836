"""A desk of the sample web-shop with one plan, opened once."""

import shutil
from pathlib import Path

import pytest

from aurora.graphs.chat.opening import open_desk
from aurora.tools.desk import Desk
from aurora.tools.registry import TOOLS
from tests.mcp_server.questions import MAKE


@pytest.fixture(scope="session")
def planned(tmp_path_factory) -> Path:
    """Return a folder with one plan for the sample."""
    folder = tmp_path_factory.mktemp("plans")
    tool = TOOLS["make_plan"]
    tool.run(open_desk(plans=folder), tool.arguments.model_validate(MAKE))
    return folder


@pytest.fixture
def desk(planned, tmp_path) -> Desk:
    folder = tmp_path / "plans"
    shutil.copytree(planned, folder)
    return open_desk(plans=folder)
