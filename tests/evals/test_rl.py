import json

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aurora.cli.app import app
from aurora.cli.options import parse_levels
from aurora.errors import AuroraError
from aurora.evals.rating import ranking
from aurora.evals.rl import bench_rl, curves
from aurora.memory import elo


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 5), st.integers(1, 30))
def test_matches_conserve_the_sum_of_ratings(seed, players, scenarios):
    rng = np.random.default_rng(seed)
    values = {str(k): rng.random(scenarios) for k in range(players)}
    ratings = {str(k): float(rng.normal(1500, 100)) for k in range(players - 1)}
    after = ranking(values, ratings)
    before = sum(ratings.get(name, elo.INITIAL_RATING) for name in values)
    assert sum(r.elo for r in after) == pytest.approx(before)
    assert sum(r.wins for r in after) == pytest.approx(players / 2)


def test_the_player_that_wins_every_match_ranks_first():
    values = {"best": np.full(20, 0.9), "middle": np.full(20, 0.5), "worst": np.full(20, 0.1)}
    rows = ranking(values, {"worst": 1600.0})
    assert [r.policy_id for r in rows] == ["best", "middle", "worst"]
    assert [r.wins for r in rows] == [1.0, 0.5, 0.0]


def test_the_benchmark_compares_speed_and_reward_with_random_and_first_fit():
    result = bench_rl([1], 2_100, seed=0, scenarios=20, algorithms=["ppo", "dqn"], plain_steps=0)
    json.dumps(result, allow_nan=False)
    (level,) = result["levels"]
    assert [a["algorithm"] for a in level["algorithms"]] == ["ppo", "dqn"]
    for algorithm in level["algorithms"]:
        assert algorithm["steps_per_second"] > 0
        assert algorithm["reward"]["low"] <= algorithm["reward"]["mean"] <= algorithm["reward"]["high"]
        for name in ("random", "first_fit"):
            difference = algorithm["reward"]["mean"] - level[name]["mean"]
            assert algorithm[f"over_{name}"]["mean"] == pytest.approx(difference)
        assert algorithm["curve"][0]["steps"] == 0
        assert algorithm["curve"][-1]["steps"] >= 2_100
    assert len(curves(result)) == 1


@pytest.mark.parametrize(("text", "levels"), [("2", (2,)), ("1-3", (1, 2, 3)), ("1,3", (1, 3)), ("2-2", (2,))])
def test_levels_are_a_number_a_range_or_a_list(text, levels):
    assert parse_levels(text, "--level") == levels


@pytest.mark.parametrize("text", ["", "0", "6", "3-1", "1-9", "one", "1-"])
def test_other_levels_are_refused(text):
    with pytest.raises(typer.BadParameter, match="level"):
        parse_levels(text, "--level")


def run(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if isinstance(done.exception, AuroraError):
        return str(done.exception)
    assert done.exit_code in (0, 2), done.output
    return done.output if done.exit_code else done.stdout


def test_a_training_writes_a_policy_that_can_be_rated_and_is_not_overwritten(tmp_path):
    out = tmp_path / "ppo"
    result = json.loads(run("train", "ppo", "--level", 1, "--steps", 2000, "--out", out, "--json"))
    assert set(result) >= {"algorithm", "steps", "steps_per_second", "policy", "held_out"}
    assert (out / "policy.json").is_file()
    assert list(out.glob("events.out.tfevents.*"))
    by_file, by_folder = (
        json.loads(run("policies", "rate", player, "--level", 1, "--scenarios", 10, "--json"))
        for player in (out / "policy.json", out)
    )
    assert by_file == by_folder
    assert "holds a training already" in run("train", "ppo", "--out", out)
    again = json.loads(run("train", "ppo", "--resume", out, "--json"))
    assert again["held_out"] == result["held_out"]
    assert "resume it with that command" in run("train", "dqn", "--resume", out)


def test_a_training_needs_a_new_folder_or_one_to_resume(tmp_path):
    assert "either --out" in run("train", "sac")
    assert "no training to resume" in run("train", "sac", "--resume", tmp_path)


@pytest.mark.parametrize("algorithm", ["dqn", "sac"])
def test_each_command_trains_its_own_algorithm_and_only_ppo_is_recurrent(tmp_path, algorithm):
    result = json.loads(run("train", algorithm, "--level", 1, "--steps", 500, "--out", tmp_path / "run", "--json"))
    assert result["algorithm"] == algorithm
    assert (result["policy"] is None) == (algorithm == "sac")
    assert "No such option" in run("train", algorithm, "--recurrent", "--out", tmp_path / "other")
