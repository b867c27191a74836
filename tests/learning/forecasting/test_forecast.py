"""The forecaster: training data, refused arguments, interrupted training, and storage in a folder."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aurora.errors import AuroraError
from aurora.learning.forecasting.forecast import Forecaster, fit
from aurora.learning.forecasting.holdout import machine, split, training_windows
from aurora.learning.forecasting.models.baselines import Baseline
from aurora.learning.forecasting.models.inputs import Inputs, inputs_of
from aurora.learning.forecasting.models.lstm_network import load_lstm, train_lstm
from aurora.learning.forecasting.models.members import MODELS, Row
from aurora.learning.forecasting.serialization import load_forecaster, save_forecaster
from aurora.learning.forecasting.windows import rolling
from aurora.learning.series.series import QUANTILES, Panel, Series
from tests.learning.series.panels import (
    CONTEXT,
    HORIZON,
    QUICK,
    QUICK_MEMBER,
    QUICK_MEMBERS,
    START,
    STEP,
    daily,
    panel,
    series_of,
)


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    learned = panel(25, tier="gold")
    return fit(learned, context=CONTEXT, horizon=HORIZON, members=QUICK_MEMBER)


def examples(count: int = 4) -> Inputs:
    series = panel(count).series
    return replace(
        inputs_of(series, windows := rolling(series, CONTEXT, HORIZON, 1), ()), labels=np.zeros((len(windows), 2))
    )


def weights(network) -> list[np.ndarray]:
    return [p.detach().numpy() for p in network.network.parameters()]


def test_every_model_returns_increasing_quantiles_at_every_level(forecaster):
    strangers = panel(3, first=100).series
    windows = rolling(strangers, CONTEXT, HORIZON, HORIZON)
    for name, said in forecaster.quantiles(strangers, windows).items():
        assert said.shape == (len(windows), HORIZON, len(QUANTILES)), name
        assert (np.diff(said, axis=-1) >= -1e-9).all(), name
        assert np.isfinite(said).all(), name


def test_forecasts_start_after_the_end_of_each_series(forecaster):
    strangers = panel(3, length=90, first=100).series
    made = forecaster.predict(strangers, 2)
    assert [f.unique_id for f in made] == ["s100", "s101", "s102"]
    assert made[0].start == START + 90 * STEP
    assert made[0].quantiles.shape == (2, len(QUANTILES))
    alone = forecaster.predict(strangers[1:2], 2)[0]
    assert np.allclose(alone.quantiles, made[1].quantiles)


@pytest.mark.parametrize("factor", [1e-6, 1e9])
@pytest.mark.parametrize("y", [np.zeros(60), np.full(60, 5.0), np.r_[np.zeros(59), 5.0], daily(1, 60)])
def test_series_of_any_scale_and_unknown_labels_have_a_forecast(forecaster, y, factor):
    made = forecaster.predict([series_of(y * factor, unit="bytes", tier="never seen")])[0]
    assert np.isfinite(made.quantiles).all()
    assert (made.quantiles >= 0).all()
    assert made.quantiles.max() < 1e3 * max(float(y.max()) * factor, 1e-9)


def test_unsuitable_arguments_are_refused_by_the_parameter_s_name(forecaster):
    with pytest.raises(AuroraError, match="horizon=5: this forecaster was trained for 1 to 4"):
        forecaster.predict(panel(1).series, 5)
    with pytest.raises(AuroraError, match=r"'a' has 10 values .* context=24"):
        forecaster.predict([series_of(np.arange(10.0))])
    with pytest.raises(AuroraError, match="context=200"):
        fit(panel(3), context=200, horizon=4, members=QUICK_MEMBERS)
    with pytest.raises(AuroraError, match="horizon=0"):
        fit(panel(3), context=24, horizon=0, members=QUICK_MEMBERS)


def test_held_out_data_share_no_forecast_value_and_no_machine_with_training():
    series = (*panel(30, 120).series, *(replace(s, unique_id=f"{s.unique_id}b") for s in panel(5, 400).series))
    hosted = tuple(replace(s, labels={"host": s.unique_id.rstrip("b")}) for s in series)
    parts = split(hosted, CONTEXT, HORIZON, seed=0)
    last_learned = {k: parts.train.origin[parts.train.series == k].max() + HORIZON for k in set(parts.train.series)}
    for number, origin in zip(parts.held_out.series, parts.held_out.origin, strict=True):
        assert origin >= last_learned.get(number, 0)
    strangers = {machine(hosted[k]) for k in parts.held_out.series} - {machine(hosted[k]) for k in parts.train.series}
    assert len(strangers) >= 5
    assert len(training_windows(hosted, CONTEXT, HORIZON)) > len(parts.train)


def test_a_saved_forecaster_makes_the_same_forecasts(forecaster, tmp_path: Path):
    save_forecaster(forecaster, tmp_path / "f")
    read = load_forecaster(tmp_path / "f")
    strangers = panel(2, first=50).series
    windows = rolling(strangers, CONTEXT, HORIZON, HORIZON)
    for name in MODELS:
        said, again = (f.quantiles(strangers, windows, (name,))[name] for f in (forecaster, read))
        assert np.array_equal(said, again), name
    assert read.selected == forecaster.selected
    assert read.learned == forecaster.learned
    with pytest.raises(AuroraError, match="exists already"):
        save_forecaster(forecaster, tmp_path / "f")


def test_a_damaged_folder_is_refused_and_its_content_never_executed(forecaster, tmp_path: Path):
    with pytest.raises(AuroraError, match="aurora train forecast"):
        load_forecaster(tmp_path)
    save_forecaster(forecaster, tmp_path / "f")
    (tmp_path / "f" / "lstm-0.pt").write_bytes(pickle.dumps(Trap(str(tmp_path / "sprung"))))
    with pytest.raises(AuroraError, match=r"lstm-0\.pt is damaged or of another version"):
        load_lstm(tmp_path / "f" / "lstm-0.pt")
    assert not (tmp_path / "sprung").exists()
    (tmp_path / "f" / "forecaster.json").write_text("{", encoding="utf-8")
    with pytest.raises(AuroraError, match="damaged"):
        load_forecaster(tmp_path / "f")


class Trap:
    """Create a file when unpickled by a reader that executes its input."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_an_interrupted_training_ends_with_the_same_network(tmp_path: Path):
    asked = examples()
    settings = replace(QUICK, fewest=4, most=4)
    whole = train_lstm(asked, seed=3, settings=settings)
    told: list[int] = []

    def stop(done: int, _epochs: int) -> None:
        told.append(done)
        if done == 3:
            raise KeyboardInterrupt

    place = tmp_path / "a.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train_lstm(asked, seed=3, settings=settings, checkpoint=place, progress=stop)
    resumed = train_lstm(asked, seed=3, settings=settings, checkpoint=place, progress=lambda d, *_: told.append(d))
    assert told == [1, 2, 3, 3, 4]  # the state after epoch 2 was on disk
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        assert np.array_equal(one, other)


