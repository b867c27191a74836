"""Champion and challenger: promotion, storage, and recorded decisions."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from aurora.errors import AuroraError
from aurora.learning.forecasting.champion import decisions, in_service, retrain
from aurora.learning.series.series import Panel
from tests.learning.series.panels import CONTEXT, HORIZON, QUICK_MEMBERS, panel, series_of

FEW_MEMBERS = {name: row for name, row in QUICK_MEMBERS.items() if name not in ("lightgbm", "auto_ets")}
"""What is fitted longest is left out: which models there are is nothing that these tests look at."""
SIZES = {"context": CONTEXT, "horizon": HORIZON, "members": FEW_MEMBERS}


def noise(count: int) -> Panel:
    """Return series of pure noise, at another level and in another unit."""
    random = np.random.default_rng(0)
    return Panel(tuple(series_of(random.exponential(5, 120), f"n{k}") for k in range(count)))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "forecaster"
    retrain(noise(22), folder, **SIZES)
    retrain(panel(25, 240), folder, **SIZES, now=lambda: datetime(2024, 5, 1, tzinfo=UTC))
    return folder


def test_the_first_forecaster_serves_and_all_are_kept_with_their_decisions(served: Path):
    log = decisions(served)
    assert [d["challenger"] for d in log] == ["0001", "0002"]
    assert log[0]["replaced"]
    assert log[0]["champion"] == ""
    assert log[1]["at"] == "2024-05-01T00:00:00+00:00"
    assert {p.name for p in (served / "forecasters").iterdir()} == {"0001", "0002"}
    assert not (served / "work").exists()


def test_the_winner_of_a_paired_test_serves(served: Path):
    last = decisions(served)[1]
    better = last["gain"] > 0 and last["p_value"] < 0.05
    assert last["replaced"] == better
    assert json.loads((served / "in_service.json").read_text())["forecaster"] == ("0002" if better else "0001")
    assert in_service(served).context == CONTEXT
    assert last["machines"] >= 5


def test_training_data_of_the_champion_are_excluded_from_the_comparison(served: Path):
    before = decisions(served)
    known = in_service(served).learned
    same = Panel(tuple(s for s in (*panel(25, 120).series, *noise(22).series) if s.unique_id in known))
    with pytest.raises(AuroraError, match="nothing that the forecaster in service was not trained on"):
        retrain(same, served, **SIZES)
    assert decisions(served) == before


def test_another_context_or_horizon_needs_another_folder(served: Path):
    with pytest.raises(AuroraError, match=r"context=30 and horizon=4: .* has 24 and 4"):
        retrain(panel(25, 240), served, context=30, horizon=HORIZON, members=FEW_MEMBERS)


def test_an_interrupted_retraining_resumes_and_serves_only_when_complete(tmp_path: Path):
    folder, told = tmp_path / "f", []

    def stop(what: str, done: int, _of: int) -> None:
        told.append((what, done))
        if what == "LSTM 1 on everything":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrain(panel(22), folder, **SIZES, progress=stop)
    with pytest.raises(AuroraError, match="holds no forecaster"):
        in_service(folder)
    again: list[tuple[str, int]] = []
    retrain(panel(22), folder, **SIZES, progress=lambda what, done, _of: again.append((what, done)))
    assert ("LSTM 1 on part", 1) in told
    assert ("LSTM 1 on part", 1) not in again  # that one was done before
    assert in_service(folder).horizon == HORIZON


def test_a_folder_without_a_forecaster_is_refused_with_the_remedy(tmp_path: Path):
    with pytest.raises(AuroraError, match="aurora train forecast DATA --out"):
        in_service(tmp_path)
