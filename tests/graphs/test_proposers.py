"""Self-play with a user's own attacker and defender, also after an interruption."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from aurora.errors import RunError
from aurora.graphs.proposers.protocols import (
    PolicyProposal,
    PolicyRequest,
    ProposedPolicy,
    ProposedScenario,
    ScenarioProposal,
    ScenarioRequest,
)
from aurora.graphs.run import open_run, settings_of
from aurora.graphs.run_directory import ARCHIVE, read_manifest
from aurora.graphs.session import selfplay
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.names import KEPT
from aurora.memory.records import Failure
from aurora.memory.store import Store
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy

SMALL = SelfPlaySettings(population=4, generations=1, training_per_family=1, validation_per_family=1, seed=2)


@dataclass(frozen=True)
class Batches:
    """Sample scenarios of one family."""

    def propose(self, request: ScenarioRequest) -> ScenarioProposal:
        specs = [request.source.sample("batch", request.level, request.rng) for _ in range(request.count)]
        return ScenarioProposal(tuple(map(ProposedScenario, specs)))


def scored(score: str) -> Policy:
    strategy = AllocationStrategy(decision_rules=(DecisionRule(score=score),))
    return Policy(policy_id="mine", policy_description=score, allocation_strategy=strategy)


@dataclass(frozen=True)
class Prices:
    """Propose two scores by price, and one invalid expression."""

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        weights = request.rng.uniform(0.5, 2, 2).round(3)
        policies = [scored(f"-{weight} * fit.cost") for weight in weights]
        assert all(len(request.advantage(p)) == len(request.training.scenarios) for p in policies)
        candidates = [ProposedPolicy(p, "own") for p in (*policies, scored("fit.cost +"))]
        return PolicyProposal(tuple(candidates), failures=(Failure("policy", "own", "a third was too dear"),))


class Nobody:
    """Propose nothing."""

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        return PolicyProposal(())


def dump(directory: Path) -> dict:
    with Store.open(directory / ARCHIVE) as store:
        return store.dump()


def test_own_proposers_are_called_and_an_expression_that_does_not_compile_counts_as_a_failure(tmp_path):
    result = selfplay(
        tmp_path / "a", SMALL, iterations=2, scenario_proposer=Batches(), policy_proposer=Prices(), tell=lambda _: None
    )
    rows = dump(tmp_path / "a")
    own = {p["policy_id"] for p in rows["policies"] if p["origin"] == "own"}
    assert result.iterations == 2 and result.stopped == "done"
    assert {s["family"] for s in rows["scenarios"]} == {"batch"}
    assert len(own) == 4 and "mine" not in own, "ids follow from what a policy does"
    assert [a["reason"] for a in rows["attempts"]].count("a third was too dear") == 2
    assert sum("fit.cost +" in a["reason"] for a in rows["attempts"]) == 2
    assert {"run", "champion", "top"} <= set(result.to_json())


def test_a_stopped_run_with_own_proposers_ends_as_an_uninterrupted_one(tmp_path):
    for name, counts in (("whole", (2,)), ("stopped", (1, 2))):
        for count in counts:
            selfplay(tmp_path / name, SMALL, iterations=count, scenario_proposer=Batches(), policy_proposer=Prices())
    assert dump(tmp_path / "whole") == dump(tmp_path / "stopped")


def test_a_run_resumes_only_with_its_original_proposers(tmp_path):
    selfplay(tmp_path / "a", SMALL, iterations=1, policy_proposer=Prices())
    with pytest.raises(RunError, match="own_proposers"):
        selfplay(tmp_path / "a", SMALL, iterations=2)
    settings = settings_of(tmp_path / "a")  # as `aurora selfplay --resume` reads them
    assert settings.own_proposers == ("", f"{__name__}.Prices")
    with open_run(tmp_path / "a", settings) as run, pytest.raises(RunError, match="begun with other proposers"):
        run.play(iterations=2)


def test_without_a_candidate_the_current_policy_of_the_search_plays(tmp_path):
    selfplay(tmp_path / "a", SMALL, iterations=1, policy_proposer=Nobody())
    assert KEPT in {p["origin"] for p in dump(tmp_path / "a")["policies"]}


def test_built_in_proposers_leave_the_manifest_unchanged(tmp_path):
    selfplay(tmp_path / "a", SMALL, iterations=1)
    assert "own_proposers" not in read_manifest(tmp_path / "a")["settings"]
