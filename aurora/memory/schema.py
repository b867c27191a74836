"""Tables of the archive, and migrations from older versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import (
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from aurora.errors import StoreError

SCHEMA_VERSION = 3
"""Version of the tables below."""


class Base(DeclarativeBase):
    """Base of every table."""


class Meta(Base):
    """Facts about the archive itself, such as its schema version."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class PolicyRow(Base):
    """A policy, under the hash of its content."""

    __tablename__ = "policies"
    policy_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    document: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(64))
    iteration: Mapped[int] = mapped_column(Integer)
    rating: Mapped[float] = mapped_column(Float)
    games: Mapped[int] = mapped_column(Integer, default=0)
    prompt_id: Mapped[str | None] = mapped_column(String(64), default=None)
    __table_args__ = (Index("policies_by_rating", "rating"),)


class ParentRow(Base):
    """A policy's parents, in order."""

    __tablename__ = "parents"
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    parent_id: Mapped[str] = mapped_column(String(128))


class ScenarioRow(Base):
    """A scenario as its spec, which always expands to the same scenario."""

    __tablename__ = "scenarios"
    scenario_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    family: Mapped[str] = mapped_column(String(64))
    level: Mapped[int] = mapped_column(Integer, index=True)
    iteration: Mapped[int] = mapped_column(Integer)
    spec: Mapped[str] = mapped_column(Text)
    success_rate: Mapped[float] = mapped_column(Float)
    attacker_reward: Mapped[float] = mapped_column(Float)
    prompt_id: Mapped[str | None] = mapped_column(String(64), default=None)


class OutcomeRow(Base):
    """The value of a policy on a scenario; one row per pair, so nothing is simulated twice."""

    __tablename__ = "outcomes"
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.scenario_id"), primary_key=True)
    iteration: Mapped[int] = mapped_column(Integer)
    value: Mapped[float] = mapped_column(Float)
    summary: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("outcomes_by_scenario", "scenario_id", "value"),)


class MatchRow(Base):
    """A policy's rating before and after the round on a scenario."""

    __tablename__ = "matches"
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.scenario_id"), primary_key=True)
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)
    before: Mapped[float] = mapped_column(Float)
    after: Mapped[float] = mapped_column(Float)


class FrontRow(Base):
    """A policy on a scenario's Pareto front."""

    __tablename__ = "fronts"
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.scenario_id"), primary_key=True)
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)


class AttemptRow(Base):
    """A failed attempt, with the reason. A failure is never a score."""

    __tablename__ = "attempts"
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    iteration: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)


class PromptRow(Base):
    """A version of a prompt, under the hash of its text."""

    __tablename__ = "prompts"
    prompt_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[str | None] = mapped_column(String(64), default=None)


class IterationRow(Base):
    """A committed iteration, with the state of the run after it."""

    __tablename__ = "iterations"
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    events: Mapped[str] = mapped_column(Text)
    __table_args__ = (UniqueConstraint("number"),)


def _index_ratings(connection: Connection) -> None:
    index = next(i for i in PolicyRow.__table__.indexes if i.name == "policies_by_rating")  # type: ignore[attr-defined]
    index.create(connection, checkfirst=True)


def _note_prompts(connection: Connection) -> None:
    for table in ("policies", "scenarios"):
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN prompt_id VARCHAR(64)"))


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: _index_ratings, 2: _note_prompts}
"""Migration from each older version to the next."""


def migrate(engine: Engine, where: str, *, is_read_only: bool) -> None:
    """Create the tables of a new archive, or migrate those of an older one.

    Args:
        engine: Engine of the database.
        where: Name of the archive in error messages.
        is_read_only: True if the archive can't be written.

    Raises:
        StoreError: The database is not an archive, is one of a newer AURORA, or is an older one that can't be written.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite" and not is_read_only:
            # The driver begins a transaction only before changes of rows, so a kill could leave half of the tables.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        tables = inspect(connection).get_table_names()
        if not tables and not is_read_only:
            Base.metadata.create_all(connection)
            connection.execute(insert(Meta).values(key="schema_version", value=str(SCHEMA_VERSION)))
            return
        if Meta.__tablename__ not in tables:
            raise StoreError(f"{where} is no archive of AURORA: it has no table {Meta.__tablename__!r}")
        stored = connection.execute(select(Meta.value).where(Meta.key == "schema_version")).scalar()
        if not str(stored).isdecimal():
            raise StoreError(f"{where} has the schema version {str(stored)[:40]!r}, which is no number; is it damaged?")
        version = int(stored or 0)
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{where} was written by a newer AURORA (schema {version}, this one knows {SCHEMA_VERSION}); upgrade"
            )
        if is_read_only and version < SCHEMA_VERSION:
            raise StoreError(
                f"{where} has the older schema {version} and can't be written; copy the folder to a writable place"
            )
        for step in range(version, SCHEMA_VERSION):
            if step not in MIGRATIONS:
                raise StoreError(f"{where} has schema {version}, from which no migration is known")
            MIGRATIONS[step](connection)
        if not is_read_only:  # even if nothing changes, so that a lock of another process is reported at once
            connection.execute(update(Meta).where(Meta.key == "schema_version").values(value=str(SCHEMA_VERSION)))
