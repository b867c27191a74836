"""The lineage of versions: how each came about, what it cost, and how it differs from others."""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple

import numpy as np

from aurora.errors import InputError
from aurora.graphs.prompt_evolution.allocation import paired
from aurora.graphs.prompt_evolution.bench import Cases
from aurora.graphs.prompt_evolution.state import Standing, Variant, values_of


class Version(NamedTuple):
    """A version of a prompt with what was measured of it.

    Attributes:
        variant: The version with its origin.
        mean: Mean on its selection cases; None: not measured.
        gain: Mean difference from the first prompt on the selection cases of both; None: not measured.
        cases: Number of selection cases that it was measured on.
        tokens, dollars: Cost of all its measurements.
        is_kept: True: it is among those kept.
    """

    variant: Variant
    mean: float | None
    gain: float | None
    cases: int
    tokens: int
    dollars: float
    is_kept: bool

    def to_json(self) -> dict[str, Any]:
        """Return the version as plain values; the keys are those of `aurora evolve-prompts list --json`."""
        return {
            "prompt_id": self.variant.prompt_id,
            "parent_id": self.variant.parent_id,
            "generation": self.variant.generation,
            "by": self.variant.by,
            "changed": self.variant.changed,
            "why": self.variant.why,
            "causes": list(self.variant.causes),
            "selection_mean": self.mean,
            "selection_gain": self.gain,
            "selection_cases": self.cases,
            "tokens": self.tokens,
            "dollars": self.dollars,
            "kept": self.is_kept,
        }


def versions_of(standing: Standing, cases: Cases) -> list[Version]:
    """Return all versions, in the order in which they were proposed.

    Args:
        standing: State of the evolution.
        cases: Its cases.
    """
    wanted = {c.name for c in cases.selection}
    selection = [s for s in standing.samples if s.case in wanted]
    versions = []
    for variant in standing.variants:
        values = list(values_of(selection, variant.prompt_id).values())
        gains = paired(selection, variant.prompt_id, standing.first)
        own = [s for s in standing.samples if s.prompt_id == variant.prompt_id]
        versions.append(
            Version(
                variant,
                float(np.mean(values)) if values else None,
                float(np.mean(gains)) if gains and variant.prompt_id != standing.first else None,
                len(values),
                sum(s.tokens for s in own),
                sum(s.dollars for s in own),
                variant.prompt_id in standing.kept,
            )
        )
    return versions


def find_version(standing: Standing, name: str) -> Variant:
    """Return a version by its id or the start of its id, with or without the role; `best` is the first of those kept.

    Raises:
        InputError: No version matches, or several do.
    """
    if name == "best":
        return standing.variant(standing.kept[0] if standing.kept else standing.first)
    start = name.removeprefix(f"{standing.role}-")
    found = [v for v in standing.variants if v.prompt_id.removeprefix(f"{standing.role}-").startswith(start)]
    if len(found) != 1:
        wrong = "several versions begin like that" if found else "there is no such version"
        raise InputError(f"{wrong}; `aurora evolve-prompts list` shows all", parameter="version", value=name)
    return found[0]


def diff_of(standing: Standing, version: Variant, against: Variant | None = None) -> str:
    """Return the difference of a version from another one as a patch that `git apply` takes.

    Args:
        standing: State of the evolution.
        version: Version in question.
        against: Version to compare with; None: its parent.
    """
    other = against or standing.variant(version.parent_id or version.prompt_id)
    path = f"aurora/prompts/{standing.role}.md"
    before, after = other.text.splitlines(), version.text.splitlines()
    lines = list(difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", lineterm=""))
    return "\n".join([f"diff --git a/{path} b/{path}", *lines, ""]) if lines else ""
