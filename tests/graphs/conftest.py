from multiprocessing.context import ForkServerContext

import pytest

import tests.processes


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    return tests.processes.processes()
