"""The page of a report, from the champion's verdicts, which are computed or read from an earlier report."""

from __future__ import annotations

import hashlib
import html
import json
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import plotly.offline

from aurora import __version__
from aurora.agents.arena.source import Source
from aurora.errors import DataError, FileError
from aurora.evals.champion import Verdict, evaluate_champion, verdict_from_json
from aurora.evals.model_usage import model_usage
from aurora.evals.overfitting import Overfitting
from aurora.evals.report.selfplay import plots, tables, timeline
from aurora.evals.report.selfplay.overfitting import kept_overfitting, overfitting_section
from aurora.evals.report.selfplay.program import program_section
from aurora.evals.report.selfplay.standing import VERDICTS_FILE, run_facts
from aurora.evals.report.selfplay.words import opening
from aurora.files import write_atomically
from aurora.graphs.run_directory import ARCHIVE, REPORT
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.memory.store import Store
from aurora.reading import read_json
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.types import Progress, no_progress

BOUNDED_PER_FAMILY = 2

_STYLE = "report.css"


class Report(NamedTuple):
    """A report that was written.

    Attributes:
        path: Path of the page.
        verdicts: The champion's verdicts.
        overfitting: The champion on training, validation and test.
    """

    path: Path
    verdicts: list[Verdict]
    overfitting: Overfitting


def write_report(
    directory: Path,
    settings: SelfPlaySettings,
    *,
    source: Source | None = None,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> Report:
    """Write `report.html` into a run directory.

    Simulates the champion, the references and the start on fresh scenarios. The verdicts are kept, and not computed
    again for the same champion.

    Args:
        directory: Folder of the run.
        settings: Settings of the run.
        source: Source of the run's scenarios if it is open already; None to open it.
        jobs: Number of threads.
        progress: Receives the levels and bounded scenarios done, as the stage "report: fresh scenarios", and the sets
            of families done.

    Raises:
        DataError: The page can't be written, or a trace is absent.
        StoreError: The archive can't be read.
    """
    source = chosen_source(settings) if source is None else source
    with Store.open(directory / ARCHIVE) as store:
        last = store.last_iteration()
        assert last is not None  # the caller reports finished iterations only
        champion = parse_policy(last[1]["champion"])
        verdicts = _verdicts(directory, source, settings, champion, jobs, progress)
        found = kept_overfitting(directory, source, settings, store, jobs, progress)
        page = _page(directory, source, settings, champion, store, (verdicts, found), jobs)
    path = directory / REPORT
    write_atomically(path, page)
    return Report(path, verdicts, found)


def _verdicts(
    directory: Path, source: Source, settings: SelfPlaySettings, champion: Policy, jobs: int, progress: Progress
) -> list[Verdict]:
    """Compare the champion, or read the verdicts of an earlier report."""
    per_family = source.judged_per_family
    asked = [__version__, per_family, BOUNDED_PER_FAMILY, settings.model_dump(mode="json"), champion.model_dump_json()]
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    path = directory / VERDICTS_FILE
    if path.exists():
        try:
            kept = read_json(path)
            if kept["key"] == key:
                return [verdict_from_json(v) for v in kept["verdicts"]]
        except (DataError, FileError, KeyError, TypeError):  # a damaged file; its content is computed again
            pass
    verdicts = evaluate_champion(
        source,
        champion,
        per_family=per_family,
        bounded=BOUNDED_PER_FAMILY,
        seed=settings.seed,
        jobs=jobs,
        progress=progress,
    )
    write_atomically(path, json.dumps({"key": key, "verdicts": [v.to_json() for v in verdicts]}) + "\n")
    return verdicts


def _page(  # what a page is made of
    directory: Path,
    source: Source,
    settings: SelfPlaySettings,
    champion: Policy,
    store: Store,
    results: tuple[list[Verdict], Overfitting],
    jobs: int,
) -> str:
    verdicts, found = results
    events = store.events()
    steps = [e for e in events if e["event"] == "iteration"]
    usage = model_usage(directory, store)
    sections = [
        ("Champion, start and references on fresh scenarios", _comparison(source, verdicts)),
        *([("Gains in units", _gains(verdicts))] if verdicts[0].gains else []),
        *([("Distance from what is possible", _distances(verdicts))] if source.has_levels else []),
        ("Over-fitting: training, validation and test", overfitting_section(found, source.unit)),
        ("Search, validation and curriculum over iterations", plots.progress_plots(steps)),
        ("Elo", _elo(store, champion)),
        ("Pareto front of the last scenario", plots.pareto_plot(store)),
        ("What was forgotten", tables.forgetting_table(events)),
        ("One run of the champion", timeline.timeline(source, champion, store)),
        *([] if usage is None else [(f"The model, {settings.model}", tables.usage_table(usage))]),
        ("What the champion does", program_section(source, champion, seed=settings.seed, jobs=jobs)),
        ("What next", _next(directory)),
        ("Terms", tables.glossary()),
    ]
    body = "".join(f"<section><h2>{html.escape(t)}</h2>{c}</section>" for t, c in sections)
    title = f"AURORA self-play: {settings.source}, seed {settings.seed}"
    style = resources.files(__package__).joinpath(_STYLE).read_text()
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{style}</style>"
        f"<script>{plotly.offline.get_plotlyjs()}</script></head><body><main>"
        f"<h1>{html.escape(title)}</h1><p class='lead'>{html.escape(opening(verdicts, source.unit))}</p>"
        f"<p class='small'>{html.escape(_provenance(source, champion, steps))}</p>"
        f"<div class='facts'>{_tiles(steps, store)}</div>{body}</main></body></html>"
    )


