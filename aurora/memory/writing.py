"""Writing of an iteration to the archive."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from aurora.errors import StoreError
from aurora.memory import elo
from aurora.memory.elo import Match
from aurora.memory.records import Iteration
from aurora.memory.schema import (
    AttemptRow,
    Base,
    FrontRow,
    IterationRow,
    MatchRow,
    OutcomeRow,
    ParentRow,
    PolicyRow,
    PromptRow,
    ScenarioRow,
)


def write_iteration(session: Session, new: Iteration) -> None:
    """Write an iteration within a transaction; one that is already archived changes nothing.

    Raises:
        StoreError: An earlier iteration is missing.
    """
    if session.get(IterationRow, new.number) is not None:
        return
    if new.number > 0 and session.get(IterationRow, new.number - 1) is None:
        raise StoreError(f"iteration {new.number} can't be written before iteration {new.number - 1}")
    _add_policies(session, new)
    prompts = _present(session, PromptRow.prompt_id, [p.prompt_id for p in new.prompts])
    _add(session, PromptRow, [p._asdict() for p in new.prompts if p.prompt_id not in prompts])
    known = _present(session, ScenarioRow.scenario_id, [s.scenario_id for s in new.scenarios])
    _add(
        session,
        ScenarioRow,
        [{"iteration": new.number} | s._asdict() for s in new.scenarios if s.scenario_id not in known],
    )
    _add_outcomes(session, new)
    first = session.scalar(select(func.coalesce(func.max(AttemptRow.number), 0))) or 0
    attempts = [
        {"number": number, "iteration": new.number} | failure._asdict()
        for number, failure in enumerate(new.failures, first + 1)
    ]
    _add(session, AttemptRow, attempts)
    _add_matches(session, new.matches)
    fronts = [{"scenario_id": s, "policy_id": p} for s, members in new.fronts.items() for p in members]
    _add(session, FrontRow, fronts)
    # Only the last state is ever read; older ones would take most of the archive's space.
    session.execute(update(IterationRow).where(IterationRow.number == new.number - 1).values(state="null"))
    session.add(
        IterationRow(
            number=new.number,
            state=json.dumps(new.state),
            events=json.dumps(list(new.events), sort_keys=True),
        )
    )


def _add(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert many rows in one statement, which takes a tenth of the time of one statement per row."""
    if rows:
        session.execute(insert(table), rows)


def _present(session: Session, column: InstrumentedAttribute[str], ids: Sequence[str]) -> set[str]:
    return set(session.scalars(select(column).where(column.in_(ids))))


def _add_policies(session: Session, new: Iteration) -> None:
    known = _present(session, PolicyRow.policy_id, [p.policy.policy_id for p in new.policies])
    fresh = [p for p in new.policies if p.policy.policy_id not in known]
    rows = [
        {
            "policy_id": p.policy.policy_id,
            "document": p.policy.model_dump_json(),
            "origin": p.origin,
            "iteration": new.number,
            "rating": elo.INITIAL_RATING,
            "games": 0,
            "prompt_id": p.prompt_id,
        }
        for p in fresh
    ]
    _add(session, PolicyRow, rows)
    parents = [
        {"policy_id": p.policy.policy_id, "place": place, "parent_id": parent}
        for p in fresh
        for place, parent in enumerate(p.parents)
    ]
    _add(session, ParentRow, parents)


def _add_outcomes(session: Session, new: Iteration) -> None:
    scenarios = sorted({o.scenario_id for o in new.outcomes})
    query = select(OutcomeRow.policy_id, OutcomeRow.scenario_id).where(OutcomeRow.scenario_id.in_(scenarios))
    known = {(row.policy_id, row.scenario_id) for row in session.execute(query)}
    rows = [
        {
            "policy_id": o.policy_id,
            "scenario_id": o.scenario_id,
            "iteration": new.number,
            "value": o.value,
            "summary": json.dumps(dict(o.summary), sort_keys=True),
        }
        for o in new.outcomes
        if (o.policy_id, o.scenario_id) not in known
    ]
    _add(session, OutcomeRow, rows)


def _add_matches(session: Session, matches: Sequence[Match]) -> None:
    """Add matches, and update the ratings and the number of games of their players."""
    players_of = Counter(match.scenario_id for match in matches)
    players = {match.policy_id for match in matches}
    rows = {row.policy_id: row for row in session.scalars(select(PolicyRow).where(PolicyRow.policy_id.in_(players)))}
    for match in matches:
        rows[match.policy_id].rating = match.after
        rows[match.policy_id].games += players_of[match.scenario_id] - 1
    _add(session, MatchRow, [match._asdict() for match in matches])
