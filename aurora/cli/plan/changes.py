"""Parses the changes of `aurora plan new` and `aurora plan edit`, whose language `aurora.cluster.plans` defines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from aurora.cli import options
from aurora.errors import InputError

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.plans.making import Proposal
    from aurora.cluster.snapshot import Snapshot

SCALE_HELP = "WORKLOAD=REPLICAS; may be repeated."
RESIZE_HELP = (
    "WORKLOAD:CONTAINER:requests.cpu=0.5,limits.memory=2, in cores and GiB, or as 200m and 512Mi; may be repeated."
)
MOVE_HELP = "TASK=NODE; a waiting task is placed there; may be repeated."
CORDON_HELP = "Node to keep new tasks away from; may be repeated."
UNCORDON_HELP = "Node to open again; may be repeated."

Parsed = TypeVar("Parsed")


def all_asked(
    snapshot: Snapshot, *, cordon: list[str], uncordon: list[str], scale: list[str], resize: list[str], move: list[str]
) -> list[Proposal]:
    """Return the changes of options, in the order of their application.

    Raises:
        BadParameter: A text has another form.
        InputError: A change is not valid, or names something that is not there.
    """
    from aurora.cluster.plans.asks import changes_of  # heavy, used here only
    from aurora.cluster.plans.edit_language import EditKind, parse_asks  # likewise

    texts: dict[EditKind, list[str]] = {
        "cordon": cordon,
        "uncordon": uncordon,
        "scale": scale,
        "resize": resize,
        "move": move,
    }
    return list(changes_of(_as_option(partial(parse_asks, texts)), snapshot))


def dropped(given: list[str]) -> list[int]:
    """Return the numbers of `--drop 2,5`.

    Raises:
        BadParameter: A text has another form.
    """
    from aurora.cluster.plans.edit_language import parse_numbers  # heavy, used here only

    return [n for text in given for n in _as_option(partial(parse_numbers, text))]


def remedies(given: list[str]) -> Iterator[tuple[str, str]]:
    """Yield task and node of `--remedy TASK` (any node, "") and `--remedy TASK=NODE`.

    Raises:
        BadParameter: A text has nothing on a side of its `=`.
    """
    from aurora.cluster.plans.edit_language import sides  # heavy, used here only

    for text in given:
        if "=" in text:
            yield _as_option(partial(sides, text, "remedy", "TASK or TASK=NODE"))
        else:
            yield text, ""


def _as_option(parse: Callable[[], Parsed]) -> Parsed:
    """Return what a text says; a text of another form is a usage error of its option."""
    try:
        return parse()
    except InputError as error:
        raise options.usage_error(f"--{error.parameter}", error.reason) from None