def _provenance(source: Source, champion: Policy, steps: Sequence[dict[str, Any]]) -> str:
    """Describe the champion and the iteration that found it."""
    since = next(e["iteration"] + 1 for e in steps if e["champion"] == champion.policy_id) if steps else 0
    origin = f"found in iteration {since} of {len(steps)}" if since else "a reference"
    return (
        f"The champion is policy {champion.policy_id}, {origin}. It was chosen on the validation families "
        f"{', '.join(source.validation)}. Values are in {source.unit}. "
        f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by AURORA {__version__}."
    )


def _tiles(steps: Sequence[dict[str, Any]], store: Store) -> str:
    facts = run_facts(steps, store.counts())
    return "".join(f"<div><b>{html.escape(v)}</b><span>{html.escape(k)}</span></div>" for k, v in facts)


def _comparison(source: Source, verdicts: list[Verdict]) -> str:
    return (
        "<p>The start is the policy where the search began, written before this run. The closest reference is the one "
        f"of {len(source.references)} that comes nearest to the champion.</p>"
        + tables.comparison_table(verdicts)
        + plots.comparison_plot(verdicts, source.unit)
    )


def _gains(verdicts: list[Verdict]) -> str:
    return (
        "<p>Sums over the scenarios of a level, divided by the tasks that completed. Minus is less. The champion is "
        "chosen by reward, which weighs the objectives as each scenario does, so one may rise where others fall.</p>"
        + tables.gains_table(verdicts)
    )


def _distances(verdicts: list[Verdict]) -> str:
    return (
        "<p>No plan that completes every task earns more than the bound: each objective at its own lower bound, as if "
        "the others did not count. The joint bound takes all objectives together, and holds as well. "
        "The last columns are the champion's sums over those of the bounds.</p>" + tables.distances_table(verdicts)
    )


def _elo(store: Store, champion: Policy) -> str:
    return (
        "<p>Ratings come from matches on the attacker's scenarios, the champion is chosen on validation scenarios, so "
        "another policy may lead here. The axis does not begin at zero.</p>"
        + plots.elo_plots(store, champion.policy_id)
    )


def _next(directory: Path) -> str:
    run = html.escape(shlex.quote(str(directory)))
    commands = (
        f"aurora policies export --run {run} --best --out champion.json",
        "aurora scenarios generate --family video --level 2 --seed 7 --out scenario.json",
        "aurora simulate scenario.json champion.json --bounds",
        "aurora explain scenario.json champion.json",
        f"aurora selfplay --resume {run} --iterations 20",
    )
    return f"<pre>{'<br>'.join(commands)}</pre>"
