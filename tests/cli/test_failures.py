"""Failed commands: messages and exit codes."""

import pytest
import typer

from aurora.cli.options import options_of
from aurora.cli.terminal.failures import INTERNAL, MAX_CHARACTERS, failure_of
from aurora.errors import AuroraError, DataError, FileError, InputError, StoreError


def test_an_aurora_error_is_one_line_with_its_exit_code():
    failure = failure_of(StoreError("a\nb\x1b[2J"))
    assert failure == ("a b\N{REPLACEMENT CHARACTER}[2J", "StoreError", 7)


@pytest.mark.parametrize("kind", [InputError, FileError, DataError])
def test_bad_input_and_data_end_with_exit_code_6(kind):
    assert failure_of(kind("x")) == ("x", kind.__name__, 6)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("at least 1", parameter="horizon", value=0), "--horizon 0: at least 1"),
        (InputError("at least 1", parameter="least_instances", value=0), "--least-instances 0: at least 1"),
        (InputError("no such", parameter="scenario", value="a b"), "SCENARIO 'a b': no such"),
        (
            InputError("too few for context=24 with x.horizon=3", parameter="series"),
            "series: too few for --context 24 with x.horizon=3",
        ),
        (InputError("unknown here", parameter="epsilon", value=3), "epsilon=3: unknown here"),
        (InputError("give levels=1", parameter="levels", value=(1, 9)), "--level (1, 9): give --level 1"),
    ],
)
def test_a_parameter_is_shown_as_the_option_of_the_command(error, message):
    app = typer.Typer()

    @app.callback()
    def _group() -> None:
        pass

    @app.command()
    def run(
        scenario: str,
        horizon: int = 1,
        keep: int = typer.Option(1, "--least-instances"),
        context: int = 24,
        level: str = "1",
    ) -> None:
        pass

    options = options_of(typer.main.get_command(app), ["--debug", "run", "x", "--horizon", "0"])
    assert failure_of(error, options).message == message


def test_a_parameter_without_a_command_keeps_its_name():
    assert failure_of(InputError("at least 1", parameter="horizon", value=0)).message == "horizon=0: at least 1"


def test_a_long_message_is_shortened_in_the_middle():
    assert len(failure_of(AuroraError("x" * 1_000_000)).message) < MAX_CHARACTERS + 10


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError("deep"), OSError(5, "Input/output error"), MemoryError()]
)
def test_an_unexpected_error_is_reported_as_a_fault_of_the_program(error):
    failure = failure_of(error)
    assert failure.exit_code == INTERNAL
    assert "\n" not in failure.message


def test_a_usage_error_points_to_the_help():
    failure = failure_of(typer.BadParameter("it is empty", param_hint="'--out'"))
    assert failure.is_usage
    assert failure.exit_code == 2
    assert failure.message == "Invalid value for '--out': it is empty; see `aurora --help`"
