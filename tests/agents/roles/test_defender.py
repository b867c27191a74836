"""The defender with a model: several candidates, within the queue discipline of the protocol."""

from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from aurora.agents.models.metered import metered
from aurora.agents.models.model import ModelName, model_name
from aurora.agents.roles import defender
from aurora.agents.roles.answers import PolicyAnswer, RuleAnswer
from aurora.agents.roles.defender import DEFENDER_TOOLS, DefendBriefing, tools_of, write_policies
from aurora.champions.shipped import shipped_champion
from aurora.evals.testing.scripted_server import scripted_server
from aurora.prompts.loader import load_prompt
from aurora.sim.kernel import encode
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.expansion import expand
from aurora.sim.scenarios.generators import sample_spec
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.recording import Recording

SCENARIO = encode(expand(sample_spec("spot", 1, np.random.default_rng(2))))


def write(monkeypatch, queue=None, references=None, best=None, **told):
    with scripted_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        recording = Recording()
        model = metered(model_name("openai:m"), recording=recording)
        references = references or {n: [0.5] for n in ("fgd", "best_fit")}
        best = best or [(REFERENCES["fgd"], 0.5)]
        briefing = DefendBriefing([SCENARIO.scenario], "The value is x.", references, best, ["too long"], queue, **told)
        found = write_policies(
            model,
            load_prompt("defender"),
            briefing,
            lambda: Harness(Desk([SCENARIO]), ("draft_policy",), recording=recording),
            3,
        )
    return found, [e for e in recording if e.kind == "model"]


def test_three_candidates_come_from_one_conversation(monkeypatch) -> None:
    found, asked = write(monkeypatch)
    assert len(found.policies) == 3
    assert {e.request["settings"]["temperature"] for e in asked} == {0.7}
    prompt = asked[0].request["messages"][1]["content"]
    assert SCENARIO.scenario.scenario_id in prompt
    assert '- "too long"' in prompt
    assert "3. be bold" in prompt


def test_the_prompt_shows_the_champion_and_the_results_of_earlier_policies(monkeypatch) -> None:
    lesson = "abc (iteration 2): +0.1 in training, -0.2 on validation; not chosen"
    _, asked = write(monkeypatch, champion=(REFERENCES["nearest"], -0.0123), lessons=[lesson], is_tuned=True)
    system, user = (m["content"] for m in asked[0].request["messages"][:2])
    assert "-0.0123 on validation (unit of the value) against each scenario's best reference" in user
    assert f"- {lesson}" in user
    assert "A search tunes the factors" in system


def test_random_policies_are_not_shown_as_references(monkeypatch) -> None:
    _, asked = write(monkeypatch, references={"random": [0.9], "fgd": [0.5]})
    user = asked[0].request["messages"][1]["content"]
    assert "random" not in user
    assert "- mark: 0.5000" in user


def test_only_valid_policies_of_an_answer_are_kept() -> None:
    good = PolicyAnswer(
        description="d",
        order="task.duration",
        admit="1",
        rules=[RuleAnswer(when="1", score="-fit.cost")],
        head_of_line_blocking=False,
        backfill="none",
        device_choice="best_fit",
    )
    blocked = good.model_copy(update={"head_of_line_blocking": True, "backfill": "easy"})
    answer = good.model_copy(update={"alternatives": [blocked]})

    def answered(model, filled, schema, accept, **_):
        return SimpleNamespace(value=accept(answer), rejected=(), evidence=())

    with patch.object(defender, "run_agent", answered):
        queue = REFERENCES["first_fit"].allocation_strategy
        briefing = DefendBriefing([SCENARIO.scenario], "x", {"fgd": [0.5]}, [], [], queue)
        model = SimpleNamespace(name_=ModelName("openai", "any"))
        found = write_policies(model, load_prompt("defender"), briefing, lambda: Harness(Desk([SCENARIO]), ()), 3)
    assert len(found.policies) == 1
    assert any("policy 2: the queue discipline is given" in reason for reason in found.failures)


def test_a_fixed_queue_discipline_is_in_the_prompt_and_kept(monkeypatch) -> None:
    found, asked = write(monkeypatch, REFERENCES["sjf+easy"].allocation_strategy)
    given = "the queue discipline is given: head_of_line_blocking true, backfill easy"
    assert found.policies == ()
    assert any(given in reason for reason in found.failures)
    assert f"T{given[1:]}" in asked[0].request["messages"][0]["content"]


def test_a_valid_policy_is_kept_when_another_is_invalid() -> None:
    good = {
        "description": "d",
        "order": "task.duration",
        "admit": "1",
        "rules": [{"when": "1", "score": "-fit.cost"}],
        "head_of_line_blocking": False,
        "backfill": "none",
        "device_choice": "best_fit",
    }
    unknown = {**good, "rules": [{"when": "1", "score": "-node.carbon"}]}
    answer = PolicyAnswer.model_validate({**good, "alternatives": [unknown, {**good, "order": "node.speed"}]})
    with patch.object(
        defender,
        "run_agent",
        lambda model, filled, schema, accept, **_: SimpleNamespace(value=accept(answer), rejected=(), evidence=()),
    ):
        briefing = DefendBriefing([SCENARIO.scenario], "x", {"fgd": [0.5]}, [], [])
        model = SimpleNamespace(name_=ModelName("openai", "any"))
        found = write_policies(model, load_prompt("defender"), briefing, lambda: Harness(Desk([SCENARIO]), ()), 3)
    assert len(found.policies) == 1
    assert found.failures[0].startswith("policy 2: rules.0.score: unknown feature 'node.carbon'")
    assert found.failures[1].startswith("policy 3: order: node.speed can't be read here")
    assert "InvalidPolicy" not in str(PolicyAnswer.model_json_schema())


def test_only_tools_with_available_data_are_offered() -> None:
    assert tools_of(with_networks=True, in_units=True) == DEFENDER_TOOLS
    assert set(DEFENDER_TOOLS) - set(tools_of(with_networks=False, in_units=True)) == {"rl_advice"}
    assert set(DEFENDER_TOOLS) - set(tools_of(with_networks=True, in_units=False)) == {"objective_bounds"}


def test_a_shipped_champion_is_shown_with_its_lead_its_idea_and_its_values(monkeypatch) -> None:
    champion = shipped_champion("gpu")
    best = [(champion.policy, 0.625)]
    _, asked = write(monkeypatch, best=best, rows={"champion:gpu": [0.5, 0.75]})
    user = asked[0].request["messages"][1]["content"]
    assert "- 0.6250; 0.5000 0.7500; champion:gpu (ships with AURORA; trained on openb" in user
    lead = f"{champion.judgement.closest.mean:+.3g} over fgd on families that it never met, allocated devices, %"
    assert lead in user
    assert champion.idea in user


def test_an_answer_may_be_as_long_as_a_draft() -> None:
    rule = RuleAnswer(when="1", score="0.1 * fit.cpu_left" + " " * 3000)
    assert len(rule.score) > 3000
