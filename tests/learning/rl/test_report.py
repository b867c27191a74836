import pytest

import aurora
from aurora.errors import InputError, RunError
from aurora.learning.rl import report
from aurora.learning.rl.evaluation import agent_rewards, policy_rewards
from aurora.learning.rl.scenarios import level_scenarios


def test_a_training_reports_the_rewards_of_its_policy(tmp_path):
    calls = []
    result = aurora.train(
        levels=[1], steps=2_000, seed=3, folder=tmp_path / "ppo", held_out=10, progress=lambda *call: calls.append(call)
    )
    scenarios = level_scenarios(1, 10, 3, held_out=True)
    (held_out,) = result.held_out
    assert policy_rewards(result.policy, scenarios).mean() == pytest.approx(held_out.reward)
    assert agent_rewards(result.agent, scenarios).mean() == held_out.reward
    assert held_out.over_first_fit.mean == pytest.approx(held_out.reward - held_out.first_fit)
    assert aurora.load_policy(str(result.policy_file)) == result.policy
    assert calls[-1][:3] == ("ppo", 2_000, 2_000)
    assert "mean reward" in calls[-1][3]


def test_a_finished_training_is_evaluated_again_and_not_overwritten(tmp_path):
    first = report.train(levels=(1,), steps=600, folder=tmp_path, held_out=5)
    again = aurora.resume_training(tmp_path, held_out=5)
    assert again.to_json() == first.to_json()
    with pytest.raises(RunError, match="holds a training already"):
        report.train(levels=(1,), steps=600, folder=tmp_path)


def test_nothing_is_written_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = report.train("ppo_lstm", levels=(1,), steps=600, held_out=0)
    assert result.policy is None
    assert result.policy_file is None
    assert result.held_out == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [
        ({"algorithm": "magic"}, "algorithm"),
        ({"levels": (6,)}, "levels"),
        ({"levels": ()}, "levels"),
        ({"steps": 0}, "steps"),
        ({"held_out": -1}, "held_out"),
    ],
)
def test_an_invalid_argument_is_named(arguments, parameter):
    with pytest.raises(InputError) as error:
        report.train(**arguments)
    assert error.value.parameter == parameter
