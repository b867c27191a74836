"""The archive of a run: one SQL database, written one iteration at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from sqlalchemy import Engine, func, insert, inspect, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from aurora.errors import StoreError
from aurora.memory import elo
from aurora.memory.database import database_errors, open_engine
from aurora.memory.names import REFERENCE, id_start
from aurora.memory.schema import (
    MIGRATIONS,
    VERSION,
    AttemptRow,
    Base,
    FrontRow,
    IterationRow,
    MatchRow,
    Meta,
    OutcomeRow,
    ParentRow,
    PolicyRow,
    PromptRow,
    ScenarioRow,
)
from aurora.sim.policies.compiler import network_in_words
from aurora.sim.policies.policy import Network, Policy, parse_policy


class NewPolicy(NamedTuple):
    """A policy to keep: where it comes from, from whom, and which version of a prompt led to it."""

    policy: Policy
    origin: str
    parents: tuple[str, ...] = ()
    prompt_id: str | None = None


class NewScenario(NamedTuple):
    """A scenario to keep, as the JSON of its spec, with the version of the prompt that led to it."""

    scenario_id: str
    family: str
    level: int
    spec: str
    success_rate: float
    attacker_reward: float
    prompt_id: str | None = None


class NewPrompt(NamedTuple):
    """A version of a prompt, with the one that it was made from."""

    prompt_id: str
    role: str
    text: str
    parent_id: str | None = None


class NewOutcome(NamedTuple):
    """What a policy achieved on a scenario: a value, higher is better, and the sums."""

    policy_id: str
    scenario_id: str
    value: float
    summary: Mapping[str, float]


class Failure(NamedTuple):
    """Something that was tried and failed."""

    kind: str
    subject: str
    reason: str


class Iteration(NamedTuple):
    """Everything that one iteration of self-play adds; written together or not at all.

    Attributes:
        number: From 0, without gaps.
        policies, scenarios, outcomes, failures: New rows; known ones are left as they are.
        rounds: For each scenario, what each policy that takes part in its matches achieved.
        fronts: For each scenario, the policies on its Pareto front.
        state: Where the run stands: curriculum, searchers, champion. JSON.
        events: What the iteration reports. JSON.
        prompts: Versions that were used; known ones are left as they are.
    """

    number: int
    policies: Sequence[NewPolicy]
    scenarios: Sequence[NewScenario]
    outcomes: Sequence[NewOutcome]
    failures: Sequence[Failure]
    rounds: Mapping[str, Mapping[str, float]]
    fronts: Mapping[str, Sequence[str]]
    state: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    prompts: Sequence[NewPrompt] = ()


class Store:
    """The archive. Open it with `Store.open`; it is a context manager.

    Readers may come from any process; there is one writer, the run that owns the directory.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._where = where

    @classmethod
    def open(cls, where: str | Path) -> Self:
        """Open or create an archive.

        Args:
            where: A file, or the URL of a database (`postgresql+psycopg://...`).

        Raises:
            StoreError: It is not an archive, is damaged, or is one of a newer AURORA.
        """
        engine, only_read = open_engine(where)
        try:
            with database_errors(str(where), "be opened as an archive"):
                _migrate(engine, str(where), only_read)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, str(where))

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with database_errors(self._where, "be read"), Session(self._engine) as session:
            yield session

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def commit(self, iteration: Iteration) -> dict[str, float]:
        """Write an iteration in one transaction and rate its matches.

        Writing the same iteration twice changes nothing.

        Returns:
            Ratings of all who played, afterwards.

        Raises:
            StoreError: An earlier iteration is missing, or the database can't be written.
        """
        with (
            database_errors(self._where, f"take iteration {iteration.number}"),
            Session(self._engine) as session,
            session.begin(),
        ):
            return _write(session, iteration)

    def last_iteration(self) -> tuple[int, dict[str, Any]] | None:
        """Number and state of the last committed iteration; None before the first."""
        with self._reading() as session:
            row = session.scalars(select(IterationRow).order_by(IterationRow.number.desc()).limit(1)).first()
            return None if row is None else (row.number, json.loads(row.state))

    def events(self) -> list[dict[str, Any]]:
        """Events of all committed iterations, in order."""
        with self._reading() as session:
            rows = session.scalars(select(IterationRow).order_by(IterationRow.number))
            return [each for row in rows for each in json.loads(row.events)]

    def policy(self, policy_id: str) -> Policy:
        """Return a policy by its id, the start of its id, or its name (see `aurora.memory.names`).

        Raises:
            StoreError: There is none, or there are several.
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
        """Elo ratings of those policies that are in the archive."""
        with self._reading() as session:
            rows = session.execute(
                select(PolicyRow.policy_id, PolicyRow.rating).where(PolicyRow.policy_id.in_(list(policy_ids)))
            )
            return {row.policy_id: row.rating for row in rows}

    def top(self, limit: int) -> list[dict[str, Any]]:
        """Policies by Elo, best first, ties by id, with parents and results; keys of `aurora policies top`."""
        with self._reading() as session:
            rows = session.scalars(
                select(PolicyRow).order_by(PolicyRow.rating.desc(), PolicyRow.policy_id).limit(limit)
            ).all()
            return [_described(session, row) for row in rows]

    def leaders(self, limit: int) -> list[str]:
        """Ids of the policies with the highest Elo that have played and are no references, best first, ties by id."""
        query = select(PolicyRow.policy_id).where(PolicyRow.origin != REFERENCE, PolicyRow.games > 0)
        with self._reading() as session:
            return list(session.scalars(query.order_by(PolicyRow.rating.desc(), PolicyRow.policy_id).limit(limit)))

    def best_on(self, scenario_id: str, limit: int) -> list[str]:
        """Ids of the policies that did best on a scenario and are no references, best first, ties by id."""
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
        """What every policy that met a scenario achieved on it."""
        query = select(OutcomeRow.policy_id, OutcomeRow.value).where(OutcomeRow.scenario_id == scenario_id)
        with self._reading() as session:
            return {row.policy_id: row.value for row in session.execute(query)}

    def rating_history(self, policy_ids: Sequence[str]) -> dict[str, dict[int, float]]:
        """Elo of policies after each iteration in which they played, by policy and iteration."""
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

    def documents(self, kind: Literal["scenarios", "policies"]) -> dict[str, str]:
        """JSON of every scenario's spec, or of every policy, by id, oldest first: what an index is made from."""
        query = (
            select(ScenarioRow.scenario_id, ScenarioRow.spec).order_by(ScenarioRow.iteration, ScenarioRow.scenario_id)
            if kind == "scenarios"
            else select(PolicyRow.policy_id, PolicyRow.document).order_by(PolicyRow.iteration, PolicyRow.policy_id)
        )
        with self._reading() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def specs(self, scenario_ids: Sequence[str]) -> dict[str, Any]:
        """Specs, as JSON values, of those scenarios that are in the archive."""
        query = select(ScenarioRow.scenario_id, ScenarioRow.spec).where(ScenarioRow.scenario_id.in_(list(scenario_ids)))
        with self._reading() as session:
            return {row.scenario_id: json.loads(row.spec) for row in session.execute(query)}

    def failures(self, kind: str, limit: int) -> list[str]:
        """Reasons of the latest attempts of a kind that failed, latest first."""
        query = select(AttemptRow.reason).where(AttemptRow.kind == kind).order_by(AttemptRow.number.desc()).limit(limit)
        with self._reading() as session:
            return list(session.scalars(query))

    def count_attempts(self, subject: str) -> int:
        """How many attempts of a subject failed."""
        query = select(func.count()).select_from(AttemptRow).where(AttemptRow.subject == subject)
        with self._reading() as session:
            return session.scalar(query) or 0

    def count_prompted(self) -> int:
        """How many policies and scenarios came of a prompt."""
        with self._reading() as session:
            return sum(
                session.scalar(select(func.count()).select_from(table).where(table.prompt_id.is_not(None))) or 0
                for table in (PolicyRow, ScenarioRow)
            )

    def success_rates(self, scenario_ids: Sequence[str]) -> dict[str, float]:
        """How often candidates succeeded on those scenarios that are in the archive."""
        query = select(ScenarioRow.scenario_id, ScenarioRow.success_rate).where(
            ScenarioRow.scenario_id.in_(list(scenario_ids))
        )
        with self._reading() as session:
            return {row.scenario_id: row.success_rate for row in session.execute(query)}

    def scenarios(self, *, level: int | None = None) -> list[dict[str, Any]]:
        """Scenarios in order of iteration and id; keys: id, family, level, success_rate, attacker_reward, spec."""
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

    def fronts(self) -> dict[str, dict[str, dict[str, Any]]]:
        """For each scenario the summaries of the policies on its Pareto front."""
        query = (
            select(FrontRow.scenario_id, FrontRow.policy_id, OutcomeRow.summary)
            .join(
                OutcomeRow,
                (OutcomeRow.policy_id == FrontRow.policy_id) & (OutcomeRow.scenario_id == FrontRow.scenario_id),
            )
            .order_by(FrontRow.scenario_id, FrontRow.policy_id)
        )
        found: dict[str, dict[str, dict[str, Any]]] = {}
        with self._reading() as session:
            for scenario_id, policy_id, summary in session.execute(query):
                found.setdefault(scenario_id, {})[policy_id] = json.loads(summary)
        return found

    def counts(self) -> dict[str, int]:
        """How many rows each kind of thing has."""
        tables = {"policies": PolicyRow, "scenarios": ScenarioRow, "outcomes": OutcomeRow}
        tables |= {"matches": MatchRow, "attempts": AttemptRow, "iterations": IterationRow}
        with self._reading() as session:
            return {
                name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()
            }

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table in order of its key; two equal archives have equal dumps."""
        with database_errors(self._where, "be read"), self._engine.connect() as connection:
            return {
                table.name: [
                    dict(row._mapping)  # SQLAlchemy's documented accessor
                    for row in connection.execute(select(table).order_by(*table.primary_key.columns))
                ]
                for table in Base.metadata.sorted_tables
            }


def _migrate(engine: Engine, where: str, only_read: bool) -> None:
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        if not tables and not only_read:
            Base.metadata.create_all(connection)
            connection.execute(insert(Meta).values(key="schema_version", value=str(VERSION)))
            return
        if Meta.__tablename__ not in tables:
            raise StoreError(f"{where} is no archive of AURORA: it has no table {Meta.__tablename__!r}")
        found = connection.execute(select(Meta.value).where(Meta.key == "schema_version")).scalar()
        if not str(found).isdecimal():
            raise StoreError(f"{where} has the schema version {str(found)[:40]!r}, which is no number; is it damaged?")
        version = int(found or 0)
        if version > VERSION:
            raise StoreError(
                f"{where} was written by a newer AURORA (schema {version}, this one knows {VERSION}); upgrade"
            )
        if only_read and version < VERSION:
            raise StoreError(
                f"{where} has the older schema {version} and can't be written; copy the folder to where it can be"
            )
        for step in range(version, VERSION):
            if step not in MIGRATIONS:
                raise StoreError(f"{where} has schema {version}, from which no migration is known")
            MIGRATIONS[step](connection)
        if not only_read:  # also where nothing changes: an archive that another process holds is named here, at once
            connection.execute(update(Meta).where(Meta.key == "schema_version").values(value=str(VERSION)))


def _write(session: Session, new: Iteration) -> dict[str, float]:
    if session.get(IterationRow, new.number) is not None:
        players = sorted({p for values in new.rounds.values() for p in values})
        rows = session.scalars(select(PolicyRow).where(PolicyRow.policy_id.in_(players)))
        return {row.policy_id: row.rating for row in rows}
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
    ratings = _rate(session, new.rounds)
    fronts = [{"scenario_id": s, "policy_id": p} for s, members in new.fronts.items() for p in members]
    _add(session, FrontRow, fronts)
    # Only the last state is ever read; keeping all would make the archive grow with their size.
    session.execute(update(IterationRow).where(IterationRow.number == new.number - 1).values(state="null"))
    session.add(
        IterationRow(
            number=new.number,
            state=json.dumps(new.state),
            events=json.dumps(list(new.events), sort_keys=True),
        )
    )
    return ratings


def _add(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert many rows in one go, which takes a tenth of the time of one at a time."""
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
            "rating": elo.START,
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


def _rate(session: Session, rounds: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    players = sorted({p for values in rounds.values() for p in values})
    rows = {row.policy_id: row for row in session.scalars(select(PolicyRow).where(PolicyRow.policy_id.in_(players)))}
    matches: list[dict[str, Any]] = []
    for scenario_id in sorted(rounds):
        values = rounds[scenario_id]
        before = {p: rows[p].rating for p in values}
        after = elo.round_robin(before, values)
        for player in sorted(values):
            rows[player].rating = after[player]
            rows[player].games += len(values) - 1
            matches.append(
                {"scenario_id": scenario_id, "policy_id": player, "before": before[player], "after": after[player]}
            )
    _add(session, MatchRow, matches)
    return {p: rows[p].rating for p in players}


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
