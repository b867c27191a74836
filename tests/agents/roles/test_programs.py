"""Programs are shown in the fields of an answer; a champion with its idea and with what decides."""

import json
import re

import pytest

from aurora.agents.roles.programs import MAX_CHAMPION_CHARACTERS, champion_told, program_told
from aurora.champions.champion import parse_champion
from aurora.champions.shipped import shipped_champion, shipped_champions
from aurora.sim.policies.expression import parse

KEPT, LOST = "fit.cpu_left", "node.active"


def lengthened(**loss):
    """Return a champion with a long score, of which the ablation is sure of one term."""
    data = json.loads(shipped_champion("gpu").model_dump_json())
    score = f"-0.5 * ({KEPT} / 32) - -0.25 * {LOST} + " + " + ".join(f"0.1 * {LOST}" for _ in range(30))
    data["policy"]["allocation_strategy"]["decision_rules"] = [{"when": "1", "score": score}] * 2
    data["parts"] = [
        {"part": f"term {KEPT} of the scores", "mean": 0.5, "low": 0.2, "high": 0.8},
        {"part": f"term {LOST} of the scores", **loss},
    ]
    return parse_champion(data)


@pytest.mark.parametrize("champion", shipped_champions(), ids=lambda c: c.name)
def test_a_shipped_champion_is_told_by_its_idea_at_bounded_length(champion) -> None:
    told, program = champion_told(champion), program_told(champion.policy)
    assert f"idea: {champion.idea}" in told
    assert len(told) < len(program) + len(champion.idea) + MAX_CHAMPION_CHARACTERS / 2


@pytest.mark.parametrize("champion", shipped_champions(), ids=lambda c: c.name)
def test_what_is_shown_of_a_champion_parses(champion) -> None:
    rules = re.findall(r"rule: when (.*?) score (.*?)(?:   \(and .*)?$", champion_told(champion), flags=re.MULTILINE)
    assert len(rules) == len(champion.policy.allocation_strategy.decision_rules)
    order = re.search(r"^ *order: (.*?)(?:   \(and .*)?$", champion_told(champion), flags=re.MULTILINE)
    assert order is not None
    for expression in (order.group(1), *(e for rule in rules for e in rule)):
        parse(expression)


def test_terms_without_a_sure_effect_are_left_out_of_a_long_program() -> None:
    told = champion_told(lengthened(mean=0.1, low=-0.2, high=0.4))
    assert told.count(f"score -0.5 * ({KEPT} / 32)   (and 31 terms without a sure effect)") == 2
    assert f"value lost without a part: term {KEPT} of the scores 0.5" in told


def test_a_harmful_term_is_named() -> None:
    told = champion_told(lengthened(mean=-0.1, low=-0.2, high=-0.05))
    assert f"value gained without a part: term {LOST} of the scores 0.1" in told


def test_without_an_ablation_the_whole_program_is_shown() -> None:
    champion = lengthened(mean=0.1, low=-0.2, high=0.4)
    told = champion_told(champion.model_copy(update={"parts": ()}))
    assert program_told(champion.policy) in told
