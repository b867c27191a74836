"""Parses the changes of `aurora plan new` and `aurora plan edit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aurora.cli import options
from aurora.errors import DataError

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.plans.making import Proposal
    from aurora.cluster.snapshot import Snapshot

RESIZE = "WORKLOAD:CONTAINER:requests.cpu=0.5,limits.memory=2"
SCALE_HELP = "WORKLOAD=REPLICAS; may be repeated."
RESIZE_HELP = f"{RESIZE}, in cores and GiB, or as 200m and 512Mi; may be repeated."
MOVE_HELP = "TASK=NODE; a waiting task is placed there; may be repeated."
CORDON_HELP = "Node to keep new tasks away from; may be repeated."
UNCORDON_HELP = "Node to open again; may be repeated."


def all_asked(
    snapshot: Snapshot, *, cordon: list[str], uncordon: list[str], scale: list[str], resize: list[str], move: list[str]
) -> list[Proposal]:
    """Return the changes of options, in the order of their application.

    Raises:
        BadParameter: A text has another form.
        InputError: A change is not valid, or names something that is not there.
    """
    return [
        *(asked("cordon", node_id=n) for n in cordon),
        *(asked("uncordon", node_id=n) for n in uncordon),
        *scales(scale),
        *resizes(resize, snapshot),
        *moves(move, snapshot),
    ]


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


def moves(given: list[str], snapshot: Snapshot) -> Iterator[Proposal]:
    """Yield the changes of `--move TASK=NODE`.

    Raises:
        BadParameter: A text has another form.
        InputError: A name is not valid.
    """
    from aurora.cluster.plans.moves import propose_move  # heavy, used here only

    for task, node in pairs(given, "--move", "TASK=NODE"):
        yield propose_move(snapshot, task, node)


def remedies(given: list[str]) -> Iterator[tuple[str, str]]:
    """Yield task and node of `--remedy TASK` (any node, "") and `--remedy TASK=NODE`.

    Raises:
        BadParameter: A text has nothing on a side of its `=`.
    """
    for text in given:
        if "=" in text:
            yield from pairs([text], "--remedy", "TASK or TASK=NODE")
        else:
            yield text, ""


def resizes(given: list[str], snapshot: Snapshot) -> Iterator[Proposal]:
    """Yield the changes of `--resize`, with cores and GiB; `none` takes a request or a limit away.

    Raises:
        BadParameter: A text has another form.
        InputError: No container is named, and the workload has several.
    """
    for text in given:
        yield _resize(text, snapshot)


def _resize(text: str, snapshot: Snapshot) -> Proposal:
    from aurora.cluster.plans.proposals import only_container  # heavy, used here only

    workload, _, rest = text.partition(":")
    container, colon, sizes = rest.partition(":")
    if not colon and "=" in rest:
        container, sizes = only_container(snapshot, workload), rest
    if not workload or not container or not sizes:
        raise options.usage_error("--resize", f"{options.shown(text)}: write {RESIZE}")
    amounts: dict[str, dict[str, float | None]] = {"requests": {}, "limits": {}}
    for place, value in pairs(sizes.split(","), "--resize", RESIZE):
        field, _, resource = place.partition(".")
        if field not in amounts or not resource:
            raise options.usage_error("--resize", f"{options.shown(place)}: write requests.RESOURCE or limits.RESOURCE")
        amounts[field][resource] = None if value == "none" else _amount(value, resource)
    return asked("resize", workload_id=workload, container=container, **amounts)


def _amount(text: str, resource: str) -> float:
    from aurora.cluster.readers.kubernetes.quantities import NANO, parse_quantity  # heavy, used here only
    from aurora.cluster.resources import IN_GIB  # likewise

    try:
        value = float(text)
    except ValueError:
        try:
            value = parse_quantity(text) / NANO / (2**30 if resource in IN_GIB else 1)
        except DataError:
            value = -1.0
    if not 0 <= value <= options.MAX_CORES:
        raise options.usage_error(
            "--resize", f"{options.shown(text)}: write cores or GiB, such as 0.5, a quantity such as 200m, or none"
        )
    return value
