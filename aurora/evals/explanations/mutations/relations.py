"""Falsehoods about comparisons: opposites, superlatives, counterfactuals and negations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from aurora.evals.explanations.mutations.sentence import Said

_OPPOSITES: tuple[tuple[str, str], ...] = (
    ("a lower", "a higher"),
    ("lower than", "higher than"),
    ("less ", "more "),
    ("fewer", "more"),
    ("a shorter", "a longer"),
    ("cheaper", "dearer"),
    ("faster", "slower"),
    ("longer ago", "more recently"),
    ("within", "beyond"),
    ("lost", "won"),
    ("the same", "another"),
    ("completed", "dropped"),
    ("missed", "met"),
    ("had room", "had no room"),
    ("decided", "was decided by"),
    ("first", "last"),
    ("waited", "did not wait"),
    ("ended", "began"),
    ("came back", "failed"),
    ("held", "freed"),
    ("was lost", "was saved"),
    ("there was room", "there was no room"),
    ("was not placed", "was placed"),
    ("lacked", "had"),
    ("after its limit", "before its limit"),
)
SUPERLATIVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("the lowest", ("the highest", "the second lowest", "not even the lowest", "nearly the lowest")),
    ("the highest", ("the lowest", "the second highest", "by far not the highest")),
    ("the least", ("the most", "the second least")),
    ("the most", ("the least", "the third most")),
    ("the fewest", ("the most", "an average number of")),
    ("the shortest", ("the longest", "the second shortest")),
    ("the cheapest", ("the dearest", "the second cheapest", "one of the dearest")),
    ("the dearest", ("the cheapest",)),
    ("the fastest", ("the slowest", "hardly the fastest")),
    ("the longest ago", ("the most recently",)),
    ("the only candidate", ("the worst candidate", "one of many candidates")),
)
TURNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("would have won", ("would still have lost", "won", "would never have won", "would have crashed", "lost anyway")),
    (" under ", (" over ",)),
    (" over ", (" under ",)),
    ("would rise", ("would fall", "rose", "would not rise")),
    ("would fall", ("would rise", "fell", "would hardly fall")),
    ("would be", ("was", "would not be", "would stay below")),
    ("would have needed", ("would not have needed", "had")),
)
NEGATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (" has ", (" does not have ", " never has ", " hardly has ", " lacks ")),
    (" takes ", (" does not take ", " never takes ")),
    (" is ", (" is not ", " is never ", " isn't ", " is no longer ")),
    (" was ", (" was not ", " wasn't ")),
    (" were ", (" were not ", " were never ")),
    (" had ", (" had not ", " never had ")),
    (" lost ", (" did not lose ", " never lost ")),
    (" went ", (" did not go ", " never went ")),
    (" would ", (" would not ", " wouldn't ")),
    (" decided ", (" did not decide ", " never decided ")),
    (" completed ", (" did not complete ", " failed to complete ")),
    (" missed ", (" did not miss ",)),
    (" cost ", (" did not cost ",)),
    (" took ", (" did not take ",)),
    (" waited ", (" did not wait ", " never waited ")),
    (" ran ", (" did not run ",)),
    (" held ", (" did not hold ",)),
    (" lacked ", (" did not lack ",)),
)


def opposite(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Replace an expression by its opposite."""
    for one, other in _OPPOSITES:
        if one in said.text:
            yield said.text.replace(one, other, 1)
        elif other in said.text:
            yield said.text.replace(other, one, 1)
