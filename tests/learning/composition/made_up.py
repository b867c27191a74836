"""A made-up catalogue, and measurements of its chains by a stated law."""

import numpy as np
from hypothesis import strategies as st

from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage
from aurora.learning.composition.pipelines.rules import Limits, Rules, TypedComponent, named
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.learning.composition.profiles.measurements import ChainMeasurement

TEXT, EMBEDDING = ValueType("text"), ValueType("embedding")
CLASSES = ("bad", "good")
ANSWER = ValueType("probability", 2, CLASSES)
COMPONENTS = named(
    (
        TypedComponent("vader", "model", (TEXT,), ANSWER),
        TypedComponent("logistic", "model", (EMBEDDING,), ANSWER),
        TypedComponent("svc", "model", (ValueType("embedding", 8),), ANSWER),
        TypedComponent("three", "model", (EMBEDDING,), ValueType("probability", 3)),
        TypedComponent("other-names", "model", (EMBEDDING,), ValueType("probability", 2, ("good", "bad"))),
        TypedComponent("old", "model", (TEXT,), ANSWER, deprecated="use vader"),
        TypedComponent("minilm", "transformation", (TEXT,), ValueType("embedding", 16)),
        TypedComponent("tf-idf", "transformation", (TEXT,), ValueType("embedding", 99)),
        TypedComponent("pca-8", "transformation", (EMBEDDING,), ValueType("embedding", 8)),
        TypedComponent("scaler", "transformation", (EMBEDDING,)),
    )
)
LIMITS = Limits(stages=2, branches=2, gate_branches=1, transformations=2, thresholds=(0.6, 0.8, 0.95))


def rules(**limits):
    return Rules(COMPONENTS, TEXT, CLASSES, Limits(**{**LIMITS.__dict__, **limits}))


def any_pipeline():
    """Return a strategy of pipelines that mostly do not fit."""
    ids = st.sampled_from([*COMPONENTS, "unknown"])
    branches = st.builds(Branch, st.lists(ids, max_size=3).map(tuple), ids)
    thresholds = st.none() | st.floats(0.5, 1.0)
    stages = st.builds(Stage, st.lists(branches, min_size=1, max_size=3).map(tuple), thresholds)
    return st.lists(stages, min_size=1, max_size=3).map(lambda found: Pipeline(tuple(found)))


def measured(chains, items=200, seed=0):
    """Return measurements of chains, and the labels: a chain's skill and time follow from its length."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, items)
    hardness = random.normal(0, 1, items)
    found = {}
    for number, branch in enumerate(chains):
        skill = 0.6 + 0.4 * len(branch.components) + 0.05 * number
        margin = (2 * labels - 1) * (skill + hardness * 0.7 + random.normal(0, 1, items))
        good = 1 / (1 + np.exp(-margin))
        seconds = (1e-4 * 4 ** len(branch.components) + 1e-5 * number) * random.lognormal(0, 0.3, items)
        parts = len(branch.components)
        found[branch] = ChainMeasurement(
            branch,
            np.stack([1 - good, good], axis=1).astype(np.float32),
            seconds,
            {1: float(np.median(seconds)), 8: 4 * float(np.median(seconds)), 32: 12 * float(np.median(seconds))},
            memory=1e6 * parts,
            size=1e5 * parts,
            component_memory=(1e6,) * parts,
            component_size=(1e5,) * parts,
        )
    return found, labels
