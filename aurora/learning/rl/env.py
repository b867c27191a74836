"""The kernel as an environment: where does the next task go?

`Environments` steps many episodes in one call and is what training here uses; `AllocationEnv` is the same as a
`gymnasium` environment, and `aurora.learning.rl.sb3.AllocationVecEnv` for stable-baselines3.
`docs/reference/environment.md` has the observation, the action and the reward, with an example.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from aurora.errors import DataError, ScenarioError
from aurora.learning.rl.scenarios import level_scenarios
from aurora.sim.episodes import BASE, Episodes
from aurora.sim.kernel import EncodedScenario, encode
from aurora.sim.policies.features import BOUND
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario

PENALTY = 0.01
"""What a candidate that can't take the task costs an agent that doesn't look at the mask, in reward."""


class Observation(NamedTuple):
    """What is known when a decision is due, of n episodes.

    Attributes:
        candidates: float32 [n, K, F], `CANDIDATE_INPUTS` of each candidate, within ±`BOUND`; 0 where the mask is
            False.
        mask: bool [n, K], which candidates may take the task; at least one may.
        context: float32 [n, G], `CONTEXT_INPUTS`, within ±`BOUND`.
    """

    candidates: NDArray[np.float32]
    mask: NDArray[np.bool_]
    context: NDArray[np.float32]


class Step(NamedTuple):
    """What came of an action, in n episodes.

    Attributes:
        observation: Of the next decision; where an episode ended, of the first one of the next episode.
        reward: float32 [n].
        ended: bool [n].
        value: float64 [n], the reward of the scenario in an episode that ended, NaN elsewhere.
    """

    observation: Observation
    reward: NDArray[np.float32]
    ended: NDArray[np.bool_]
    value: NDArray[np.float64]


class Environments:
    """Episodes that are stepped together and restart by themselves, on scenarios in an order drawn for every pass.

    Attributes:
        count: How many, n.
        candidates: Places for candidates, K: as many as actions.
        features: Inputs of a candidate, F.
        context: Inputs of a decision, G.
        episodes: The episodes; `episodes.playing` and `episodes.ended` say which scenario, `episodes.reward` is the
            last reward in float64.
    """

    def __init__(
        self,
        scenarios: Sequence[EncodedScenario],
        count: int,
        *,
        base: Policy = BASE,
        candidates: int | None = None,
        seed: int,
        forced: bool = False,
    ) -> None:
        """Make room; `reset` starts.

        Args:
            scenarios: What is played; those without any decision are passed over.
            count: Episodes, at least 1.
            base: Says which task is next and who may overtake; its scores are not used.
            candidates: Places for candidates; by default as many as any scenario has.
            seed: Of the order of the scenarios.
            forced: Whether decisions with a single candidate are shown, too.

        Raises:
            ScenarioError: No scenarios, or one that has more candidates than places or a plan.
            PolicyError: The base policy is not valid.
        """
        self.episodes = Episodes(scenarios, count, base=base, most_candidates=candidates, forced=forced, seed=seed)
        self.count, self.candidates, self.features = self.episodes.candidates.shape
        self.context = self.episodes.context.shape[1]

    def reset(self, seed: int | None = None) -> Observation:
        """Begin anew in every episode.

        Args:
            seed: Starts the order of the scenarios anew; by default it goes on.

        Raises:
            ScenarioError: No scenario has a decision to make.
        """
        self.episodes.begin(seed)
        if (self.episodes.task < 0).any():
            raise ScenarioError("no scenario has a task that fits anywhere; there is nothing to decide")
        return self.observe()

    def observe(self) -> Observation:
        """What is known now; arrays of its own."""
        episodes = self.episodes
        return Observation(episodes.candidates.copy(), episodes.mask.copy(), episodes.context.copy())

    def step(self, actions: NDArray[np.int64]) -> Step:
        """Place the task that is due in every episode.

        Args:
            actions: int64 [n], numbers of candidates that the mask allows.

        Raises:
            DataError: There are not n numbers, or the mask does not allow one.
        """
        chosen = np.asarray(actions)
        if chosen.shape != (self.count,) or chosen.dtype.kind not in "iu":
            raise DataError(f"actions are {self.count} whole numbers, not {chosen.dtype} of shape {chosen.shape}")
        allowed = (chosen >= 0) & (chosen < self.candidates)
        allowed &= self.episodes.mask[np.arange(self.count), np.where(allowed, chosen, 0)]
        if not allowed.all():
            first = int(np.argmin(allowed))
            raise DataError(f"action {chosen[first]} of episode {first} is not one that its mask allows")
        self.episodes.step(chosen)
        return Step(
            self.observe(),
            self.episodes.reward.astype(np.float32),
            self.episodes.ended >= 0,
            self.episodes.value.copy(),
        )

    def preferred(self) -> NDArray[np.int64]:
        """The actions that the base policy's own scores prefer, int64 [n]: to compare with, or to begin from."""
        return self.episodes.preferred()


