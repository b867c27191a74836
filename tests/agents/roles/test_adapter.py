"""The adapter: programs are checked and measured, and go back within a number of answers."""

import json

import pytest

from aurora.agents.roles.adapter import DOMAINS_TOLD, SOURCE_POLICY, AdaptBriefing, Values, adapt_policy
from aurora.errors import AnswerError
from aurora.evals.transfer.domains import DOMAINS, fresh_scenarios
from aurora.prompts.loader import load_prompt
from aurora.sim.policies.references import REFERENCES
from tests.agents.scripted_model import scripted

PROMPT = load_prompt("transfer")
SCENARIOS = [j.scenario for j in fresh_scenarios(("sensors",), 1, 1, levels=(1, 2))]


def valued(sensors: float, video: float) -> Values:
    return Values((sensors, video), {"latency": sensors / 2, "qos": video / 2})


BRIEFING = AdaptBriefing(
    target="edge",
    families={"sensors": "small readings", "video": "heavy streams"},
    scenarios=SCENARIOS,
    size=8,
    references=REFERENCES,
    reference_values={"nearest": valued(0.7, 0.6), "cheapest": valued(0.5, 0.5), "fastest": valued(0.5, 0.5)},
    measure="The value is the reward.",
    source="cloud",
    policy=REFERENCES["greenest"],
    policy_values=valued(0.4, 0.3),
)
VALUES = {
    "-fit.cost": valued(0.5, 0.5),
    "-fit.latency": valued(0.6, 0.6),
    "-fit.latency - fit.cost": valued(0.8, 0.6),
}


def program(score: str) -> str:
    return json.dumps(
        {
            "description": "a program",
            "order": "task.submit_time",
            "admit": "1",
            "rules": [{"when": "1", "score": score}],
            "head_of_line_blocking": False,
            "backfill": "none",
            "device_choice": "best_fit",
        }
    )


def measure(policy):
    return VALUES[policy.allocation_strategy.decision_rules[0].score]


def test_a_program_that_is_ahead_is_taken_at_once() -> None:
    model = scripted(program("-fit.latency - fit.cost"), program("-fit.cost"))
    adapted = adapt_policy(model, PROMPT, BRIEFING, measure, 3)
    assert (adapted.values.by_family, adapted.answers, adapted.refused) == ((0.8, 0.6), 1, ())


def test_an_invalid_program_and_one_that_is_behind_are_repaired() -> None:
    model = scripted(program("-node.temperature"), program("-fit.cost"), program("-fit.latency - fit.cost"))
    adapted = adapt_policy(model, PROMPT, BRIEFING, measure, 3)
    assert (adapted.values.by_family, adapted.answers) == ((0.8, 0.6), 3)
    assert len(adapted.refused) == 1
    assert "node.temperature" in adapted.refused[0]
    last = model.inner.sent[-1][-1].text
    assert "0.5000" in last
    assert "nearest" in last
    assert "yours: latency 0.2500, qos 0.2500" in last
    assert SOURCE_POLICY in last
    assert "Answers left: 1" in last


def test_the_best_program_counts_where_no_answer_is_left() -> None:
    model = scripted(program("-fit.latency"), program("-fit.cost"), program("-fit.latency - fit.cost"))
    adapted = adapt_policy(model, PROMPT, BRIEFING, measure, 2)
    assert (adapted.values.by_family, adapted.answers) == ((0.6, 0.6), 2)
    assert len(model.inner.replies) == 1  # the third answer was not asked for


def test_invalid_later_answers_leave_the_valid_program() -> None:
    model = scripted(program("-fit.latency"), "no", "no", "no")
    adapted = adapt_policy(model, PROMPT, BRIEFING, measure, 3)
    assert (adapted.values.by_family, adapted.answers) == ((0.6, 0.6), 3)
    assert "in 2 answers" in adapted.refused[0]
    assert len(model.inner.replies) == 1


def test_no_valid_answer_is_a_failure_and_no_score() -> None:
    with pytest.raises(AnswerError):
        adapt_policy(scripted("no", "no"), PROMPT, BRIEFING, measure, 2)


@pytest.mark.parametrize("policy", [REFERENCES["greenest"], None])
def test_the_prompt_shows_both_domains_and_the_program_if_there_is_one(policy) -> None:
    briefing = BRIEFING if policy is not None else BRIEFING._replace(source=None, policy=None, policy_values=None)
    model = scripted(program("-fit.latency - fit.cost"))
    adapt_policy(model, PROMPT, briefing, measure, 1)
    system, user = (m.text for m in model.inner.sent[0])
    assert "{{" not in system + user
    assert DOMAINS_TOLD["edge"] in user
    assert all(s.scenario_id in user for s in SCENARIOS)
    assert (DOMAINS_TOLD["cloud"] in user) == (SOURCE_POLICY in user) == (policy is not None)
    assert ("score -fit.energy" in user) == (policy is not None)


def test_references_of_equal_values_are_shown_once() -> None:
    assert BRIEFING.best_references == ("nearest", "cheapest")


def test_every_domain_is_described() -> None:
    assert set(DOMAINS_TOLD) == set(DOMAINS)
