"""`/plan edit` of a conversation: another plan from a plan, with the options of `aurora plan edit`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import typer

from aurora.errors import InputError

if TYPE_CHECKING:  # heavy at run time
    from aurora.cluster.plans.plan import Plan
    from aurora.tools.desk import Desk

USAGE = "/plan edit [ID] 2,5, or with --drop, --move, --scale, --resize, --cordon, --uncordon as in aurora plan edit"
KINDS = ("drop", "move", "scale", "resize", "cordon", "uncordon")
MAX_CHANGES = 2_000
"""As of `aurora.cluster.plans.making`."""
_PLAN = re.compile(r"[0-9a-f]{6,64}", re.IGNORECASE)
_NUMBERS = re.compile(r"[\d,\s-]+")


class Wanted(NamedTuple):
    """What is to be otherwise in a plan.

    Attributes:
        plan_id: The plan; "": the one that is asked about, or the newest.
        texts: Texts of each kind of change, as options of `aurora plan edit` take them.
    """

    plan_id: str
    texts: dict[str, list[str]]


def parse(rest: str) -> Wanted:
    """Parse what follows `/plan edit`.

    Raises:
        InputError: It has another form.
    """
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise InputError(f"{error}; write {USAGE}") from None
    texts: dict[str, list[str]] = {kind: [] for kind in KINDS}
    first = next((k for k, word in enumerate(words) if word.startswith("--")), len(words))
    plain = words[:first]
    is_plan = bool(plain) and _PLAN.fullmatch(plain[0]) is not None and (len(plain) > 1 or first < len(words))
    plan_id = plain.pop(0) if is_plan else ""
    if plain:
        texts["drop"].append(",".join(w.strip(",") for w in plain))
        if not _NUMBERS.fullmatch(texts["drop"][0]):
            raise InputError(f"write {USAGE}")
    options = iter(words[first:])
    for word in options:
        kind, _, value = word.removeprefix("--").partition("=")
        if kind not in KINDS or not word.startswith("--"):
            raise InputError(f"there is no {word}; write {USAGE}")
        value = value or next(options, "")
        if not value:
            raise InputError(f"--{kind} needs a value; write {USAGE}")
        texts[kind].append(value)
    if not any(texts.values()):
        raise InputError(f"say what to change: {USAGE}")
    return Wanted(plan_id, texts)


def edit(desk: Desk, plan_id: str, wanted: Wanted, command: str) -> Plan:
    """Write the plan that is wanted in place of another one.

    Args:
        desk: Data that is open, and the folder of plans.
        plan_id: The plan that is edited.
        wanted: What is to be otherwise.
        command: How it is made, for the record.

    Raises:
        InputError: A text has another form, or names something that is not there.
        PlanError: The plan can't be edited.
        FileError: A file can't be read or written.
        DataError: A file was altered or is damaged.
    """
    from aurora.cli import options
    from aurora.cli.plan import changes as parsing
    from aurora.cluster.plans import folder
    from aurora.tools.plan_edits import edited

    plan = folder.load(desk.plans, plan_id)
    others = {kind: texts for kind, texts in wanted.texts.items() if kind != "drop"}
    try:
        without = [n for text in wanted.texts["drop"] for n in options.parse_numbers(text, "--drop", MAX_CHANGES)]
        changes = parsing.all_asked(folder.snapshot_of(desk.plans, plan), **others)
    except typer.BadParameter as error:
        raise InputError(f"{error.param_hint}: {error.message}".replace("'", "")) from None
    return edited(desk, plan.plan_id, without=without, changes=changes, command=command)
