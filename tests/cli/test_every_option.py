"""Every option of every command, with bad values."""

import pytest

from benchmarks.fuzz_options import commands, judge, line, parameters, run

BASE = {"else": ["x"], "kind": ["gml"], "processors": ["8"], "start": ["2026-01-01"], "role": ["defender"]}
SAMPLE = ("nan", "1e308", "-1", "", "x" * 100_000, "99999999999999999999", "é\n")


def test_every_parameter_is_typed_by_range():
    plain = [
        f"{' '.join(path)} {p.opts[0]}"
        for path, command in commands()
        for p in command.params
        if not p.type_descriptor.is_choice
        and p.type_descriptor.annotation is not bool
        and p.type_descriptor.parameter_info.parser is None
    ]
    assert not plain, "declare these with aurora.cli.options"


@pytest.mark.parametrize("value", SAMPLE)
def test_a_bad_value_is_accepted_or_refused_by_name(value):
    for parameter in parameters():
        code, message = run(line(parameter, value, BASE), only_parse=True)
        verdict = judge(parameter, code, message)
        assert verdict in ("accepted", "refused by name"), (parameter, verdict, message)
        assert len(message) < 4_100
