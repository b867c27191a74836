from pathlib import Path

import pytest

from aurora.cli.scenarios import TraceKind
from aurora.errors import InputError
from aurora.sim.scenarios.traces.formats import TRACE_FORMATS, TraceOptions, read_trace

NODES = "node_id,cpu,memory\na,4,16\n"
JOB = "{number} 0 5 {run} 2 -1 -1 2 60 -1 1 1 1 1 1 1 -1 -1\n"
TASKS = "task_id,arrival_time,duration,cpu_required,memory_required\nt,0,60,1,1\n"


def test_the_command_line_offers_every_format() -> None:
    assert {kind.value for kind in TraceKind} == set(TRACE_FORMATS)


def test_two_tables_become_a_scenario(tmp_path: Path) -> None:
    nodes, tasks = tmp_path / "nodes.csv", tmp_path / "tasks.csv"
    nodes.write_text(NODES)
    tasks.write_text(TASKS)
    assert [t.task_id for t in read_trace("csv", [nodes, tasks]).scenario.tasks] == ["t"]


def test_skipped_lines_of_a_log_are_reported(tmp_path: Path) -> None:
    log = tmp_path / "log.swf"
    log.write_text("; MaxProcs: 4\n" + JOB.format(number=1, run=60) + JOB.format(number=2, run=0))
    trace = read_trace("swf", [log], TraceOptions(count=1))
    assert len(trace.scenario.tasks) == 1
    assert trace.remarks


@pytest.mark.parametrize(("name", "files", "parameter"), [("nope", [], "name"), ("csv", [Path("a")], "files")])
def test_an_unknown_format_or_a_missing_file_names_the_parameter(name: str, files: list[Path], parameter: str) -> None:
    with pytest.raises(InputError) as caught:
        read_trace(name, files)
    assert caught.value.parameter == parameter
