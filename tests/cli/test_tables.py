"""Tables on terminals of any width, and without a terminal."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aurora.cli.terminal import output
from aurora.cli.terminal.tables import laid_out, wrapped

WHAT_IFS = ("what-if", "plan", "cost $", "cost p95", "wait s", "wait p95 s", "SLA missed", "energy kWh")
ROWS = [
    [what_if, plan, "1.0002", "1.1000", "0.13250", "0.96970", "0.23 %", "2.6328"]
    for what_if in ("as forecast", "spike:+20%@20m", "node_loss:2")
    for plan in ("reserve-50", "cheapest-reserve")
]

words = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=40)


def _texts(rows: list[list[str]]) -> set[str]:
    return {cell for row in rows for cell in row}


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_no_cell_is_truncated_at_any_width(width: int) -> None:
    shown = "\n".join(line.text for line in laid_out("by what-if", WHAT_IFS, ROWS, width, keys=2))
    assert all(cell in shown for cell in _texts(ROWS)) and "…" not in shown
    assert max(map(cell_len, shown.split("\n"))) <= width


def test_a_table_that_is_split_repeats_its_key_columns() -> None:
    shown = [line.text for line in laid_out("by what-if", WHAT_IFS, ROWS, 60, keys=2)]
    for what_if, plan in {(row[0], row[1]) for row in ROWS}:
        lines = [line for line in shown if line.startswith(what_if) and f" {plan} " in line]
        assert len(lines) == 2


def test_few_rows_are_transposed_before_they_are_split() -> None:
    shown = [line.text for line in laid_out("by what-if", WHAT_IFS, ROWS[:2], 50)]
    assert re.fullmatch(r"cost \$ +1\.0002 +1\.0002", shown[4])


def test_a_long_text_is_wrapped_at_words() -> None:
    reason = "memory was at 40 % in half of all hours and at 60 % in 5 of 100, so it stays as it is"
    shown = laid_out("accounts", ("account", "risk", "reason"), [["web", "2", reason]] * 5, 60)
    text = " ".join(line.text.removeprefix("web").strip().removeprefix("2").strip() for line in shown[3:])
    assert text.count(reason) == 5


def test_a_long_word_is_broken_before_a_table_becomes_blocks() -> None:
    digest = "0123456789abcdef" * 4
    shown = [line.text for line in laid_out("facts", ("what", "value"), [["sha256", digest], ["n", "5"]] * 3, 40)]
    assert shown[1].split() == ["what", "value"] and shown[5].split() == ["n", "5"]
    assert "".join(line.removeprefix("sha256").strip() for line in shown[3:5]) == digest


def test_numbers_are_right_aligned_and_texts_left_aligned() -> None:
    shown = [line.text for line in laid_out("sizes", ("name", "n"), [["a", "5"], ["bcd", "1,234"]], 80)]
    assert shown[3:] == ["a         5", "bcd   1,234"]


@given(st.lists(st.lists(words, min_size=3, max_size=3), min_size=1, max_size=6), st.integers(20, 120))
def test_no_character_is_lost_and_no_line_too_wide(rows: list[list[str]], width: int) -> None:
    lines = laid_out("any", ("a", "name_of_it", "long header here"), rows, width)
    assert all(cell_len(line.text) <= width for line in lines)
    shown = "".join(line.text for line in lines)
    for cell in _texts(rows):
        assert all(shown.count(c) >= 1 for c in cell if not c.isspace())


@given(words, st.integers(5, 60))
def test_wrapping_keeps_every_word_in_order(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)


def test_piped_tables_are_titled_and_tab_separated(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_table("tiers of web", ("tier", "cores"), [("reserved", 36.1806), ("none", None), ("small", 0.00003)])
    assert capsys.readouterr().out.split("\n")[:-1] == [
        "# tiers of web",
        "tier\tcores",
        "reserved\t36.1806",
        "none\t-",
        "small\t0.000030000",
    ]


def test_common_trailing_zeros_of_a_column_are_omitted_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    output.emit_table("a", ("cost", "share", "fact"), [(0.3, 1.0, 28), (0.20074, 2.5, 0.05), (0.0, 1.0, "x")])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[3:6]]
    assert rows == [["0.30000", "1.0", "28"], ["0.20074", "2.5", "0.05"], ["0", "1.0", "x"]]


def test_a_piped_number_has_at_least_the_decimals_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    values = (7.0, 101157.1942, -0.0, 0.00003, 2.5e-9, 36.1806)
    output.emit_table("a", ("value",), [(v,) for v in values])
    shown = capsys.readouterr().out.split()[3:]
    assert shown == ["7.0000", "101157.1942", "0.0000", "0.000030000", "2.5e-09", "36.1806"]


def test_control_characters_in_cells_are_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_table("a\nb", ("name", "n"), [("x\ty\x1b[2J\nz", math.nan)])
    assert capsys.readouterr().out == "# a b\nname\tn\nx y\N{REPLACEMENT CHARACTER}[2J z\t-\n"


def test_json_objects_carry_a_schema_version_and_lists_stay_lists(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_json({"a": 1})
    assert json.loads(capsys.readouterr().out) == {"schema_version": output.SCHEMA_VERSION, "a": 1}
    output.emit_json([{"a": 1}])
    assert json.loads(capsys.readouterr().out) == [{"a": 1}]


def test_sentences_are_wrapped_on_a_terminal_and_whole_in_a_pipe(capsys, monkeypatch) -> None:
    sentence = "the usual choice loses a tenth at worst, and the robust one a fortieth of the reward"
    output.tell(sentence)
    assert capsys.readouterr().out == f"{sentence}\n"
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    output.tell(sentence)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 30
    assert " ".join(line.strip() for line in lines) == sentence
