"""Reads a scenario from two tables, nodes and tasks, whose columns are named as the fields of scenario files."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aurora.errors import DataError
from aurora.sim.objectives import ObjectiveTargets
from aurora.sim.scenarios.expansion import usual_targets
from aurora.sim.scenarios.scenario import Node, Scenario, Task, Workload
from aurora.sim.scenarios.traces.tables import rows, scenario_of
from aurora.validation import explain_validation

LIST_SEPARATOR = "|"
"""Separates the values of a cell that holds a list: dependencies, device models and allowed nodes."""
MOST_PAIRS = 1_000_000
"""Largest number of (task, node) pairs used for the objectives' targets; beyond it, nodes are sampled."""
_LISTS = ("dependencies", "accelerator_models", "allowed_nodes")


@scenario_of("the tables of nodes and tasks")
def read_tables(nodes: Path | str, tasks: Path | str) -> Scenario:
    """Return the scenario of two CSV files; empty cells and absent columns take the defaults of scenario files.

    Args:
        nodes: A row for each node, with the columns `node_id`, `cpu` and any other field.
        tasks: A row for each task, with the columns `task_id`, `arrival_time`, `duration` and any other field.

    Raises:
        DataError: A file is empty, a column is unknown or missing, or a cell is not valid.
    """
    nodes, tasks = Path(nodes), Path(tasks)
    machines = tuple(_rows(nodes, Node, ("node_id", "cpu")))
    work = tuple(_rows(tasks, Task, ("task_id", "arrival_time", "duration")))
    if not machines or not work:
        raise DataError(f"{tasks if machines else nodes} has a header and no rows; give a row for each")
    return Scenario(
        scenario_id=f"{nodes.stem}-{tasks.stem}"[:128],
        domain="cloud",
        nodes=machines,
        workload_definition=Workload(tasks=work, time_horizon=max(t.arrival_time for t in work) + 1),
        objective_targets=_targets(work, machines),
    )


def _rows(path: Path, model: type[Any], required: tuple[str, ...]) -> list[Any]:
    entries = []
    known = model.model_fields
    for line, row in rows(path, required):
        unknown = [name for name in row if name not in known]
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(known)}"
            raise DataError(f"{path}: the column {unknown[0][:40]!r} is no field of a {model.__name__.lower()}; {hint}")
        given = {name: cell.split(LIST_SEPARATOR) if name in _LISTS else cell for name, cell in row.items() if cell}
        try:
            entries.append(model.model_validate(given))
        except ValidationError as error:
            raise DataError(f"{path}, line {line}: {explain_validation(error)}") from None
    return entries


def _targets(tasks: tuple[Task, ...], nodes: tuple[Node, ...]) -> ObjectiveTargets:
    usable = [n for n in nodes if n.cpu > 0]
    step = max(1, len(tasks) * len(usable) // MOST_PAIRS)
    return usual_targets(tasks, usable[::step], [])
