"""Methods for texts: hashed and weighted words, embeddings by packaged weights, and the rules of VADER."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from aurora.errors import DataError
from aurora.learning.composition.pipelines.value_types import Array, Batch

Texts = Callable[[Batch], Array]
"""Takes a list of texts and gives a row of numbers for each."""

MINILM_TOKENS = 128
"""Most tokens of a text that MiniLM reads: what it was trained with."""
STATIC_WEIGHTS = "weights/l2_supercat_256.safetensors"
STATIC_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
MINILM_MODEL, MINILM_TOKENIZER = "model.onnx", "model/tokenizer.json"
_WORD = re.compile(r"\b\w\w+\b")


def words_and_pairs(text: str) -> list[str]:
    """Return the words of a text in lower case, of two letters or more, then each pair of neighbours.

    They are those of scikit-learn's `TfidfVectorizer(ngram_range=(1, 2))`.
    """
    words = _WORD.findall(text.lower())
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def hashing(width: int) -> Texts:
    """Return counts of words and pairs, hashed to numbers of a vector of length 1 (Weinberger et al., 2009).

    The hash is CRC-32, whose lowest bit gives the sign and the others the place.
    """

    def run(batch: Batch) -> Array:
        values = np.zeros((len(batch), width), np.float32)
        for row, text in zip(values, _texts(batch), strict=True):
            for word in words_and_pairs(text):
                code = zlib.crc32(word.encode())
                row[(code >> 1) % width] += 1.0 if code & 1 else -1.0
        return _unit(values)

    return run


def tf_idf(vocabulary: Sequence[str], weights: Sequence[float]) -> Texts:
    """Return the log of counts times the rarity of words and pairs, as vectors of length 1.

    Args:
        vocabulary: The words and pairs.
        weights: Inverse document frequency of each.
    """
    place = {word: k for k, word in enumerate(vocabulary)}
    rarity = np.asarray(weights, np.float64)

    def run(batch: Batch) -> Array:
        values = np.zeros((len(batch), len(place)), np.float32)
        for row, text in zip(values, _texts(batch), strict=True):
            counts = Counter(place[word] for word in words_and_pairs(text) if word in place)
            for k, count in counts.items():
                row[k] = (1.0 + math.log(count)) * rarity[k]
        return _unit(values)

    return run


def static_embedding(weights: bytes, tokenizer: bytes) -> Texts:
    """Return the mean of the vectors of a text's tokens.

    Args:
        weights: File in the format of safetensors with one matrix, of shape (tokens, numbers).
        tokenizer: JSON of the library `tokenizers`.

    Raises:
        DataError: A file is not what it should be.
    """
    from safetensors.numpy import load  # noqa: PLC0415  # for texts only

    matrices = list(load(weights).values())
    if len(matrices) != 1:
        raise DataError(f"weights of static embeddings hold {len(matrices)} matrices, and one is expected")
    matrix = matrices[0]
    encode = _tokenizer(tokenizer)

    def run(batch: Batch) -> Array:
        values = np.zeros((len(batch), matrix.shape[1]), np.float32)
        for row, text in zip(values, _texts(batch), strict=True):
            ids = encode.encode(text, add_special_tokens=False).ids
            if ids:
                row[:] = matrix[ids].astype(np.float32).mean(axis=0)
        return values

    return run


def sentence_embedding(session: Any, tokenizer: bytes) -> Texts:
    """Return the mean of a BERT's last states over a text's tokens, of length 1 (Reimers and Gurevych, 2019).

    Args:
        session: Session of ONNX Runtime with token ids, mask and segments in, and last states out.
        tokenizer: JSON of the library `tokenizers`.
    """
    encode = _tokenizer(tokenizer)
    encode.enable_truncation(MINILM_TOKENS)
    encode.enable_padding()

    def run(batch: Batch) -> Array:
        tokens = encode.encode_batch(_texts(batch))
        ids = np.array([one.ids for one in tokens], np.int64)
        mask = np.array([one.attention_mask for one in tokens], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = session.run(None, given)[0]
        weights = mask[:, :, None].astype(np.float32)
        return _unit((states * weights).sum(axis=1) / weights.sum(axis=1))

    return run


def vader(slope: float, offset: float) -> Texts:
    """Return the probabilities of a negative and a positive text by VADER's score, calibrated after Platt (1999).

    Args:
        slope: Factor of the score, which lies from -1 to 1.
        offset: Logit of a positive text at score 0.
    """
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415  # for texts only

    analyser = SentimentIntensityAnalyzer()

    def run(batch: Batch) -> Array:
        scores = np.array([analyser.polarity_scores(text)["compound"] for text in _texts(batch)])
        positive = 1.0 / (1.0 + np.exp(-(slope * scores + offset)))
        return np.stack([1.0 - positive, positive], axis=1).astype(np.float32)

    return run


def _tokenizer(content: bytes) -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415  # for texts only

    encode = Tokenizer.from_str(content.decode())
    encode.no_truncation()
    encode.no_padding()
    return encode


def _texts(batch: Batch) -> list[str]:
    if not isinstance(batch, list):
        raise DataError("it takes a list of texts, and was given an array")
    return batch


def _unit(values: Array) -> Array:
    """Return rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit: Array = (values / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return unit
