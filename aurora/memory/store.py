"""The archive of a run: one SQL database, written one iteration at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from aurora.errors import StoreError
from aurora.memory.database import database_errors, open_engine
from aurora.memory.names import REFERENCE, id_start
from aurora.memory.records import Iteration, NewPrompt
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
    migrate,
)
from aurora.memory.writing import write_iteration
from aurora.sim.policies.compiler import network_in_words
from aurora.sim.policies.policy import Network, Policy, parse_policy

Moment = Literal["writing", "committed"]
"""Moments of a commit: at the end of its transaction, and after it."""


class Store:
    """The archive of a run, as a context manager; open it with `Store.open`.

    Any process may read it; only the run that owns the directory writes it.
    """

    def __init__(self, engine: Engine, where: str, watch: Callable[[Moment], None] = lambda moment: None) -> None:
        self._engine = engine
        self._where = where
        self._watch = watch

    @classmethod
    def open(cls, where: str | Path, *, watch: Callable[[Moment], None] = lambda moment: None) -> Self:
        """Open or create an archive.

        Args:
            where: Path of a file, or URL of a database (`postgresql+psycopg://...`).
            watch: Callback for the moments of a commit: when an iteration is written, and when it is committed.

        Raises:
            StoreError: The database is not an archive, is damaged, or is of a newer AURORA.
        """
        engine, is_read_only = open_engine(where)
        try:
            with database_errors(str(where), "be opened as an archive"):
                migrate(engine, str(where), is_read_only=is_read_only)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, str(where), watch)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with database_errors(self._where, "be read"), Session(self._engine) as session:
            yield session

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def commit(self, iteration: Iteration) -> None:
        """Write an iteration in one transaction; writing the same one twice changes nothing.

        Raises:
            StoreError: An earlier iteration is missing, or the database can't be written.
        """
        with (
            database_errors(self._where, f"take iteration {iteration.number}"),
            Session(self._engine) as session,
            session.begin(),
        ):
            write_iteration(session, iteration)
            session.flush()
            self._watch("writing")
        self._watch("committed")

    def last_iteration(self) -> tuple[int, dict[str, Any]] | None:
        """Return number and state of the last committed iteration; None before the first."""
        with self._reading() as session:
            row = session.scalars(select(IterationRow).order_by(IterationRow.number.desc()).limit(1)).first()
            return None if row is None else (row.number, json.loads(row.state))

    def events(self) -> list[dict[str, Any]]:
        """Return the events of all committed iterations, in order."""
        with self._reading() as session:
            rows = session.scalars(select(IterationRow).order_by(IterationRow.number))
            return [event for row in rows for event in json.loads(row.events)]

    def policy(self, policy_id: str) -> Policy:
        """Return a policy by its id, the start of its id, or its name (see `aurora.memory.names`).

        Raises:
            StoreError: No policy matches, or several do.
        """
        start = id_start(policy_id)
        with self._reading() as session:
            row = session.get(PolicyRow, policy_id)
            if row is None and start is not None:
                query = select(PolicyRow).where(PolicyRow.policy_id.startswith(start, autoescape=True)).limit(2)
                rows = session.scalars(query).all()
                if len(rows) > 1:
                    raise StoreError(f"several policies begin with {start!r}; give more of the id")
                row = rows[0] if rows else None
            if row is None:
                raise StoreError(f"the archive has no policy {policy_id!r}; `aurora policies list` shows all")
            return parse_policy(json.loads(row.document), where=policy_id)

    def ratings(self, policy_ids: Iterable[str]) -> dict[str, float]:
        """Return the Elo ratings of those policies that are in the archive."""
        with self._reading() as session:
            rows = session.execute(
                select(PolicyRow.policy_id, PolicyRow.rating).where(PolicyRow.policy_id.in_(list(policy_ids)))
            )
            return {row.policy_id: row.rating for row in rows}

    def top(self, limit: int) -> list[dict[str, Any]]:
        """Return the policies with the highest Elo, best first, ties by id; keys as in `aurora policies top`."""
        with self._reading() as session:
            rows = session.scalars(
                select(PolicyRow).order_by(PolicyRow.rating.desc(), PolicyRow.policy_id).limit(limit)
            ).all()
            return [_described(session, row) for row in rows]

    def described(self, policy_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return those policies that are in the archive, by id; keys as in `aurora policies top`."""
        query = select(PolicyRow).where(PolicyRow.policy_id.in_(list(policy_ids))).order_by(PolicyRow.policy_id)
        with self._reading() as session:
            return [_described(session, row) for row in session.scalars(query).all()]

    def leaders(self, limit: int) -> list[str]:
        """Return ids of the rated policies with the highest Elo, without references, best first, ties by id."""
        query = select(PolicyRow.policy_id).where(PolicyRow.origin != REFERENCE, PolicyRow.games > 0)
        with self._reading() as session:
            return list(session.scalars(query.order_by(PolicyRow.rating.desc(), PolicyRow.policy_id).limit(limit)))

    def best_on(self, scenario_id: str, limit: int) -> list[str]:
        """Return ids of the policies with the best values on a scenario, without references, ties by id."""
        query = (
            select(OutcomeRow.policy_id)
            .join(PolicyRow, PolicyRow.policy_id == OutcomeRow.policy_id)
            .where(OutcomeRow.scenario_id == scenario_id, PolicyRow.origin != REFERENCE)
            .order_by(OutcomeRow.value.desc(), OutcomeRow.policy_id)
            .limit(limit)
        )
        with self._reading() as session:
            return list(session.scalars(query))

    def values(self, scenario_id: str) -> dict[str, float]:
        """Return the values of all policies on a scenario, by policy."""
        return self.values_on([scenario_id]).get(scenario_id, {})

    def values_on(self, scenario_ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return the values of all policies on those scenarios that have any, by scenario and policy."""
        query = select(OutcomeRow.scenario_id, OutcomeRow.policy_id, OutcomeRow.value).where(
            OutcomeRow.scenario_id.in_(list(scenario_ids))
        )
        values: dict[str, dict[str, float]] = {}
        with self._reading() as session:
            for row in session.execute(query):
                values.setdefault(row.scenario_id, {})[row.policy_id] = row.value
        return values

    def rating_history(self, policy_ids: Sequence[str]) -> dict[str, dict[int, float]]:
        """Return the Elo of policies after each iteration in which they played, by policy and iteration."""
        query = (
            select(MatchRow.policy_id, ScenarioRow.iteration, MatchRow.after)
            .join(ScenarioRow, ScenarioRow.scenario_id == MatchRow.scenario_id)
            .where(MatchRow.policy_id.in_(list(policy_ids)))
            .order_by(ScenarioRow.iteration, MatchRow.scenario_id)
        )
        history: dict[str, dict[int, float]] = {name: {} for name in policy_ids}
        with self._reading() as session:
            for row in session.execute(query):
                history[row.policy_id][row.iteration] = row.after  # rounds are rated in the order of their scenarios
        return history

    def rating_changes(self, policy_ids: Sequence[str]) -> dict[str, dict[int, list[tuple[float, float]]]]:
        """Return the Elo of policies before and after each round, by policy and iteration."""
        query = (
            select(MatchRow.policy_id, ScenarioRow.iteration, MatchRow.before, MatchRow.after)
            .join(ScenarioRow, ScenarioRow.scenario_id == MatchRow.scenario_id)
            .where(MatchRow.policy_id.in_(list(policy_ids)))
            .order_by(ScenarioRow.iteration, MatchRow.scenario_id)
        )
        changes: dict[str, dict[int, list[tuple[float, float]]]] = {name: {} for name in policy_ids}
        with self._reading() as session:
            for row in session.execute(query):
                changes[row.policy_id].setdefault(row.iteration, []).append((row.before, row.after))
        return changes

    def origins(self, policy_ids: Iterable[str]) -> dict[str, str]:
        """Return the origins of those policies that are in the archive."""
        query = select(PolicyRow.policy_id, PolicyRow.origin).where(PolicyRow.policy_id.in_(list(policy_ids)))
        with self._reading() as session:
            return {row.policy_id: row.origin for row in session.execute(query)}

    def documents(self, kind: Literal["scenarios", "policies"]) -> dict[str, str]:
        """Return the JSON of all scenarios' specs, or of all policies, by id, oldest first."""
        query = (
            select(ScenarioRow.scenario_id, ScenarioRow.spec).order_by(ScenarioRow.iteration, ScenarioRow.scenario_id)
            if kind == "scenarios"
            else select(PolicyRow.policy_id, PolicyRow.document).order_by(PolicyRow.iteration, PolicyRow.policy_id)
        )
        with self._reading() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def specs(self, scenario_ids: Sequence[str]) -> dict[str, Any]:
        """Return the specs, as JSON values, of those scenarios that are in the archive."""
        query = select(ScenarioRow.scenario_id, ScenarioRow.spec).where(ScenarioRow.scenario_id.in_(list(scenario_ids)))
        with self._reading() as session:
            return {row.scenario_id: json.loads(row.spec) for row in session.execute(query)}

    def failures(self, kind: str, limit: int) -> list[str]:
        """Return the reasons of the latest failed attempts of a kind, latest first."""
        query = select(AttemptRow.reason).where(AttemptRow.kind == kind).order_by(AttemptRow.number.desc()).limit(limit)
        with self._reading() as session:
            return list(session.scalars(query))

    def count_attempts(self, subject: str) -> int:
        """Return the number of failed attempts of a subject."""
        query = select(func.count()).select_from(AttemptRow).where(AttemptRow.subject == subject)
        with self._reading() as session:
            return session.scalar(query) or 0

    def count_prompted(self) -> int:
        """Return the number of policies and scenarios that a model wrote from a prompt."""
        with self._reading() as session:
            return sum(
                session.scalar(select(func.count()).select_from(table).where(table.prompt_id.is_not(None))) or 0
                for table in (PolicyRow, ScenarioRow)
            )

    def success_rates(self, scenario_ids: Sequence[str]) -> dict[str, float]:
        """Return the candidates' success rates on those scenarios that are in the archive."""
        query = select(ScenarioRow.scenario_id, ScenarioRow.success_rate).where(
            ScenarioRow.scenario_id.in_(list(scenario_ids))
        )
        with self._reading() as session:
            return {row.scenario_id: row.success_rate for row in session.execute(query)}

    def scenarios(self, *, level: int | None = None) -> list[dict[str, Any]]:
        """Return the scenarios as rows with their specs, in order of iteration and id.

        Args:
            level: Level of the curriculum; None: all levels.
        """
        query = select(ScenarioRow).order_by(ScenarioRow.iteration, ScenarioRow.scenario_id)
        if level is not None:
            query = query.where(ScenarioRow.level == level)
        with self._reading() as session:
            return [
                {
                    "scenario_id": row.scenario_id,
                    "family": row.family,
                    "level": row.level,
                    "iteration": row.iteration,
                    "success_rate": row.success_rate,
                    "attacker_reward": row.attacker_reward,
                    "spec": json.loads(row.spec),
                }
                for row in session.scalars(query)
            ]

    def prompts(self) -> list[NewPrompt]:
        """Return the versions of prompts, in no particular order."""
        query = select(PromptRow.prompt_id, PromptRow.role, PromptRow.text, PromptRow.parent_id)
        with self._reading() as session:
            return [NewPrompt(*row) for row in session.execute(query)]

    def fronts(self, scenario_ids: Sequence[str] | None = None) -> dict[str, dict[str, dict[str, Any]]]:
        """Return for each scenario the summaries of the policies on its Pareto front.

        Args:
            scenario_ids: Ids of the scenarios; None: all.
        """
        query = (
            select(FrontRow.scenario_id, FrontRow.policy_id, OutcomeRow.summary)
            .join(
                OutcomeRow,
                (OutcomeRow.policy_id == FrontRow.policy_id) & (OutcomeRow.scenario_id == FrontRow.scenario_id),
            )
            .order_by(FrontRow.scenario_id, FrontRow.policy_id)
        )
        if scenario_ids is not None:
            query = query.where(FrontRow.scenario_id.in_(list(scenario_ids)))
        summaries: dict[str, dict[str, dict[str, Any]]] = {}
        with self._reading() as session:
            for scenario_id, policy_id, summary in session.execute(query):
                summaries.setdefault(scenario_id, {})[policy_id] = json.loads(summary)
        return summaries

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each kind."""
        tables = {"policies": PolicyRow, "scenarios": ScenarioRow, "outcomes": OutcomeRow}
        tables |= {"matches": MatchRow, "attempts": AttemptRow, "iterations": IterationRow}
        with self._reading() as session:
            return {
                name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()
            }

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Return all rows of all tables in order of their keys; equal archives have equal dumps."""
        with database_errors(self._where, "be read"), self._engine.connect() as connection:
            return {
                table.name: [
                    dict(row._mapping)  # SQLAlchemy's documented accessor
                    for row in connection.execute(select(table).order_by(*table.primary_key.columns))
                ]
                for table in Base.metadata.sorted_tables
            }


def _described(session: Session, row: PolicyRow) -> dict[str, Any]:
    document = json.loads(row.document)
    parents = session.scalars(
        select(ParentRow.parent_id).where(ParentRow.policy_id == row.policy_id).order_by(ParentRow.place)
    ).all()
    results = session.execute(
        select(OutcomeRow.scenario_id, OutcomeRow.value)
        .where(OutcomeRow.policy_id == row.policy_id)
        .order_by(OutcomeRow.iteration, OutcomeRow.scenario_id)
    )
    strategy = document["allocation_strategy"]
    network = strategy.get("network")  # absent from documents of earlier versions
    return {
        "policy_id": row.policy_id,
        "elo": row.rating,
        "games": row.games,
        "origin": row.origin,
        "prompt_id": row.prompt_id,
        "iteration": row.iteration,
        "parents": list(parents),
        "description": document["policy_description"],
        "order": strategy["order"],
        "admit": strategy["admit"],
        "rules": [{"when": r["when"], "score": r["score"]} for r in strategy["decision_rules"]],
        "network": None if network is None else network_in_words(Network.model_validate(network)),
        "results": [{"scenario_id": s, "value": v} for s, v in results],
    }
