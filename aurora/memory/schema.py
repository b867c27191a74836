"""Tables of the archive, and how an older archive becomes a current one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION = 3
"""Of the tables below."""


class Base(DeclarativeBase):
    """Base of every table."""


class Meta(Base):
    """Facts about the archive itself, such as its schema version."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class PolicyRow(Base):
    """A policy, by the hash of what it does."""

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
    """A scenario as its spec, which expands to the same scenario again."""

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
    """What a policy achieved on a scenario; one row a pair, so nothing is paid for twice."""

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
    """Membership of a scenario's Pareto front."""

    __tablename__ = "fronts"
    scenario_id: Mapped[str] = mapped_column(ForeignKey("scenarios.scenario_id"), primary_key=True)
    policy_id: Mapped[str] = mapped_column(ForeignKey("policies.policy_id"), primary_key=True)


class AttemptRow(Base):
    """Something that was tried and failed, with the reason. A failure is never a score."""

    __tablename__ = "attempts"
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    iteration: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)


class PromptRow(Base):
    """A variant of a prompt, by the hash of its text."""

    __tablename__ = "prompts"
    prompt_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[str | None] = mapped_column(String(64), default=None)


class IterationRow(Base):
    """A committed iteration: where the run stands after it."""

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
"""From each older version, the step to the next."""
