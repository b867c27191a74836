"""Parses the changes of `aurora plan new`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aurora.cli import options

if TYPE_CHECKING:  # heavy at run time
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


def asked(kind: str, **fields: object) -> Proposal:
    """Return a change that was asked for.

    Raises:
        InputError: A field is not valid, such as a name that is too long.
    """
    from aurora.cluster.changes import parse_plan_change  # heavy, used here only
    from aurora.cluster.plans.making import Proposal  # heavy, used here only

    return Proposal(parse_plan_change({"kind": kind, **fields}), "asked for")


def scales(given: list[str]) -> Iterator[Proposal]:
    """Yield the changes of `--scale WORKLOAD=REPLICAS`.

    Raises:
        BadParameter: A text has another form.
    """
    for workload, replicas in pairs(given, "--scale", "WORKLOAD=REPLICAS"):
        if not replicas.isdecimal() or int(replicas[:9]) > 100_000:  # noqa: PLR2004  # as the change itself
            raise options.usage_error(
                "--scale", f"{options.shown(replicas)}: write a number of replicas, at most 100,000"
            )
        yield asked("scale", workload_id=workload, replicas=int(replicas))


def moves(given: list[str]) -> Iterator[Proposal]:
    """Yield the changes of `--move TASK=NODE`.

    Raises:
        BadParameter: A text has another form.
    """
    for task, node in pairs(given, "--move", "TASK=NODE"):
        yield asked("move", task_id=task, node_id=node)


def resizes(given: list[str]) -> Iterator[Proposal]:
    """Yield the changes of `--resize`, with cores and GiB; `none` takes a request or a limit away.

    Raises:
        BadParameter: A text has another form.
    """
    for text in given:
        yield _resize(text)


def _resize(text: str) -> Proposal:
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
    return asked("resize", workload_id=workload, container=container, **amounts)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= options.MAX_CORES:
        raise options.usage_error("--resize", f"{options.shown(text)}: write cores or GiB, such as 0.5, or none")
    return value
