"""How a run of self-play stands after its last finished iteration: the figures of its archive and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aurora.champions.champion import PREFIX
from aurora.champions.shipped import shipped_champion, shipped_names
from aurora.champions.telling import brief_text
from aurora.errors import DataError, FileError
from aurora.evals.champion import Verdict, verdict_from_json
from aurora.evals.report.selfplay.elo import RatingCurve, rating_curves
from aurora.evals.report.selfplay.front import Front, front_of
from aurora.evals.report.selfplay.gallery import ScenarioCard, leads_by_iteration, scenario_cards
from aurora.evals.report.selfplay.standing import (
    VERDICTS_FILE,
    EliteCell,
    Line,
    LineageRow,
    Reign,
    changed_lines,
    elite_map,
    in_band,
    lineages,
    reigns,
    run_facts,
    searched,
    validation_interval,
)
from aurora.graphs.run_directory import EVENTS, open_archive
from aurora.memory.store import Store
from aurora.memory.texts import MAX_TEXT_LENGTH, policy_text
from aurora.reading import read_json
from aurora.sim.policies.compiler import readable
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.statistics.intervals import Interval, mean_interval

MOST_CARDS = 300
"""Largest number of scenarios that a page shows, the latest ones."""


class Step(NamedTuple):
    """An iteration in the curves.

    Attributes:
        iteration: Its number, from 1.
        level: Level that was played.
        training: Best candidate's mean value over the best reference on training scenarios.
        validation: Champion's mean value over the best reference on validation scenarios.
        learnable: Share of the scenarios in the 0.3–0.7 band, 0 to 1.
        attacker: Attacker's reward: mean over its scenarios with its 95 % interval.
        lead: Today's champion's value over the best reference on the attacker's scenarios of this iteration, mean with
            its 95 % interval; None: it has played none of them.
        champion: Id of the champion after it.
    """

    iteration: int
    level: int
    training: float
    validation: float
    learnable: float
    attacker: Interval
    lead: Interval | None
    champion: str


class ChampionCard(NamedTuple):
    """The champion of a run.

    Attributes:
        policy_id: Its id.
        name: Its name for readers.
        words: What it does, in words.
        program: Its program over several lines.
        origin: What a shipped champion is for and how it was found; "": it does not ship.
        validation: Mean value over the best reference on validation, with its 95 % interval where it is known.
        before: Champion before it; "": it is the first.
        changes: Its program with what changed since the champion before it; none for the first.
    """

    policy_id: str
    name: str
    words: str
    program: str
    origin: str
    validation: Interval
    before: str
    changes: tuple[Line, ...]


@dataclass(frozen=True)
class Standing:
    """How a run stands after its last finished iteration.

    Attributes:
        iterations: Number of finished iterations.
        facts: Figures by name, those of the report.
        steps: Iterations in the curves.
        ratings: Ratings of the best policies.
        lineages: Structures that are tuned.
        elites: Map of elites.
        reigns: Champions in their order.
        champion: The champion.
        front: Pareto front of the last scenario; None: there is no scenario.
        cards: Latest scenarios of the attacker.
        forgotten: Success on earlier levels after each advance: level, iteration from 1, and level -> share.
    """

    iterations: int
    facts: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    ratings: tuple[RatingCurve, ...]
    lineages: tuple[LineageRow, ...]
    elites: tuple[EliteCell, ...]
    reigns: tuple[Reign, ...]
    champion: ChampionCard
    front: Front | None
    cards: tuple[ScenarioCard, ...]
    forgotten: tuple[tuple[int, int, dict[str, float]], ...]


def standing(directory: Path) -> Standing | None:
    """Return how a run stands; None before its first finished iteration.

    Args:
        directory: Folder of the run, which another process may play.

    Raises:
        RunError: The folder holds no archive.
        StoreError: The archive can't be read.
    """
    with open_archive(directory) as store:
        last = store.last_iteration()
        if last is None:
            return None
        number, state = last
        events = store.events()
        steps = [e for e in events if e["event"] == "iteration"]
        policy = parse_policy(state["champion"])
        cards = scenario_cards(store, policy.policy_id, most=MOST_CARDS)
        search = searched(state)
        led = reigns(steps, store)
        return Standing(
            iterations=number + 1,
            facts=tuple(run_facts(steps, store.counts())),
            steps=tuple(_steps(steps, leads_by_iteration(cards))),
            ratings=tuple(rating_curves(store, policy.policy_id)),
            lineages=tuple(lineages(search)),
            elites=tuple(elite_map(search.elites)),
            reigns=tuple(led),
            champion=_champion(policy, state, led, store),
            front=front_of(store, cards[0].scenario_id) if cards else None,
            cards=tuple(cards),
            forgotten=tuple(
                (e["level"], e["iteration"] + 1, dict(e["success"])) for e in events if e["event"] == "forgetting"
            ),
        )


def scenario_front(directory: Path, scenario_id: str) -> Front:
    """Return the Pareto front of a scenario of a run.

    Raises:
        RunError: The folder holds no archive.
        StoreError: The archive can't be read.
    """
    with open_archive(directory) as store:
        return front_of(store, scenario_id)


def _steps(steps: Sequence[Mapping[str, Any]], leads: Mapping[int, list[float]]) -> list[Step]:
    return [
        Step(
            iteration=e["iteration"] + 1,
            level=e["level"],
            training=e["training_advantage"],
            validation=e["validation_advantage"],
            learnable=in_band(e["success_rates"]),
            attacker=_interval(e["attacker_rewards"]) or Interval(0.0, 0.0, 0.0),
            lead=_interval(leads.get(e["iteration"], [])),
            champion=e["champion"],
        )
        for e in steps
    ]


def _interval(values: Sequence[float]) -> Interval | None:
    return mean_interval([np.array(values, float)]) if values else None


def _champion(policy: Policy, state: Mapping[str, Any], led: Sequence[Reign], store: Store) -> ChampionCard:
    before = led[-2] if len(led) > 1 else None
    value = state["champion_value"]
    return ChampionCard(
        policy_id=policy.policy_id,
        name=led[-1].name if led else policy.policy_id,
        words=shortened_words(policy),
        program=readable(policy),
        origin=_origin(policy.policy_id),
        validation=validation_interval(state) or Interval(value, float("-inf"), float("inf")),
        before="" if before is None else before.name,
        changes=() if before is None else tuple(changed_lines(store.policy(before.policy_id), policy)),
    )


def shortened_words(policy: Policy) -> str:
    """Return what a policy does in words; a text that was cut off ends with an ellipsis."""
    words = policy_text(policy)
    return f"{words.rpartition(' ')[0]} …" if len(words) == MAX_TEXT_LENGTH else words


def _origin(policy_id: str) -> str:
    name = policy_id.removeprefix(PREFIX)
    return brief_text(shipped_champion(name)) if policy_id.startswith(PREFIX) and name in shipped_names() else ""


class Verdicts(NamedTuple):
    """The champion on fresh scenarios, as the last report has it.

    Attributes:
        verdicts: A verdict for each level.
        is_current: False if the run went on after the report.
    """

    verdicts: tuple[Verdict, ...]
    is_current: bool


def kept_verdicts(directory: Path) -> Verdicts | None:
    """Return the verdicts of the last report of a run; None if it has no report, or a damaged one."""
    path = directory / VERDICTS_FILE
    if not path.exists():
        return None
    try:
        verdicts = tuple(verdict_from_json(v) for v in read_json(path)["verdicts"])
        is_current = path.stat().st_mtime >= (directory / EVENTS).stat().st_mtime
    except (DataError, FileError, KeyError, TypeError, OSError):  # `aurora selfplay --resume` computes it again
        return None
    return Verdicts(verdicts, is_current)


class EliteMark(NamedTuple):
    """A cell of the map: its number, and a class of the design system; both "" where there is no policy."""

    text: str
    shade: str


class EliteRow(NamedTuple):
    """A row of the map: what policies use, the sum in which they are lowest, and a cell for each family."""

    use: str
    style: str
    cells: tuple[EliteMark, ...]


STYLE_WORDS = {"latency_mean": "latency", "as others": "nothing"}
SHADES = 5
"""Shades of the map, by rank."""


def elite_rows(elites: Sequence[EliteCell]) -> tuple[tuple[str, ...], tuple[EliteRow, ...]]:
    """Return the map of elites as a table: the families, and a row for each use and style.

    Args:
        elites: Cells of the map.
    """
    families = tuple(sorted({e.family for e in elites}))
    ranked = sorted(e.mean for e in elites)
    marks = {
        (e.use, e.style, e.family): EliteMark(
            f"{e.mean:+.4f}", f"load-{1 + SHADES * ranked.index(e.mean) // len(ranked)}"
        )
        for e in elites
    }
    kinds = sorted({(e.use, e.style) for e in elites})
    rows = tuple(
        EliteRow(
            use, STYLE_WORDS.get(style, style), tuple(marks.get((use, style, f), EliteMark("", "")) for f in families)
        )
        for use, style in kinds
    )
    return tuple(f or "all" for f in families), rows
