"""Sentences made by templates from random results: true ones are kept, the same with one part altered are struck.

`python -m tests.agents.operator.test_read_sentences` prints both shares for each template.
"""

from __future__ import annotations

import json
import random
from collections import Counter

from aurora.agents.operator.answer import Answer, Sentence
from aurora.agents.operator.checking import check_answer
from aurora.cluster.samples.load import load_sample
from aurora.tools.desk import Desk
from aurora.tools.harness import Evidence

DESK = Desk([], snapshot=load_sample("web-shop"))
LEAST_KEPT, LEAST_STRUCK = 0.97, 0.99


def nodes_of(rng):
    """Return a random result of `find_nodes`: 5 to 9 nodes of distinct sizes."""
    rows = []
    names = [f"node-{z}{n}" for z in "abc" for n in (1, 2, 3)]
    for name in rng.sample(names, rng.randint(5, 9)):
        resources = []
        for resource, total in (("cpu", rng.choice((4, 8, 16)) - 0.08), ("memory", rng.choice((16.0, 32.0, 64.0)))):
            requested = round(rng.uniform(0.15, 0.95) * total, 2)
            resources.append(
                {
                    "resource": resource,
                    "allocatable": total,
                    "requested": requested,
                    "free": round(total - requested, 2),
                    "requested_share": round(requested / total, 6),
                    "used": round(requested * rng.uniform(0.2, 0.9), 2),
                }
            )
        rows.append(
            {
                "node_id": name,
                "zone": f"eu-1{name[5]}",
                "is_usable": rng.random() < 0.8,
                "tasks": rng.randint(1, 14),
                "resources": resources,
                "price_per_hour": rng.choice((0.128, 0.202, 0.404, 0.51)),
            }
        )
    return rows


def cell(row, resource, key):
    return next(r[key] for r in row["resources"] if r["resource"] == resource)


def number(value):
    return f"{value:g}"


def sentences(rng, rows):
    """Yield a template's name, a sentence that is true by construction, and one with one part altered."""
    first, second, third = rng.sample(rows, 3)
    a, b = first["node_id"], second["node_id"]
    free, other = cell(first, "cpu", "free"), cell(second, "cpu", "free")
    off = round(free + rng.choice((0.31, 0.57, 1.2)), 2)
    yield "free", f"{a} has {number(free)} cores free", f"{a} has {number(off)} cores free"
    memory = cell(first, "memory", "free")
    said = f"{first['tasks']} task{'s' * (first['tasks'] > 1)}"
    yield (
        "tasks and memory",
        f"{a} has {said} and {number(memory)} GiB of memory free",
        f"{a} has {said} and {number(round(memory + 1.3, 2))} GiB of memory free",
    )
    total, requested = cell(first, "cpu", "allocatable"), cell(first, "cpu", "requested")
    yield (
        "part of whole",
        f"{number(requested)} of the {number(total)} cores of {a} are requested",
        f"{number(round(requested * 0.6, 2))} of the {number(total)} cores of {a} are requested",
    )
    top = max(rows, key=lambda r: cell(r, "cpu", "free"))
    if sum(cell(r, "cpu", "free") == cell(top, "cpu", "free") for r in rows) == 1:
        wrong = next(r for r in rows if r is not top)
        for name, row in (("most", top), ("wrong most", wrong)):
            text = f"{row['node_id']} has the most free CPU of all {len(rows)} nodes"
            yield ("superlative", text, "") if name == "most" else ("superlative", "", text)
    bound = rng.randint(3, 10)
    met = sum(r["tasks"] > bound for r in rows)
    if 1 < met < len(rows):
        yield (
            "count",
            f"{met} of the {len(rows)} nodes have more than {bound} tasks",
            f"{met - 1} of the {len(rows)} nodes have more than {bound} tasks",
        )
    if free != other:
        more, less = (a, b) if free > other else (b, a)
        gap = number(round(abs(free - other), 2))
        yield "comparative", f"{more} has more free cores than {less}", f"{less} has more free cores than {more}"
        yield (
            "difference",
            f"{more} has {gap} cores more free than {less}",
            f"{more} has {number(round(abs(free - other) + 0.7, 2))} cores more free than {less}",
        )
    together = round(free + other, 2)
    yield (
        "sum",
        f"{a} and {b} together have {number(together)} cores free",
        f"{a} and {b} together have {number(round(together + 0.9, 2))} cores free",
    )
    least = min(r["tasks"] for r in rows)
    yield "all", f"All nodes have at least {least} tasks", f"All nodes have at least {least + 1} tasks"
    highest = max(r["tasks"] for r in rows)
    yield "none", f"No node has more than {highest} tasks", f"No node has more than {highest - 1} tasks"
    out = [r for r in rows if not r["is_usable"]]
    if len(out) == 1:
        name = out[0]["node_id"]
        yield (
            "only",
            f"Only {name} is not usable",
            f"Only {next(r for r in rows if r not in out)['node_id']} is not usable",
        )
    zones = Counter(r["zone"] for r in rows)
    zone = rng.choice(list(zones))
    if zones[zone] > 1:
        most = max(r["tasks"] for r in rows if r["zone"] == zone)
        yield (
            "all in a zone",
            f"All nodes in {zone} have at most {most} tasks",
            f"All nodes in {zone} have at most {most - 1} tasks",
        )
    price = third["price_per_hour"]
    yield (
        "price",
        f"{third['node_id']} costs ${price:g} per hour and runs {third['tasks']} tasks",
        f"{third['node_id']} costs ${price + 0.1:g} per hour and runs {third['tasks']} tasks",
    )


def measure(runs=60, seed=0):
    """Return how many sentences of each template were made, and how many judged rightly, by truth."""
    made, judged = Counter(), Counter()
    for run in range(runs):
        rng = random.Random(seed + run)
        rows = nodes_of(rng)
        result = {"count": len(rows), "nodes": rows}
        evidence = [Evidence(1, "find_nodes", {"limit": 50}, "ok", json.dumps(result), 0.0)]
        for template, true, false in sentences(rng, rows):
            for text, is_true in ((true, True), (false, False)):
                if text:
                    made[template, is_true] += 1
                    judged[template, is_true] += is_kept(f"{text}.", evidence) == is_true
    return made, judged


def is_kept(text, evidence):
    answer = Answer(question="How are things?", by="openai:model", sentences=(Sentence(text=text, cites=("E1",)),))
    return not check_answer(answer, evidence, DESK).sentences[0].struck


def test_true_sentences_of_templates_are_kept_and_altered_ones_struck() -> None:
    made, judged = measure(runs=12)
    for is_true, least in ((True, LEAST_KEPT), (False, LEAST_STRUCK)):
        share = sum(n for (_, t), n in judged.items() if t == is_true) / sum(
            n for (_, t), n in made.items() if t == is_true
        )
        assert share >= least, {t: (judged[t, is_true], n) for (t, truth), n in made.items() if truth == is_true}


if __name__ == "__main__":
    made, judged = measure()
    for template in dict.fromkeys(t for t, _ in made):
        kept, struck = (f"{judged[template, t]} of {made[template, t]}" for t in (True, False))
        print(f"{template}: {kept} true ones kept, {struck} false ones struck")
