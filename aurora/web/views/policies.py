"""The data of the policies pages: what ships, the references, and the champions of runs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from aurora.champions.champion import PREFIX, Champion, Difference, Judgement, Loss
from aurora.champions.named import load_policy
from aurora.champions.shipped import shipped_champion, shipped_champions, shipped_names
from aurora.champions.telling import lead_text, provenance_text
from aurora.errors import PolicyError
from aurora.graphs.run_directory import open_archive
from aurora.graphs.run_list import find_runs, run_folder
from aurora.memory.names import policy_name
from aurora.sim.policies.compiler import readable
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.policies.references import REFERENCES
from aurora.web.views.selfplay import decisions_of
from aurora.web.views.selfplay_standing import shortened_words

Kind = Literal["champion", "front", "reference", "run"]
KINDS: dict[Kind, str] = {
    "champion": "shipped champion",
    "front": "champion with fixed weights",
    "reference": "reference",
    "run": "champion of a run",
}
FROM_RUN = "run:"
"""Start of the name of a run's champion, such as `run:generated-1`."""
MOST_RUNS = 100
"""Largest number of runs whose champions are listed, the latest ones."""


class PolicyLine(NamedTuple):
    """A policy in the list.

    Attributes:
        name: Name by which it is used, or `run:NAME` for the champion of a run.
        kind: Where it comes from.
        purpose: What it is for.
        ahead: Lead over the closest reference on scenarios that it never met, or over the best reference on validation;
            None: not measured.
        ahead_text: The same with its interval and unit; "": not measured.
        source: Source of scenarios that it was trained on; "": none.
    """

    name: str
    kind: Kind
    purpose: str
    ahead: float | None
    ahead_text: str
    source: str


class Judged(NamedTuple):
    """A champion on fresh scenarios: which, and its lead over each reference, closest first."""

    title: str
    rows: tuple[tuple[str, str, str], ...]


class PolicyView(NamedTuple):
    """A policy.

    Attributes:
        name: Name by which it is used.
        kind: Where it comes from.
        purpose: What it is for.
        idea: What it does that heuristics don't; "": nothing is written.
        words: What it does, in words made from its program.
        program: Its program over several lines.
        lead: Its lead in a sentence; "": not measured.
        judged: Figures on fresh scenarios.
        parts: Value lost without each part, largest first.
        parts_unit: Unit of these values.
        provenance: How it was found, a line each.
        family: Names of the other champions of its front, or of its origin.
        commands: Commands that use it, with what each does.
        in_decisions: Path of the page Decisions with it; "": it is of a run that the page does not open.
        run_path: Path of the page of its run; "": it is of no run.
    """

    name: str
    kind: Kind
    purpose: str
    idea: str
    words: str
    program: str
    lead: str
    judged: tuple[Judged, ...]
    parts: tuple[tuple[str, str], ...]
    parts_unit: str
    provenance: tuple[str, ...]
    family: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    in_decisions: str
    run_path: str


def policy_lines(runs: Path) -> list[PolicyLine]:
    """Return all policies that have a name here: champions, champions of runs, references.

    Args:
        runs: Folder of runs.

    Raises:
        DataError: The file of a champion is damaged.
    """
    return [*(_champion_line(c) for c in shipped_champions()), *_run_lines(runs), *_reference_lines()]


def _champion_line(champion: Champion) -> PolicyLine:
    closest, origin = champion.judgement.closest, champion.provenance
    return PolicyLine(
        name=champion.policy_name,
        kind="front" if champion.weights else "champion",
        purpose=champion.purpose,
        ahead=closest.mean,
        ahead_text=f"{_difference(closest)} {origin.unit} over {closest.reference}",
        source=origin.source,
    )


def _reference_lines() -> list[PolicyLine]:
    return [PolicyLine(n, "reference", p.policy_description, None, "", "") for n, p in REFERENCES.items()]


def _run_lines(runs: Path) -> list[PolicyLine]:
    rows = [row for row in find_runs(runs) if row.last is not None and row.settings is not None][:MOST_RUNS]
    return [
        PolicyLine(
            name=FROM_RUN + row.name,
            kind="run",
            purpose=f"Champion {row.last['champion']} after {row.iterations} iterations.",
            ahead=row.last["validation_advantage"],
            ahead_text=f"{row.last['validation_advantage']:+.4f} over the best reference of each validation scenario",
            source=row.settings.source,
        )
        for row in rows
        if row.last is not None and row.settings is not None
        if isinstance(row.last.get("champion"), str) and isinstance(row.last.get("validation_advantage"), float)
    ]


