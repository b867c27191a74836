"""Sentiment of short texts that people rated: tweets, product reviews and film reviews of the VADER study.

Each snippet was rated by ten or twenty people from -4 to 4 (Hutto and Gilbert 2014: VADER, a parsimonious rule-based
model for sentiment analysis of social media text, ICWSM). Snippets with a mean rating of at least 0.5 or at most -0.5
are positive or negative; the others are left out. The ratings are in the source distribution of vaderSentiment only;
`aurora compose data sentiment` gets them.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from aurora.errors import DataError, FileError
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.learning.composition.tasks.task import Split, Task

NAME = "sentiment"
CLASSES = ("negative", "positive")
INPUT = ValueType("text")
GROUPS = ("tweets", "products", "films")
SNIPPETS_SHA256 = "6d313c4b58aa0934fc9c9cdb277b5d5358e5d055b033b10dd69410697d14ccb1"
"""Hash of the file of snippets that is kept."""
LEAST_RATING = 0.5
"""Least distance of a mean rating from 0."""
_EACH = 1400
_SHARES = (0.5, 0.25)
_SEED = 20_260_103
_COLUMNS = 3


def snippets_path() -> Path:
    """Return the file of rated snippets: a line each, with source, mean rating and text, separated by tabs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aurora" / "compose" / "rated-snippets.tsv"


def task(path: Path | None = None) -> Task:
    """Return the task: 1,400 snippets of each source, half to fit on, a quarter to choose on, a quarter sealed.

    Args:
        path: File of rated snippets; None: where `aurora compose data sentiment` keeps it.

    Raises:
        FileError: The file is absent.
        DataError: It is not the file that is expected.
    """
    path = path or snippets_path()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(
            f"can't read the rated snippets in {path} ({error.strerror or error}); "
            "get them once with: aurora compose data sentiment"
        ) from None
    if hashlib.sha256(content).hexdigest() != SNIPPETS_SHA256:
        raise DataError(f"{path} has changed; delete it and get it again with: aurora compose data sentiment")
    fit, select, sealed = _split(content.decode())
    return Task(
        name=NAME,
        title="sentiment of a short text",
        input=INPUT,
        classes=CLASSES,
        fit=fit,
        select=select,
        sealed=sealed,
        source="ratings of the VADER study (Hutto and Gilbert, 2014), from the sdist of vaderSentiment 3.3.2",
        licence="MIT",
    )


def _split(text: str) -> tuple[Split, Split, Split]:
    rows: dict[str, list[tuple[str, int]]] = {group: [] for group in GROUPS}
    for line in text.split("\n")[:-1]:
        group, rating, snippet = line.split("\t", _COLUMNS - 1)
        if group in rows and abs(float(rating)) >= LEAST_RATING:
            rows[group].append((snippet, int(float(rating) > 0)))
    generator = np.random.default_rng(_SEED)
    parts: tuple[list[tuple[str, int, str]], ...] = ([], [], [])
    cuts = (0, int(_EACH * _SHARES[0]), int(_EACH * sum(_SHARES)), _EACH)
    for group, listed in rows.items():
        chosen = [listed[k] for k in generator.permutation(len(listed))[:_EACH]]
        for part, start, end in zip(parts, cuts, cuts[1:], strict=False):
            part.extend((snippet, label, group) for snippet, label in chosen[start:end])
    fit, select, sealed = (_shuffled(part, generator) for part in parts)
    return fit, select, sealed


def _shuffled(part: list[tuple[str, int, str]], generator: np.random.Generator) -> Split:
    rows = [part[k] for k in generator.permutation(len(part))]
    texts, labels, groups = zip(*rows, strict=True)
    return Split(list(texts), np.array(labels, np.int64), tuple(groups))
