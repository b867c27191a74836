"""Compiles a network to bytecode: its inputs, then one instruction for each layer."""

from __future__ import annotations

from typing import NamedTuple

from aurora.sim.policies.inputs import Input, parse_input
from aurora.sim.policies.policy import Layer, Network
from aurora.sim.policies.program import RIGHT_SCALAR, Instruction, Op

_ACTIVATIONS = {"none": 0.0, "relu": 1.0, "tanh": 2.0}
"""Codes of the activations in `Program.consts`."""


class Scoring(NamedTuple):
    """A section that scores candidates.

    Attributes:
        code: Instructions.
        consts: Constants, to be appended to the program's.
        result: Vector register of the scores.
        features: Indices of the features that it reads.
    """

    code: list[Instruction]
    consts: list[float]
    result: int
    features: frozenset[int]


def compile_network(network: Network, first_const: int) -> Scoring:
    """Compile a network for the kernel.

    Vector registers: the candidates' inputs from 0 on, above them the layers in turn, so that the score has the
    highest, which tells the kernel how many there are. Scalar registers: the decision's inputs from 0 on, above
    them what goes into them.

    Args:
        network: The network, validated by `Network`.
        first_const: Number of constants that precede these in the program.
    """
    inputs = [parse_input(text) for text in network.inputs]
    vectors = [k for k, x in enumerate(inputs) if x.varies]
    scalars = [k for k, x in enumerate(inputs) if not x.varies]
    emit = _Emitter(first_const, len(scalars))
    for register, k in enumerate(vectors):
        emit.input(inputs[k], network.scale[k], register, raw=len(vectors))
    for register, k in enumerate(scalars):
        emit.input(inputs[k], network.scale[k], register, raw=-1)
    source, target = 0, len(vectors)
    for number, layer in enumerate(network.layers):
        is_first, is_last = number == 0, number == len(network.layers) - 1
        emit.layer(
            layer,
            vectors + scalars if is_first else list(range(len(layer.weights[0]))),
            scalars=len(scalars) if is_first else 0,
            activation="none" if is_last else network.activation,
            source=source,
            target=target,
        )
        source, target = target, target + len(layer.weights)
    features = frozenset(f for x in inputs for f in x if f >= 0)
    return Scoring(emit.code, emit.consts, source, features)


class _Emitter:
    """Collects code and constants."""

    def __init__(self, first_const: int, scalars: int) -> None:
        self._first_const = first_const
        self._factor, self._other = scalars, scalars + 1
        self.code: list[Instruction] = []
        self.consts: list[float] = []

    def _constant(self, value: float) -> int:
        self.consts.append(value)
        return self._first_const + len(self.consts) - 1

    def input(self, source: Input, scale: float, register: int, *, raw: int) -> None:
        """Emit an input into a vector register, through the register `raw`; into a scalar register if `raw` is -1."""
        self.code.append((Op.CONST, self._factor, self._constant(1.0 / scale), 0, 0))
        for feature, op in ((source.times, Op.MUL), (source.per, Op.DIV)):
            if feature >= 0:
                self.code.append((Op.FEATURE_SCALAR, self._other, feature, 0, 0))
                self.code.append((op, self._factor, self._factor, self._other, self._other))
        if raw >= 0:
            # A feature vector may be memory of the scenario itself; it is squashed into a row of its own.
            self.code.append((Op.FEATURE_VECTOR, raw, source.feature, 0, 0))
            self.code.append((int(Op.SQUASH) + RIGHT_SCALAR, register, raw, self._factor, 0))
        else:
            self.code.append((Op.FEATURE_SCALAR, self._other, source.feature, 0, 0))
            self.code.append((Op.SQUASH, register, self._other, self._factor, self._factor))

    def layer(self, layer: Layer, order: list[int], *, scalars: int, activation: str, source: int, target: int) -> None:
        """Emit a layer over the vector registers from `source` on, and the first scalar registers.

        Args:
            layer: The layer.
            order: Columns of the weights in the order of the registers, vectors before scalars.
            scalars: Number of columns that are scalars.
            activation: Activation of the units.
            source: First register that it reads.
            target: First register that it writes.
        """
        shape = (len(order) - scalars, scalars, len(layer.weights), _ACTIVATIONS[activation])
        at = self._constant(float(shape[0]))
        self.consts += [float(x) for x in shape[1:]]
        for weights, bias in zip(layer.weights, layer.bias, strict=True):
            self.consts += [weights[k] for k in order] + [bias]
        self.code.append((Op.DENSE, target, source, 0, at))
