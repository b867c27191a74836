"""The attacker with a model: scenarios that cannot be expanded are returned with the reason."""

import contextlib
import json
import random

import pytest

from aurora.agents.roles.answers import ScenarioAnswer, to_spec
from aurora.agents.roles.attacker import AttackBriefing, expandable, write_scenarios
from aurora.errors import AnswerError, ScenarioError
from aurora.evals.testing.scripted_server import _scenario
from aurora.prompts.loader import load_prompt
from tests.agents.models.test_metered import environment, model, replying, said  # noqa: F401  # the fixture

GOOD = _scenario(random.Random(1), 1)
TINY = {**GOOD, "groups": [{**GOOD["groups"][0], "cpu": {"low": 5e-324, "spread": 1}}]}


@pytest.mark.parametrize("scenario", [TINY, {**GOOD, "objective_weights": dict.fromkeys(GOOD["objective_weights"], 0)}])
def test_a_valid_answer_without_a_possible_scenario_is_returned(environment, scenario) -> None:  # noqa: F811
    replies = [said(json.dumps({"scenarios": [each]})) for each in (scenario, GOOD)]
    with replying(*replies) as (url, seen):
        environment(url)
        written = write_scenarios(model(), load_prompt("attacker"), AttackBriefing(1, 1, [], [], 5))
    assert len(written.specs) == 1
    assert len(written.rejected) == 1
    assert written.rejected[0] in seen[1]["messages"][-1]["content"]


def test_a_sampled_value_out_of_range_is_named(monkeypatch) -> None:
    def overflowing(spec: object) -> None:
        raise OverflowError("too large")

    spec = to_spec(ScenarioAnswer.model_validate(GOOD), 1, 0)
    assert expandable(spec) is spec
    monkeypatch.setattr("aurora.agents.roles.attacker.expand", overflowing)
    with pytest.raises(ScenarioError, match="out of range: too large"):
        expandable(spec)


def test_a_valid_scenario_is_kept_when_another_is_impossible(environment) -> None:  # noqa: F811
    weightless = {**GOOD, "rationale": "no weights", "objective_weights": dict.fromkeys(GOOD["objective_weights"], 0)}
    with replying(said(json.dumps({"scenarios": [weightless, GOOD]}))) as (url, seen):
        environment(url)
        written = write_scenarios(model(), load_prompt("attacker"), AttackBriefing(1, 2, [], [], 5))
    assert len(seen) == 1
    assert len(written.specs) == 1
    (reason,) = written.rejected
    assert reason.startswith('scenario 1 ("no weights"): ')
    assert "objective_weights" in reason


def test_the_prompt_defines_success_and_lists_the_scenarios_of_the_iteration(environment) -> None:  # noqa: F811
    spec = to_spec(ScenarioAnswer.model_validate({**GOOD, "rationale": "already here"}), 1, 0)
    systems = []
    for level in (1, 2):
        with replying(said(json.dumps({"scenarios": [GOOD]}))) as (url, seen):
            environment(url)
            briefing = AttackBriefing(level, 1, [], [], 5, accepted=[spec])
            with contextlib.suppress(AnswerError):  # the answer has the size of level 1
                write_scenarios(model(), load_prompt("attacker"), briefing)
        system, user = (m["content"] for m in seen[0]["messages"][:2])
        assert "One succeeds if" in system
        assert "already here" in user
        systems.append(system)
    assert systems[0] == systems[1]  # the stable part serves all levels
