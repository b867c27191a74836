"""Optional dependencies: what works without them, and the error where one is needed."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from aurora.extras import EXTRAS

ROOT = Path(__file__).parents[1]
HIDDEN = sorted({module for modules in EXTRAS.values() for module in modules} - {"httpx", "tenacity"})
"""What the base does not bring; httpx and tenacity come with LangChain."""

WITHOUT_EXTRAS = f"""
import sys
class Hiding:
    def __init__(self, finder): self.finder = finder
    def __getattr__(self, name): return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {HIDDEN!r} else self.finder.find_spec(name, path, target)
sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
"""
"""Hides the libraries of all extras from a new process, as if they were not installed."""


def without_extras(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS + program], capture_output=True, text=True, check=False, timeout=300
    )


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return without_extras(f"from aurora.cli.main import main; sys.argv = ['aurora', *{arguments!r}]; main()")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "scenario.json"
    done = command("scenarios", "generate", "--seed", "1", "--out", str(path))
    assert done.returncode == 0, done.stderr
    return path


def required(name: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", name)[0].lower().replace("_", "-")


def test_every_extra_installs_the_requirements_of_its_modules():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    distributions = packages_distributions()
    base = {required(d) for d in project["dependencies"]}
    of_others = {required(distributions[m][0]) for modules in EXTRAS.values() for m in modules}
    for extra, modules in EXTRAS.items():
        brought = {required(d) for d in project["optional-dependencies"][extra]}
        needed = {required(distributions[m][0]) for m in modules}
        assert needed <= brought
        assert brought - needed <= of_others, "a distribution without a module in aurora.extras"
        assert not needed & base
    assert project["optional-dependencies"]["all"] == [f"aurora-alloc[{','.join(EXTRAS)}]"]


@pytest.mark.parametrize("arguments", [["simulate"], ["simulate", "--bounds", "--json"], ["explain"]])
def test_simulation_and_explanation_need_no_extra(scenario, arguments):
    verb, *options = arguments
    done = command(verb, str(scenario), "best_fit", *options)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_self_play_needs_no_extra(tmp_path):
    done = command("selfplay", "--iterations", "1", "--no-report", "--json", "--run", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["iterations"] == 1
    assert "aurora-alloc[models]" in done.stderr
    assert "aurora-alloc[solver]" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "module", "extra"),
    [
        (["train", "ppo", "--steps", "10", "--out", "ppo"], "torch", "learn"),
        (["forecast", "series.csv"], "pandas", "learn"),
        (["selfplay", "--proposer", "model", "--model", "openai:any", "--run", "run"], "langchain_openai", "models"),
    ],
)
def test_a_missing_extra_names_the_install_command(tmp_path, monkeypatch, arguments, module, extra):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    (tmp_path / "series.csv").write_text("ds,y\n2026-01-01,1\n2026-01-02,2\n")
    done = command(*arguments)
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"aurora: {module} is not installed")
    assert last.endswith(f"pip install 'aurora-alloc[{extra}]'")


def test_python_callers_get_missing_extra_error():
    done = without_extras("""
import aurora
scenario = aurora.generate()
for call in (
    lambda: aurora.AllocationEnv,
    lambda: aurora.train(),
    lambda: aurora.solve(scenario, "cost"),
    lambda: aurora.simulate(scenario, aurora.REFERENCES["first_fit"]).to_pandas(),
):
    try:
        call()
    except ImportError as error:
        assert isinstance(error, aurora.MissingExtraError), repr(error)
        print(error.name, error.extra)
""")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["gymnasium learn", "torch learn", "ortools solver", "pandas learn"]


def test_other_packages_may_probe_for_an_absent_library():
    done = without_extras("""
import aurora, importlib.util
print(importlib.util.find_spec("torch"))
try:
    import torch
except ModuleNotFoundError as error:
    print(type(error).__name__)
""")
    assert done.stdout.splitlines() == ["None", "ModuleNotFoundError"], done.stderr


def test_doctor_treats_extras_as_optional():
    done = command("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert checks["torch"]["ok"]
    assert checks["embedder"]["found"] == "absent; comes with the extra models"
