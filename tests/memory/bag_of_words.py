"""A bag-of-words embedder for tests: every word hashes to its own dimension."""

import hashlib
from collections.abc import Sequence

import numpy as np

from aurora.memory.embedder import Vectors


class BagOfWords:
    def __init__(self, fingerprint: str = "words-1", size: int = 64) -> None:
        self.fingerprint = fingerprint
        self.size = size
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        rows = np.zeros((len(texts), self.size), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[int.from_bytes(hashlib.blake2b(word.encode(), digest_size=2).digest()) % self.size] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
