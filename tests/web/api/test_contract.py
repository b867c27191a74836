"""The API keeps to its description: drawn requests, single and in sequences, never end in a 5xx or a surprise."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from aurora.graphs.run_control import RunControl
from aurora.web.app import create_api
from aurora.web.context import WebContext
from aurora.web.settings import WebSettings
from tests.examples import examples
from tests.web.api import drawing

assert drawing  # mends the drawing of requests
TOKEN = "a token of sufficient length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
QUICK = settings(
    max_examples=examples(60) // 4,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    context = WebContext(
        WebSettings(
            sessions=folder / "sessions.sqlite",
            plans=folder / "plans",
            runs=folder / "runs",
            token=TOKEN,
            names=("testserver",),
        )
    )
    context.control = RunControl(folder / "runs", harmless)
    yield create_api(context)
    context.close()


def harmless(words: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
    """Start a process that does nothing, in place of a run."""
    return subprocess.Popen(["true"])


@pytest.fixture(scope="module")
def described(app):
    return schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=BEARER)


def test_every_operation_keeps_to_its_description(described) -> None:
    failures = []
    for result in described.get_all_operations():
        operation = result.ok()

        @QUICK
        @given(case=operation.as_strategy())
        def check(case) -> None:
            case.call_and_validate(headers=BEARER, excluded_checks=[positive_data_acceptance])

        try:
            check()
        except BaseExceptionGroup as group:
            failures.append(f"{operation.label}: {group.exceptions}")
        except AssertionError as error:
            failures.append(f"{operation.label}: {error}")
    # A name that is not there fits the description, so `positive_data_acceptance` is left out.
    assert not failures, "\n\n".join(failures)


def test_sequences_of_requests_keep_to_it(described) -> None:
    machine = described.as_state_machine()

    class Program(machine):  # type: ignore[misc,valid-type]
        def get_call_kwargs(self, case):
            return {"headers": BEARER}

        def validate_response(self, response, case, **given):
            case.validate_response(response, headers=BEARER, excluded_checks=[positive_data_acceptance])

    Program.TestCase.settings = settings(QUICK, max_examples=examples(40) // 3, stateful_step_count=6)
    Program.TestCase().runTest()


def test_the_description_says_what_each_thing_is(app) -> None:
    found = TestClient(app, headers=BEARER).get("/api/openapi.json").json()
    absent = [
        f"{name}.{field}"
        for name, schema in found["components"]["schemas"].items()
        for field, part in schema.get("properties", {}).items()
        if "description" not in part and "$ref" not in part and "const" not in part
    ]
    assert not [a for a in absent if a.split(".")[0] in OURS(found)], absent
    operations = [o for path in found["paths"].values() for o in path.values()]
    assert all(o.get("description") for o in operations)
    assert len({o["operationId"] for o in operations}) == len(operations)


def OURS(found) -> set[str]:  # noqa: N802
    """Return the schemas of the API itself; others belong to the library."""
    return {n for n in found["components"]["schemas"] if n in {"Session", "Simulate", "AskPlan", "Problem", "Run"}}
