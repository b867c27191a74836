"""Makes policies from trained networks, and evaluates networks outside the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from aurora.errors import PolicyError
from aurora.sim.policies.compiler import policy_key
from aurora.sim.policies.features import squash
from aurora.sim.policies.inputs import parse_input
from aurora.sim.policies.policy import AllocationStrategy, Network, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.validation import explain_validation

WEIGHT_DIGITS = 9
"""Significant digits of a weight that are kept, enough to distinguish all float32 numbers."""


def scoring_network(
    features: Sequence[str],
    scale: ArrayLike,
    weights: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    activation: Literal["relu", "tanh"] = "relu",
    base: Policy | None = None,
    description: str = "",
) -> Policy:
    """Return a policy that places tasks where a trained network scores highest.

    Args:
        features: Inputs of the network, in the order of the columns of its first weights: features or ratios, as
            in `aurora.sim.policies.inputs`. Inputs of candidates and of the decision may come in any order.
        scale: Divisor of each input before it is squashed, as from `aurora.sim.policies.inputs.scale_of` for inputs of
            an observation. Any further normalisation must be part of the first layer's weights and bias.
        weights: Weights [units, inputs], as in torch, and bias [units] of each layer. The last layer has one unit.
        activation: Activation of all layers but the last.
        base: Policy whose order, queue discipline, choice of devices and `admit` are used; by default first come, first
            served without head-of-line blocking, as in an environment.
        description: Description for people.

    Raises:
        PolicyError: Shapes don't fit together, a number is not finite, a feature is unknown, or the network is
            larger than a policy may be.
    """
    base = REFERENCES["first_fit"] if base is None else base
    layers = [{"weights": _rounded(w, 2), "bias": _rounded(b, 1)} for w, b in weights]
    sizes = np.asarray(scale, np.float64).reshape(-1).tolist()
    try:
        network = Network.model_validate(
            {"inputs": tuple(features), "scale": sizes, "activation": activation, "layers": layers}
        )
        strategy = AllocationStrategy.model_validate(
            base.allocation_strategy.model_dump()
            | {"algorithm_type": "custom", "decision_rules": (), "network": network.model_dump(), "pseudocode": ""}
        )
        policy = Policy(policy_id="network", policy_description=description, allocation_strategy=strategy)
    except ValidationError as error:
        raise PolicyError(f"network: {explain_validation(error)}") from None
    return policy.model_copy(update={"policy_id": policy_key(policy)})


def _rounded(values: Any, dimensions: int) -> Any:
    array = np.asarray(values, np.float64)
    if array.ndim != dimensions:
        raise PolicyError(f"network: weights are [units, inputs] and a bias [units], not of shape {array.shape}")
    if not np.isfinite(array).all():
        raise PolicyError("network: a weight is not finite; training diverged")
    shown = np.array([float(f"{x:.{WEIGHT_DIGITS}g}") for x in array.reshape(-1)])
    return shown.reshape(array.shape).tolist()


def gradients_of(network: Network, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gradient of the score with respect to each input.

    Args:
        network: The network.
        inputs: Squashed inputs, [..., inputs].

    Returns:
        [..., inputs].
    """
    values, slopes = inputs, []
    for layer in network.layers[:-1]:
        values = values @ np.array(layer.weights).T + np.array(layer.bias)
        if network.activation == "relu":
            slopes.append((values > 0).astype(np.float64))
            values = np.maximum(values, 0.0)
        else:
            values = np.tanh(values)
            slopes.append(1.0 - values * values)
    last = np.array(network.layers[-1].weights[0])
    gradient = np.broadcast_to(last, (*inputs.shape[:-1], len(last)))
    for layer, slope in zip(network.layers[-2::-1], reversed(slopes), strict=True):
        gradient = (gradient * slope) @ np.array(layer.weights)
    return np.asarray(gradient)


def network_of(policy: Policy) -> Network:
    """Return the network of a policy.

    Raises:
        PolicyError: The policy has rules instead.
    """
    if policy.allocation_strategy.network is None:
        raise PolicyError(f"policy {policy.policy_id} has rules, not a network")
    return policy.allocation_strategy.network


def inputs_from(network: Network, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a network's inputs from the values of all features.

    Args:
        network: The network.
        features: Values of all features in the table, as in a trace, [..., features].

    Returns:
        Squashed inputs, [..., inputs].
    """
    columns = []
    for text in network.inputs:
        times, feature, per = parse_input(text)
        value = features[..., feature] * (features[..., times] if times >= 0 else 1.0)
        if per >= 0:
            over = features[..., per]
            value = np.divide(value, over, out=np.zeros_like(value), where=over != 0)
        columns.append(value)
    return squash(np.stack(columns, axis=-1), np.array(network.scale))


def scores_of(network: Network, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scores of candidates, computed plainly; the kernel gives the same.

    Args:
        network: The network.
        inputs: Squashed inputs, [..., inputs].
    """
    values = inputs
    for layer in network.layers[:-1]:
        values = values @ np.array(layer.weights).T + np.array(layer.bias)
        values = np.maximum(values, 0.0) if network.activation == "relu" else np.tanh(values)
    last = network.layers[-1]
    return np.asarray((values @ np.array(last.weights).T + np.array(last.bias))[..., 0])
