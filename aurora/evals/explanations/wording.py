"""Benchmark of the check of a model's sentences: true ones must be kept, false ones struck.

True sentences are all phrasings of facts about many decisions and whole runs.
`aurora.evals.explanations.mutations` turns them into false ones.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from aurora.agents.explain.explainer import explain_case
from aurora.agents.explain.names import NODES
from aurora.agents.explain.run_explainer import explain_plan
from aurora.agents.explain.telling.composing import Link, SentenceChoice, compose, offered, written
from aurora.agents.explain.telling.facts import KnownFacts, known_of_way
from aurora.agents.explain.telling.holding import UNCHECKED, hold
from aurora.agents.explain.telling.lexicon import noun
from aurora.agents.explain.telling.phrasings import phrasings_of
from aurora.agents.explain.telling.readings import Fact
from aurora.agents.explain.waiting import way_claims
from aurora.agents.roles.narrator import known_of
from aurora.evals.explanations.decisions import cases
from aurora.evals.explanations.mutations import MUTATORS, Falsehood, Said, mutants
from aurora.sim.explain.claims import run_of
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec

EXPLAINED_RUNS = 20
"""Number of whole runs that are explained."""
TASKS_A_RUN = 3
"""Largest number of tasks of a run whose course is described; those with the most events are taken."""
RUN_POLICIES = ("best_fit", "cheapest", "greenest", "nearest")
LINKS: tuple[Link, ...] = ("none", "because", "also", "but")
MAX_SENTENCES_SHOWN = 20
"""Largest number of misjudged sentences that are listed."""


class Ground(NamedTuple):
    """Facts about a decision or a run, with true sentences about them.

    Attributes:
        known: The facts.
        sentences: True sentences of one fact each.
        composed: True sentences of several facts, with the claims that they cite.
    """

    known: KnownFacts
    sentences: tuple[Said, ...]
    composed: tuple[tuple[str, tuple[int, ...]], ...]


def bench_wording(false: int, true: int, seed: int, decisions: int) -> dict[str, Any]:
    """Check true and false sentences; keys of `aurora bench wording --json`.

    Args:
        false: Number of false sentences, spread evenly over the kinds.
        true: Number of true sentences.
        seed: Random seed of scenarios and falsehoods.
        decisions: Number of decisions, in addition to twenty whole runs, from which sentences come.
    """
    rng = np.random.default_rng([seed, 6])
    started = time.perf_counter()
    grounds = [*_of_decisions(decisions, rng), *_of_runs(rng), *_of_ways(rng)]
    wrong: list[dict[str, str]] = []
    kept = _true_ones(grounds, true, rng, wrong)
    struck = _false_ones(grounds, false, rng, wrong)
    return {
        "seed": seed,
        "decisions": decisions,
        "runs": EXPLAINED_RUNS,
        "false": struck,
        "true": kept,
        "struck_pct": _percent(struck, "struck"),
        "kept_pct": _percent(kept, "kept"),
        "wrong": wrong[:MAX_SENTENCES_SHOWN],
        "seconds": time.perf_counter() - started,
    }


def _percent(rows: list[dict[str, Any]], column: str) -> float:
    made = sum(r["made"] for r in rows)
    return 100.0 * sum(r[column] for r in rows) / made if made else 0.0


def _true_ones(
    grounds: list[Ground], count: int, rng: np.random.Generator, wrong: list[dict[str, str]]
) -> list[dict[str, Any]]:
    every: dict[str, list[tuple[KnownFacts, str, tuple[int, ...]]]] = defaultdict(list)
    for ground in grounds:
        for sentence in ground.sentences:
            every[sentence.kind].append((ground.known, sentence.text, (sentence.cited,)))
        every["several clauses"] += [(ground.known, text, cited) for text, cited in ground.composed]
    made, kept = Counter[str](), Counter[str]()
    for kind, known, text, cited in _spread(every, count, rng):
        made[kind] += 1
        held = hold([(text, cited)], known)
        kept[kind] += bool(held.kept)
        if held.struck:
            wrong.append({"kind": f"true: {kind}", "text": text, "reason": held.struck[0][1]})
    return [{"kind": k, "made": made[k], "kept": kept[k]} for k in made]


def _spread(
    every: Mapping[str, list[tuple[KnownFacts, str, tuple[int, ...]]]], count: int, rng: np.random.Generator
) -> Iterator[tuple[str, KnownFacts, str, tuple[int, ...]]]:
    """Sample sentences of all kinds without repetition, evenly where there are enough of each."""
    left, kinds = count, sorted(every, key=lambda k: len(every[k]))
    for place, kind in enumerate(kinds):
        share = min(len(every[kind]), -(-left // (len(kinds) - place)))
        left -= share
        for k in rng.permutation(len(every[kind]))[:share]:
            yield (kind, *every[kind][k])


def _false_ones(
    grounds: list[Ground], count: int, rng: np.random.Generator, wrong: list[dict[str, str]]
) -> list[dict[str, Any]]:
    sources = [(ground, sentence) for ground in grounds for sentence in ground.sentences]
    rows = []
    for place, kind in enumerate(MUTATORS):
        wanted = count * (place + 1) // len(MUTATORS) - count * place // len(MUTATORS)
        made = struck = unchecked = 0
        for ground, false in _made(kind, sources, wanted, rng):
            held = hold([(false.text, (false.cited,))], ground.known)
            made += 1
            struck += not held.kept
            unchecked += bool(held.struck) and held.struck[0][1].startswith(UNCHECKED)
            if held.kept:
                wrong.append({"kind": kind, "text": false.text, "reason": ""})
        rows.append({"kind": kind, "made": made, "struck": struck, "unreadable": unchecked})
    return rows


def _made(
    kind: str, sources: list[tuple[Ground, Said]], count: int, rng: np.random.Generator
) -> Iterator[tuple[Ground, Falsehood]]:
    """Sample distinct false sentences of a kind, at most two per true sentence."""
    seen = set[tuple[int, str]]()
    for place in rng.permutation(len(sources)):
        ground, sentence = sources[place]
        falsehoods = list(mutants(kind, sentence, rng))
        for k in rng.permutation(len(falsehoods))[:2]:
            if len(seen) == count:
                return
            key = id(ground), falsehoods[k].text
            if key not in seen:
                seen.add(key)
                yield ground, falsehoods[k]


def _of_decisions(count: int, rng: np.random.Generator) -> Iterator[Ground]:
    for _, _, case in cases(count, rng, None):
        if case.decision is not None:
            yield ground_of(known_of(explain_case(case._replace(run=None)), case.scenario, "operator"), rng)


def _of_runs(rng: np.random.Generator) -> Iterator[Ground]:
    families = list(FAMILIES)
    for number in range(EXPLAINED_RUNS):
        scenario = expand(sample_spec(families[number % len(families)], 1 + number % 3, rng))
        policy = REFERENCES[RUN_POLICIES[int(rng.integers(len(RUN_POLICIES)))]]
        yield ground_of(known_of(explain_plan(scenario, policy), scenario, "operator"), rng)


def _of_ways(rng: np.random.Generator) -> Iterator[Ground]:
    """Return the tasks that waited, failed or were never placed."""
    families = list(FAMILIES)
    for number in range(EXPLAINED_RUNS):
        scenario = expand(sample_spec(families[number % len(families)], 2 + number % 2, rng))
        run = run_of(scenario, REFERENCES[RUN_POLICIES[int(rng.integers(len(RUN_POLICIES)))]])
        ways = [(t.task_id, way_claims(run, k)) for k, t in enumerate(scenario.tasks)]
        for task, claims in sorted(ways, key=lambda w: -len(w[1]))[:TASKS_A_RUN]:
            yield ground_of(known_of_way(claims, task, scenario), rng)


def ground_of(known: KnownFacts, rng: np.random.Generator) -> Ground:
    """Return facts with true sentences about them, in every phrasing."""
    texts = [(n, fact, list(_texts(fact, known))) for n, fact in enumerate(known.facts, 1)]
    plain = tuple((phrasings[0], n) for n, fact, phrasings in texts if phrasings and fact not in known.background)
    nodes = known.names.known[NODES]
    sentences = tuple(
        Said(
            text,
            number,
            fact.readings[0].kind,
            (names := _names(text, nodes)),
            tuple(sorted(nodes - set(names)))[:5],
            _features(fact),
            tuple(p for p in plain if p[1] != number),
        )
        for number, fact, phrasings in texts
        for text in phrasings
    )
    return Ground(known, sentences, tuple(_composed(known, rng)))


def _texts(fact: Fact, known: KnownFacts) -> Iterator[str]:
    """Write a fact in every phrasing, with and without figures."""
    reading = fact.readings[0]
    for which in range(len(phrasings_of(reading.kind, reading.slots))):
        for figures in (True, False):
            text = written(reading, which, known.names, "operator", figures)
            if text is not None:
                yield f"{text}."


def _names(text: str, nodes: frozenset[str]) -> tuple[str, ...]:
    """Return the nodes that a text names, in its order."""
    positions = {n: text.find(n) for n in nodes if f" {n} " in f" {text[:-1].replace(chr(39), ' ').replace(',', ' ')} "}
    return tuple(sorted(positions, key=lambda n: positions[n]))


def _features(fact: Fact) -> tuple[str, ...]:
    slots = fact.readings[0].slots
    listed = slots.get("features", frozenset())
    named = sorted(listed) if isinstance(listed, frozenset) else []
    return tuple(noun(f, "operator") for f in [*([str(slots["feature"])] if "feature" in slots else []), *named])


def _composed(known: KnownFacts, rng: np.random.Generator) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Compose sentences of several facts, as a model might choose them."""
    ids = [(n, k) for n, fact in enumerate(known.facts, 1) for k in range(len(offered(fact, known.names)))]
    for link in LINKS:
        picked = [ids[k] for k in rng.permutation(len(ids))[:3]]
        yield from compose([SentenceChoice(tuple(picked), link, bool(rng.integers(2)))], known, "operator")
