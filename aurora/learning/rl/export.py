"""A trained scorer as a policy like any other."""

from __future__ import annotations

import torch
from numpy.typing import ArrayLike

from aurora.errors import PolicyError
from aurora.learning.rl.networks import ActorCritic
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS, scale_of
from aurora.sim.policies.network import scoring_network
from aurora.sim.policies.policy import Policy


def to_policy(network: ActorCritic, description: str = "") -> Policy:
    """The policy that places tasks where a network scores highest: simulated by the kernel, and rated, like any other.

    Args:
        network: Without memory.
        description: For people.

    Raises:
        PolicyError: The network remembers: its scores depend on more than a decision, which no policy's may.
    """
    if network.shape.memory:
        raise PolicyError(
            "a network with memory can't be a policy; aurora.learning.rl.rollout.agent_values simulates it"
        )
    features = (*CANDIDATE_INPUTS, *CONTEXT_INPUTS)
    with torch.no_grad():
        ours, (theirs, bias) = network.first_layer()
        layers: list[tuple[ArrayLike, ArrayLike]] = [
            (torch.cat((ours, theirs), 1).numpy(), bias.numpy()),
            (network.hidden.weight.numpy(), network.hidden.bias.numpy()),
            (network.score.weight.numpy(), [0.0]),
        ]
    return scoring_network(features, [scale_of(f) for f in features], layers, description=description)
