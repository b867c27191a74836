"""`aurora compose profile` and `aurora compose data`: measures chains on this machine, and gets a task's data."""

from __future__ import annotations

from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.terminal.interrupts import explained
from aurora.cli.terminal.output import emit_json, emit_table, note
from aurora.cli.terminal.steps import steps

_JSON = typer.Option(False, "--json", help="Print the result as JSON.")


def profile(
    task: str = options.text_argument("machines", help="Name of the task.", most=128),
    chain: list[str] = options.text(
        [], help="Chain such as 'pca-32 > svc'; may be repeated. Default: the task's space."
    ),
    folder: Path = options.path(Path("runs/compose"), "--folder", help="Folder of the catalogue and the measurements."),
    as_json: bool = _JSON,
) -> None:
    """Fit and measure the chains of a task on this machine; what was measured before is read.

    Ctrl-C keeps what is done, and the same command goes on.

    Example: aurora compose profile machines
    """
    from aurora.learning.composition.pipelines.parsing import parse_pipeline  # heavy, used here only
    from aurora.learning.composition.profiles.chain_profiles import read_profiles  # likewise
    from aurora.learning.composition.profiles.profiling import machine_id, measure_task  # likewise
    from aurora.learning.composition.tasks.registry import load_task  # likewise

    loaded = load_task(task)
    branches = None
    if chain:
        pipelines = [parse_pipeline(text) for text in chain]
        if any(len(one.stages) > 1 or len(one.stages[0].branches) > 1 for one in pipelines):
            raise options.usage_error("--chain", "give single chains; a pipeline is scored from its chains")
        branches = [one.stages[0].branches[0] for one in pipelines]
    with explained(lambda: f"stopped; what is measured is kept in {folder}: the same command goes on"), steps() as show:
        found = measure_task(loaded, folder, branches=branches, progress=show)
    for branch, reason in found.failures.items():
        note(f"{branch} is left out: {reason}")
    names = {branch.components for branch in found.measurements}
    profiles = [
        one
        for one in read_profiles(folder, machine_id(), loaded.name)
        if one.chain in names and one.data == loaded.fingerprint
    ]
    if as_json:
        listed = [one.model_dump(mode="json") for one in profiles]
        failures = {str(branch): reason for branch, reason in found.failures.items()}
        emit_json({"task": task, "machine": machine_id(), "chains": listed, "failures": failures})
        return
    best = 0.0
    rows = []
    for one in sorted(profiles, key=lambda p: p.seconds_p95):
        if one.accuracy > best:
            best = one.accuracy
            times = 1e6 * one.seconds_p50, 1e6 * one.seconds_p95
            rows.append((" > ".join(one.chain), one.accuracy, *times, one.memory / 2**20, one.size / 1024))
    columns = ("chain", "accuracy", "p50 us", "p95 us", "memory MiB", "size KiB")
    emit_table(f"{task}: the {len(rows)} of {len(profiles)} chains that no faster one beats", columns, rows)


def data(
    task: str = options.text_argument("sentiment", help="Name of the task.", most=128),
    source: Path | None = options.path(None, "--from", help="vaderSentiment-3.3.2.tar.gz, instead of downloading it."),
    as_json: bool = _JSON,
) -> None:
    """Get the data of a task that no package carries (sentiment), and say what the task's data is.

    Example: aurora compose data sentiment
    """
    from aurora.learning.composition.tasks import rated_snippets, sentiment  # heavy, used here only
    from aurora.learning.composition.tasks.registry import load_task  # likewise

    if task == sentiment.NAME and (source is not None or not sentiment.snippets_path().exists()):
        path = rated_snippets.download_snippets() if source is None else rated_snippets.keep_snippets(source)
        note(f"wrote {path}")
    elif source is not None:
        raise options.usage_error("--from", f"{task} needs no file")
    loaded = load_task(task)
    counts = {name: len(loaded.split(name).items) for name in ("fit", "select", "sealed")}
    facts = {
        "task": loaded.name,
        "title": loaded.title,
        "input": str(loaded.input),
        "classes": list(loaded.classes),
        "items": counts,
        "source": loaded.source,
        "licence": loaded.licence,
        "fingerprint": loaded.fingerprint,
        "best_accuracy": loaded.best_accuracy,
    }
    if as_json:
        emit_json(facts)
        return
    shown = facts | {
        "classes": ", ".join(loaded.classes),
        "items": ", ".join(f"{count} {name}" for name, count in counts.items()),
    }
    emit_table(loaded.name, ("", "value"), list(shown.items())[1:])
