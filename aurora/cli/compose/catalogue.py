"""`aurora compose catalogue`: the components of pipelines, listed, shown, added, withdrawn and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from aurora.cli import options
from aurora.cli.person import person
from aurora.cli.terminal.output import emit_json, emit_table, note

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.composition.catalogue import Entry
    from aurora.learning.composition.pipelines.value_types import ValueType
    from aurora.learning.composition.profiles.chain_profiles import ChainProfile

app = typer.Typer(
    help="Components of pipelines: what they take, where they are from, and what they take on this machine.",
    no_args_is_help=True,
)
KindChoice = Literal["transformation", "model"]
MOST_CHAINS_SHOWN = 10
"""Largest number of chains of a component that are shown."""
_FOLDER = options.path(Path("runs/compose"), "--folder", help="Folder of the catalogue and the measurements.")
_JSON = typer.Option(False, "--json", help="Print the result as JSON.")
_NAME = options.text_argument(help="Id of the component.", most=64)
_WHO = options.text(None, "--who", help="Who changes the catalogue, for its journal. Default: the user.", most=128)


@app.command("list")
def list_components(
    task: str = options.text("", help="Only components for this task, with what was measured on it.", most=128),
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """List the components, and with --task what each takes alone and the best chain that it is in.

    Example: aurora compose catalogue list --task machines
    """
    from aurora.learning.composition.catalogue import entries_of  # heavy, used here only
    from aurora.learning.composition.profiles.chain_profiles import profiles_with, share_of  # likewise

    _check_task(task)
    entries = entries_of(folder).values()
    listed = [entry for entry in entries if not task or not entry.tasks or task in entry.tasks]
    profiles = _profiles(folder, task) if task else []
    if as_json:
        emit_json({"task": task or None, "components": [_data(entry, profiles) for entry in listed]})
        return
    if not task:
        rows = [(e.id, e.kind, _takes(e), e.version, _state(e), e.description) for e in listed]
        emit_table(f"{len(rows)} components", ("id", "kind", "takes", "version", "state", "what it is"), rows)
        return
    measured = []
    for entry in listed:
        share, chains = share_of(entry.id, profiles), profiles_with(entry.id, profiles)
        times = (None, None, None) if share is None else (1e6 * share.seconds_p50, 1e6 * share.seconds_p95, None)
        memory = (None, None) if share is None else (share.memory / 2**20, share.size / 1024)
        best = (None, None) if not chains else (chains[0].accuracy, " > ".join(chains[0].chain))
        measured.append((entry.id, entry.kind, *times[:2], *memory, *best, _state(entry)))
    columns = ("id", "kind", "p50 us", "p95 us", "memory MiB", "size KiB", "best accuracy", "in", "state")
    emit_table(f"{len(listed)} components for {task}", columns, measured)
    if not profiles:
        note(f"nothing is measured on this machine yet; measure with: aurora compose profile {task}")


@app.command()
def show(
    name: str = _NAME,
    prices: Path | None = options.path(None, help="Price file, JSON. Default: an example, whose costs are core hours."),
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Show a component: recipe, provenance, what it takes on this machine, and the chains it is in.

    Example: aurora compose catalogue show boosting-100
    """
    from aurora.errors import InputError  # likewise
    from aurora.learning.composition.catalogue import entries_of  # heavy, used here only
    from aurora.learning.composition.profiles.chain_profiles import profiles_with, share_of  # likewise
    from aurora.learning.composition.scores.prices import (  # likewise
        EXAMPLE,
        price_per_hour,  # likewise
        read_prices,
    )

    entry = entries_of(folder).get(name)
    if entry is None:
        raise InputError("the catalogue has no such component", parameter="name", value=name)
    profiles = _profiles(folder)
    chosen = EXAMPLE if prices is None else read_prices(prices)
    if as_json:
        chains = [one.model_dump(mode="json") for one in profiles_with(name, profiles)]
        emit_json(_data(entry, profiles) | {"chains": chains, "currency": chosen.currency})
        return
    facts: list[tuple[str, object]] = [
        ("kind", entry.kind),
        ("what it is", entry.description or None),
        ("takes", _takes(entry)),
        ("recipe", " ".join([entry.recipe.family, *(f"{k}={v}" for k, v in entry.recipe.parameters.items())])),
        ("version", entry.version),
        ("state", _state(entry)),
        ("tasks", ", ".join(entry.tasks) or ("on request" if entry.on_request else "all that it fits")),
        ("package", entry.provenance.package or None),
        ("licence", entry.provenance.licence or None),
        ("source", entry.provenance.source or None),
    ]
    emit_table(name, ("", "value"), facts)
    rows = []
    for task in sorted({one.task for one in profiles}):
        of_task = [one for one in profiles if one.task == task]
        share = share_of(name, of_task)
        if share is not None:
            batches = " / ".join(f"{1e6 * seconds:.0f}" for _, seconds in sorted(share.batch_seconds.items()))
            price = price_per_hour(share.memory, chosen)
            times = 1e6 * share.seconds_p50, 1e6 * share.seconds_p95, batches
            rows.append((task, *times, share.memory / 2**20, share.size / 1024, price))
    if not rows:
        note("nothing is measured on this machine yet; measure with: aurora compose profile TASK")
        return
    columns = ("task", "p50 us", "p95 us", "batch 1 / 8 / 32 us", "memory MiB", "size KiB", f"{chosen.currency} / hour")
    emit_table("alone, on this machine", columns, rows)
    best = profiles_with(name, profiles)[:MOST_CHAINS_SHOWN]
    emit_table(
        "most accurate chains",
        ("task", "chain", "accuracy", "p95 us"),
        [(one.task, " > ".join(one.chain), one.accuracy, 1e6 * one.seconds_p95) for one in best],
        keys=2,
    )


