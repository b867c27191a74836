"""`aurora index`: the similarity index of a run, built from its archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aurora.cli import options
from aurora.cli.terminal.output import emit_json, emit_table, note

if TYPE_CHECKING:  # heavy at run time
    from aurora.memory.index import Index

app = typer.Typer(help="The similarity index of a run.", no_args_is_help=True)

_RUN = options.path(..., "--run", help="Run directory.")
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


WEAK_SIMILARITY = 0.35
"""Similarity below which a hit that shares no word with the query counts as weak: texts that have nothing to do with
resource allocation reach 0.27."""


class KindName(StrEnum):
    """Kinds of entries of an index."""

    scenarios = "scenarios"
    policies = "policies"


@contextmanager
def _index(run: Path, *, rebuild: bool) -> Iterator[Index]:
    from aurora.graphs.run_directory import open_archive  # heavy, used here only
    from aurora.memory.embedder import open_embedder  # heavy, used here only
    from aurora.memory.index import INDEX_FOLDER, open_index  # heavy, used here only

    with (
        open_archive(run) as store,
        open_index(run / INDEX_FOLDER, store, open_embedder(), rebuild=rebuild) as index,
    ):
        yield index


@app.command()
def rebuild(run: Path = _RUN, as_json: bool = _JSON) -> None:
    """Rebuild the index from the archive.

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
    text: str = options.text_argument(help="Text to search for.", most=options.MAX_TEXT, lines=True),
    run: Path = _RUN,
    kind: KindName = typer.Option(KindName.scenarios, help="Kind of entries to search."),
    limit: int = options.count(5, most=1000, help="Most hits."),
    min_similarity: float = options.number(
        0.0, least=-1, most=1, help="Least similarity of a hit; identical words have 1."
    ),
    as_json: bool = _JSON,
) -> None:
    """Search the scenarios or policies of a run whose descriptions are closest to a text, by meaning and shared words.

    Example: aurora index search "edge sites whose batteries run out" --run runs/demo
    """
    with _index(run, rebuild=False) as index:
        count = index.count(kind.value)
        hits = index.search(kind.value, text, limit, min_similarity)
    rows = [{"id": h.key, "similarity": h.similarity, "words": h.words, "description": h.text} for h in hits]
    if as_json:
        emit_json(rows)
    elif rows:
        columns = ("id", "similarity", "words", "description")
        emit_table(f"similar {kind.value}", columns, [tuple(r.values()) for r in rows])
    if not rows:
        note(f"nothing fits: none of {count} {kind.value} has a similarity of {min_similarity:g} (--min-similarity)")
    elif all(h.similarity < WEAK_SIMILARITY and not h.words for h in hits):
        note(
            "nothing fits well: what was found shares no word with this, and its highest similarity is "
            f"{max(h.similarity for h in hits):.2f}"
        )