def test_a_checkpoint_of_other_data_is_not_used(tmp_path: Path):
    asked = examples()
    place = tmp_path / "a.checkpoint"
    train_lstm(asked, seed=3, settings=QUICK, checkpoint=place)
    told: list[int] = []
    train_lstm(
        replace(asked, windows=replace(asked.windows, future=asked.windows.future + 1)),
        seed=3,
        settings=QUICK,
        checkpoint=place,
        progress=lambda d, *_: told.append(d),
    )
    assert told == [1, 2]


def test_training_does_not_touch_the_global_random_state():
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    asked = examples(2)
    train_lstm(asked, seed=3, settings=QUICK)
    assert torch.equal(torch.rand(3), expected)


def test_a_panel_of_short_long_and_constant_series_can_be_trained_on():
    short = series_of(np.arange(10.0), "short")
    still = Series("still", START, STEP, np.zeros(200), np.ones(200, dtype=bool))
    mixed = fit(Panel((short, still, *panel(4, 200).series)), context=CONTEXT, horizon=HORIZON, members=QUICK_MEMBER)
    assert np.isfinite(mixed.predict([still])[0].quantiles).all()


def test_an_own_member_is_blended_compared_saved_and_loaded(tmp_path: Path):
    own = Baseline(lambda inputs: np.repeat(np.sort(inputs.windows.past[:, None, -len(QUANTILES) :]), HORIZON, axis=1))
    members = {**QUICK_MEMBER, "sorted": Row(own, prior=0.5)}
    fitted = fit(panel(6, 150), context=CONTEXT, horizon=HORIZON, members=members)
    assert fitted.blend.weights["sorted"] > 0
    assert "sorted" in fitted.held_out
    save_forecaster(fitted, tmp_path / "f")
    strangers = panel(2, first=50).series
    again = load_forecaster(tmp_path / "f", members)
    assert np.array_equal(again.predict(strangers)[0].quantiles, fitted.predict(strangers)[0].quantiles)
    with pytest.raises(AuroraError, match="models that are not known here: sorted"):
        load_forecaster(tmp_path / "f")
