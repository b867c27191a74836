"""Examples of the documentation of the environment run and print the shown output."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "environment.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```(?:\n\n```\n(.*?)```)?", PAGE, re.S)


@pytest.mark.parametrize(("program", "output"), EXAMPLES[:3])
def test_examples_run_and_print_the_shown_output(program, output, capsys):
    exec(program.replace("10_000", "300"), {})  # fewer steps of training
    printed = capsys.readouterr().out
    if output:
        assert printed.split() == output.split()


def test_the_example_of_a_network_gives_a_policy(tmp_path):
    import torch

    from aurora.champions.named import load_policy

    program, _ = EXAMPLES[3]
    module = torch.nn.Sequential(torch.nn.Linear(74, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    path = tmp_path / "network.json"
    exec(program, {"torch": torch, "module": module, "path": path})
    assert load_policy(str(path)).allocation_strategy.network is not None
