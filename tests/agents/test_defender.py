"""The defender with a model: several candidates, and the protocol's queue discipline kept."""

import numpy as np

from aurora.agents.defender import DefendBriefing, write_policies
from aurora.agents.metered import metered
from aurora.agents.model import model_name
from aurora.evals.scripted_server import scripted_server
from aurora.prompts.loader import load_prompt
from aurora.sim.expansion import expand
from aurora.sim.generators import sample_spec
from aurora.sim.kernel import encode
from aurora.sim.references import REFERENCES
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness
from aurora.tools.recording import Recording

SCENARIO = encode(expand(sample_spec("spot", 1, np.random.default_rng(2))))


def write(monkeypatch, queue=None):
    with scripted_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        recording = Recording()
        model = metered(model_name("openai:m"), recording=recording)
        references = {n: [0.5] for n in ("fgd", "best_fit")}
        best = [(REFERENCES["fgd"], 0.5)]
        briefing = DefendBriefing([SCENARIO.scenario], "The value is x.", references, best, ["too long"], queue)
        found = write_policies(
            model,
            load_prompt("defender"),
            briefing,
            lambda: Harness(Desk([SCENARIO]), ("draft_policy",), recording=recording),
            3,
        )
    return found, [e for e in recording if e.kind == "model"]


def test_three_candidates_at_rising_temperatures(monkeypatch) -> None:
    found, asked = write(monkeypatch)
    assert len(found.policies) == 3
    assert {e.request["settings"]["temperature"] for e in asked} == {0.2, 0.7, 1.0}
    prompt = asked[0].request["messages"][1]["content"]
    assert SCENARIO.scenario.scenario_id in prompt
    assert '- "too long"' in prompt


def test_a_given_queue_discipline_is_told_and_kept(monkeypatch) -> None:
    found, asked = write(monkeypatch, REFERENCES["sjf+easy"].allocation_strategy)
    given = "the queue discipline is given: head_of_line_blocking true, backfill easy"
    assert found.policies == ()
    assert any(given in reason for reason in found.failures)
    assert f"T{given[1:]}" in asked[0].request["messages"][0]["content"]
