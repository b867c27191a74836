import numpy as np
import pytest

from aurora.agents.arena.alterations import CHANGES, ChangeName, with_change, with_weights
from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.sources import open_source
from aurora.errors import InputError
from aurora.sim.scenarios.generators import FAMILIES
from aurora.sim.scenarios.scenario import Scenario, parse_scenario


def pair(change: ChangeName, family: str, level: int) -> tuple[Scenario, Scenario]:
    """Return a scenario before and after a change."""
    source = GeneratedSource()
    spec = source.sample(family, level, np.random.default_rng(3))
    return source.expand(spec), with_change(source, change).expand(spec)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_changed_scenario_is_valid(change: ChangeName, family: str) -> None:
    for level in (1, 3):
        _, after = pair(change, family, level)
        assert parse_scenario(after.model_dump()) == after


def test_a_quarter_of_the_nodes_fails_and_one_stays() -> None:
    before, after = pair("node_failures", "sensors", 2)
    earlier = before.environmental_conditions.node_failures
    failures = after.environmental_conditions.node_failures[len(earlier) :]
    assert after.environmental_conditions.node_failures[: len(earlier)] == earlier
    assert 0 < len({f.node_id for f in failures}) < len(after.nodes)
    assert len(failures) == -(-len(after.nodes) // 4)
    assert before.model_copy(update={"environmental_conditions": after.environmental_conditions}) == after


def test_prices_triple_and_limits_halve() -> None:
    before, after = pair("prices", "offload", 2)
    assert [n.price_per_hour for n in after.nodes] == [3 * n.price_per_hour for n in before.nodes]
    assert after.objective_targets == before.objective_targets
    before, after = pair("sla", "services", 2)
    limits = [t.sla_latency_ms for t in before.tasks]
    assert any(limits)
    assert [t.sla_latency_ms for t in after.tasks] == [None if v is None else v / 2 for v in limits]


def test_only_generated_scenarios_change(traces) -> None:
    with pytest.raises(InputError, match="edge"):
        with_change(open_source("edge", traces), "prices")
    with pytest.raises(InputError, match="edge"):
        with_weights(open_source("edge", traces), {"cost": 1.0})
    assert with_change(open_source("edge", traces), "").name == "edge"
