"""The kinds of evaluations: what each is for, and the figures that a report of it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal, NamedTuple

from aurora.evals.results.result import EvalResult

FigureName = Literal["elo", "radar", "curves", "matrix", "time", "cost", "price"]


class Kind(NamedTuple):
    """A kind of evaluation.

    Attributes:
        title: Title of its section.
        purpose: Two plain sentences: the question it answers, and how.
        primary: Names of the metric that orders subjects, the first that is measured; none: all count alike.
        figures: Figures that a report shows, or says of that they are not measured.
        champion: Subject that a radar highlights.
        apart: Subjects that are no rivals, such as bounds.
    """

    title: str
    purpose: str
    primary: tuple[str, ...] = ()
    figures: tuple[FigureName, ...] = ()
    champion: str = "champion"
    apart: frozenset[str] = frozenset()


KINDS: Mapping[str, Kind] = {
    "benchmark": Kind(
        "Benchmark",
        "Compares AURORA's champion with rivals on the same scenarios, which none of them was trained on. "
        "Intervals resample scenarios within each trace or family; differences are paired.",
        ("value", "reward"),
        ("elo", "radar", "curves", "time", "cost", "price"),
        apart=frozenset({"bound"}),
    ),
    "transfer": Kind(
        "Transfer",
        "Runs policies that were learned in one domain unchanged in the others. "
        "Each is compared with a policy trained there and with the best reference.",
        ("share", "reward"),
        ("matrix",),
    ),
    "ablations": Kind(
        "Ablations",
        "Leaves out one part of self-play at a time, at an equal number of evaluations. "
        "What is lost without a part is what the part is worth.",
        ("value", "reward"),
        ("elo", "curves"),
        champion="complete",
    ),
    "explanations": Kind(
        "Explanations",
        "Measures whether explanations of decisions and plans are complete, true, faithful and clear. "
        "Statements are checked by code against simulations, and intervals take those of one run as dependent.",
    ),
    "prompt evolution": Kind(
        "Prompt evolution",
        "Measures new versions of a prompt against the first one on the same cases. "
        "The gain on sealed cases counts, because versions are chosen by the selection cases.",
        ("gain",),
        ("price",),
    ),
    "study": Kind(
        "Study",
        "Compares variations of a configuration over several random seeds. "
        "The champion of every run is judged on the same fresh scenarios.",
        ("value", "reward"),
        ("elo", "curves"),
        champion="base",
    ),
    "trials": Kind(
        "Repeated trials",
        "Measures how reliably a model does its work, by several trials of each case. "
        "pass@k: at least one of k trials passes; pass^k: all of them do; intervals are over cases.",
    ),
    "ratings": Kind(
        "Ratings by people",
        "Shows how people rate explanations, without knowing which ones are wrong on purpose. "
        "Agreement of the raters is Krippendorff's alpha.",
    ),
}
"""Every kind by the name that results carry."""

MANY_SUBJECTS = 3
"""Subjects with one metric from which an evaluation of an unknown kind counts as a comparison of subjects."""


def kind_of(result: EvalResult) -> Kind:
    """Return the kind of a result; one that is not known gets what its metrics allow."""
    known = KINDS.get(result.kind)
    if known is not None:
        return known
    purpose = (
        f"An evaluation of the kind {result.kind!r}, which this version of the report does not know. "
        "Its metrics, tables and notes are shown as they are."
    )
    counts = Counter((m.suite, m.name) for m in result.metrics if m.better != "neither")
    (_, name), subjects = counts.most_common(1)[0] if counts else (("", ""), 0)
    primary = (name,) if subjects >= MANY_SUBJECTS else ()
    return Kind(result.kind[:1].upper() + result.kind[1:], purpose, primary)
