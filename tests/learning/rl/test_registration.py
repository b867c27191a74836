import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from aurora.errors import AuroraError
from aurora.learning.rl.registration import ENV_ID, register_when_imported
from aurora.learning.rl.scenarios import level_scenarios


@pytest.fixture(autouse=True)
def registered():
    register_when_imported()


@pytest.mark.parametrize("order", ["import gymnasium; {register}", "{register}; import gymnasium"])
def test_registration_works_in_either_order_and_loads_neither_torch_nor_numba(order):
    register = "from aurora.learning.rl.registration import register_when_imported; register_when_imported()"
    checks = f"gymnasium.spec({ENV_ID!r}); import sys; assert not {{'torch', 'numba'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"{order.format(register=register)}; {checks}"], check=True)


def test_gymnasium_keeps_its_own_loader():
    program = (
        "from aurora.learning.rl.registration import register_when_imported; register_when_imported()\n"
        "import gymnasium, importlib.resources\n"
        "assert 'Registering' not in type(gymnasium.__spec__.loader).__name__\n"
        "assert (importlib.resources.files('gymnasium') / 'core.py').is_file()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_registering_loads_no_gymnasium():
    register = "from aurora.learning.rl.registration import register_when_imported; register_when_imported()"
    subprocess.run([sys.executable, "-c", f"{register}; import sys; assert 'gymnasium' not in sys.modules"], check=True)


@pytest.mark.parametrize("flat", [True, False])
def test_the_made_environment_passes_gymnasiums_checker(flat):
    check_env(gymnasium.make(ENV_ID, num_scenarios=10, flat=flat).unwrapped, skip_render_check=True)


def test_gymnasium_makes_it_with_default_arguments():
    env = gymnasium.make(ENV_ID)
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    action = int(env.get_wrapper_attr("action_masks")().argmax())
    assert 0 < env.step(action)[1] < 1


def test_levels_seeds_and_held_out_scenarios_differ():
    def first(**arguments):
        return gymnasium.make(ENV_ID, num_scenarios=2, flat=True, candidates=10, **arguments).reset()[0]

    assert np.array_equal(first(), first())
    assert not np.array_equal(first(), first(seed=1))
    assert not np.array_equal(first(), first(held_out=True))
    assert not np.array_equal(first(), first(level=2))


def test_own_scenarios_are_accepted_encoded_or_not():
    encoded = level_scenarios(1, 3, 5)
    ours, theirs = (
        gymnasium.make(ENV_ID, scenarios=s, flat=True).reset()[0] for s in (encoded, [e.scenario for e in encoded])
    )
    assert np.array_equal(ours, theirs)


def test_a_level_that_does_not_exist_is_refused():
    with pytest.raises(AuroraError, match="no level 9"):
        gymnasium.make(ENV_ID, level=9)
