"""The attacker with a model: what can't be expanded goes back with the reason."""

import json
import random

import pytest

from aurora.agents.answers import ScenarioAnswer, to_spec
from aurora.agents.attacker import AttackBriefing, expandable, write_scenarios
from aurora.errors import ScenarioError
from aurora.evals.scripted_server import _scenario
from aurora.prompts.loader import load_prompt
from tests.agents.test_metered import environment, model, replying, said  # noqa: F401  # the fixture

GOOD = _scenario(random.Random(1), 1)
TINY = {**GOOD, "groups": [{**GOOD["groups"][0], "cpu": {"low": 5e-324, "spread": 1}}]}


@pytest.mark.parametrize("scenario", [TINY, {**GOOD, "objective_weights": dict.fromkeys(GOOD["objective_weights"], 0)}])
def test_a_valid_answer_that_describes_no_scenario_goes_back(environment, scenario) -> None:  # noqa: F811
    replies = [said(json.dumps({"scenarios": [each]})) for each in (scenario, GOOD)]
    with replying(*replies) as (url, seen):
        environment(url)
        written = write_scenarios(model(), load_prompt("attacker"), AttackBriefing(1, 1, [], [], 5))
    assert len(written.specs) == 1
    assert len(written.rejected) == 1
    assert written.rejected[0] in seen[1]["messages"][-1]["content"]


def test_what_is_drawn_out_of_range_is_named(monkeypatch) -> None:
    def overflowing(spec: object) -> None:
        raise OverflowError("too large")

    spec = to_spec(ScenarioAnswer.model_validate(GOOD), 1, 0)
    assert expandable(spec) is spec
    monkeypatch.setattr("aurora.agents.attacker.expand", overflowing)
    with pytest.raises(ScenarioError, match="out of range: too large"):
        expandable(spec)
