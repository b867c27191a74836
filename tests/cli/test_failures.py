"""How commands that failed end."""

import pytest
import typer

from aurora.cli.terminal.failures import INTERNAL, LONGEST, failure_of
from aurora.errors import AuroraError, StoreError


def test_an_error_of_ours_is_one_line_with_its_exit_code():
    failure = failure_of(StoreError("a\nb\x1b[2J"))
    assert failure == ("a b\N{REPLACEMENT CHARACTER}[2J", "StoreError", 7)


def test_a_long_message_is_cut_in_its_middle():
    assert len(failure_of(AuroraError("x" * 1_000_000)).message) < LONGEST + 10


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError("deep"), OSError(5, "Input/output error"), MemoryError()]
)
def test_what_nobody_expected_is_told_as_a_fault_of_the_program(error):
    failure = failure_of(error)
    assert failure.exit_code == INTERNAL
    assert "\n" not in failure.message


def test_wrong_usage_says_where_the_help_is():
    failure = failure_of(typer.BadParameter("it is empty", param_hint="'--out'"))
    assert failure.is_usage
    assert failure.exit_code == 2
    assert failure.message == "Invalid value for '--out': it is empty; see `aurora --help`"
