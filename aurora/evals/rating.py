"""Rates a policy or a trained agent by Elo, in matches on held-out scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.champions.named import load_policy
from aurora.graphs.run_directory import open_archive
from aurora.learning.rl import checkpoint, trainer
from aurora.learning.rl.evaluation import agent_rewards, policy_rewards
from aurora.learning.rl.scenarios import held_out_scenarios
from aurora.memory import elo
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.references import PLACEMENT_REFERENCES, REFERENCES


class Rank(NamedTuple):
    """Result of a player.

    Attributes:
        policy_id: Name of the player.
        elo: Elo rating after its matches; it started at its archived rating or at 1500.
        mean: Mean reward.
        wins: Share of its matches won, a draw counting one half.
    """

    policy_id: str
    elo: float
    mean: float
    wins: float


class RatingReport(NamedTuple):
    """Result of a rating.

    Attributes:
        player: Name of the rated player in the ranking.
        scenarios: Number of scenarios.
        ranking: All players, the highest rating first.
    """

    player: str
    scenarios: int
    ranking: tuple[Rank, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values, as `aurora policies rate --json` prints it."""
        return {
            "player": self.player,
            "scenarios": self.scenarios,
            "ranking": [rank._asdict() for rank in self.ranking],
        }


def rate(  # what determines a rating
    player: str,
    *,
    run: Path | None = None,
    top: int = 10,
    levels: tuple[int, ...] = (1, 2, 3),
    scenarios: int = 100,
    seed: int = 0,
) -> RatingReport:
    """Rate a player against the placement references and the best policies of a run. Nothing is written.

    Args:
        player: Name or file of a policy, or folder of a training.
        run: Folder of a run whose best policies it meets, with their archived ratings; None: none.
        top: Number of these policies.
        levels: Levels of the held-out scenarios.
        scenarios: Number of scenarios of each level.
        seed: Random seed of the scenarios.

    Raises:
        PolicyError: The policy is not valid, or there is no such policy or folder.
        RunError: The training's checkpoint or the run can't be read.
        InputError: A level does not exist, or `scenarios` or `seed` is negative.
    """
    folder = Path(player)
    is_training = (folder / checkpoint.NAME).is_file()
    policy = None if is_training else load_policy(player)  # before anything is simulated
    rivals: dict[str, Policy] = {name: REFERENCES[name] for name in PLACEMENT_REFERENCES}
    ratings: dict[str, float] = {}
    if run is not None:
        with open_archive(run) as store:
            best = store.leaders(top)
            ratings = store.ratings([*best, *PLACEMENT_REFERENCES])
            rivals |= {policy_id: store.policy(policy_id) for policy_id in best}
    training = trainer.load_training(folder) if is_training else None
    played = [e for part in held_out_scenarios(levels, scenarios, seed).values() for e in part]
    rewards = {name: policy_rewards(rival, played) for name, rival in rivals.items()}
    if training is not None:
        name = training.policy().policy_id if training.is_exportable else folder.name
        rewards[name] = agent_rewards(training.agent, played)
    else:
        assert policy is not None  # one of them was read
        name = policy.policy_id
        rewards[name] = policy_rewards(policy, played)
    return RatingReport(name, len(played), tuple(ranking(rewards, ratings)))


def ranking(rewards: Mapping[str, NDArray[np.float64]], ratings: Mapping[str, float]) -> list[Rank]:
    """Return all players after they have met on each scenario in turn, the highest rating first.

    Args:
        rewards: Player -> its reward on each scenario, float64 [n]; at least two players.
        ratings: Player -> rating before the matches, for players that have one.
    """
    after = {name: ratings.get(name, elo.INITIAL_RATING) for name in rewards}
    for k in range(len(next(iter(rewards.values())))):
        after = elo.round_robin(after, {name: float(own[k]) for name, own in rewards.items()})
    ranks = []
    for name, own in rewards.items():
        others = [theirs for other, theirs in rewards.items() if other != name]
        results = [elo.result(float(a), float(b)) for theirs in others for a, b in zip(own, theirs, strict=True)]
        ranks.append(Rank(name, after[name], float(own.mean()), float(np.mean(results))))
    return sorted(ranks, key=lambda rank: (-rank.elo, rank.policy_id))
