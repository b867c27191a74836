"""Trained networks as policies: made from arrays, and evaluated outside the kernel."""

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

DIGITS = 9
"""Significant digits that are kept of a weight; as many tell all float32 numbers apart."""


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
            in `aurora.sim.policies.inputs`. Those of candidates and those of the decision may stand in any order.
        scale: Divisor of each input before it is squashed, as `aurora.sim.policies.inputs.scale_of` gives it for
            what an environment shows. Normalising after that belongs into the first layer's weights and bias.
        weights: Weights [units, inputs] of each layer, as torch has them, and its bias [units]. The last layer
            has one unit.
        activation: Activation of all layers but the last.
        base: Its order, discipline and choice of devices are taken over, and its `admit`; by default first come,
            first served without head-of-line blocking, as an environment has it.
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
    shown = np.array([float(f"{x:.{DIGITS}g}") for x in array.reshape(-1)])
    return shown.reshape(array.shape).tolist()


def gradients_of(network: Network, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gradient of the score by each input.

    Args:
        network: The network.
        inputs: [..., inputs], squashed.

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
    """The network of a policy.

    Raises:
        PolicyError: It has rules instead.
    """
    if policy.allocation_strategy.network is None:
        raise PolicyError(f"policy {policy.policy_id} has rules, not a network")
    return policy.allocation_strategy.network


def inputs_from(network: Network, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a network's inputs from the values of all features.

    Args:
        network: The network.
        features: [..., features of the table], as a trace has them.

    Returns:
        [..., inputs], squashed.
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
    """Scores of candidates, computed plainly; the kernel gives the same.

    Args:
        network: The network.
        inputs: [..., inputs], squashed.
    """
    values = inputs
    for layer in network.layers[:-1]:
        values = values @ np.array(layer.weights).T + np.array(layer.bias)
        values = np.maximum(values, 0.0) if network.activation == "relu" else np.tanh(values)
    last = network.layers[-1]
    return np.asarray((values @ np.array(last.weights).T + np.array(last.bias))[..., 0])
