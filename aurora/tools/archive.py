"""Tools that read the archive: similar scenarios and policies, ratings, policies by id."""

from __future__ import annotations

from pydantic import Field

from aurora.errors import StoreError
from aurora.memory.index import Kind
from aurora.memory.store import Store
from aurora.memory.texts import policy_text
from aurora.sim.policies.compiler import readable
from aurora.tools.desk import Desk
from aurora.types import Frozen


class SimilarArguments(Frozen):
    """Query of a similarity search."""

    description: str = Field(min_length=1, max_length=2000, description="in words, or the id of an archived one")
    limit: int = Field(default=3, ge=1, le=10, description="how many")


class Similar(Frozen):
    """An archived item similar to the query."""

    id: str
    similarity: float = Field(description="cosine, 1: the same")
    text: str


class SimilarFound(Frozen):
    """Archived items by similarity, nearest first."""

    found: tuple[Similar, ...]


def similar_scenarios(desk: Desk, arguments: SimilarArguments) -> SimilarFound:
    """Archived scenarios most like a description, or like an archived scenario by its id."""
    return _similar(desk, "scenarios", arguments)


def similar_policies(desk: Desk, arguments: SimilarArguments) -> SimilarFound:
    """Archived policies most like a description, or like an archived policy by its id."""
    return _similar(desk, "policies", arguments)


def _similar(desk: Desk, kind: Kind, arguments: SimilarArguments) -> SimilarFound:
    if desk.index is None:
        raise StoreError("there is no similarity index in this session")
    asked = desk.index.describe(kind, [arguments.description]).get(arguments.description, arguments.description)
    near = desk.index.nearest(kind, [asked], arguments.limit)[0]
    texts = desk.index.describe(kind, [n.key for n in near])
    return SimilarFound(found=tuple(Similar(id=n.key, similarity=n.similarity, text=texts[n.key]) for n in near))


class TopArguments(Frozen):
    """Length of the list."""

    limit: int = Field(default=5, ge=1, le=20, description="how many")


class Rated(Frozen):
    """A policy with its rating."""

    policy_id: str
    elo: float
    games: int
    origin: str


class Top(Frozen):
    """Policies by rating, best first."""

    policies: tuple[Rated, ...]


def top_policies(desk: Desk, arguments: TopArguments) -> Top:
    """The archive's policies with the highest Elo ratings."""
    rows = _store(desk).top(arguments.limit)
    return Top(
        policies=tuple(
            Rated(policy_id=r["policy_id"], elo=r["elo"], games=r["games"], origin=r["origin"]) for r in rows
        )
    )


class PolicyArguments(Frozen):
    """A policy."""

    policy_id: str = Field(description="id of a policy")


class Elo(Frozen):
    """A rating; 1500 is the start, 400 more means ten to one."""

    elo: float


def policy_elo(desk: Desk, arguments: PolicyArguments) -> Elo:
    """The Elo rating of an archived policy."""
    found = _store(desk).ratings([arguments.policy_id])
    if arguments.policy_id not in found:
        raise StoreError(f"the archive has no policy {arguments.policy_id!r}; top_policies lists some")
    return Elo(elo=found[arguments.policy_id])


class ShownPolicy(Frozen):
    """A policy in readable form."""

    text: str = Field(description="behaviour in words")
    program: str = Field(description="its expressions")


def show_policy(desk: Desk, arguments: PolicyArguments) -> ShownPolicy:
    """A policy's expressions, and what it does in words."""
    policy = desk.policy(arguments.policy_id)
    return ShownPolicy(text=policy_text(policy), program=readable(policy))


def _store(desk: Desk) -> Store:
    if desk.store is None:
        raise StoreError("there is no archive in this session")
    return desk.store