def policy_view(name: str, runs: Path) -> PolicyView:
    """Return a policy by its name in the list.

    Args:
        name: `fgd`, `champion:gpu` or `run:NAME`.
        runs: Folder of runs.

    Raises:
        PolicyError: There is no such policy.
        RunError: There is no such run.
        StoreError: Its archive can't be read.
        DataError: The file of a champion is damaged.
    """
    if name.startswith(FROM_RUN):
        return _of_run(name, run_folder(runs, name.removeprefix(FROM_RUN)))
    if name.startswith(PREFIX):
        return _of_champion(shipped_champion(name))
    if name not in REFERENCES:
        raise PolicyError(f"there is no policy {name[:80]!r}; see the list of policies")
    policy = load_policy(name)
    return _view(
        name,
        "reference",
        policy,
        purpose=policy.policy_description,
        commands=_commands(name),
        in_decisions=decisions_path(name),
    )


def _of_champion(champion: Champion) -> PolicyView:
    unit = champion.provenance.unit
    judged = [_judged("validation", champion.validation, unit)]
    if champion.test is not None:
        judged.insert(0, _judged("test", champion.test, unit))
    base = champion.provenance.parent.removeprefix(PREFIX) if champion.weights else champion.name
    shipped = [shipped_champion(n) for n in shipped_names()]
    family = [c.policy_name for c in shipped if c.weights and c.provenance.parent.removeprefix(PREFIX) == base]
    if champion.weights and base in shipped_names():
        family.insert(0, PREFIX + base)
    return _view(
        champion.policy_name,
        "front" if champion.weights else "champion",
        champion.policy,
        purpose=champion.purpose,
        idea=champion.idea,
        lead=lead_text(champion),
        judged=tuple(judged),
        parts=tuple((part.part, _difference(part)) for part in champion.parts),
        parts_unit=unit,
        provenance=tuple(provenance_text(champion).splitlines()[2:]),
        family=tuple(n for n in family if n != champion.policy_name),
        commands=_commands(champion.policy_name),
        in_decisions=decisions_path(champion.policy_name),
    )


def _of_run(name: str, directory: Path) -> PolicyView:
    with open_archive(directory) as store:
        last = store.last_iteration()
        if last is None:
            raise PolicyError(f"the run in {directory} has no finished iteration yet")
        policy = parse_policy(last[1]["champion"])
        origin = store.origins([policy.policy_id]).get(policy.policy_id, "")
    value, run = last[1]["champion_value"], shlex.quote(str(directory))
    return _view(
        name,
        "run",
        policy,
        purpose=f"Champion {policy_name(policy.policy_id, origin)} after {last[0] + 1} iterations.",
        lead=f"{value:+.4f} over the best reference of each validation scenario, chosen with hindsight.",
        provenance=(f"policy {policy.policy_id}, origin {origin or 'not known'}", f"run {directory}"),
        commands=(
            ("write it to a file", f"aurora policies export --run {run} --best --out champion.json"),
            ("simulate it", "aurora simulate scenario.json champion.json --bounds"),
            ("explain its decisions", "aurora explain scenario.json champion.json"),
        ),
        in_decisions=decisions_of(name.removeprefix(FROM_RUN), ""),
        run_path=f"/selfplay/{quote(name.removeprefix(FROM_RUN))}",
    )


def _view(name: str, kind: Kind, policy: Policy, **fields: object) -> PolicyView:
    absent: dict[str, object] = dict.fromkeys(("purpose", "idea", "lead", "parts_unit", "in_decisions", "run_path"), "")
    absent |= dict.fromkeys(("judged", "parts", "provenance", "family", "commands"), ())
    given = {"name": name, "kind": kind, "words": shortened_words(policy), "program": readable(policy)}
    return PolicyView(**{**absent, **given, **fields})  # type: ignore[arg-type]  # names and types as above


def path_of(name: str) -> str:
    """Return the path of the page of a policy."""
    return f"/policies/{quote(name)}"


def decisions_path(name: str) -> str:
    """Return the path of the page Decisions with a policy."""
    return f"/decisions?policy={quote(name, safe='')}"


def _commands(name: str) -> tuple[tuple[str, str], ...]:
    return (
        ("plan where waiting tasks go by it", f"aurora plan new sample:web-shop --place-pending --policy {name}"),
        ("simulate it", f"aurora simulate scenario.json {name} --bounds"),
        ("explain its decisions", f"aurora explain scenario.json {name}"),
        ("start a search from it", f"aurora selfplay --start {name} --iterations 20 --run runs/mine"),
    )


def _judged(kind: str, judgement: Judgement, unit: str) -> Judged:
    families = ", ".join(judgement.families)
    return Judged(
        f"On {judgement.scenarios} fresh scenarios of {kind} families ({families}), mean {judgement.mean:.4f} {unit}",
        tuple((d.reference, f"{d.reference_mean:.4f}", _difference(d)) for d in judgement.against),
    )


def _difference(row: Difference | Loss) -> str:
    return f"{row.mean:+.4f} [{row.low:+.4f}, {row.high:+.4f}]"
