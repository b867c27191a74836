"""The benchmark of strategies for requests."""

import gzip
import json

import numpy as np
import pytest

from aurora.cli.bench import rightsizing as command
from aurora.errors import FileError
from aurora.evals import rightsizing
from aurora.evals.rightsizing import (
    _interpolated,
    bench_rightsizing,
    compare,
    curve_charts,
    curves_of,
    reliability_of,
    resamples,
)
from aurora.evals.rightsizing_data import AHEAD, CUT, _rest, _unseen, cases, group_of, planetlab, split
from aurora.learning.rightsizing.containers import STRATEGIES
from tests.learning.rightsizing.containers.made import STEP, demand

DAY = 288


def machines(count, seed, resource="cpu"):
    rng = np.random.default_rng(seed)
    return [demand(rng.lognormal(rng.normal(), rng.uniform(0.1, 0.6), DAY), resource) for _ in range(count)]


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traces")
    (folder / "planetlab").mkdir()
    for k, day in enumerate(("20110303", "20110306", "20110309", "20110322")):
        rng = np.random.default_rng(k)
        rows = [rng.integers(1, 40, DAY) * rng.uniform(0.2, 2) for _ in range(12)]
        lines = [f"vm{day}_{n}," + ",".join(f"{v:.0f}" for v in row) for n, row in enumerate(rows)]
        (folder / "planetlab" / f"planetlab_{day}.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder


def test_nothing_of_a_judged_future_is_in_the_back_tests():
    case = _unseen("x", machines(5, 0), machines(4, 1), CUT, AHEAD)
    (moment,) = case.moments
    assert [len(a) * STEP for a in moment.after] == [AHEAD] * 4
    assert all(d.end - d.start == CUT for d in moment.demands)
    assert len(moment.tests) == 5
    days = [demand(np.tile(d.values, 3)) for d in machines(4, 1)]
    (moment,) = _rest("x", days, 2 * DAY * STEP, DAY * STEP).moments
    assert moment.tests and max(float(t.before.end) + t.horizon for t in moment.tests) <= 2 * DAY * STEP


def test_the_curves_of_the_rivals_are_those_of_the_strategies_rules():
    for resource in ("cpu", "memory"):
        case = _rest("x", machines(4, 2, resource), CUT, AHEAD)
        curves = curves_of(case)
        for name in ("krr", "vpa"):
            rule = STRATEGIES[name].rule(resource)
            curve = curves[name]
            for k in (0, curve.default, len(curve.values) - 1):
                for c, (d, after) in enumerate(zip(case.moments[0].demands, case.moments[0].after, strict=True)):
                    size = rule.size(d, float(curve.values[k]))
                    assert curve.slack[k, c] == pytest.approx(np.maximum(size - after, 0).mean())
                    above = (
                        after.max() > size * (1 + 1e-9) if resource == "memory" else (after > size * (1 + 1e-9)).mean()
                    )
                    assert curve.violations[k, c] == pytest.approx(float(above))
        assert curves["krr"].values[curves["krr"].default] == STRATEGIES["krr"].rule(resource).default


def test_curves_are_read_along_a_line_and_not_beyond_their_ends():
    x, y = np.array([[0.4, 0.2, 0.1]] * 3), np.array([[1.0, 2.0, 4.0]] * 3)
    assert _interpolated(x, y, np.array([0.3, 0.15, 0.05])).tolist() == pytest.approx([1.5, 3.0, np.nan], nan_ok=True)


def test_a_strategy_does_not_differ_from_itself():
    case = _rest("x", machines(6, 3), CUT, AHEAD)
    ours = curves_of(case)["aurora"]
    use = np.array([a.mean() for a in case.moments[0].after])
    for row in compare(case, {"aurora": ours, "twin": ours}, use):
        assert row.less_slack is None or row.less_slack == pytest.approx(0, abs=1e-9)


def test_no_machine_set_aside_for_development_is_judged(traces):
    tune, judge = planetlab(traces / "planetlab")
    assert tune and judge
    assert not {group_of(d.name) for d in tune} & {group_of(d.name) for d in judge}
    assert len(split().google_jobs) == 125 and len(split().azure_machines) == 50


def test_a_job_is_drawn_with_all_its_days():
    drawn = resamples(("a", "b", "a", "c"))
    assert (drawn[:, 0] == drawn[:, 2]).all() and (drawn[:, 0] != drawn[:, 1]).any()


def test_reliability_counts_what_came_at_each_stated_probability():
    case = _rest("x", machines(8, 4, "memory"), CUT, AHEAD)
    rows = reliability_of(case)
    assert sum(r.sizes for r in rows) == 8 * 26
    assert all(r.low <= r.stated <= r.high and r.seen_low <= r.seen <= r.seen_high for r in rows)
    assert rows[-1].seen > rows[0].seen


def test_the_benchmark_runs_on_what_there_is(traces, tmp_path):
    result = bench_rightsizing(traces)
    assert {c["data"] for c in result["comparisons"]} == {"planetlab, unseen machines", "planetlab, rest of the day"}
    assert {c["rival"] for c in result["comparisons"]} == {"krr", "vpa", "vpa, margin"}
    assert all(0 <= p["realised"] <= 1 for p in result["promises"])
    assert len(curve_charts(result)) == 2
    json.dumps(result, allow_nan=False)
    with pytest.raises(FileError, match="planetlab"):
        cases(tmp_path)


def test_the_command_prints_comparisons_and_promises(traces, tmp_path, monkeypatch, capsys):
    result = rightsizing.bench_rightsizing(traces, seed=0)  # once for both forms of the command
    monkeypatch.setattr(rightsizing, "bench_rightsizing", lambda data, *, seed, progress: result)
    command.rightsizing(traces, 0, tmp_path / "c.html", as_json=False)
    printed = capsys.readouterr().out
    assert printed.startswith("# AURORA against other strategies")
    assert "# promised and realised risk of AURORA" in printed
    assert "# stated and seen probabilities" in printed
    assert (tmp_path / "c.html").exists()
    command.rightsizing(traces, 0, None, as_json=True)
    data = json.loads(capsys.readouterr().out)
    assert {"comparisons", "promises", "curves"} <= set(data)
