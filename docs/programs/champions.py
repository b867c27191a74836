"""The page of the champions that ship, written from their files."""

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

This page is generated from the files in `aurora/champions/data` by `python -m docs.programs.reference`.
[Explanation: the champions](../explanation/champions.md) says how to read it.

| champion | purpose | source | ahead of the closest reference [95 %] |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    champions = shipped_champions()
    rows = [f"| `{c.policy_name}` | {c.purpose} | `{c.provenance.source}` | {_lead(c)} |" for c in champions]
    return _HEAD + "\n".join(rows) + "\n\n" + "\n\n".join(_section(c) for c in champions) + "\n"


def _lead(champion: Champion) -> str:
    closest = champion.judgement.closest
    return f"{_interval(closest)} over `{closest.reference}`, {champion.provenance.unit}"


def _interval(row: Difference | Loss) -> str:
    return f"{row.mean:+.4g} [{row.low:+.4g}, {row.high:+.4g}]"


def _section(champion: Champion) -> str:
    """Return the section of a champion: values, program, parts and provenance."""
    blocks = [f"## champion:{champion.name}", champion.purpose, fill(champion.idea, 120)]
    blocks += [_judged("validation", champion.validation, champion.provenance.unit)]
    if champion.test is not None:
        blocks.append(_judged("test", champion.test, champion.provenance.unit))
    blocks.append(f"```text\n{readable(champion.policy)}\n```")
    if champion.parts:
        shown = "\n".join(f"| `{p.part}` | {_interval(p)} |" for p in champion.parts[:MAX_PARTS_SHOWN])
        few = f"The largest of {len(champion.parts)} losses" if len(champion.parts) > MAX_PARTS_SHOWN else "The losses"
        blocks.append(f"{few}:\n\n| without | loss, {champion.provenance.unit} [95 %] |\n|---|---|\n{shown}")
    blocks.append(_provenance(champion))
    return "\n\n".join(block for block in blocks if block)


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
    return "\n".join(["| provenance | |", "|---|---|", *(f"| {name} | {text} |" for name, text in facts.items())])
