"""Counterfactuals over random scenarios and policies: each is possible, and true when the run is simulated with it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from aurora.agents.explain.contrast import edit_text, why_not
from aurora.agents.explain.explainer import claims_against, shown_values
from aurora.agents.explain.wording import no_flip_text, sentence
from aurora.errors import ScenarioError
from aurora.evals.explanations.decisions import POLICIES
from aurora.evals.explanations.interventions import winner_after
from aurora.evals.explanations.sampling import SampledRun
from aurora.sim.explain.change_sets import brings, smallest_changes
from aurora.sim.explain.claims import Case, FlipClaim, check, run_of
from aurora.sim.explain.decision import Decision, Option, is_level
from aurora.sim.explain.edits import LINK_FIELDS, NODE_FIELDS, Edit, edited
from aurora.sim.explain.flip import LEVERS, flipped, flips, range_of
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import FAMILIES, sample_spec
from aurora.sim.scenarios.scenario import Link, Node, Scenario

RUNS = 24
DECISIONS = 6
TERMS = (
    "fit.latency", "fit.cost", "fit.energy", "fit.duration", "fit.cpu_left", "fit.memory_left", "node.cpu_load",
    "node.memory_load", "node.price", "node.speed", "node.tasks", "node.active", "node.fragmentation", "path.hops",
    "abs(node.cpu_load - node.memory_load)", "cluster.cpu_load * node.cpu_load", "node.battery", "node.failures",
    "fit.placements_lost", "fit.typical_left - node.cpu_load", "fit.stranded_cpu",
)  # fmt: skip


def random_policy(rng: np.random.Generator) -> Policy:
    """Return a reference policy, or a weighted sum of random terms."""
    if rng.random() < 1 / 3:
        return REFERENCES[POLICIES[int(rng.integers(len(POLICIES)))]]
    terms = rng.choice(TERMS, int(rng.integers(1, 4)), replace=False)
    score = " + ".join(f"({rng.normal():.3f}) * ({term})" for term in terms)
    return Policy(
        policy_id="random", allocation_strategy=AllocationStrategy(decision_rules=(DecisionRule(score=score),))
    )


def random_run(number: int) -> SampledRun:
    rng = np.random.default_rng([29, number])
    family = list(FAMILIES)[number % len(FAMILIES)]
    scenario = expand(sample_spec(family, 1 + number % 3, rng))
    return SampledRun(f"29/{number}", run_of(scenario, random_policy(rng)))


def lost(run: SampledRun) -> list[tuple[Decision, Option]]:
    """Return some decisions of a run, each with an option that lost."""
    rng = np.random.default_rng(len(run.decisions))
    open_ones = [d for d in run.decisions if len(d.options) > 1]
    chosen = rng.permutation(len(open_ones))[:DECISIONS]
    pairs = [(open_ones[k], open_ones[k].options[int(rng.integers(1, len(open_ones[k].options)))]) for k in chosen]
    return [(d, o) for d, o in pairs if not is_level(d, o.features)]


@pytest.fixture(scope="module")
def runs() -> list[SampledRun]:
    return [random_run(k) for k in range(RUNS)]


def test_every_threshold_is_possible_and_holds_when_it_is_simulated(runs: list[SampledRun]) -> None:
    simulated = 0
    rng = np.random.default_rng(0)
    for run in runs:
        for decision, option in lost(run):
            for flip in flips(decision, option):
                lever = next(l for l in LEVERS if l.feature == flip.feature)
                limits = range_of(decision, option, lever)
                assert limits is not None and 0 <= limits[0] < flip.threshold < limits[1]
                assert not lever.feature.endswith("_load") or limits[1] <= 1
                end = limits[0] if flip.is_below else limits[1]
                for share in (*rng.uniform(0, 1, 3), 0.01):
                    beyond = flip.threshold + float(share) * (end - flip.threshold)
                    short = flip.now + 0.98 * float(share) * (flip.threshold - flip.now)
                    assert flipped(decision, option, flip.feature, beyond)
                    assert not flipped(decision, option, flip.feature, short)
                    for value, winner in ((beyond, option.name), (short, decision.chosen.name)):
                        found = winner_after(run, decision, option, lever, value)
                        assert found in (None, winner)
                        simulated += found is not None
    assert simulated > 100


def test_texts_name_no_impossible_amount(runs: list[SampledRun]) -> None:
    told = 0
    for run in runs:
        for decision, option in lost(run):
            claims = claims_against(decision, option)
            case = Case(run.history.scenario, run.history.policy, decision, run.history)
            checked = check(claims, case)
            assert all(c.holds for c in checked), [c for c in checked if not c.holds]
            for claim in claims:
                if isinstance(claim, FlipClaim):
                    text = sentence(claim, shown_values(decision), "operator")
                    assert not any(f" {word}" in text for word in ("under -", "under 0 ", "under $0/", "over -"))
                    far, now = text.split(" were ")[1].split(" (it was ")
                    assert far.split(" ", 1)[1] != now.removesuffix(")")
                    told += 1
    assert told > 10


def test_where_no_change_of_one_quantity_is_enough_none_is(runs: list[SampledRun]) -> None:
    said = 0
    rng = np.random.default_rng(1)
    for run in runs:
        for decision, option in lost(run):
            if not no_flip_text(decision, option, "operator"):
                continue
            said += 1
            for lever in LEVERS:
                limits = range_of(decision, option, lever)
                values = () if limits is None else rng.uniform(*limits, 20)
                assert not any(flipped(decision, option, lever.feature, float(v)) for v in values)
    assert said > 5


def test_sets_of_changes_are_valid_for_the_schema_and_bring_the_task_there(runs: list[SampledRun]) -> None:
    found = 0
    for run in runs[::2]:
        scenario = run.history.scenario
        for decision, option in lost(run)[:2]:
            task = next(k for k, t in enumerate(scenario.tasks) if t.task_id == decision.task_id)
            changes = smallest_changes(run.history, task, option.name) or ()
            for edit in changes:
                assert edit.then != edit.now or edit.kind in ("allow", "model", "up")
                assert "-" not in edit_text(edit).replace(edit.subject, "")
                _valid(scenario, edit)
            if changes:
                assert brings(run.history, decision.task_id, option.name, changes)
            found += bool(changes)
    assert found > 5


def _valid(scenario: Scenario, edit: Edit) -> None:
    for node in scenario.nodes:
        if node.node_id == edit.subject and edit.kind in NODE_FIELDS:
            Node.model_validate({**node.model_dump(), NODE_FIELDS[edit.kind]: edit.then})
    for link in scenario.links:
        if link.link_id == edit.subject and edit.kind in LINK_FIELDS:
            Link.model_validate({**link.model_dump(), LINK_FIELDS[edit.kind]: edit.then})


def test_an_edit_that_no_node_can_have_is_refused() -> None:
    scenario = expand(sample_spec("batch", 1, np.random.default_rng(0)))
    node = scenario.nodes[0]
    for kind, then in (("price", -1.0), ("speed", 0.0), ("cpu", -2.0)):
        with pytest.raises(ScenarioError, match="node can't have"):
            edited(scenario, scenario.tasks[0].task_id, [Edit(kind, node.node_id, 1.0, then)])  # type: ignore[arg-type]


def test_no_candidate_is_worse_and_better_on_the_same(runs: list[SampledRun]) -> None:
    told = 0
    for run in runs[::3]:
        for decision, option in lost(run)[:3]:
            case = Case(run.history.scenario, run.history.policy, decision, run.history)
            worse, *rest = why_not(case, decision.task_id, option.name).text.splitlines()
            better = " ".join(line for line in rest if line.startswith("It was better on"))
            named = [part.strip() for part in re.split(r" on | and |, ", re.sub(r"\([^)]*\)", "", worse))]
            assert not [n for n in named[1:] if n and f"{n.rstrip('.')} (" in better]
            told += bool(better)
    assert told