def feasible(actions: NDArray[np.int64], mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Actions that the mask allows, and where the first candidate that it allows stands for another.

    Args:
        actions: int64 [n], each at least 0 and below K.
        mask: bool [n, K].
    """
    allowed = mask[np.arange(len(actions)), actions]
    return np.where(allowed, actions, mask.argmax(1)), ~allowed


def observation_space(candidates: int, *, flat: bool) -> spaces.Space[Any]:
    """The space of `AllocationEnv`'s observations; `flat`: candidates, mask and context in one vector."""
    features, context = len(CANDIDATE_INPUTS), len(CONTEXT_INPUTS)
    if flat:
        size = candidates * features + candidates + context
        return spaces.Box(-BOUND, BOUND, (size,), np.float32)
    return spaces.Dict(
        {
            "candidates": spaces.Box(-BOUND, BOUND, (candidates, features), np.float32),
            "mask": spaces.MultiBinary(candidates),
            "context": spaces.Box(-BOUND, BOUND, (context,), np.float32),
        }
    )


def as_sampled(observation: Observation, *, flat: bool) -> Any:
    """Observations of n episodes in the form of `observation_space`, n along the first axis."""
    candidates, mask, context = observation
    if flat:
        rows = len(mask)
        return np.concatenate([candidates.reshape(rows, -1), mask.astype(np.float32), context], axis=1)
    return {"candidates": candidates, "mask": mask.astype(np.int8), "context": context}


class AllocationEnv(gymnasium.Env[Any, Any]):
    """Allocation as a `gymnasium` environment: each action places the task that is due. One episode is one scenario.

        env = gymnasium.make("aurora/Allocation-v0", level=2, flat=True)

    An action that the mask does not allow is replaced by the first candidate that it allows, costs `penalty`, and sets
    `info["replaced"]`. Episodes are never truncated. After the last step the observation is 0 throughout and
    `info["value"]` is the reward of the scenario.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  # as gymnasium declares it

    def __init__(  # noqa: PLR0913  # what can be given to gymnasium.make
        self,
        scenarios: Sequence[Scenario | EncodedScenario] | None = None,
        *,
        level: int = 1,
        num_scenarios: int = 100,
        held_out: bool = False,
        seed: int = 0,
        base: Policy = BASE,
        candidates: int | None = None,
        flat: bool = False,
        penalty: float = PENALTY,
    ) -> None:
        """Create the environment; `reset` begins the first episode.

        Args:
            scenarios: Scenarios to play, none with an allocation plan; scenarios without a decision are skipped.
                None: scenarios are generated from the next four arguments.
            level: Level of the curriculum for generated scenarios, 1 to 5.
            num_scenarios: Number of generated scenarios.
            held_out: Generate the scenarios for evaluation, which no training meets, instead of those for training.
            seed: Random seed of generated scenarios and of the order in which scenarios are played.
            base: Policy that says which task is next and which tasks may overtake; its scores are not used.
            candidates: Number of actions; by default the largest number of candidates of any task.
            flat: Return each observation as one vector instead of a dictionary.
            penalty: Reward subtracted for an action that the mask does not allow.

        Raises:
            DataError: The level does not exist, or `num_scenarios` or `seed` is negative.
            ScenarioError: There are no scenarios, or one has a plan or more candidates than `candidates`.
            PolicyError: The base policy is not valid.
        """
        played = level_scenarios(level, num_scenarios, seed, held_out=held_out) if scenarios is None else scenarios
        encoded = [encode(s) if isinstance(s, Scenario) else s for s in played]
        self._episodes = Episodes(encoded, 1, base=base, most_candidates=candidates, restarts=False, seed=seed)
        self._flat, self._penalty = flat, penalty
        places = self._episodes.mask.shape[1]
        self.action_space = spaces.Discrete(places)
        self.observation_space = observation_space(places, flat=flat)

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions are allowed now, bool [K]; what sb3-contrib's MaskablePPO asks for."""
        masks: NDArray[np.bool_] = self._episodes.mask[0].copy()
        return masks

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the next scenario.

        Args:
            seed: Starts the order of the scenarios anew.
            options: Not used.

        Returns:
            The observation, and {"scenario": its place in the list}.
        """
        super().reset(seed=seed)
        self._episodes.begin(seed)
        return self._observed(), {"scenario": int(self._episodes.playing[0])}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Place the task that is due.

        Raises:
            DataError: The action is not in the action space, or the episode is over.
        """
        if not self.action_space.contains(action):
            raise DataError(f"action {action!r} is not in {self.action_space}")
        if self._episodes.task[0] < 0:
            raise DataError("the episode is over, or has not begun; reset first")
        actions, replaced = feasible(np.array([int(action)]), self._episodes.mask)
        self._episodes.step(actions)
        reward = float(self._episodes.reward[0]) - self._penalty * bool(replaced[0])
        ended = bool(self._episodes.ended[0] >= 0)
        info: dict[str, Any] = {"replaced": bool(replaced[0])}
        if ended:
            info["value"] = float(self._episodes.value[0])
        return self._observed(), reward, ended, False, info

    def _observed(self) -> Any:
        episodes = self._episodes
        observation = Observation(episodes.candidates.copy(), episodes.mask.copy(), episodes.context.copy())
        sampled = as_sampled(observation, flat=self._flat)
        return sampled[0] if self._flat else {name: rows[0] for name, rows in sampled.items()}
