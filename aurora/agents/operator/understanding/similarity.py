"""Similarity of a question to the examples of each kind: TF-IDF over words, pairs of words and parts of words."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal

from aurora.agents.operator.lists import entries
from aurora.agents.operator.questions import KINDS, Kind
from aurora.agents.operator.understanding.words import everyday, stem, with_phrases, without_courtesies

_BEFORE_NAMES = (
    r"\b(?:of|on|for|to|is|are|does|do|if|will|about|drain|show|forecast|predict|scale|place|resize|why|can|"
    r"would|could|"
    r"has|did|whatif|in|from|with)"
)
_RAW_WORD = re.compile(r"(?<![<\w])[a-z][\w-]*(?![\w>])")
_WORD = re.compile(r"<\w+>|[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?")
_PLACEHOLDERS = {"<task>": "<thing>", "<workload>": "<thing>", "<series>": "<thing>"}
_BESIDE = {"<thing>": {"task", "workload"}, "<node>": {"node"}, "<zone>": {"zone"}, "<policy>": {"policy"},
           "<plan>": {"plan"}}  # fmt: skip
"""Words that only repeat what the name beside them is."""
PAIR, PART = 0.7, 0.25
"""Weights of pairs of words and of parts of words, compared with words."""
PART_LENGTH = 4
NEGATION = 1.6
"""Weight of a negation."""
SMOOTHING, TEMPERATURE = 0.3, 2.0
"""Of the odds of kinds: examples added to each count, and what makes them less sure, as words depend on each other."""
AnyKind = Kind | Literal["other"]
"""A kind of question, or none of them."""
MIN_NAME = 3
"""Fewest letters of a word that may be a name."""
MERGED: Mapping[AnyKind, AnyKind] = {"show_task": "show_workload"}
"""Kinds that only differ by the sort of name that they are about."""


@cache
def _silent() -> frozenset[str]:
    """Return the words that say little about what is asked."""
    return frozenset(entries("silent"))


def words_of(masked: str) -> list[str]:
    """Return the words by which a question is compared, names replaced by placeholders.

    >>> words_of("why is the <workload> pod not on node <node>")
    ['why', '<thing>', 'not', 'on', '<node>']
    """
    words = [stem(_PLACEHOLDERS.get(w, w)) for w in _WORD.findall(with_phrases(without_courtesies(masked)))]
    kept = []
    for k, word in enumerate(words):
        beside = {words[j] for j in (k - 1, k + 1) if 0 <= j < len(words)}
        if word in _silent() or any(word in _BESIDE.get(b, ()) for b in beside):
            continue
        kept.append("<num>" if word[0].isdigit() else word)
    return kept


def features(words: list[str]) -> Counter[str]:
    """Return the words, pairs of words and parts of words, with their weights."""
    found: Counter[str] = Counter()
    for word in words:
        found[word] += NEGATION if word == "not" else 1.0  # type: ignore[assignment]  # weights
        if not word.startswith("<") and len(word) > PART_LENGTH:
            padded = f"^{word}$"
            parts = [padded[k : k + PART_LENGTH] for k in range(len(padded) - PART_LENGTH + 1)]
            for part in parts:
                found[f"#{part}"] += PART / math.sqrt(len(parts))  # type: ignore[assignment]
    for first, second in zip(["^", *words], [*words, "$"], strict=True):
        found[f"{first} {second}"] += PAIR if first != "^" and second != "$" else PAIR / 2  # type: ignore[assignment]
    return found


class Examples:
    """The examples of all kinds as vectors of unit length."""

    def __init__(self, texts: Iterable[tuple[AnyKind, str]]) -> None:
        self._kinds: list[AnyKind] = []
        self._has_not: list[bool] = []
        rows: list[Counter[str]] = []
        self._texts: set[tuple[AnyKind, str]] = set()
        for kind, text in texts:
            words = words_of(text)
            self._texts.add((kind, _spaced(text)))
            self._kinds.append(kind)
            self._has_not.append("not" in words)
            rows.append(features(words))
        documents = Counter(f for row in rows for f in row)
        self._counts: dict[AnyKind, Counter[str]] = {}
        for kind, row in zip(self._kinds, rows, strict=True):
            self._counts.setdefault(kind, Counter()).update({f for f in row if not f.startswith("#")})
        self._sizes = Counter(self._kinds)
        self._unknown = math.log(1 + len(rows))
        self._idf = {f: math.log(1 + len(rows) / n) for f, n in documents.items()}
        self.vocabulary = frozenset(f for f in documents if " " not in f and not f.startswith("#"))
        self._own_words = frozenset(
            f for kind, row in zip(self._kinds, rows, strict=True) if kind != "other" for f in row if " " not in f
        )
        self._index: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, row in enumerate(rows):
            for feature, weight in self._weighted(row).items():
                self._index[feature].append((number, weight))

    def _weighted(self, row: Counter[str]) -> dict[str, float]:
        weights = {f: n * self._idf.get(f, self._unknown) for f, n in row.items()}
        norm = math.sqrt(sum(w * w for w in weights.values())) or 1.0
        return {f: w / norm for f, w in weights.items()}

    def _words(self, masked: str) -> list[str]:
        """Return the words of a question without everyday words that no example has."""
        return [w for w in words_of(masked) if w in self.vocabulary or w not in everyday()]

    def has(self, masked: str, kind: AnyKind) -> bool:
        """Return whether a question is an example of a kind, word by word."""
        return (kind, _spaced(masked)) in self._texts

    def odds(self, masked: str) -> dict[AnyKind, float]:
        """Return the probability of each kind by the words and pairs of words that its examples have (naive Bayes)."""
        found = {f for f in features(self._words(masked)) if not f.startswith("#") and f in self._idf}
        logs: dict[AnyKind, float] = {}
        for kind, size in self._sizes.items():
            counts = self._counts[kind]
            logs[kind] = sum(
                (1.0 if " " not in f else PAIR) * math.log((counts[f] + SMOOTHING) / (size + 2 * SMOOTHING))
                for f in found
            )
        top = max(logs.values())
        weights = {kind: math.exp((value - top) / TEMPERATURE) for kind, value in logs.items()}
        total = sum(weights.values())
        return {kind: weight / total for kind, weight in weights.items()}

    def likeness(self, masked: str) -> dict[AnyKind, float]:
        """Return the likeness of a question to each kind, from 0 to 1: that to its nearest examples."""
        words = self._words(masked)
        scores: dict[int, float] = defaultdict(float)
        for feature, weight in self._weighted(features(words)).items():
            for number, other in self._index.get(feature, ()):
                scores[number] += weight * other
        has_not = "not" in words
        nearest: dict[AnyKind, list[float]] = {kind: [] for kind in self._sizes}
        for number, score in scores.items():
            unlike = 0.8 if self._has_not[number] != has_not else 1.0
            nearest[self._kinds[number]].append(unlike * score)
        found: dict[AnyKind, float] = {}
        for kind, values in nearest.items():
            top = sorted(values, reverse=True)[:4]
            found[kind] = 0.75 * top[0] + 0.25 * sum(top) / 4 if top else 0.0
        return found

    def strange_words(self, masked: str) -> tuple[str, ...]:
        """Return the words that are neither in examples nor everyday words: perhaps names that nothing has."""
        words = _RAW_WORD.findall(with_phrases(masked))
        return tuple(
            w
            for w in words
            if len(w) >= MIN_NAME
            and not any(c.isdigit() for c in w)
            and stem(w) not in self._own_words
            and w not in _silent()
            and not {w, stem(w)} & everyday()
        )

    def strange_names(self, masked: str) -> tuple[str, ...]:
        """Return the strange words that stand where names do: at the beginning, or after words such as `of`."""
        text = with_phrases(masked).strip()
        return tuple(
            w
            for w in self.strange_words(masked)
            if re.search(rf"(?:^|{_BEFORE_NAMES}\s+(?:the |my |our )?){re.escape(w)}", text)
        )

    def known_share(self, masked: str) -> float:
        """Return the share of a question's words that occur in examples."""
        words = self._words(masked)
        return sum(w in self.vocabulary for w in words) / len(words) if words else 0.0


def _spaced(masked: str) -> str:
    return " ".join(_PLACEHOLDERS.get(word, word) for word in _WORD.findall(masked))


@cache
def labelled() -> tuple[tuple[AnyKind, str], ...]:
    """Return all examples with their kinds."""
    kinds: tuple[AnyKind, ...] = (*KINDS, "other")
    return tuple((MERGED.get(kind, kind), line) for kind in kinds for line in entries(f"examples/{kind}"))


@cache
def examples() -> Examples:
    """Return the examples of all kinds, to compare with."""
    return Examples(labelled())
