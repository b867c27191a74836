"""The pages of the champions that ship, written from their files: a list, and a page for each but those of fronts."""

from __future__ import annotations

from textwrap import fill

from aurora.champions.champion import Champion, Difference, Judgement, Loss
from aurora.champions.shipped import shipped_champions
from aurora.sim.policies.compiler import readable

MAX_PARTS_SHOWN = 8
"""Number of parts of a champion in its table, largest loss first."""
MAX_REFERENCES_SHOWN = 4
"""Number of references in a champion's table, closest first."""

_HEAD = """# The champions that ship

These pages are generated from the files in `aurora/champions/data` by `python -m docs.programs.reference`.
[Explanation: the champions](../explanation/champions.md) says how to read them. A name that ends in `-balanced`,
`-cheap`, `-fast` or `-green` has fixed weights of the objectives.

| champion | purpose | source | ahead of the closest reference [95 %] |
|---|---|---|---|
"""
_FRONT_HEAD = """## Front

A champion with fixed weights of the objectives, judged on scenarios with these weights.

| champion | weights | policy of | ahead of the closest reference [95 %] |
|---|---|---|---|
"""


def index() -> str:
    """Return the list of the champions as Markdown."""
    return _HEAD + "".join(f"{_row(c)}\n" for c in shipped_champions())


def pages() -> dict[str, str]:
    """Return the page of every champion but those of fronts, by its name."""
    return {c.name: _page(c) for c in shipped_champions() if not c.weights}


def _row(champion: Champion) -> str:
    name = f"`{champion.policy_name}`"
    link = name if champion.weights else f"[{name}](champions/{champion.name}.md)"
    return f"| {link} | {champion.purpose} | `{champion.provenance.source}` | {_lead(champion)} |"


def _lead(champion: Champion) -> str:
    closest = champion.judgement.closest
    return f"{_interval(closest)} over `{closest.reference}`, {champion.provenance.unit}"


def _interval(row: Difference | Loss) -> str:
    return f"{row.mean:+.4g} [{row.low:+.4g}, {row.high:+.4g}]"


def _page(champion: Champion) -> str:
    """Return the page of a champion: values, program, parts, front and provenance."""
    blocks = [f"# {champion.policy_name}", fill(champion.purpose, 120), fill(champion.idea, 120)]
    blocks += [_judged("validation", champion.validation, champion.provenance.unit)]
    if champion.test is not None:
        blocks.append(_judged("test", champion.test, champion.provenance.unit))
    blocks.append(f"## Program\n\n```text\n{readable(champion.policy)}\n```")
    if champion.parts:
        shown = "\n".join(f"| `{p.part}` | {_interval(p)} |" for p in champion.parts[:MAX_PARTS_SHOWN])
        few = f"The largest of {len(champion.parts)} losses" if len(champion.parts) > MAX_PARTS_SHOWN else "The losses"
        blocks.append(f"{few}:\n\n| without | loss, {champion.provenance.unit} [95 %] |\n|---|---|\n{shown}")
    front = [c for c in shipped_champions() if c.weights and c.name.rpartition("-")[0] == champion.name]
    if front:
        blocks.append(_FRONT_HEAD + "\n".join(map(_front_row, front)))
    blocks.append(_provenance(champion))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _front_row(champion: Champion) -> str:
    weights = ", ".join(f"{name} {weight:.0%}" for name, weight in champion.weights.items())
    return f"| `{champion.policy_name}` | {weights} | `{champion.provenance.parent}` | {_lead(champion)} |"


def _judged(kind: str, judgement: Judgement, unit: str) -> str:
    shown = judgement.against[:MAX_REFERENCES_SHOWN]
    rows = "\n".join(f"| `{r.reference}` | {r.reference_mean:.4g} | {_interval(r)} |" for r in shown)
    return (
        f"{kind.capitalize()}, {judgement.scenarios} scenarios: {judgement.mean:.4g} {unit}.\n\n"
        f"| reference | its mean | champion ahead by [95 %] |\n|---|---|---|\n{rows}"
    )


def _provenance(champion: Champion) -> str:
    origin = champion.provenance
    facts = {
        "version": str(champion.version),
        "trained on": ", ".join(origin.training_families),
        "chosen on": ", ".join(origin.validation_families),
        "tested on": ", ".join(origin.test_families) or "none",
        "seeds": ", ".join(str(seed) for seed in origin.seeds),
        "budget": f"{origin.simulations:,} simulations, {origin.seconds:,.0f} s",
        "trained at": f"AURORA {origin.aurora}" + (f", commit {origin.commit}" if origin.commit else ""),
        "started from": origin.parent or "the template of the source",
    }
    facts |= {f"data {k}": f"{d.data}; licence: {d.licence}; cite {d.citation}" for k, d in enumerate(origin.data, 1)}
    return "\n".join(
        ["## Provenance", "", "| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in facts.items())]
    )
