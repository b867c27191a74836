"""`aurora eval rate`: people's ratings of explanations, from a blind form to their summary."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer

from aurora.cli import options
from aurora.cli.eval.gates import fail_on, require_passed
from aurora.cli.eval.results import emit_result
from aurora.cli.terminal.output import emit_json, note
from aurora.cli.terminal.steps import note_compiling

app = typer.Typer(help="People's ratings of explanations: write blind forms, read them.", no_args_is_help=True)
FOLDER = Path("runs/eval/ratings")


@app.command("new")
def new(
    decisions: int = options.count(20, least=0, most=500, help="Number of explanations of decisions."),
    runs: int = options.count(5, least=0, most=100, help="Number of explanations of whole runs."),
    planted: int = options.count(6, least=0, most=500, help="Number of explanations with a planted error."),
    seed: int = options.seed("Random seed of the explanations, their order and the errors."),
    out: Path = options.path(FOLDER, help="Folder of the forms and their key."),
    as_json: bool = typer.Option(False, "--json", help="Print the names of the files as JSON."),
) -> None:
    """Write a blind, shuffled form: explanations of decisions and runs, some with a planted error.

    Raters get the folder `form`: a page that works without a network, and the same as a CSV file. The key stays with
    you.

    Example: aurora eval rate new --decisions 20 --runs 5 --planted 6
    """
    from aurora.errors import InputError
    from aurora.evals.ratings.form import write_forms
    from aurora.evals.ratings.sampling import FormSettings, sample_set

    if decisions + runs == 0:
        raise InputError("a form needs an explanation", parameter="decisions", value=decisions)
    if planted > decisions + runs:
        raise InputError(f"there are {decisions + runs} explanations", parameter="planted", value=planted)
    note_compiling()
    rating_set = sample_set(FormSettings(decisions, runs, planted, seed))
    written = write_forms(out, rating_set)
    count = sum(bool(i.planted) for i in rating_set.items)
    if as_json:
        paths = {name: str(path) for name, path in written._asdict().items()}
        emit_json({"set": rating_set.name, "items": len(rating_set.items), "planted": count, **paths})
        return
    note(f"Set {rating_set.name}: {len(rating_set.items)} explanations, {count} of them with a planted error.")
    note(f"Give raters {written.page}, or {written.table}. Keep {written.key} to yourself: it names the errors.")
    note(f"Then: aurora eval rate read FORM.csv ... --key {shlex.quote(str(written.key))}")


@app.command("read")
def read(
    forms: list[Path] | None = typer.Argument(
        None, parser=options.parse_path, help="Filled forms, CSV; none: nobody has rated yet."
    ),
    key: Path = options.path(FOLDER / "key.json", help="Key of the set, as `aurora eval rate new` wrote it."),
    out: Path | None = options.path(None, help="Folder that keeps the result; default: that of the key."),
    fails: list[str] = fail_on(),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Summarise filled forms: means with intervals, detection of planted errors, agreement of the raters.

    A cell that is no rating is named with its file and line, and nothing is computed.

    Example: aurora eval rate read ratings-anna.csv ratings-ben.csv --key runs/eval/ratings/key.json
    """
    from aurora.evals.ratings.items import load_key
    from aurora.evals.ratings.reading import read_forms
    from aurora.evals.ratings.summary import samples_of, summarise_ratings
    from aurora.evals.results.result import save_result
    from aurora.evals.results.samples import save_samples

    rating_set = load_key(key)
    ratings = read_forms(forms or [], rating_set)
    result = summarise_ratings(rating_set, ratings, command=shlex.join(["aurora", *sys.argv[1:]]))
    folder = key.parent if out is None else out
    save_samples(folder, samples_of(rating_set, ratings))
    save_result(folder, result)
    emit_result(result, folder, as_json=as_json)
    require_passed(fails, result.metrics)
