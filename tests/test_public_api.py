"""The public interface of `import aurora`: sorted, documented, typed, and loaded lazily."""

import ast
import inspect
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import aurora

SOURCE = Path(aurora.__file__)
NAMES = [name for name in aurora.__all__ if name != "__version__"]
HEAVY = ("torch", "numba", "numpy", "pandas", "scipy", "pydantic", "gymnasium", "sqlalchemy", "httpx", "rich", "typer")


def type_checking_imports() -> dict[str, str]:
    """Return the module of each name, from the imports that only type checkers read."""
    tree = ast.parse(SOURCE.read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    imports = [(node, alias) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    return {a.asname or a.name: f"{node.module}:{a.name}" for node, a in imports}


def test_the_public_names_are_sorted():
    groups = {name: (not name.isupper(), not name[0].isupper(), name) for name in aurora.__all__}
    assert list(aurora.__all__) == sorted(aurora.__all__, key=groups.__getitem__)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_exists_and_is_documented(name):
    value = getattr(aurora, name)
    assert name in dir(aurora)
    if callable(value):
        assert inspect.getdoc(value), f"{name} has no docstring"
    words = aurora.__doc__.replace(",", " ").replace("`", " ").split()
    assert name in words, f"the docstring of `aurora` does not mention {name}"


@pytest.mark.parametrize("name", NAMES)
def test_every_public_function_has_types(name):
    value = getattr(aurora, name)
    if inspect.isfunction(value):
        parameters = inspect.signature(value).parameters.values()
        assert all(p.annotation is not p.empty for p in parameters)
        assert inspect.signature(value).return_annotation is not inspect.Signature.empty


def test_type_checkers_see_the_names_that_are_loaded_lazily():
    homes = {n: home if ":" in home else f"{home}:{n}" for n, home in aurora._HOMES.items()}
    assert type_checking_imports() == homes
    assert sorted(homes) == sorted(NAMES)
    assert SOURCE.with_name("py.typed").exists()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="simulat"):
        aurora.simulat  # noqa: B018


def in_a_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_import_is_fast_and_loads_no_heavy_library():
    program = f"""
import sys, time
before = time.process_time()
import aurora
print(time.process_time() - before, *(m for m in {HEAVY!r} if m in sys.modules))
"""
    runs = [in_a_new_process(program).split() for _ in range(3)]
    assert [loaded for _, *loaded in runs] == [[], [], []]
    assert min(float(seconds) for seconds, *_ in runs) < 0.1


@pytest.mark.skipif(find_spec("gymnasium") is None, reason="gymnasium is not installed")
@pytest.mark.parametrize(
    "imports",
    [
        "import aurora, gymnasium",
        "import gymnasium, aurora",
        "import gymnasium.spaces, aurora",
        "import aurora, importlib.util; importlib.util.find_spec('gymnasium'); import gymnasium",
    ],
)
def test_gymnasium_makes_the_environment_in_either_import_order(imports):
    program = f"""
{imports}, sys
assert "torch" not in sys.modules and "numba" not in sys.modules
for name in ("aurora/Allocation-v0", "aurora:aurora/Allocation-v0"):
    env = gymnasium.make(name, level=2, num_scenarios=3, flat=True)
    observation, info = env.reset(seed=1)
    print(env.observation_space.contains(observation), type(env.unwrapped) is aurora.AllocationEnv)
"""
    assert in_a_new_process(program).split() == ["True"] * 4


def test_the_environment_accepts_own_scenarios():
    env = aurora.AllocationEnv([aurora.generate("batch", level=2, seed=3)])
    env.reset(seed=0)
    terminated = False
    while not terminated:
        action = env.action_masks().argmax()
        *_, terminated, _, info = env.step(action)
    assert 0 < info["value"] <= 1
