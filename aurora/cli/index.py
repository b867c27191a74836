"""`aurora index`: the similarity index of a run, which is made from its archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.output import emit_json, emit_table

if TYPE_CHECKING:  # heavy at run time
    from aurora.memory.index import Index

app = typer.Typer(help="The similarity index of a run.", no_args_is_help=True)

_RUN = options.path(..., "--run", help="Run directory.")
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


class KindName(StrEnum):
    """What an index holds."""

    scenarios = "scenarios"
    policies = "policies"


@contextmanager
def _index(run: Path, *, rebuild: bool) -> Iterator[Index]:
    from aurora.graphs.run_directory import require_archive  # heavy, used here only
    from aurora.memory.embedder import open_embedder  # heavy, used here only
    from aurora.memory.index import INDEX, open_index  # heavy, used here only
    from aurora.memory.store import Store  # heavy, used here only

    with (
        Store.open(require_archive(run)) as store,
        open_index(run / INDEX, store, open_embedder(), rebuild=rebuild) as index,
    ):
        yield index


@app.command()
def rebuild(run: Path = _RUN, as_json: bool = _JSON) -> None:
    """Make the index anew from the archive.

    Example: aurora index rebuild --run runs/demo
    """
    from aurora.memory.index import KINDS  # heavy, used here only

    with _index(run, rebuild=True) as index:
        counts = {kind: index.count(kind) for kind in KINDS}
    if as_json:
        emit_json({"run": str(run), **counts})
    else:
        emit_table("index", ("kind", "indexed"), list(counts.items()))


@app.command()
def search(
    text: str = options.text_argument(help="What is looked for, in words.", most=options.MAX_TEXT, lines=True),
    run: Path = _RUN,
    kind: KindName = typer.Option(KindName.scenarios, help="What to look among."),
    limit: int = options.count(5, most=1000, help="How many."),
    as_json: bool = _JSON,
) -> None:
    """Scenarios or policies of a run whose descriptions are most similar to a text.

    Example: aurora index search "edge sites whose batteries run out" --run runs/demo
    """
    with _index(run, rebuild=False) as index:
        (found,) = index.nearest(kind.value, [text], limit)
        described = index.describe(kind.value, [n.key for n in found])
    rows = [{"id": n.key, "similarity": n.similarity, "description": described[n.key]} for n in found]
    if as_json:
        emit_json(rows)
    else:
        emit_table(f"similar {kind.value}", ("id", "similarity", "description"), [tuple(r.values()) for r in rows])
