"""A small set of ratings, and forms that made-up raters filled in, for tests only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aurora.evals.ratings.items import CRITERIA, Facts, Item, RatingSet, named

FACTS = Facts(caption="Candidates", columns=("candidate", "cost"), rows=(("n1 (chosen)", "$1"), ("n2", "$3")))


def rating_set(count: int = 10, planted: int = 3) -> RatingSet:
    """Return a set whose last items have a planted error."""
    items = tuple(
        Item(
            item=f"item-{k + 1:02d}",
            kind="decision" if k % 2 else "run",
            question="Why was task t placed where it was?",
            text=f"Task t on n1, because: lowest cost of the candidates (${k + 1}).",
            facts=(FACTS,),
            planted="number" if k >= count - planted else "",
            original="Task t on n1, because: lowest cost of the candidates ($1)." if k >= count - planted else "",
        )
        for k in range(count)
    )
    return named(RatingSet(seed=0, items=items))


def filled(
    path: Path,
    of: RatingSet,
    rater: str,
    scores: Mapping[str, tuple[object, object, object]],
    *,
    separator: str = ",",
    comment: str = "",
) -> Path:
    """Write the form of a rater: item -> completeness, correctness, clarity."""
    lines = [["set", "item", "rater", *CRITERIA, "comment"]]
    lines += [[of.name, item, rater, *map(str, three), comment] for item, three in scores.items()]
    path.write_text("".join(separator.join(line) + "\r\n" for line in lines), encoding="utf-8-sig")
    return path
