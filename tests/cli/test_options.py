"""Types of command line options."""

import pytest
import typer
from typer.testing import CliRunner

from aurora.cli import options
from aurora.cli.app import app


def usage(*arguments):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 2, done.output
    return " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "-inf", "1e308", "5e-324", "", "one", "9" * 100_000, "é\n"])
def test_a_number_out_of_range_names_the_option_and_the_range(value):
    said = usage("scenarios", "read", "gml", "absent.gml", "--step", value)
    assert "'--step'" in said
    assert "from 1 to 31,622,400 seconds" in said
    assert len(said) < 600


@pytest.mark.parametrize("value", ["0", "1.5", "99999999999999999999", "1e3", "nan"])
def test_a_count_is_a_whole_number_in_range(value):
    assert "a whole number from 1 to 10,000" in usage("forecast", "absent.csv", "--horizon", value)


@pytest.mark.parametrize("value", ["", " ", "a\0b", "x" * 5000])
def test_a_path_option_returns_a_path(value):
    assert "'--out'" in usage("scenarios", "generate", "--out", value)


@pytest.mark.parametrize("value", ["9999-12-31", "0001-01-01", "2026-02-30", "tomorrow", ""])
def test_an_implausible_day_is_refused(value):
    said = usage("recommend", "realised", "absent.jsonl", "--change", "a", "--savings", "1", "--day", value)
    assert "such as 2026-03-31" in said


@pytest.mark.parametrize(("text", "meant"), [("0.95", "95"), ("50,0.8", "80"), ("0.999", "99.9")])
def test_a_share_that_looks_like_a_percentage_is_refused_with_the_fraction(text, meant):
    with pytest.raises(typer.BadParameter, match=f"did you mean {meant}"):
        options.parse_percentages(text, "--tiers")


@pytest.mark.parametrize("text", ["", "0", "100", "-5", "nan", "inf", "fifty", "50,,80"])
def test_other_percentages_are_refused(text):
    with pytest.raises(typer.BadParameter):
        options.parse_percentages(text, "--tiers")


def test_percentages_are_kept_as_given():
    assert options.parse_percentages("50, 80,99.9%", "--tiers") == (50.0, 80.0, 99.9)


@pytest.mark.parametrize("text", ["", "x", "3-1", "-1", "1-", "1-99999999999999999999", "0-2000", "²"])
def test_other_seeds_are_refused(text):
    with pytest.raises(typer.BadParameter, match="seed"):
        options.parse_seeds(text, "--seeds")


def test_seeds_are_a_number_a_range_or_a_list():
    assert options.parse_seeds("42-44,7", "--seeds") == [42, 43, 44, 7]


def test_names_are_one_line():
    assert "control character" in usage("scenarios", "generate", "--family", "a\x1b[2J")
