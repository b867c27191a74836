"""Measures the check of an operator's sentences: shares of false ones struck and of true ones kept, by kind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from aurora.agents.operator.answer import Sentence
from aurora.agents.operator.checking.sentences import fault_of, names_of
from aurora.evals.answers.truths import Ground, Truth, grounds
from aurora.evals.explanations.mutations import MUTATORS, Said, mutants

MAX_SHOWN = 40
"""Most misjudged sentences that are listed."""
QUESTION = "How are things, and what can be done?"
NOT_HERE = frozenset({"another decision's cause", "counterfactual turned"})
"""Kinds of falsehood that need what only explanations of decisions have."""
_SEEN_AS = {"pair": "pair", "cause": "cause"}


def bench_answers(false: int, seed: int) -> dict[str, Any]:
    """Check true and false sentences; keys of `aurora bench answers --json`.

    Args:
        false: Number of false sentences, spread evenly over the kinds.
        seed: Random seed of the falsehoods.
    """
    rng = np.random.default_rng([seed, 14])
    started = time.perf_counter()
    ground = list(grounds())
    wrong: list[dict[str, str]] = []
    kept = _true_ones(ground, wrong)
    struck = _false_ones(ground, false, rng, wrong)
    return {
        "seed": seed,
        "false": struck,
        "true": kept,
        "struck_pct": _percent(struck, "struck"),
        "kept_pct": _percent(kept, "kept"),
        "wrong": wrong[:MAX_SHOWN],
        "seconds": time.perf_counter() - started,
    }


def _percent(rows: list[dict[str, Any]], column: str) -> float:
    made = sum(r["made"] for r in rows)
    return 100.0 * sum(r[column] for r in rows) / made if made else 0.0


def _true_ones(every: list[Ground], wrong: list[dict[str, str]]) -> list[dict[str, Any]]:
    made, kept = Counter[str](), Counter[str]()
    for ground in every:
        names = names_of(ground.desk)
        for truth in ground.truths:
            made[truth.kind] += 1
            fault = fault_of(Sentence(text=truth.text, cites=truth.cites), ground.evidence, QUESTION, names)
            kept[truth.kind] += not fault
            if fault:
                wrong.append({"kind": f"true: {truth.kind}", "text": truth.text, "reason": fault})
    return [{"kind": k, "made": made[k], "kept": kept[k]} for k in made]


def _false_ones(
    every: list[Ground], count: int, rng: np.random.Generator, wrong: list[dict[str, str]]
) -> list[dict[str, Any]]:
    sources = [(g, t) for g in every for t in g.truths]
    kinds = [k for k in MUTATORS if k not in NOT_HERE]
    rows = []
    for place, kind in enumerate(kinds):
        wanted = count * (place + 1) // len(kinds) - count * place // len(kinds)
        made = struck = 0
        for ground, text, cites in _made(kind, sources, wanted, rng):
            fault = fault_of(Sentence(text=text, cites=cites), ground.evidence, QUESTION, names_of(ground.desk))
            made += 1
            struck += bool(fault)
            if not fault:
                wrong.append({"kind": kind, "text": f"{text} {list(cites)}", "reason": ""})
        rows.append({"kind": kind, "made": made, "struck": struck})
    return rows


def _made(
    kind: str, sources: list[tuple[Ground, Truth]], count: int, rng: np.random.Generator
) -> Iterator[tuple[Ground, str, tuple[str, ...]]]:
    """Sample distinct false sentences of a kind, at most two per true sentence; what happens to be true is left out."""
    seen = set[str]()
    for place in rng.permutation(len(sources)):
        ground, truth = sources[place]
        if kind == "subjects swapped" and truth.kind in ("state", "reason", "pair", "cause"):
            continue  # often true of others too
        true = {t.text for t in ground.truths}
        falsehoods = [f for f in mutants(kind, _said(truth, ground, rng), rng) if _is_false(f.text, kind, true)]
        for k in rng.permutation(len(falsehoods))[:2]:
            if len(seen) == count:
                return
            false = falsehoods[k]
            cites = truth.cites if false.cited == int(truth.cites[0][1:]) else (f"E{false.cited}",)
            if (false.text, cites) != (truth.text, truth.cites) and false.text not in seen:
                seen.add(false.text)
                yield ground, false.text, cites


def _is_false(text: str, kind: str, true: set[str]) -> bool:
    if kind == "another claim's sentence":
        return True
    return text not in true


def _said(truth: Truth, ground: Ground, rng: np.random.Generator) -> Said:
    number = int(truth.cites[0][1:])
    others = [n for n in ground.names if n not in truth.names]
    picked = tuple(others[k] for k in rng.permutation(len(others))[:5])
    neighbours = [(t.text, int(t.cites[0][1:])) for t in ground.truths if t.cites != truth.cites and t.kind == "counts"]
    nearby = [neighbours[k] for k in rng.permutation(len(neighbours))[:3]]
    kind = _SEEN_AS.get(truth.kind, "flip")
    node = tuple(n for n in truth.names if n in ground.names)
    return Said(truth.text, number, kind, node or truth.names, picked, ("price",), tuple(nearby))
