import numpy as np
import pytest

from aurora.evals.benchmark.measuring import BOUND, OBJECTIVE_PREFIX
from aurora.evals.benchmark.tables import (
    bound_rows,
    contended_table,
    differences,
    per_scenario,
    suite_metrics,
    suite_table,
    summary_table,
    with_pareto,
)
from aurora.evals.results.samples import Sample


def _samples(subject: str, shift: float, *, trials: int = 1, suite: str = "level1", use: float = 60.0) -> list[Sample]:
    """Return samples on 20 scenarios, with a value, a latency and a cost."""
    base = np.random.default_rng(1).uniform(0.3, 0.7, 20)
    noise = np.random.default_rng([2, sum(subject.encode())]).normal(0, 0.01, (trials, 20))
    return [
        Sample(
            suite=suite,
            subject=subject,
            sample=f"s{k}",
            trial=t,
            stratum=f"family {k % 2}",
            values={
                "value": float(base[k] + shift + noise[t, k]),
                "utilisation": use,
                "latency": 10 - shift,
                "cost": 1.0,
                "completed": 100.0,
                f"{OBJECTIVE_PREFIX}latency": 10 - shift,
                f"{OBJECTIVE_PREFIX}cost": 1.0,
            },
        )
        for t in range(trials)
        for k in range(20)
    ]


EVERYONE = _samples("champion", 0.1, trials=3) + _samples("worse", 0.0) + _samples("equal", 0.1)


def test_only_undominated_subjects_are_pareto_optimal() -> None:
    marked = with_pareto(EVERYONE)
    shares = {s.subject: s.values["pareto"] for s in marked}
    assert shares == {"champion": 100.0, "worse": 0.0, "equal": 100.0}


def test_trials_of_a_method_do_not_dominate_each_other() -> None:
    better_later = _samples("champion", 0.0) + [s.model_copy(update={"trial": 1}) for s in _samples("champion", 0.2)]
    assert {s.values["pareto"] for s in with_pareto(better_later)} == {100.0}


def test_seeds_of_training_are_averaged_before_methods_are_compared() -> None:
    found = {d.rival: d for d in differences("level1", EVERYONE)}
    assert found["worse"].difference.low > 0.05
    assert found["worse"].adjusted < 0.01
    assert found["equal"].difference.low < 0 < found["equal"].difference.high
    assert found["worse"].clusters == 20
    assert len(per_scenario(EVERYONE)) == 60


def test_the_table_lists_the_best_first_and_who_lost() -> None:
    table = suite_table("level1", EVERYONE, differences("level1", EVERYONE))
    assert [row[0] for row in table.rows][-1] == "worse"
    summary = summary_table({"level1": differences("level1", EVERYONE)})
    assert {str(r[0]): r[1:] for r in summary.rows} == {"worse": (1, 1, 0, "none"), "equal": (1, 0, 1, "none")}


def test_a_loss_is_told_by_the_name_of_the_suite() -> None:
    losing = _samples("champion", 0.0) + _samples("better", 0.2)
    (row,) = summary_table({"level1": differences("level1", losing)}).rows
    assert row == ("better", 1, 0, 0, "level1")


def test_only_scenarios_with_contention_count_in_its_table() -> None:
    idle = [s for x in ("champion", "random") for s in _samples(x, 0.0, suite="level2", use=10.0)]
    busy = [s for x in ("champion", "random") for s in _samples(x, 0.0, use=60.0)]
    table = contended_table(busy + idle, ["random", "champion"])
    assert table.note.startswith("20 scenarios of level1 ")
    assert contended_table(idle, ["random", "champion"]).rows == ()


def test_the_gap_is_measured_where_there_is_a_bound() -> None:
    bound = [s.model_copy(update={"subject": BOUND}) for s in _samples("champion", 0.2)]
    row = bound_rows("level1", EVERYONE + bound)
    assert row is not None
    assert row[1] == pytest.approx(0.1, abs=0.01)
    assert bound_rows("level1", EVERYONE) is None
    assert BOUND not in {r[0] for r in suite_table("level1", EVERYONE + bound, ()).rows}


def test_metrics_have_suite_subject_and_direction() -> None:
    metrics = {m.key: m for m in suite_metrics("level1", EVERYONE)}
    assert metrics["level1/champion:latency"].better == "lower"
    assert metrics["level1/champion:value"].unit == "reward"
    assert metrics["level1/champion:value"].samples == 20
