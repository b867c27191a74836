"""Tells in words what a champion is for, how it was found, and what it is ahead of."""

from __future__ import annotations

from aurora.champions.champion import Champion, Difference


def lead_text(champion: Champion) -> str:
    """Return how far a champion is ahead of the reference that comes closest, in a sentence."""
    judgement, unit = champion.judgement, champion.provenance.unit
    kind = "validation" if champion.test is None else "test"
    return (
        f"{_difference(judgement.closest)} {unit} over {judgement.closest.reference}, the reference that comes "
        f"closest, on {judgement.scenarios} fresh scenarios of {kind} families ({', '.join(judgement.families)})."
    )


def provenance_text(champion: Champion) -> str:
    """Return the purpose and the provenance of a champion as lines of text."""
    origin = champion.provenance
    seeds = ", ".join(str(seed) for seed in origin.seeds)
    lines = [
        f"{champion.policy_name}, version {champion.version}: {champion.purpose} {champion.idea}".rstrip(),
        f"ahead: {lead_text(champion)}",
        f"trained: source {origin.source} on {', '.join(origin.training_families)}; chosen on "
        f"{', '.join(origin.validation_families)}",
        f"budget: {origin.simulations:,} simulations in {origin.seconds:,.0f} s, seeds {seeds}, AURORA {origin.aurora}"
        + (f" at {origin.commit}" if origin.commit else ""),
        f"started from: {origin.parent or 'the template of the source'}",
    ]
    if champion.weights:
        lines.append("weights: " + ", ".join(f"{name} {weight:.0%}" for name, weight in champion.weights.items()))
    lines += [f"data: {d.data}. Licence: {d.licence}. Cite: {d.citation}" for d in origin.data]
    return "\n".join(lines)


def brief_text(champion: Champion) -> str:
    """Return the purpose and the origin of a champion in a line, for models and answers."""
    origin, closest = champion.provenance, champion.judgement.closest
    return (
        f"{champion.purpose} Trained on source {origin.source} with {origin.simulations:,} simulations; "
        f"{_difference(closest)} {origin.unit} over {closest.reference} on scenarios that it never met."
    )


def _difference(row: Difference) -> str:
    return f"{row.mean:+.4g} [{row.low:+.4g}, {row.high:+.4g}]"
