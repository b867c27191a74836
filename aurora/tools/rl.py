"""Tools for trained networks: compare one with a reference on a scenario, and train a small one."""

from __future__ import annotations

from pydantic import Field

from aurora.errors import PolicyError
from aurora.sim.policies.compiler import policy_key
from aurora.sim.scenarios.curriculum import LEVELS
from aurora.tools.desk import Desk
from aurora.tools.language import DRAFT
from aurora.types import Frozen

HELD_OUT = 50
"""Held-out scenarios on which a network that a tool trained is evaluated."""


class AdviceArguments(Frozen):
    """Whose advice on what."""

    scenario_id: str = Field(description="id of a scenario")
    policy_id: str = Field(description="id of a policy with a trained network: archived, opened, or a draft of `train`")
    reference: str = Field(default="first_fit", description="id of the policy it is compared with")
    limit: int = Field(default=5, ge=1, le=10, description="how many differing decisions to list")


class Difference(Frozen):
    """A decision on which the network and the reference differ."""

    task_id: str
    network: str = Field(description="candidate that the network takes")
    reference: str = Field(description="candidate that the reference would take")


class Advice(Frozen):
    """What a trained network would do, beside a reference."""

    network_value: float = Field(description="what the network achieves, higher is better")
    reference_value: float = Field(description="what the reference achieves")
    differences: tuple[Difference, ...] = Field(description="the first decisions on which they differ")


def rl_advice(desk: Desk, arguments: AdviceArguments) -> Advice:
    """What a trained network would do with a scenario, beside a reference: both values, and where they first differ."""
    from aurora.learning.rl.evaluation import first_disagreements  # noqa: PLC0415  # heavy, used here only

    encoded, policy = desk.scenario(arguments.scenario_id), desk.policy(arguments.policy_id)
    if policy.allocation_strategy.network is None:
        raise PolicyError(
            f"policy {arguments.policy_id!r} has rules, not a trained network; compare_policies takes both"
        )
    disagreements = first_disagreements(policy, desk.policy(arguments.reference), encoded, arguments.limit)
    return Advice(
        network_value=desk.worth(arguments.scenario_id, arguments.policy_id),
        reference_value=desk.worth(arguments.scenario_id, arguments.reference),
        differences=tuple(
            Difference(task_id=encoded.scenario.tasks[d.task].task_id, network=d.chosen, reference=d.other)
            for d in disagreements
        ),
    )


class TrainArguments(Frozen):
    """What to train on, and how long."""

    level: int = Field(default=0, ge=0, le=3, description="of the generated scenarios; 0: as large as those open are")
    steps: int = Field(default=10_000, ge=1_000, le=20_000, description="decisions")
    seed: int = Field(default=0, ge=0, lt=2**31, description="of everything random")


class Trained(Frozen):
    """A network that was trained, on the desk as a draft."""

    policy_id: str = Field(description="use it with every tool that takes a policy")
    level: int
    steps: int
    held_out: float = Field(description="mean reward on scenarios that it was not trained on")
    held_out_first_fit: float = Field(description="first fit's on the same")
    values: dict[str, float] = Field(description="scenario that is open -> value, higher is better")


def train(desk: Desk, arguments: TrainArguments) -> Trained:
    """Train a small network by PPO on generated scenarios for some seconds; it is left on the desk as a draft."""
    from aurora.learning.rl import report  # noqa: PLC0415  # heavy, used here only

    level = arguments.level or _level_of(desk)
    training = report.train("ppo", levels=(level,), steps=arguments.steps, seed=arguments.seed, held_out=HELD_OUT)
    assert training.policy is not None  # PPO's network is a policy
    draft = training.policy.model_copy(update={"policy_id": DRAFT + policy_key(training.policy)})
    desk.draft(draft)
    (held_out,) = training.held_out
    return Trained(
        policy_id=draft.policy_id,
        level=level,
        steps=training.steps,
        held_out=held_out.reward,
        held_out_first_fit=held_out.first_fit,
        values={s: desk.worth(s, draft.policy_id) for s in desk.scenario_ids},
    )


def _level_of(desk: Desk) -> int:
    """Return the level, up to 3, whose number of tasks is nearest that of the largest open scenario; else 1."""
    tasks = max((len(desk.scenario(s).scenario.tasks) for s in desk.scenario_ids), default=0)
    return min(LEVELS[:3], key=lambda level: abs(level.tasks - tasks)).number
