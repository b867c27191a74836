"""Accounts: configurations and their moves, the simulator's invariants, and the generator."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import DataError, InputError
from aurora.evals.demand_shapes import read_shapes, vm_series
from aurora.learning import accounts
from aurora.learning.accounts.simulator import advance, new_machines, setting_of
from aurora.learning.accounts.workload import draw_workload
from aurora.learning.series.series import Series
from aurora.sim.scenarios.traces.azure_vm import Vm
from tests.examples import examples

CATALOGUE = accounts.synthetic_catalogue()
CONFIGURATION = accounts.Configuration("general-4", "balanced", "5g", 2, 8, 0.6, 600)

configurations = st.builds(
    lambda instance, storage, network, counts, target, cooldown: accounts.Configuration(
        instance, storage, network, min(counts), max(counts), target, cooldown
    ),
    st.sampled_from([i.name for i in CATALOGUE.instances]),
    st.sampled_from([s.name for s in CATALOGUE.storage]),
    st.sampled_from([n.name for n in CATALOGUE.network]),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.floats(0.05, 1.0),
    st.integers(0, 4000),
)


def served(configuration: accounts.Configuration, demand: float, steps: int = 48, seed: int = 1) -> dict[str, float]:
    workload = replace(draw_workload(np.random.default_rng(seed), "usual"), memory_base=1.0, io_per_core=20.0)
    setting = setting_of(configuration, workload, 10 * workload.service, 100.0, CATALOGUE)
    machines = new_machines(configuration, demand, CATALOGUE)
    values = advance(machines, configuration.instance, setting, np.full(steps, demand))
    return dict(zip(accounts.COLUMN, values, strict=True))


@given(configurations, st.sampled_from(accounts.MOVES))
def test_a_valid_move_gives_a_valid_configuration_and_is_recognised(before: accounts.Configuration, move: str) -> None:
    after = accounts.apply_move(before, move, CATALOGUE)
    assert accounts.valid_moves(before, CATALOGUE)[accounts.MOVES.index(move)] == (after is not None)
    if after is not None:
        accounts.check_configuration(after, CATALOGUE, "after")
        assert accounts.moves_between(before, after, CATALOGUE) == (() if move == "keep" else (move,))


def test_moves_stop_at_the_ends_of_their_ladders() -> None:
    small = replace(CONFIGURATION, instance="general-2", storage="standard", minimum=1, maximum=1, target=0.3)
    possible = dict(zip(accounts.MOVES, accounts.valid_moves(small, CATALOGUE), strict=True))
    assert not any(possible[m] for m in ("smaller", "storage_down", "minimum_down", "maximum_down", "target_down"))
    assert not possible["minimum_up"], "the least may not exceed the most"
    assert possible["keep"] and possible["maximum_up"] and possible["larger"]


@settings(deadline=None, max_examples=examples(50))
@given(configurations, st.floats(0.1, 300))
def test_metrics_stay_within_their_ranges_whatever_the_load(c: accounts.Configuration, demand: float) -> None:
    values = served(c, demand)
    for metric in accounts.METRICS:
        assert 0 <= values[metric.name] <= (metric.most or np.inf) * (1 + 1e-9)
    assert np.isfinite(list(values.values())).all()
    assert c.minimum <= values["running"] <= c.maximum


def test_work_is_conserved_while_there_is_room() -> None:
    values = served(CONFIGURATION, 6.0)
    assert values["cpu"] * values["running"] * 4 == pytest.approx(6.0)
    assert values["misses"] < 0.02


def test_too_few_machines_give_full_utilisation_and_misses() -> None:
    values = served(replace(CONFIGURATION, maximum=2), 20.0)
    assert values["cpu"] == pytest.approx(1.0)
    assert values["misses"] > 0.95


def test_more_machines_do_not_remove_the_bottleneck_of_a_slow_volume() -> None:
    hungry = replace(draw_workload(np.random.default_rng(1), "usual"), io_per_core=200.0, memory_base=1.0)
    misses = []
    for c in (replace(CONFIGURATION, storage="standard", minimum=8), replace(CONFIGURATION, storage="fast")):
        setting = setting_of(c, hungry, 10 * hungry.service, 100.0, CATALOGUE)
        values = advance(new_machines(c, 6.0, CATALOGUE), c.instance, setting, np.full(48, 6.0))
        misses.append(values[accounts.COLUMN["misses"]])
    assert misses[0] > 0.9
    assert misses[1] < 0.1


def test_a_higher_target_is_cheaper_and_never_less_busy() -> None:
    low, high = (served(replace(CONFIGURATION, minimum=1, target=t), 8.0) for t in (0.4, 0.8))
    assert high["cost"] < low["cost"]
    assert high["cpu"] > low["cpu"]


def test_the_autoscaler_converges_to_the_value_of_its_formula() -> None:
    values = served(replace(CONFIGURATION, minimum=1, maximum=20), 12.0)
    assert values["running"] == pytest.approx(5.0)  # 12 cores / (4 cores * 0.6)


def test_the_same_seed_gives_the_same_accounts_and_every_history_is_valid() -> None:
    one, other = accounts.generate(7, 12, periods=30), accounts.generate(7, 12, periods=30)
    for a, b in zip(one.accounts, other.accounts, strict=True):
        accounts.check_account(a, CATALOGUE)
        assert a.configurations == b.configurations
        np.testing.assert_array_equal(a.values, b.values)
    assert sum(t.behaviour == "expert" for t in one.truth) == round(12 * 0.2)
    assert accounts.generate(8, 12, periods=30).truth != one.truth


def test_generated_accounts_change_one_setting_at_a_time() -> None:
    for account in accounts.generate(3, 10, 0.5, periods=60).accounts:
        assert not any(c.compound for c in accounts.changes(account, CATALOGUE))


def test_the_future_of_an_account_is_a_paired_comparison() -> None:
    truth = accounts.generate(5, 1, 1.0, periods=30).truth[0]
    now = accounts.simulate(truth, truth.configuration, 12, 9)
    again = accounts.simulate(truth, truth.configuration, 12, 9)
    np.testing.assert_array_equal(now.values, again.values)
    dear = accounts.simulate(truth, replace(truth.configuration, storage="extreme"), 12, 9)
    assert (dear.metric("cost") >= now.metric("cost") - 1e-9).all()
    assert not np.array_equal(accounts.simulate(truth, truth.configuration, 12, 10).values, now.values)
    assert now.start == truth.end


def test_experts_pay_less_than_others_for_difficult_workloads() -> None:
    population = accounts.generate(11, 60, 0.3, periods=84)
    cost: dict[bool, list[float]] = {True: [], False: []}
    for account, truth in zip(population.accounts, population.truth, strict=True):
        if truth.difficulty == "hard":
            late = account.between(42, 84)
            on_time = (1 - late.metric("misses")) * late.metric("throughput") * truth.workload.service
            cost[truth.behaviour == "expert"].append(late.metric("cost").sum() / max(on_time.sum(), 1e-9))
    assert np.median(cost[True]) < 0.8 * np.median(cost[False])


def test_a_measured_series_shapes_demand() -> None:
    y = 1 + np.sin(np.arange(2016) / 50) ** 2
    shape = Series("measured", 0, 300, y, np.ones(2016, bool))
    workload = draw_workload(np.random.default_rng(1), "usual", shape)
    assert np.mean(workload.shape) == pytest.approx(1.0)
    flat = Series("flat", 0, 300, np.zeros(5), np.ones(5, bool))
    with pytest.raises(InputError, match=r"'flat'.*no value"):
        accounts.generate(1, 2, shapes=[flat])


@pytest.mark.parametrize(
    ("field", "value"),
    [("instance", "giant"), ("minimum", 0), ("maximum", 1), ("target", 1.5), ("cooldown", -1), ("storage", "")],
)
def test_a_bad_configuration_is_refused_with_the_field(field: str, value: object) -> None:
    with pytest.raises(DataError, match=field):
        accounts.check_configuration(replace(CONFIGURATION, **{field: value}), CATALOGUE, "here")


def test_a_bad_metric_is_refused_with_account_period_and_name() -> None:
    account = accounts.generate(1, 1, periods=5).accounts[0]
    values = account.values.copy()
    values[3, accounts.COLUMN["misses"]] = np.nan
    with pytest.raises(DataError, match=r"account-1-0000', period 3: metric 'misses'"):
        accounts.check_account(replace(account, values=values), CATALOGUE)


def test_written_histories_are_read_back_unchanged(tmp_path: Path) -> None:
    population = accounts.generate(2, 3, periods=8)
    for name in ("h.jsonl", "h.jsonl.gz", "h.parquet"):
        accounts.write_accounts(population.accounts, tmp_path / name)
        read = accounts.read_accounts([tmp_path / name], CATALOGUE)
        assert not read.findings
        for a, b in zip(read.accounts, population.accounts, strict=True):
            assert (a.account_id, a.configurations, a.ratings, a.tags) == (
                b.account_id,
                b.configurations,
                b.ratings,
                b.tags,
            )
            np.testing.assert_array_equal(a.values, b.values)


def rows_of_one_account(tmp_path: Path, periods: int = 8) -> list[dict[str, object]]:
    accounts.write_accounts(accounts.generate(2, 1, periods=periods).accounts, tmp_path / "one.jsonl")
    return [json.loads(line) for line in (tmp_path / "one.jsonl").read_text().splitlines()]


def read_rows(tmp_path: Path, rows: list[dict[str, object]], key: str | None = None) -> accounts.Histories:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return accounts.read_accounts([tmp_path / "in.jsonl"], CATALOGUE, hash_accounts_with=key)


def test_unsorted_repeated_and_missing_rows_are_repaired_and_reported(tmp_path: Path) -> None:
    rows = rows_of_one_account(tmp_path)
    read = read_rows(tmp_path, [rows[1], rows[0], *rows[1:5], *rows[6:]])
    assert len(read.accounts[0]) == 5
    assert {(f.defect, f.count) for f in read.findings if f.defect != "unsorted"} == {("duplicate", 1), ("gap", 1)}
    assert any(f.defect == "unsorted" for f in read.findings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cpu": None}, r"line 3.*'cpu'.*absent"),
        ({"cpu": float("nan")}, r"line 3.*'cpu'"),
        ({"misses": -0.5}, r"period 2.*'misses'"),
        ({"instance": "giant-9"}, r"period 2.*'instance'.*catalogue"),
        ({"minimum": 2.5}, r"line 3.*'minimum'.*whole"),
        ({"time": "2026-01-05T08:00:00"}, r"line 3.*'time'.*zone"),
        ({"ratings": [{"rater": "x", "stars": 9}]}, "9 stars"),
        ({"time": 1_767_571_201}, "periods of"),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    rows = rows_of_one_account(tmp_path)
    rows[2] |= change
    with pytest.raises(DataError, match=message):
        read_rows(tmp_path, rows)


def test_contradicting_rows_and_empty_files_are_refused(tmp_path: Path) -> None:
    rows = rows_of_one_account(tmp_path)
    with pytest.raises(DataError, match="differs from"):
        read_rows(tmp_path, [*rows, {**rows[0], "cost": 99.0}])
    with pytest.raises(DataError, match="no row"):
        read_rows(tmp_path, [])
    with pytest.raises(DataError, match="1 period"):
        read_rows(tmp_path, rows[:1])


def test_account_names_can_be_hashed(tmp_path: Path) -> None:
    rows = rows_of_one_account(tmp_path)
    one, other = (read_rows(tmp_path, rows, key).accounts[0].account_id for key in ("a" * 16, "b" * 16))
    assert one != other
    assert "account" not in one + other


def test_cores_in_use_rise_with_arrivals_and_fall_with_departures() -> None:
    steady = [Vm(300.0 * k, 2.0, 4.0, 3000.0, 3000.0) for k in range(500)]
    (series,) = vm_series(steady, 1)
    assert len(series) == 375
    assert (series.y[:-1] == 20.0).all()  # ten live at once, two cores each
    with pytest.raises(DataError, match="steps of arrivals"):
        vm_series(steady[:20], 1)


def test_real_machine_traces_shape_demand(traces: Path) -> None:
    shapes = read_shapes(traces)
    assert {s.unique_id.split("/")[0].split("_")[0] for s in shapes} >= {"azure", "bitbrains"}
    population = accounts.generate(1, 8, 0.5, periods=48, shapes=shapes)
    assert any(t.workload.shape for t in population.truth)
    for account in population.accounts:
        accounts.check_account(account, CATALOGUE)


def test_a_time_far_from_all_others_is_refused_and_a_long_gap_is_not(tmp_path: Path) -> None:
    rows = rows_of_one_account(tmp_path, periods=12)
    year = 4 * 3600 * 2190
    late = [*rows[:-1], {**rows[-1], "time": int(str(rows[-1]["time"])) + 3 * year}]
    early = [{**rows[0], "time": int(str(rows[0]["time"])) - 3 * year}, *rows[1:]]
    for wrong, line in ((late, 12), (early, 1)):
        with pytest.raises(DataError, match=rf"line {line}: field 'time' lies 109\d days from all others"):
            read_rows(tmp_path, wrong)
    assert len(read_rows(tmp_path, [*rows[:5], *rows[10:]]).accounts[0]) == 5