@app.command()
def add(  # one parameter an option
    file: Path = options.path_argument(help="ONNX file with one input and its weights inside."),
    name: str = options.text(..., "--id", help="Id: lower-case letters, digits, dots, hyphens.", most=64),
    kind: KindChoice = typer.Option("model", help="What it is."),
    takes: str = options.text(
        "", help="Type that it takes, such as embedding[384]. Default: that of the task.", most=64
    ),
    classes: str = options.text("", help="Names of the classes, with commas. Default: those of the task."),
    task: str = options.text("", help="Task that it is for.", most=128),
    output: str = options.text("", help="Output to use. Default: the only matrix of numbers."),
    description: str = options.text("", help="What it is, in a few words."),
    licence: str = options.text("", help="Its licence."),
    source: str = options.text("", help="Where it is from. Default: the name of the file."),
    seconds: float = options.number(30.0, least=1, most=3600, unit="seconds", help="Longest time to load and answer."),
    memory: int = options.count(2048, most=1_000_000, help="Most memory that it may take, in MiB."),
    who: str | None = _WHO,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Add a component from an ONNX file, after it was loaded and run in a process of its own with limits.

    Example: aurora compose catalogue add forest.onnx --id my-forest --task machines --licence MIT
    """
    from aurora.learning.composition import catalogue  # heavy, used here only
    from aurora.learning.composition.tasks.registry import load_task  # likewise

    loaded = load_task(task) if task else None
    if not takes and loaded is None:
        raise options.usage_error("--takes", "give the type that it takes, or --task")
    given = _type(takes) if takes or loaded is None else loaded.input
    named = tuple(part.strip() for part in classes.split(",") if part.strip())
    if kind == "model" and not named:
        if loaded is None:
            raise options.usage_error("--classes", "a model needs the names of its classes, or --task")
        named = loaded.classes
    addition = catalogue.Addition(
        id=name,
        kind=kind,
        takes=given,
        classes=named if kind == "model" else (),
        output=output,
        description=description,
        tasks=(task,) if task else (),
        licence=licence,
        source=source,
    )
    entry = catalogue.add(folder, addition, file, person(who), seconds=seconds, memory=memory << 20)
    _told(as_json, f"added {entry.id}, version {entry.version}: it takes {given} and gives {entry.output}", entry)


@app.command()
def remove(
    name: str = _NAME,
    why: str = options.text("", help="Why, for the journal."),
    who: str | None = _WHO,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Take a component out of the catalogue; its files stay, and `restore` brings it back.

    Example: aurora compose catalogue remove my-forest
    """
    from aurora.learning.composition import catalogue  # heavy, used here only

    catalogue.remove(folder, name, person(who), why)
    _told(as_json, f"removed {name}; bring it back with: aurora compose catalogue restore {name}")


@app.command()
def deprecate(
    name: str = _NAME,
    why: str = options.text(..., help="Why, and what to use instead."),
    who: str | None = _WHO,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Withdraw a component: pipelines that have it go on, and no new one is given it.

    Example: aurora compose catalogue deprecate knn-15 --why "too slow; use svc"
    """
    from aurora.learning.composition import catalogue  # heavy, used here only

    catalogue.deprecate(folder, name, person(who), why)
    _told(as_json, f"{name} is deprecated: {why}", catalogue.entries_of(folder)[name])


@app.command()
def restore(
    name: str = _NAME,
    why: str = options.text("", help="Why, for the journal."),
    who: str | None = _WHO,
    folder: Path = _FOLDER,
    as_json: bool = _JSON,
) -> None:
    """Bring back a component that was removed or deprecated.

    Example: aurora compose catalogue restore knn-15
    """
    from aurora.learning.composition import catalogue  # heavy, used here only

    catalogue.restore(folder, name, person(who), why)
    _told(as_json, f"{name} is in the catalogue again", catalogue.entries_of(folder)[name])


@app.command()
def journal(folder: Path = _FOLDER, as_json: bool = _JSON) -> None:
    """Show every change of the catalogue: who made it, when and why.

    Example: aurora compose catalogue journal
    """
    from aurora.learning.composition.catalogue import changes  # heavy, used here only

    made = changes(folder)
    if as_json:
        emit_json({"changes": [change.model_dump(mode="json", exclude_none=True) for change in made]})
        return
    rows = [(change.when, change.who, change.action, change.id, change.why or None) for change in made]
    emit_table(f"{len(rows)} changes", ("when", "who", "action", "id", "why"), rows)


def _check_task(task: str) -> None:
    from aurora.learning.composition.tasks.registry import TASKS  # heavy, used here only

    if task and task not in TASKS:
        raise options.usage_error("--task", f"there is no task {options.shown(task)}; there are {', '.join(TASKS)}")


def _profiles(folder: Path, task: str = "") -> list[ChainProfile]:
    from aurora.learning.composition.profiles.chain_profiles import read_profiles  # heavy, used here only
    from aurora.learning.composition.profiles.profiling import machine_id  # likewise

    return read_profiles(folder, machine_id(), task)


def _data(entry: Entry, profiles: list[ChainProfile]) -> dict[str, Any]:
    from aurora.learning.composition.profiles.chain_profiles import profiles_with, share_of  # heavy, used here only

    measured = {}
    for task in sorted({one.task for one in profiles if entry.id in one.chain}):
        of_task = [one for one in profiles if one.task == task]
        share, best = share_of(entry.id, of_task), profiles_with(entry.id, of_task)[0]
        if share is not None:
            alone = {
                key: value for key, value in share.model_dump(mode="json").items() if key in type(share).model_fields
            }
            measured[task] = {"alone": alone, "best_accuracy": best.accuracy, "best_chain": list(best.chain)}
    return entry.model_dump(mode="json") | {"measured": measured}


def _takes(entry: Entry) -> str:
    return ", ".join(map(str, entry.takes))


def _state(entry: Entry) -> str:
    return f"deprecated: {entry.deprecated}" if entry.deprecated else "in use"


def _told(as_json: bool, text: str, entry: Entry | None = None) -> None:
    if as_json:
        emit_json({"message": text, "entry": None if entry is None else entry.model_dump(mode="json")})
    else:
        note(text)


def _type(text: str) -> ValueType:
    from aurora.learning.composition.pipelines.value_types import parse_type  # heavy, used here only

    return parse_type(text)
