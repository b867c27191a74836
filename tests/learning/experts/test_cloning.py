"""Cloning and fine-tuning: the environment's contract, the clone's accuracy, and resumed training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from aurora.errors import DataError, InputError, RunError
from aurora.learning import accounts
from aurora.learning.accounts.situation import BOUND
from aurora.learning.experts import clone_course, cloning, experts, fine_tuning
from aurora.learning.experts.account_env import AccountEnv, true_case, twin_cases

CATALOGUE = accounts.synthetic_catalogue()
SMALL = cloning.CloneSettings(units=16, epochs=12, batch=64, learning_rate=5e-3, noise=0.2, seed=1)
QUICK = fine_tuning.TuneSettings(environments=2, rollout=16, batch=16, epochs=2, warm_up=1, block=2, units=16)


@pytest.fixture(scope="module")
def population() -> accounts.Population:
    return accounts.generate(301, 12, 1.0, periods=80)


@pytest.fixture(scope="module")
def copied(population: accounts.Population) -> object:
    return cloning.clone(population.accounts, CATALOGUE, SMALL)


def test_the_environment_passes_gymnasiums_checker(population: accounts.Population) -> None:
    env = AccountEnv(twin_cases(population.accounts, CATALOGUE, periods=12), CATALOGUE)
    check_env(env, skip_render_check=True)


def test_an_episode_is_the_same_for_the_same_seed_and_moves(population: accounts.Population) -> None:
    draw = twin_cases(population.accounts, CATALOGUE, periods=12)
    runs = []
    for _ in range(2):
        env = AccountEnv(draw, CATALOGUE)
        seen = [env.reset(seed=5)[0]]
        rng = np.random.default_rng(1)
        over = False
        while not over:
            observation, reward, ended, over, _ = env.step(rng.choice(np.flatnonzero(env.action_masks())))
            assert not ended
            assert np.isfinite(reward)
            assert (np.abs(observation) <= BOUND).all()
            seen.append(observation)
        runs.append(np.array(seen))
        with pytest.raises(InputError, match="reset"):
            env.step(np.int64(0))
    np.testing.assert_array_equal(*runs)
    assert len(runs[0]) == 13


def test_an_impossible_move_changes_nothing(population: accounts.Population) -> None:
    env = AccountEnv(twin_cases(population.accounts, CATALOGUE, periods=40), CATALOGUE)
    env.reset(seed=2)
    for _ in range(8):
        env.step(np.int64(accounts.MOVES.index("target_up")))
    assert not env.action_masks()[accounts.MOVES.index("target_up")]
    before = env.configuration
    env.step(np.int64(accounts.MOVES.index("target_up")))
    assert env.configuration == before


def test_the_environment_agrees_with_the_simulator(population: accounts.Population) -> None:
    account, truth = population.accounts[0], population.truth[0]
    env = AccountEnv(lambda _: true_case(account, truth, 10, 3), CATALOGUE)
    for _ in range(10):
        env.step(np.int64(accounts.KEEP))
    expected = accounts.simulate(truth, truth.configuration, 10, 3)
    np.testing.assert_allclose(env.served, expected.values)


def test_situations_of_a_history_equal_the_environment_s_observations(population: accounts.Population) -> None:
    account, truth = population.accounts[1], population.truth[1]
    env = AccountEnv(lambda _: true_case(account, truth, 5, 3), CATALOGUE)
    observation, _ = env.reset()
    np.testing.assert_allclose(observation, accounts.situations(account, CATALOGUE)[-1], atol=1e-5)


def test_a_situation_does_not_depend_on_the_future(population: accounts.Population) -> None:
    account = population.accounts[2]
    whole = accounts.situations(account, CATALOGUE)
    np.testing.assert_array_equal(accounts.situations(account.between(0, 40), CATALOGUE), whole[:40])


def test_a_clone_gives_experts_moves_a_higher_likelihood_than_an_untrained_network(
    population: accounts.Population, copied: object
) -> None:
    others = accounts.generate(302, 4, 1.0, periods=80)
    data = cloning.decisions_of(experts.expert_states(others.accounts, CATALOGUE), CATALOGUE)
    untrained = cloning.log_likelihood(cloning.new_policy(16, 1), data)
    assert cloning.log_likelihood(copied, data) > untrained + 0.5  # type: ignore[arg-type]


def test_a_clone_chooses_only_possible_moves(population: accounts.Population, copied: object) -> None:
    data = cloning.decisions_of(experts.expert_states(population.accounts, CATALOGUE), CATALOGUE)
    rng = np.random.default_rng(1)
    masks = data.masks & (rng.random(data.masks.shape) < 0.5)
    masks[:, accounts.KEEP] |= ~masks.any(axis=1)
    chosen = cloning.chooser(copied)(data.features, masks)  # type: ignore[arg-type]
    assert masks[np.arange(len(chosen)), chosen].all()


def test_a_saved_clone_makes_the_same_choices(population: accounts.Population, copied: object, tmp_path: Path) -> None:
    cloning.save_policy(copied, tmp_path / "c.pt", SMALL, {"kind": "clone"})  # type: ignore[arg-type]
    loaded, about = cloning.load_policy(tmp_path / "c.pt")
    data = cloning.decisions_of(experts.expert_states(population.accounts, CATALOGUE), CATALOGUE)
    np.testing.assert_array_equal(
        cloning.chooser(loaded)(data.features, data.masks),
        cloning.chooser(copied)(data.features, data.masks),  # type: ignore[arg-type]
    )
    assert about == {"kind": "clone"}


def test_a_file_that_is_no_clone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"x\.pt is damaged or of another version"):
        cloning.load_policy(tmp_path / "x.pt")


def test_too_few_experts_are_refused_with_the_count(population: accounts.Population) -> None:
    with pytest.raises(DataError, match=r"^3 experts"):
        cloning.clone(population.accounts[:3], CATALOGUE, SMALL)
    with pytest.raises(DataError, match=r"^36 decisions"):
        cloning.clone([a.between(0, 10) for a in population.accounts[:4]], CATALOGUE, SMALL)


def weights_of(policy: object) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in policy.parameters()])  # type: ignore[attr-defined]


def test_the_actor_is_frozen_during_the_critic_s_warm_up(population: accounts.Population, copied: object) -> None:
    draw = twin_cases(population.accounts, CATALOGUE, periods=12)
    waiting = fine_tuning.tune(copied, draw, CATALOGUE, 32, replace(QUICK, warm_up=9))  # type: ignore[arg-type]
    moving = fine_tuning.tune(copied, draw, CATALOGUE, 32, replace(QUICK, warm_up=0))  # type: ignore[arg-type]
    for name, before in copied.state_dict().items():  # type: ignore[attr-defined]
        of_actor = name.startswith(("mlp_extractor.policy_net", "action_net"))
        same = torch.equal(before, waiting.state_dict()[name])
        assert same if of_actor or "extractor.mean" in name else True
        if of_actor:
            assert not torch.equal(before, moving.state_dict()[name])


def test_a_stronger_hold_keeps_the_policy_closer_to_the_clone(population: accounts.Population, copied: object) -> None:
    draw = twin_cases(population.accounts, CATALOGUE, periods=12)
    fast = replace(QUICK, warm_up=0, learning_rate=3e-3, rollout=64, batch=64, epochs=4, block=1)
    data = cloning.decisions_of(experts.expert_states(population.accounts, CATALOGUE), CATALOGUE)
    divergence = []
    for hold in (0.0, 20.0):
        tuned = fine_tuning.tune(copied, draw, CATALOGUE, 384, replace(fast, hold=hold))  # type: ignore[arg-type]
        with torch.no_grad():
            one, other = (
                p.get_distribution(torch.from_numpy(data.features), action_masks=data.masks).distribution
                for p in (copied, tuned)  # type: ignore[attr-defined]
            )
            divergence.append(float(torch.distributions.kl_divergence(one, other).mean()))
    assert divergence[1] < divergence[0]


def test_a_resumed_training_equals_an_uninterrupted_one(
    population: accounts.Population, copied: object, tmp_path: Path
) -> None:
    draw = twin_cases(population.accounts, CATALOGUE, periods=12)
    whole = fine_tuning.tune(copied, draw, CATALOGUE, 192, QUICK)  # type: ignore[arg-type]

    def interrupt(update: fine_tuning.Update) -> None:
        if update.steps > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fine_tuning.tune(copied, draw, CATALOGUE, 192, QUICK, folder=tmp_path, tell=interrupt)  # type: ignore[arg-type]
    resumed = fine_tuning.tune(copied, draw, CATALOGUE, 192, QUICK, folder=tmp_path)  # type: ignore[arg-type]
    assert torch.equal(weights_of(whole), weights_of(resumed))
    with pytest.raises(RunError, match="other settings"):
        fine_tuning.tune(copied, draw, CATALOGUE, 192, replace(QUICK, hold=0.3), folder=tmp_path)  # type: ignore[arg-type]


def test_a_trained_clone_is_resumed_and_never_overwritten(tmp_path: Path) -> None:
    course = clone_course.Course((), 40, None, 100, 1)
    clone_course.begin(tmp_path, course)
    assert clone_course.course_of(tmp_path) == course
    clone_course.begin(tmp_path, replace(course, share=0.2))  # nothing was learnt yet
    (tmp_path / clone_course.CLONE).touch()
    with pytest.raises(RunError, match="--resume"):
        clone_course.begin(tmp_path, course)
    with pytest.raises(RunError, match="no training"):
        clone_course.course_of(tmp_path / "absent")
    with pytest.raises(InputError, match="either files"):
        clone_course.begin(tmp_path / "x", replace(course, generated=0))
