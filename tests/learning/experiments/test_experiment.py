"""Experiments: registered in advance, updated day by day, stopped by their rules."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from aurora.errors import DataError, FileError, InputError
from aurora.learning.experiments.analysis import add_days, history, means_before, standing
from aurora.learning.experiments.measurements import Row, read_rows
from aurora.learning.experiments.power import DayModel, day_model, detectable, expected
from aurora.learning.experiments.registration import Registration, Rules, assign, load_registration, register

START = date(2026, 7, 1)
RULES = Rules("cost", "lower", "latency", "lower", 0.0, 0.05, 0.02, 0.5, 14, 3, resamples=1000)
LEVEL = np.random.default_rng(0).lognormal(2, 0.5, 64)


def measured(first, days, treated=(), gain=0.0, harm=0.0, received=None, seed=1):
    rng = np.random.default_rng(seed)
    rows = []
    for d in range(days):
        for i in range(64):
            name = f"a{i:02d}"
            is_treated = name in treated
            cost = LEVEL[i] + 0.3 * rng.normal() - gain * is_treated
            latency = 1 + 0.1 * rng.normal() + harm * is_treated
            told = None if received is None else name in received
            rows.append(Row(name, first + timedelta(days=d), {"cost": cost, "latency": latency}, told))
    return rows


def registered(tmp_path, rules=RULES):
    past = history(measured(START - timedelta(days=14), 14, seed=9), ("cost", "latency"), START)
    subjects = assign(means_before(past), dict.fromkeys(past, ""), experiment_id="trial", seed=4)
    draft = Registration("trial", START, START, 4, rules, subjects, {"power": 0.8, "days": 7.0})
    return register(tmp_path / "trial", draft)


def treated_of(registration):
    return {s.account for s in registration.subjects if s.treated}


def test_the_assignment_is_repeatable_balanced_and_depends_on_the_seed():
    means = {f"a{i}": (float(i), 0.0) for i in range(45)}
    strata = {a: "gold" if int(a[1:]) % 3 else "silver" for a in means}
    one = assign(means, strata, experiment_id="x", seed=1)
    shuffled = dict(reversed(means.items()))
    assert assign(shuffled, strata, experiment_id="x", seed=1) == one
    assert assign(means, strata, experiment_id="x", seed=2) != one
    for block in {s.block for s in one}:
        members = [s for s in one if s.block == block]
        assert len({s.stratum for s in members}) == 1
        assert abs(2 * sum(s.treated for s in members) - len(members)) <= 1
    with pytest.raises(InputError, match="at least 16"):
        assign(dict(list(means.items())[:9]), strata, experiment_id="x", seed=1)


def test_a_registration_can_be_read_but_neither_altered_nor_replaced(tmp_path):
    done = registered(tmp_path)
    assert load_registration(tmp_path / "trial") == done
    with pytest.raises(FileError, match="already"):
        registered(tmp_path)
    path = tmp_path / "trial" / "registration.json"
    text = path.read_text()
    path.chmod(0o644)
    path.write_text(text.replace('"margin": 0.0', '"margin": 9.0'))
    with pytest.raises(DataError, match="altered"):
        load_registration(tmp_path / "trial")
    data = json.loads(text)
    data["subjects"][0][3] = not data["subjects"][0][3]  # another arm, with a hash that fits
    del data["sha256"]
    from aurora.learning.experiments.registration import _sha256

    path.write_text(json.dumps({**data, "sha256": _sha256(data)}))
    with pytest.raises(DataError, match="assignment"):
        load_registration(tmp_path / "trial")


def test_a_gain_stops_an_experiment_and_later_days_change_nothing(tmp_path):
    done = registered(tmp_path)
    assert standing(tmp_path / "trial", done) is None
    rows = measured(START, 10, treated_of(done), gain=1.0)
    for d in range(10):
        add_days(tmp_path / "trial", done, [r for r in rows if r.day == START + timedelta(days=d)])
        now = standing(tmp_path / "trial", done)
        if now.verdict.decision != "continue":
            stop = now.verdict
            break
    assert (stop.decision, stop.day) == ("stop_benefit", 3)
    assert stop.metric.low[2] <= -1.0 <= stop.metric.high[2] < 0
    add_days(tmp_path / "trial", done, rows)
    later = standing(tmp_path / "trial", done)
    assert (later.days, later.verdict.day, later.verdict.decision) == (10, 3, "stop_benefit")
    assert later.p_value < 0.05


def test_the_guardrail_stops_a_harmful_change_that_saves_money(tmp_path):
    done = registered(tmp_path)
    add_days(tmp_path / "trial", done, measured(START, 5, treated_of(done), gain=1.0, harm=0.3))
    verdict = standing(tmp_path / "trial", done).verdict
    assert (verdict.decision, verdict.day) == ("stop_harm", 1)
    assert verdict.guardrail.low[0] > 0


def test_a_metric_that_gets_worse_is_harm_and_a_small_gain_is_futile(tmp_path):
    done = registered(tmp_path)
    add_days(tmp_path / "trial", done, measured(START, 5, treated_of(done), gain=-1.0))
    assert standing(tmp_path / "trial", done).verdict.decision == "stop_harm"
    other = registered(tmp_path / "other")
    add_days(tmp_path / "other" / "trial", other, measured(START, 14, treated_of(other)))
    assert standing(tmp_path / "other" / "trial", other).verdict.decision == "stop_futility"


def test_compliance_is_counted_and_does_not_change_the_intention_to_treat_effect(tmp_path):
    done = registered(tmp_path)
    treated = treated_of(done)
    took = set(sorted(treated)[:20])
    add_days(tmp_path / "trial", done, measured(START, 4, took, gain=1.0, received=took))
    now = standing(tmp_path / "trial", done)
    assert (now.treated.complied, now.treated.crossed, now.control.complied) == (
        20,
        len(treated) - 20,
        64 - len(treated),
    )
    assert now.per_protocol.treated == 20
    itt = now.verdict.metric.estimate[-1]
    assert now.per_protocol.effect < itt < 0
    assert itt == pytest.approx(-20 / len(treated), abs=0.2)


def test_days_are_closed_once_and_irregular_rows_are_reported(tmp_path):
    done = registered(tmp_path)
    folder = tmp_path / "trial"
    rows = measured(START - timedelta(days=1), 3)
    add_days(folder, done, rows[:-1])
    late_and_new = [*rows, *measured(START + timedelta(days=3), 1), *measured(START + timedelta(days=20), 1)]
    changed = [Row(r.account, r.day, {"cost": 0.0, "latency": 1.0}) for r in rows[64:66]]
    taken = add_days(folder, done, [r for r in late_and_new if r not in rows[64:66]] + changed)
    assert (taken.days, taken.rows) == (1, 64)
    assert taken.left_out == {
        "before the start": 64,
        "already known": 125,
        "late: the day was closed without it": 1,
        "after the registered end": 64,
        "changed after the day was closed; the first value stands": 2,
    }
    assert standing(folder, done).missing_days == (3,)
    with pytest.raises(InputError, match="1 accounts are not in the experiment \\(zz\\)"):
        add_days(folder, done, [Row("zz", START, {"cost": 1.0, "latency": 1.0})])


def test_measurements_of_another_registration_are_refused(tmp_path):
    one, two = registered(tmp_path / "one"), registered(tmp_path / "two", Rules(**{**RULES_FIELDS, "effect": 0.7}))
    add_days(tmp_path / "one" / "trial", one, measured(START, 2))
    (tmp_path / "one" / "trial" / "measurements.jsonl").rename(tmp_path / "two" / "trial" / "measurements.jsonl")
    with pytest.raises(DataError, match="another registration"):
        standing(tmp_path / "two" / "trial", two)


RULES_FIELDS = {f: getattr(RULES, f) for f in RULES.__slots__}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("account,day,cost\na,2026-07-01,1\n", "no latency"),
        ("account,day,cost,latency\na,2026-07-01,x,1\n", "cost is 'x'"),
        ("account,day,cost,latency\na,2026-07-01,inf,1\n", "infinite"),
        ("account,day,cost,latency\na,July,1,1\n", "day is 'July'"),
        ("account,day,cost,latency\n,2026-07-01,1,1\n", "account is empty"),
        ("account,day,cost,latency\na,2026-07-01,1,1\na,2026-07-01,1,1\n", "second row"),
        ("account,day,cost,latency,received\na,2026-07-01,1,1,perhaps\n", "received is 'perhaps'"),
    ],
)
def test_a_bad_file_is_refused_with_the_fault(tmp_path, text, message):
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_rows(path, ("cost", "latency"))


def test_all_file_formats_give_the_same_measurements(tmp_path):
    import pyarrow as arrow
    from pyarrow import parquet

    rows = [{"account": "a", "day": "2026-07-01", "cost": 1.5, "latency": None, "received": 1}]
    (tmp_path / "m.csv").write_text("account,day,cost,latency,received\na,2026-07-01,1.5,,1\n")
    (tmp_path / "m.jsonl").write_text(json.dumps(rows[0]) + "\n")
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "m.parquet")
    for name in ("m.csv", "m.jsonl", "m.parquet"):
        (found,) = read_rows(tmp_path / name, ("cost", "latency"))
        assert (found.account, found.day, found.values["cost"], found.received) == ("a", START, 1.5, True)
        assert np.isnan(found.values["latency"])


def test_too_short_a_history_is_refused_with_the_count():
    with pytest.raises(DataError, match="have 5 of 7 days"):
        history(measured(START - timedelta(days=5), 5), ("cost", "latency"), START)


def test_kinds_of_movement_are_distinguished():
    rng = np.random.default_rng(0)
    walk = DayModel(2.0, 1.0, 0.0, 0.0, 0.5)
    found = day_model(walk.draw(rng, 2000, 14))
    assert found.drift == pytest.approx(0.5, abs=0.1)
    assert found.noise == pytest.approx(1.0, abs=0.1)
    still = day_model(DayModel(2.0, 1.0, 0.0, 0.0, 0.0).draw(rng, 2000, 14))
    assert still.drift < 0.15
    assert still.level == pytest.approx(2.0, abs=0.2)


def test_power_increases_with_the_effect():
    model = DayModel(2.0, 1.0, 0.0, 0.0, 0.0)
    rules = [Rules(**{**RULES_FIELDS, "effect": e}) for e in (0.05, 0.6)]
    few, many = (expected(model, 64, 14, r, simulations=40) for r in rules)
    assert few.power < 0.3
    assert many.power > 0.9
    with pytest.raises(DataError, match="same for all"):
        detectable(DayModel(0.0, 0.0, 0.0, 0.0, 0.0), 64, 14, RULES)


def test_a_day_without_measurements_hardly_changes_a_day_model():
    true = DayModel(level=3.0, noise=1.0, swing=0.5, memory=0.6, drift=0.0)
    values = true.draw(np.random.default_rng(4), 400, 21)
    whole = day_model(values)
    values[:, -1] = np.nan
    values[:, 5] = np.nan
    values[3, 8] = np.nan
    less = day_model(values)
    assert less.level == pytest.approx(whole.level, rel=0.1)
    assert np.hypot(less.noise, less.swing) == pytest.approx(np.hypot(whole.noise, whole.swing), rel=0.1)
