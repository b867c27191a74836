"""Trains the classifier of questions on the examples and writes its weights: `python -m` this module."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from scipy import optimize, sparse

from aurora.agents.operator.understanding.classifier import WEIGHTS, digest_of_examples, vector
from aurora.agents.operator.understanding.similarity import labelled
from aurora.types import FloatArray

MIN_EXAMPLES = 2
"""Fewest examples that a feature occurs in."""
PENALTY = 1 / 30
"""Weight of the squared weights, compared with the sum of the log losses."""
LEVELS = 127
"""Steps of a weight as it is stored, one byte."""
MAX_ITERATIONS = 400


def train(path: Path) -> None:
    """Train on all examples and write the weights to a file."""
    rows = labelled()
    vectors = [vector(text) for _, text in rows]
    counts = Counter(feature for one in vectors for feature in one)
    features = sorted(f for f, n in counts.items() if n >= MIN_EXAMPLES)
    kinds = sorted({kind for kind, _ in rows})
    weights, bias = _fit(_matrix(vectors, features), np.array([kinds.index(kind) for kind, _ in rows]), len(kinds))
    scale = np.abs(weights).max() / LEVELS
    np.savez_compressed(
        path,
        features="\n".join(features),
        kinds=" ".join(kinds),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale,
        bias=bias,
        digest=digest_of_examples(),
    )


def _matrix(vectors: list[dict[str, float]], features: list[str]) -> sparse.csr_array:
    column = {feature: k for k, feature in enumerate(features)}
    cells = [(n, column[f], v) for n, one in enumerate(vectors) for f, v in one.items() if f in column]
    at, to, values = (np.array(part) for part in zip(*cells, strict=True))
    return sparse.csr_array((values, (at, to)), shape=(len(vectors), len(features)))


def _fit(matrix: sparse.csr_array, labels: np.ndarray, kinds: int) -> tuple[FloatArray, FloatArray]:
    """Return weights [features, kinds] and bias [kinds] of the softmax regression with the least penalised loss."""
    count, width = matrix.shape
    wanted = np.zeros((count, kinds))
    wanted[np.arange(count), labels] = 1.0

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        weights, bias = flat[: width * kinds].reshape(width, kinds), flat[width * kinds :]
        values = matrix @ weights + bias
        values -= values.max(1, keepdims=True)
        logs = values - np.log(np.exp(values).sum(1, keepdims=True))
        excess = np.exp(logs) - wanted
        gradient = np.concatenate([(matrix.T @ excess + PENALTY * weights).ravel(), excess.sum(0)])
        return float(-(logs * wanted).sum() + PENALTY / 2 * (weights**2).sum()), gradient

    start = np.zeros(width * kinds + kinds)
    flat = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS}).x
    return flat[: width * kinds].reshape(width, kinds), flat[width * kinds :]


if __name__ == "__main__":
    train(Path(__file__).parents[1] / "data" / WEIGHTS)
