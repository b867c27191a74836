from pathlib import Path

import pytest

from aurora.cli.terminal.interrupts import Interrupted
from aurora.cli.train import rl as train_rl


def test_an_interrupt_before_the_first_checkpoint_says_to_start_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aurora.learning.rl.report.run_training", stop)
    folder = tmp_path / "run"
    with pytest.raises(Interrupted) as stop:
        train_rl._train("ppo", "1", 1000, 0, folder, None, False, None)
    said = f"stopped before steps were kept; begin again with: aurora train ppo --resume {folder}"
    assert said in str(stop.value)
