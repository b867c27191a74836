"""Tools that read the archive: similar scenarios and policies, ratings, policies by id."""

from __future__ import annotations

from pydantic import Field

from aurora.champions.champion import PREFIX
from aurora.champions.shipped import shipped_champion
from aurora.champions.telling import brief_text
from aurora.errors import StoreError
from aurora.memory.champion_examples import champion_examples
from aurora.memory.index import Index, Kind
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


class SimilarScenario(Similar):
    """A scenario similar to the query, and who does best on it."""

    best_policy: str | None = Field(description="policy that did best on it; null: none has met it")


class SimilarScenarios(Frozen):
    """Scenarios by similarity, nearest first."""

    found: tuple[SimilarScenario, ...]


def similar_scenarios(desk: Desk, arguments: SimilarArguments) -> SimilarScenarios:
    """Scenarios most like a description or an archived id, of the archive and of champions, with the best policy."""
    index = _index(desk)
    near = _similar(index, "scenarios", arguments)
    own = [SimilarScenario(**n.model_dump(), best_policy=_best(desk, n.id)) for n in near]
    examples = champion_examples()
    asked = _described(index, "scenarios", arguments.description)
    likeness = index.similarities(asked, [e.text for e in examples])
    shipped = [
        SimilarScenario(id=e.scenario_id, similarity=value, text=e.text, best_policy=e.champion)
        for e, value in zip(examples, likeness, strict=True)
    ]
    found = sorted([*own, *shipped], key=lambda s: (-s.similarity, s.id))
    return SimilarScenarios(found=tuple(found[: arguments.limit]))


def similar_policies(desk: Desk, arguments: SimilarArguments) -> SimilarFound:
    """Archived policies most like a description, or like an archived policy by its id."""
    return SimilarFound(found=_similar(_index(desk), "policies", arguments))


def _index(desk: Desk) -> Index:
    if desk.index is None:
        raise StoreError("there is no similarity index in this session")
    return desk.index


def _similar(index: Index, kind: Kind, arguments: SimilarArguments) -> tuple[Similar, ...]:
    near = index.nearest(kind, [_described(index, kind, arguments.description)], arguments.limit)[0]
    texts = index.describe(kind, [n.key for n in near])
    return tuple(Similar(id=n.key, similarity=n.similarity, text=texts[n.key]) for n in near)


def _described(index: Index, kind: Kind, description: str) -> str:
    """Return the text of an archived item by its id, or the description itself."""
    return index.describe(kind, [description]).get(description, description)


def _best(desk: Desk, scenario_id: str) -> str | None:
    """Return the policy that did best on an archived scenario."""
    best = [] if desk.store is None else desk.store.best_on(scenario_id, 1)
    return best[0] if best else None


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
    if policy.policy_id.startswith(PREFIX):
        champion = shipped_champion(policy.policy_id)
        text = f"{brief_text(champion)} {champion.idea}".strip()
    else:
        text = policy_text(policy)
    return ShownPolicy(text=text, program=readable(policy))


def _store(desk: Desk) -> Store:
    if desk.store is None:
        raise StoreError("there is no archive in this session")
    return desk.store
