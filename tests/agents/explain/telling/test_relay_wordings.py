"""Explanations that a person, as the model, worded slightly wrong in twelve ways: none may be kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aurora.agents.explain.explainer import explain_case
from aurora.agents.explain.run_explainer import explain_plan
from aurora.agents.explain.telling.holding import hold
from aurora.agents.roles.narrator import known_of
from aurora.evals.explanations.decisions import cases

WORDINGS = json.loads(Path(__file__).with_name("relay_wordings.json").read_text())
"""What was explained -> sentences, each with its kind, or `true`, and the claims that it cites."""
RUN = "run of best_fit"
EXPLAINED = {("greenest", "g1-5"): "greenest", ("best_fit", "g0-9"): "best_fit", ("best_fit", "g0-5"): RUN}
"""Policy and task -> what was explained: the task's decision, or the run that it is of."""


@pytest.fixture(scope="module")
def known():
    """Return the facts that the prompt listed."""
    found = {}
    for _, task, case in cases(400, np.random.default_rng([1, 6]), None):
        subject = EXPLAINED.get((case.policy.policy_id, task))
        if subject is None or subject in found or case.decision is None or case.decision.runner_up is None:
            continue
        explained = explain_case(case, task)
        if "would have won" in explained.text:
            run = explain_plan(case.scenario, case.policy) if subject == RUN else explained
            found[subject] = known_of(run, case.scenario, "operator")
        if len(found) == len(WORDINGS):
            break
    return found


@pytest.mark.parametrize("subject", WORDINGS)
def test_no_false_wording_is_kept_and_true_ones_are(known, subject):
    wrong = []
    for kind, text, cited in WORDINGS[subject]:
        if kind == "true, not readable":
            continue  # it may be struck: the text says so, and falls back to words that can be checked
        held = hold([(text, tuple(cited))], known[subject])
        if bool(held.kept) != (kind == "true"):
            wrong.append((kind, text, held.struck))
    assert wrong == []
