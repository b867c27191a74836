import pytest

from aurora.errors import InputError
from aurora.evals.results.gates import failed_gates, parse_gate
from aurora.evals.results.result import Metric

METRICS = [
    Metric(name="reward", subject="a", suite="s", value=0.5, low=0.4, high=0.6),
    Metric(name="reward", subject="b", suite="s", value=0.7, low=0.65, high=0.75),
    Metric(name="gap", value=0.02),
]


@pytest.mark.parametrize(
    ("condition", "failing"),
    [
        ("reward<0.6", ["s/a:reward"]),
        ("reward<0.8", ["s/a:reward", "s/b:reward"]),
        ("s/b:reward<0.6", []),
        ("reward.low<0.65", ["s/a:reward"]),
        ("reward.low <= 0.65", ["s/a:reward", "s/b:reward"]),
        ("reward.high>0.7", ["s/b:reward"]),
        ("gap>1e-2", ["gap"]),
        ("gap>=0.03", []),
        ("gap.low>0", ["gap"]),  # a bound that is not there does not pass
    ],
)
def test_a_gate_fails_the_metrics_that_meet_its_condition(condition: str, failing: list[str]) -> None:
    assert [f.metric for f in failed_gates([parse_gate(condition)], METRICS)] == failing


@pytest.mark.parametrize("text", ["", "reward", "reward<", "<0.5", "reward<high", "reward==1", "reward<1.2.3", "a<1<2"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="fail_on"):
        parse_gate(text)


def test_a_gate_on_an_unknown_metric_is_an_error_and_not_a_pass() -> None:
    with pytest.raises(InputError, match="there are reward, gap"):
        failed_gates([parse_gate("rewrad<0.5")], METRICS)
