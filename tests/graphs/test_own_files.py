"""Self-play on the user's own scenarios, and from the user's own policy."""

import json
from pathlib import Path

import pytest

from aurora.errors import DataError, FileError, PolicyError, RunError, ScenarioError
from aurora.graphs.run import open_run
from aurora.graphs.selfplay import SelfPlaySettings, play
from aurora.graphs.settings import chosen_source
from aurora.graphs.start import START_ORIGIN, checked_start
from aurora.memory.store import Store
from aurora.sim.policies.network import scoring_network
from aurora.sim.policies.policy import AllocationStrategy, DecisionRule, Policy
from aurora.sim.policies.references import REFERENCES
from tests.graphs.test_selfplay import first_standing_of

OWN = Policy(
    policy_id="ours",
    policy_description="cheap and near",
    allocation_strategy=AllocationStrategy(
        order="0.5 * task.duration - 2 * task.priority",
        decision_rules=(DecisionRule(score="-3 * fit.cost - 0.5 * fit.latency + 0.1 * fit.cpu_left"),),
    ),
)


def scenario_file(folder: Path, name: str, tasks: int = 12, **more: object) -> Path:
    path = folder / f"{name}.json"
    jobs = [
        {"task_id": f"job-{i}", "arrival_time": 20 * i, "duration": 60 + 7 * (i % 5), "cpu_required": 1 + i % 3, **more}
        for i in range(tasks)
    ]
    nodes = [{"node_id": f"n{i}", "cpu": 4, "price_per_hour": 1 + i, "full_power": 100 * (3 - i)} for i in range(3)]
    data = {
        "scenario_id": name,
        "domain": "cloud",
        "nodes": nodes,
        "workload_definition": {"time_horizon": 20 * tasks, "tasks": jobs},
        "objective_targets": {"latency": 20, "cost": 0.2, "energy": 20000},
    }
    path.write_text(json.dumps(data))
    return path


def small(folder: Path, **more: object) -> SelfPlaySettings:
    return SelfPlaySettings(
        source="files",
        data=str(folder),
        population=4,
        generations=2,
        training_per_family=1,
        validation_per_family=2,
        seed=3,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "scenarios"
    path.mkdir()
    scenario_file(path, "web")
    scenario_file(path, "nightly", tasks=9)
    return path


def test_own_scenarios_are_played_and_a_resumed_run_gives_the_same_archive(tmp_path: Path, folder: Path) -> None:
    dumps = []
    for name, counts in (("a", (3,)), ("b", (1, 2, 3))):
        for count in counts:
            with Store.open(tmp_path / name) as store:
                play(store, small(folder), iterations=count, jobs=1)
                dumps.append(store.dump())
                families = {row["family"] for row in store.scenarios()}
    assert dumps[0] == dumps[-1]
    assert families <= {"web", "nightly"}
    assert set(chosen_source(small(folder)).validation) == {"web.held-out", "nightly.held-out"}


def test_files_changed_during_a_run_are_detected(tmp_path: Path, folder: Path) -> None:
    with open_run(tmp_path / "run", small(folder)):
        pass
    scenario_file(folder, "web", tasks=10)
    with pytest.raises(RunError, match="another trace"), open_run(tmp_path / "run", small(folder)):
        pass


@pytest.mark.parametrize(
    ("tasks", "more", "error", "said"),
    [
        (3, {}, DataError, r"web.json: 3 tasks .* at least 6 are needed"),
        (8, {"cpu_required": 99}, DataError, r"web.json: no node or path is large enough.*give a node"),
        (8, {"cpu_required": "1"}, None, ""),
        (8, {"cpu_required": "much"}, ScenarioError, "web.json.*cores"),
    ],
)
def test_unusable_files_are_named(tmp_path, tasks, more, error, said) -> None:
    scenario_file(tmp_path, "web", tasks=tasks, **more)
    if error is None:
        chosen_source(small(tmp_path))
        return
    with pytest.raises(error, match=said):
        chosen_source(small(tmp_path))


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no \*.json in"):
        chosen_source(small(tmp_path))
    with pytest.raises(FileError, match="is not a folder"):
        chosen_source(small(tmp_path / "absent"))
    (tmp_path / "p.json").write_text(REFERENCES["fgd"].model_dump_json())
    with pytest.raises(ScenarioError, match="is a policy and not a scenario"):
        chosen_source(small(tmp_path))


def test_a_run_starts_from_an_own_policy_and_never_gets_worse(tmp_path: Path, folder: Path) -> None:
    settings = small(folder, start=checked_start(OWN), without=("race",))  # on the same scenarios throughout
    assert settings.start is not None
    own = settings.start.policy_id
    assert chosen_source(settings).templates[0].policy_id == own
    with Store.open(tmp_path / "a") as store:
        standing = first_standing_of(settings)
        assert standing.search.parent == own
        begun = standing.champion_value
        play(store, settings, iterations=2)
        _, state = store.last_iteration()
        assert state["champion_value"] >= begun
        row = next(p for p in store.top(99) if p["policy_id"] == own)
        assert (row["origin"], row["description"], row["parents"]) == (START_ORIGIN, "cheap and near", [])
        assert row["games"] > 0  # it met all others on every scenario
        parents = {parent for p in store.top(99) for parent in p["parents"]}
        assert own in parents
        for parent in parents:
            store.policy(parent)


def test_every_parent_is_archived_without_an_own_policy(tmp_path: Path, folder: Path) -> None:
    with Store.open(tmp_path / "a") as store:
        play(store, small(folder), iterations=2)
        rows = store.top(99)
        parents = {parent for p in rows for parent in p["parents"]}
        assert parents <= {p["policy_id"] for p in rows}
        start = next(p for p in rows if p["origin"] == START_ORIGIN)
        assert start["games"] == 0
        assert start["policy_id"] not in store.leaders(99)


def test_a_policy_with_few_weights_plays_and_the_template_is_tuned(tmp_path: Path, folder: Path) -> None:
    settings = small(folder, start=checked_start(REFERENCES["cheapest"]))
    with Store.open(tmp_path / "a") as store:
        assert first_standing_of(settings).search.parent == chosen_source(settings).templates[1].policy_id
        play(store, settings, iterations=1)
        assert next(p for p in store.top(99) if p["origin"] == START_ORIGIN and p["games"])["policy_id"]


def test_unsuitable_starting_policies_are_refused(tmp_path: Path, traces: Path) -> None:
    layers = [([[1.0]], [0.0])]
    network = scoring_network(("fit.cost",), (1.0,), layers, activation="relu", base=REFERENCES["first_fit"])  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="trained network"):
        checked_start(network)
    with pytest.raises(PolicyError, match="plan for one scenario"):
        checked_start(OWN.model_copy(update={"allocation_plan": ()}))
    settings = SelfPlaySettings(source="swf", data=str(traces), start=checked_start(OWN))
    with pytest.raises(PolicyError, match="prescribes head_of_line_blocking = True"):
        chosen_source(settings)
