"""Parses the changes of `aurora plan new`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aurora.cli import options

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.changes import Resize
    from aurora.cluster.plans.making import Proposal

RESIZE = "WORKLOAD:CONTAINER:requests.cpu=0.5,limits.memory=2"


def pairs(given: list[str], option: str, form: str) -> Iterator[tuple[str, str]]:
    """Yield the two sides of texts such as `shop/Deployment/web=5`.

    Raises:
        BadParameter: A text has no `=`, or nothing on a side of it.
    """
    for text in given:
        name, _, value = text.rpartition("=")
        if not name or not value:
            raise options.usage_error(option, f"{options.shown(text)}: write {form}")
        yield name, value


def scales(given: list[str]) -> Iterator[Proposal]:
    """Yield the changes of `--scale WORKLOAD=REPLICAS`.

    Raises:
        BadParameter: A text has another form.
    """
    from aurora.cluster.changes import Scale  # heavy, used here only
    from aurora.cluster.plans.making import Proposal  # heavy, used here only

    for workload, replicas in pairs(given, "--scale", "WORKLOAD=REPLICAS"):
        if not replicas.isdecimal() or int(replicas[:9]) > 100_000:  # noqa: PLR2004  # as the change itself
            raise options.usage_error("--scale", f"{options.shown(replicas)}: write a number of replicas")
        yield Proposal(Scale(workload_id=workload, replicas=int(replicas)), "asked for")


def moves(given: list[str]) -> Iterator[Proposal]:
    """Yield the changes of `--move TASK=NODE`.

    Raises:
        BadParameter: A text has another form.
    """
    from aurora.cluster.changes import Move  # heavy, used here only
    from aurora.cluster.plans.making import Proposal  # heavy, used here only

    for task, node in pairs(given, "--move", "TASK=NODE"):
        yield Proposal(Move(task_id=task, node_id=node), "asked for")


def resizes(given: list[str]) -> Iterator[Proposal]:
    """Yield the changes of `--resize`, with cores and GiB; `none` takes a request or a limit away.

    Raises:
        BadParameter: A text has another form.
    """
    from aurora.cluster.plans.making import Proposal  # heavy, used here only

    for text in given:
        yield Proposal(_resize(text), "asked for")


def _resize(text: str) -> Resize:
    from aurora.cluster.changes import Resize  # heavy, used here only

    workload, _, rest = text.partition(":")
    container, _, sizes = rest.partition(":")
    if not workload or not container or not sizes:
        raise options.usage_error("--resize", f"{options.shown(text)}: write {RESIZE}")
    amounts: dict[str, dict[str, float | None]] = {"requests": {}, "limits": {}}
    for place, value in pairs(sizes.split(","), "--resize", RESIZE):
        field, _, resource = place.partition(".")
        if field not in amounts or not resource:
            raise options.usage_error("--resize", f"{options.shown(place)}: write requests.RESOURCE or limits.RESOURCE")
        amounts[field][resource] = None if value == "none" else _amount(value)
    return Resize(workload_id=workload, container=container, **amounts)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= options.MAX_CORES:
        raise options.usage_error("--resize", f"{options.shown(text)}: write cores or GiB, such as 0.5, or none")
    return value
