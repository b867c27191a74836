"""One way to all algorithms: begin, go on where a checkpoint is, train, and take what was learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from pydantic import TypeAdapter

from aurora.errors import DataError, RunError
from aurora.learning.rl import checkpoint, dqn, offpolicy, ppo, sac, training
from aurora.learning.rl.env import Environments
from aurora.learning.rl.export import to_policy
from aurora.learning.rl.networks import Agent, Greedy, Shape
from aurora.learning.rl.sb3 import AllocationVecEnv
from aurora.learning.rl.scenarios import level_scenarios
from aurora.learning.rl.training import MEMORY, Point
from aurora.learning.tensors import require_sizes, restoring
from aurora.sim.kernel import EncodedScenario
from aurora.sim.objectives import OBJECTIVES
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import LEVELS

Algorithm = Literal["ppo", "ppo_lstm", "dqn", "sac"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

POOL = 120
"""Fresh scenarios of each block of training: a dozen of every family."""

WEIGHTED = (
    *(f"objective.{o.name} * {o.fit} / objective.{o.name}_target" for o in OBJECTIVES if o.fit and not o.needs),
    "fit.duration / objective.latency_target",
    "fit.latency / task.slack",
    "fit.cpu_left",
    "fit.memory_left",
    "node.active",
    "node.tasks",
    "path.load",
)
"""What SAC weights of a candidate."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is learned, and from what.

    Attributes:
        algorithm: `ppo_lstm` is PPO with an LSTM.
        levels: Of the curriculum, mixed evenly.
        steps: Decisions.
        seed: Of everything random.
        width: Of the scorer's hidden layers.
    """

    algorithm: Algorithm
    levels: tuple[int, ...]
    steps: int
    seed: int
    width: int = 32


@dataclass(slots=True)
class Trainee:
    """A course, and how far it has come."""

    course: Course
    learner: training.Learner | offpolicy.Learner

    @property
    def agent(self) -> Agent:
        """What it has learned so far, without chance."""
        learner = self.learner
        return learner.agent if isinstance(learner, offpolicy.Learner) else Greedy(learner.network)

    @property
    def has_policy(self) -> bool:
        """Whether what it learns can be a policy: SAC and a memory see more than a policy may."""
        return self.course.algorithm in ("ppo", "dqn")

    def policy(self) -> Policy:
        """What it has learned so far, as a policy.

        Raises:
            PolicyError: It can't be one.
        """
        learner = self.learner
        levels = ", ".join(map(str, self.course.levels))
        said = f"{self.course.algorithm} on level {levels}, {learner.steps} steps, seed {self.course.seed}"
        if isinstance(learner, offpolicy.Learner):
            if not isinstance(learner.model, dqn.MaskedDQN):
                raise DataError("SAC's weights depend on all candidates of a decision, so it can't be a policy")
            return to_policy(dqn.network_of(learner.model), said)
        return to_policy(learner.network, said)


def environments(course: Course, count: int) -> Callable[[int], Environments]:
    """The environments of each block of training: fresh scenarios, the same for the same block.

    Args:
        course: With levels and seed.
        count: Episodes at a time.
    """
    places = max(LEVELS[level - 1].nodes for level in course.levels)

    def make(block: int) -> Environments:
        seed = int(np.random.SeedSequence([course.seed, block]).generate_state(1)[0])
        share = -(-POOL // len(course.levels))
        scenarios = [e for level in course.levels for e in level_scenarios(level, share, seed)]
        return Environments(scenarios, count, candidates=places, seed=seed)

    return make


def _check(course: Course) -> None:
    unknown = [level for level in course.levels if not 1 <= level <= len(LEVELS)]
    if course.algorithm not in ALGORITHMS or unknown or not course.levels or course.steps < 1:
        raise DataError(
            f"no training of {course.algorithm} on levels {list(course.levels)} for {course.steps} steps; "
            f"algorithms are {', '.join(ALGORITHMS)}, levels 1 to {len(LEVELS)}, and steps at least 1"
        )


def begin(course: Course) -> Trainee:
    """A trainee that has seen nothing.

    Raises:
        DataError: There is no such algorithm or level, or nothing to do.
    """
    _check(course)
    shape = Shape(len(CANDIDATE_INPUTS), len(CONTEXT_INPUTS), course.width)
    if course.algorithm in ("ppo", "ppo_lstm"):
        memory = MEMORY if course.algorithm == "ppo_lstm" else 0
        plan = training.Plan(course.steps, course.seed, shape._replace(memory=memory), ppo.Settings())
        return Trainee(course, training.begin(plan))
    settings = dqn.Settings() if course.algorithm == "dqn" else sac.Settings()
    columns = tuple(CANDIDATE_INPUTS.index(name) for name in WEIGHTED)
    chosen: Literal["dqn", "sac"] = "dqn" if course.algorithm == "dqn" else "sac"
    off = offpolicy.Plan(chosen, course.steps, course.seed, shape, settings, columns)
    return Trainee(course, offpolicy.begin(off, _wrapped(course, settings.environments)))


def train(
    trainee: Trainee,
    *,
    tell: Callable[[Point], None] = lambda _: None,
    folder: Path | None = None,
) -> None:
    """Take all steps that are left. After an interrupt the folder's checkpoint is where to go on.

    Args:
        trainee: Changed as it learns.
        tell: Called with every point of the curve.
        folder: For checkpoints; None: none.
    """

    def save(_: Any) -> None:
        if folder is not None:
            checkpoint.save(folder, state_of(trainee))

    learner = trainee.learner
    if isinstance(learner, offpolicy.Learner):
        make = _wrapped(trainee.course, learner.plan.settings.environments)
        offpolicy.train(learner, make, tell=tell, save=save)
    else:
        training.train(learner, environments(trainee.course, learner.plan.settings.environments), tell=tell, save=save)


def state_of(trainee: Trainee) -> dict[str, Any]:
    """For `checkpoint.save`."""
    learner, course = trainee.learner, trainee.course
    state = offpolicy.to_state(learner) if isinstance(learner, offpolicy.Learner) else training.to_state(learner)
    named = {"algorithm": course.algorithm, "levels": list(course.levels), "steps": course.steps, "seed": course.seed}
    return {"course": {**named, "width": course.width}, "inputs": _inputs(), **state}


def resume(folder: Path) -> Trainee:
    """A trainee where the checkpoint of a folder is.

    Raises:
        RunError: There is none, or it is damaged, not of a course, or of other features than these.
    """
    state = checkpoint.load(folder)
    with restoring(folder / checkpoint.NAME, error=RunError, remedy=checkpoint.ANEW):
        course = TypeAdapter(Course).validate_python(state["course"])
        _check(course)
        if state["inputs"] != _inputs():
            raise RunError(f"the network in {folder} reads other features than the environment shows now; train anew")
        plan = dict(state["plan"])
        require_sizes({**plan["shape"], "width": course.width}, {})
        if not all(type(state[name]) is int and state[name] >= 0 for name in ("steps", "blocks")):
            raise ValueError("steps and blocks must be whole numbers")
        TypeAdapter(list[Point]).validate_python(state["curve"])
        if course.algorithm in ("ppo", "ppo_lstm"):
            return Trainee(course, training.from_state(state))
        settings = dqn.Settings() if course.algorithm == "dqn" else sac.Settings()
        return Trainee(course, offpolicy.from_state(state, _wrapped(course, settings.environments)))


def held_out(levels: Sequence[int], count: int, seed: int) -> dict[int, tuple[EncodedScenario, ...]]:
    """Scenarios that no training meets, by level."""
    return {level: level_scenarios(level, count, seed, held_out=True) for level in levels}


def _inputs() -> list[str]:
    return [*CANDIDATE_INPUTS, *CONTEXT_INPUTS]


def _wrapped(course: Course, count: int) -> Callable[[int], AllocationVecEnv]:
    make = environments(course, count)
    return lambda block: AllocationVecEnv(make(block))
