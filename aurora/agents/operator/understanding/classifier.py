"""Probability of each kind of question by its words: softmax regression whose weights come with the package.

The weights are trained on `data/examples` by `python -m aurora.agents.operator.understanding.training`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from aurora.agents.operator.understanding.similarity import AnyKind, labelled, words_of
from aurora.types import FloatArray

BIGRAM = 0.7
"""Weight of a pair of words, compared with words and names."""
NAMES = ("<node>", "<zone>", "<plan>", "<policy>", "<thing>", "<pct>", "<num>", "<time>")
WEIGHTS = "weights.npz"


class Classifier(NamedTuple):
    """Softmax regression over words, pairs of words, and the names and amounts of a question.

    Attributes:
        kinds: Kinds in the order of the columns.
        rows: Row of each feature.
        weights: Weights, float64 [features, kinds].
        bias: Bias of each kind, float64 [kinds].
        digest: Hash of the examples that it was trained on.
    """

    kinds: tuple[AnyKind, ...]
    rows: Mapping[str, int]
    weights: FloatArray
    bias: FloatArray
    digest: str

    def logs(self, masked: str) -> dict[AnyKind, float]:
        """Return the logarithm of each kind's probability for a masked question."""
        values = self.bias.copy()
        for feature, weight in vector(masked).items():
            row = self.rows.get(feature)
            if row is not None:
                values += weight * self.weights[row]
        values -= values.max()
        values -= np.log(np.exp(values).sum())
        return dict(zip(self.kinds, values.tolist(), strict=True))


def vector(masked: str) -> dict[str, float]:
    """Return the features of a masked question, of length one.

    >>> {k: round(v, 2) for k, v in vector("drain <node>").items()}
    {'drain': 0.47, '<node>': 0.47, '^ drain': 0.33, 'drain <node>': 0.33, '<node> $': 0.33, 'has <node>': 0.47}
    """
    words = words_of(masked)
    found = dict.fromkeys(words, 1.0)
    found |= {f"{a} {b}": BIGRAM for a, b in zip(["^", *words], [*words, "$"], strict=True)}
    for name in NAMES:
        count = words.count(name)
        if count:
            found[f"has {name}"] = 1.0
        if count > 1:
            found[f"has several {name}"] = 1.0
    norm = sum(v * v for v in found.values()) ** 0.5 or 1.0
    return {feature: value / norm for feature, value in found.items()}


def digest_of_examples() -> str:
    """Return a hash of the examples as the classifier sees them."""
    lines = "\n".join(f"{kind} {' '.join(words_of(text))}" for kind, text in labelled())
    return hashlib.sha256(lines.encode()).hexdigest()


@cache
def classifier() -> Classifier:
    """Return the trained classifier of the package."""
    path = files(__package__).parent.joinpath("data", WEIGHTS)  # type: ignore[attr-defined]
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        features = str(data["features"]).split("\n")
        return Classifier(
            tuple(str(data["kinds"]).split()),  # type: ignore[arg-type]
            {feature: row for row, feature in enumerate(features)},
            data["weights"] * data["scale"],
            data["bias"],
            str(data["digest"]),
        )
