from pathlib import Path

import pytest

from aurora.errors import InputError, RunError
from aurora.evals.benchmark import contestants
from aurora.evals.benchmark.benchmark import BenchmarkSettings, run_benchmark
from aurora.evals.benchmark.contestants import METHODS, network_agent, trained
from aurora.evals.benchmark.suites import suite
from aurora.evals.results.result import load_result
from aurora.evals.results.samples import read_samples
from aurora.learning.rl.evaluation import agent_outcome, agent_rewards
from aurora.learning.rl.scenarios import level_scenarios
from aurora.sim.policies.references import REFERENCES
from aurora.sim.rewards import score

SMALL = BenchmarkSettings(suites=("level1",), scenarios=1, seeds=(1,), methods=(), proofs=1)


def test_everyone_is_measured_on_the_same_scenarios(tmp_path: Path) -> None:
    result = run_benchmark(tmp_path, SMALL, policies={"mine": REFERENCES["nearest"]})
    assert load_result(tmp_path) == result
    keys = {m.key: m.value for m in result.metrics}
    assert keys["level1/mine:value"] == keys["level1/nearest:value"]
    assert {s.sample for s in read_samples(tmp_path) if s.subject == "mine"} == {
        s.sample for s in read_samples(tmp_path) if s.subject == "random"
    }
    bounds = {s.sample: s.values["value"] for s in read_samples(tmp_path) if s.subject == "bound"}
    assert len(bounds) == 10
    for s in read_samples(tmp_path):
        assert s.values["value"] <= bounds[s.sample] + 1e-9


def test_an_interrupted_benchmark_goes_on_where_it_stopped(tmp_path: Path) -> None:
    seen: list[int] = []

    def after_two() -> bool:
        seen.append(1)
        return len(seen) > 2

    run_benchmark(tmp_path / "a", SMALL, interrupted=after_two)
    partly = len(read_samples(tmp_path / "a"))
    whole = run_benchmark(tmp_path / "a", SMALL)
    straight = run_benchmark(tmp_path / "b", SMALL)
    assert 0 < partly < len(read_samples(tmp_path / "a"))
    assert whole.metrics == straight.metrics


def test_a_suite_that_needs_traces_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="openb/"):
        run_benchmark(tmp_path, BenchmarkSettings(suites=("openb",)))
    assert not list(tmp_path.iterdir())


@pytest.fixture
def small_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contestants, "WARM_UP_STEPS", 64)
    monkeypatch.setattr(contestants, "PILOT_STEPS", 128)
    monkeypatch.setattr(contestants, "SCENARIOS_PER_BLOCK", 5)


@pytest.mark.usefixtures("small_training")
def test_networks_are_trained_once_and_read_back(tmp_path: Path) -> None:
    source = suite("level1").open(None)
    for method in METHODS[1:]:
        first = trained(tmp_path / method, method, "generated", source, None, seed=1, seconds=0.1)
        again = trained(tmp_path / method, method, "generated", source, None, seed=1, seconds=0.1)
        assert again == first
        assert first.record.effort >= 1
        assert (first.policy is None) == (method == "ppo_lstm")
    with pytest.raises(RunError, match="seed 1"):
        trained(tmp_path / "ppo", "ppo", "generated", source, None, seed=2, seconds=0.1)


@pytest.mark.usefixtures("small_training")
def test_a_network_with_memory_acts_as_in_its_evaluation(tmp_path: Path) -> None:
    trained(tmp_path, "ppo_lstm", "generated", suite("level1").open(None), None, seed=1, seconds=0.1)
    for encoded in level_scenarios(2, 4, 9, held_out=True):
        outcome = agent_outcome(network_agent(tmp_path), encoded)
        reward = score(outcome, encoded.scenario).reward
        assert reward == pytest.approx(float(agent_rewards(network_agent(tmp_path), [encoded])[0]), abs=1e-12)


@pytest.mark.slow
def test_a_champion_is_trained_and_compared(tmp_path: Path) -> None:
    settings = BenchmarkSettings(suites=("level1",), scenarios=1, seeds=(1,), seconds=1.0, methods=("champion",))
    result = run_benchmark(tmp_path, settings)
    assert result.tables[0].title == "the champion against each rival"
    assert any("simulations" in note for note in result.notes)
    assert run_benchmark(tmp_path, settings).metrics == result.metrics
