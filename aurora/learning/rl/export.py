"""Exports a trained network as a policy."""

from __future__ import annotations

import torch
from numpy.typing import ArrayLike

from aurora.errors import PolicyError
from aurora.learning.rl.networks import ActorCritic
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS, scale_of
from aurora.sim.policies.network import scoring_network
from aurora.sim.policies.policy import Policy


def to_policy(network: ActorCritic, description: str = "") -> Policy:
    """Return the policy that places tasks where a network scores highest; the kernel simulates it as any other.

    Args:
        network: Network without LSTM.
        description: Description of the policy.

    Raises:
        PolicyError: The network has an LSTM; a policy's scores depend on one decision alone.
    """
    if network.config.lstm_size:
        raise PolicyError(
            "a network with an LSTM can't be a policy; aurora.learning.rl.evaluation.agent_rewards evaluates it"
        )
    features = (*CANDIDATE_INPUTS, *CONTEXT_INPUTS)
    with torch.no_grad():
        candidate_weight, (context_weight, bias) = network.folded_first_layer()
        layers: list[tuple[ArrayLike, ArrayLike]] = [
            (torch.cat((candidate_weight, context_weight), 1).numpy(), bias.numpy()),
            (network.hidden.weight.numpy(), network.hidden.bias.numpy()),
            (network.score.weight.numpy(), [0.0]),
        ]
    return scoring_network(features, [scale_of(f) for f in features], layers, description=description)
