"""Processes for the tests of runs: forked from a server that has done the imports, so that each is quick."""

import multiprocessing

import pytest


@pytest.fixture(scope="session")
def processes():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.graphs.victim"])
    return context
