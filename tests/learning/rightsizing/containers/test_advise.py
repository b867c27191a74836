"""Advice for containers: special cases, refusals, and what a proposal must never do."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import InputError
from aurora.learning.rightsizing.containers import (
    STRATEGIES,
    Autoscaler,
    ContainerUse,
    OomEvent,
    Prices,
    Size,
    advise,
    made_up_containers,
)
from aurora.learning.rightsizing.containers.cases import Pod, Together, growth_of, kept_together, plateau_of
from aurora.learning.rightsizing.containers.use import MIB, demand_of
from tests.examples import examples
from tests.learning.rightsizing.containers.made import DAY, STEP, busy, demand, series, use

N = 7 * DAY // STEP


def one(container, **more):
    return advise([container], **more).containers[0]


def test_a_large_request_is_cut_and_a_small_one_raised():
    over = one(use(busy(), cpu_size=Size(4.0)))
    under = one(use(busy(), cpu_size=Size(0.3)))
    assert over.cpu.finding == "over" and 0.5 < over.cpu.proposed.request < 2
    assert under.cpu.finding == "under" and under.cpu.proposed.request > 0.5
    assert over.cpu.slack < over.cpu.slack_now
    assert under.cpu.chance < under.cpu.chance_now


def test_a_request_that_is_nearly_right_stays():
    proposed = one(use(busy(), cpu_size=Size(4.0))).cpu.proposed.request
    advice = one(use(busy(), cpu_size=Size(1.03 * proposed)))
    assert advice.cpu.finding == "fits"
    assert advice.cpu.proposed == advice.cpu.now


def test_a_request_that_is_a_little_too_small_does_not_stay():
    proposed = one(use(busy(), cpu_size=Size(4.0))).cpu.proposed.request
    advice = one(use(np.full(N, 1.0), cpu_size=Size(1.0)))
    assert advice.cpu.finding == "under" and advice.cpu.proposed.request > 1.0
    assert one(use(busy(), cpu_size=Size(0.97 * proposed))).cpu.finding == "fits", "the risk is still within bounds"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_was_not_measured_stays_as_it_is(strategy):
    advice = one(use(busy(), cpu_size=Size(4.0), memory_size=Size(8.0, 8.0)), strategy=strategy)
    assert advice.memory.finding == "unmeasured"
    assert advice.memory.proposed == Size(8.0, 8.0)
    assert advice.memory.chance is None and advice.memory.slack is None
    assert one(use(None, np.ones(N), cpu_size=Size(2.0, 3.0)), strategy=strategy).cpu.proposed == Size(2.0, 3.0)


def test_too_few_values_are_refused_with_their_count():
    advice = one(use(busy(1), cpu_size=Size(4.0)))
    assert (advice.cpu.finding, advice.cpu.have, advice.cpu.need) == ("too_little", 288, 576)
    assert advice.cpu.proposed == Size(4.0)
    assert "288 values are measured and 576 are needed" in advice.cpu.reasons[0]
    assert advice.cpu.would_change == ("24 more hours of measurements",)


def test_krr_refuses_below_100_values():
    few, enough = (use(np.ones(n), cpu_size=Size(4.0)) for n in (99, 100))
    assert one(few, strategy="krr").cpu.finding == "too_little"
    assert one(enough, strategy="krr").cpu.finding == "over"


def test_values_that_were_filled_in_do_not_count():
    observed = np.zeros(N, bool)
    observed[:500] = True
    gaps = ContainerUse("w", "c", cpu=(series(busy(), observed=observed),), cpu_size=Size(4.0))
    assert (one(gaps).cpu.finding, one(gaps).cpu.have) == ("too_little", 500)
    # 100 at the place of a gap is no demand.
    y = busy()
    y[1000:1100] = 100.0
    observed = np.ones(N, bool)
    observed[1000:1100] = False
    assert one(ContainerUse("w", "c", cpu=(series(y, observed=observed),), cpu_size=Size(4.0))).cpu.proposed.request < 3


def test_a_kill_raises_memory_above_its_level():
    memory = np.random.default_rng(0).uniform(0.9, 1.0, N)
    killed = use(None, memory, memory_size=Size(1.0, 1.0), ooms=(OomEvent(DAY, 1.0),))
    advice = one(killed)
    assert advice.memory.proposed.request >= 1.2
    assert advice.memory.proposed.limit == advice.memory.proposed.request
    assert any("killed for lack of memory once" in r for r in advice.memory.reasons)
    assert advice.memory.chance is None
    small = use(None, memory / 10, memory_size=Size(0.1, 0.1), ooms=(OomEvent(DAY),))
    assert one(small).memory.proposed.request >= 0.1 + 100 * MIB


def test_demand_that_a_limit_cut_off_is_not_cut_further():
    cut = np.minimum(busy(level=1.0), 1.0)
    advice = one(use(cut, cpu_size=Size(1.0, 1.0)))
    assert advice.cpu.proposed.request >= 1.0 and advice.cpu.proposed.limit >= 1.5
    assert advice.cpu.chance is None
    throttled = one(use(busy(level=0.1), cpu_size=Size(1.0, 1.0), throttled=0.3))
    assert throttled.cpu.proposed.request >= 1.0 and throttled.cpu.proposed.limit >= 1.5


def test_memory_at_its_limit_is_raised():
    advice = one(use(None, np.minimum(np.linspace(0.99, 1.1, N), 1.0), memory_size=Size(1.0, 1.0)))
    assert advice.memory.proposed.limit >= 1.2


def test_start_up_is_left_to_the_limit():
    cpu = busy(level=0.2)
    cpu[::288] = cpu[1::288] = 3.0
    starts = tuple(STEP * k for k in range(0, N, 288))
    with_starts = one(use(cpu, cpu_size=Size(2.0, 4.0), starts=starts))
    without = one(use(cpu, cpu_size=Size(2.0, 4.0)))
    assert with_starts.cpu.proposed.request <= without.cpu.proposed.request
    assert with_starts.cpu.proposed.limit >= 3.3
    assert any("start-up takes up to 3 cores" in r for r in with_starts.cpu.reasons)


def test_what_lives_for_minutes_is_start_up_only_and_counts_whole():
    jobs = use(np.full(N, 1.0), starts=tuple(STEP * k for k in range(0, N, 2)))
    assert demand_of(jobs, "cpu").count == N


def test_a_plateau_is_called_the_heaps_limit():
    heap = np.minimum(np.linspace(0.3, 8, N), 2.0) * np.random.default_rng(0).uniform(0.99, 1.0, N)
    assert plateau_of(demand(heap, "memory")) == pytest.approx(2.0, rel=0.01)
    advice = one(use(None, heap, memory_size=Size(4.0, 4.0)))
    assert advice.memory.proposed.request >= 2.2 * 0.99
    assert any("heap" in r for r in advice.memory.reasons) and any("-Xmx" in c for c in advice.memory.would_change)
    assert plateau_of(demand(np.full(N, 2.0), "memory")) is None, "it did not rise"
    assert plateau_of(demand(busy(), "memory")) is None


def test_growth_goes_on():
    leak = np.linspace(1.0, 2.0, N)
    assert growth_of(demand(leak, "memory")) * 7 * DAY == pytest.approx(1.0, rel=0.05)
    advice = one(use(None, leak, memory_size=Size(2.1, 2.1)))
    assert advice.memory.proposed.request >= 2.9
    assert any("leak" in r for r in advice.memory.reasons)
    assert growth_of(demand(busy(), "memory")) == 0
    assert growth_of(demand(leak[::-1], "memory")) == 0, "a falling trend is no reason for less"


def test_an_autoscaler_keeps_its_product():
    scaled = use(busy(), cpu_size=Size(2.0), autoscaler=Autoscaler("cpu", 0.25))
    advice = one(scaled)
    assert advice.autoscaler_target is not None
    assert advice.cpu.proposed.request * advice.autoscaler_target == pytest.approx(0.5, rel=0.01)
    assert any("the number of pods stays" in r for r in advice.cpu.reasons)
    # It never asks for less than the pods are steered to use.
    small = one(use(busy(level=0.05), cpu_size=Size(1.0), autoscaler=Autoscaler("cpu", 0.8)))
    assert small.cpu.proposed.request >= 0.8


def test_requests_and_target_of_a_pod_by_hand():
    # 0.6 of 2 + 0.5 cores is 1.5. The containers want 1 + 0.25 = 1.25: at most 100 %, so 1.5 cores are requested,
    # a fifth more than wanted of each.
    assert kept_together(Pod((2.0, 0.5), (1.0, 0.25), 0.6)) == Together((1.2, 0.3), 1.0)
    # They want 2 + 0.4 = 2.4: 1.5 / 2.4 is 62.5 %, so the target is 62 % and the sum 1.5 / 0.62 = 2.4194.
    joint = kept_together(Pod((2.0, 0.5), (2.0, 0.4), 0.6))
    assert joint == Together((2.017, 0.404), 0.62)
    assert sum(joint.requests) * joint.target == pytest.approx(1.5, abs=0.002)
    # Without a request of each, or a size, the autoscaler knows no sum.
    assert kept_together(Pod((2.0, None), (1.0, 0.25), 0.6)) is None
    assert kept_together(Pod((2.0, 0.5), (1.0, None), 0.6)) is None
    # A target below 1 % does not exist.
    assert kept_together(Pod((0.1, 0.1), (30.0, 30.0), 0.5)) is None


def pod_of(*names, **more):
    return [use(busy(), name=n, cpu_size=Size(4.0), **more) for n in names]


def test_an_autoscaler_over_several_containers_keeps_its_product():
    report = advise(pod_of("app", "proxy", autoscaler=Autoscaler("cpu", 0.5)))
    requests = [a.cpu.proposed.request for a in report.containers]
    targets = {a.autoscaler_target for a in report.containers}
    assert len(targets) == 1 and sum(requests) * targets.pop() == pytest.approx(0.5 * 8, rel=0.01)
    assert any("its 2 containers" in r for r in report.containers[0].cpu.reasons)


def test_a_pod_with_an_unmeasured_container_is_held_under_its_autoscaler():
    app, proxy = pod_of("app", "proxy", autoscaler=Autoscaler("cpu", 0.5))
    report = advise([app, replace(proxy, cpu=())])
    assert report.containers[0].cpu.finding == "held" and report.containers[0].cpu.proposed == Size(4.0)
    assert any("2 containers together" in r for r in report.containers[0].cpu.reasons)


def test_an_autoscaler_on_one_container_leaves_the_others_free():
    app, proxy = advise(pod_of("app", "proxy", autoscaler=Autoscaler("cpu", 0.25, container="app"))).containers
    assert app.autoscaler_target is not None and proxy.autoscaler_target is None
    assert app.cpu.proposed.request * app.autoscaler_target == pytest.approx(1.0, rel=0.01)
    assert proxy.cpu.finding == "over" and proxy.cpu.proposed.request < 4.0


def test_an_autoscaler_on_memory_holds_memory():
    held = use(busy(), np.full(N, 0.2), memory_size=Size(2.0, 2.0), autoscaler=Autoscaler("memory", 0.7))
    advice = one(held)
    assert advice.memory.finding == "held" and advice.memory.proposed == Size(2.0, 2.0)
    assert advice.cpu.finding == "under"


def test_krr_proposes_nothing_where_an_autoscaler_is():
    advice = one(use(busy(), cpu_size=Size(2.0), autoscaler=Autoscaler("cpu", 0.5)), strategy="krr")
    assert advice.cpu.finding == "held" and advice.cpu.proposed == Size(2.0)


def test_krr_unsets_the_cpu_limit_and_vpa_keeps_the_ratio():
    container = use(busy(), np.full(N, 1.0), cpu_size=Size(2.0, 4.0), memory_size=Size(3.0, 6.0))
    krr, vpa = (one(container, strategy=s) for s in ("krr", "vpa"))
    assert krr.cpu.proposed.limit is None
    assert krr.memory.proposed.request == krr.memory.proposed.limit == pytest.approx(1.15, abs=MIB)
    assert vpa.cpu.proposed.limit == pytest.approx(2 * vpa.cpu.proposed.request)


@pytest.mark.parametrize(("strategy", "cpu", "memory"), [("krr", 0.01, 100 * MIB), ("vpa", 0.025, 250 * MIB)])
def test_published_rules_have_their_least_sizes(strategy, cpu, memory):
    advice = one(use(np.full(N, 1e-4), np.full(N, 1e-3)), strategy=strategy)
    assert (advice.cpu.proposed.request, advice.memory.proposed.request) == (cpu, memory)


def test_the_containers_of_a_pod_share_vpas_least_size():
    both = [use(np.full(N, 1e-4), np.full(N, 1e-3), name=n) for n in ("app", "proxy")]
    for advice in advise(both, "vpa").containers:
        assert advice.cpu.proposed.request == 0.013  # half of 25 millicores, rounded up
        assert advice.memory.proposed.request == 125 * MIB


def test_a_size_that_a_case_demands_already_stays():
    killed = use(None, np.full(N, 0.4), memory_size=Size(2.45, 2.45), ooms=(OomEvent(DAY, 2.0),))
    assert one(killed).memory.finding == "fits"


def test_money_is_that_of_all_pods():
    container = use(busy(), np.full(N, 1.0), cpu_size=Size(2.0), memory_size=Size(4.0), replicas=3)
    report = advise([container], prices=Prices(0.03, 0.004))
    assert report.containers[0].month_now == pytest.approx(730 * 3 * (2 * 0.03 + 4 * 0.004))
    assert report.containers[0].month < report.containers[0].month_now
    assert advise([container]).containers[0].month is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_report_is_json(strategy):
    report = advise(made_up_containers(3), strategy, Prices(0.03, 0.004))
    data = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert len(data["containers"]) == 9
    assert set(data["totals"]) == {"cpu", "memory", "month_now", "month"}
    assert data["containers"][0]["cpu"]["now"] == {"request": 2.0, "limit": None}


def test_nothing_measured_is_a_report_without_changes():
    report = advise([])
    assert report.containers == () and report.calibrations == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"strategy": "goldilocks"}, "there are aurora, krr, vpa"),
        ({"risk": 0.0}, "risk=0"),
        ({"memory_risk": 1.0}, "memory_risk=1"),
        ({"horizon": -1.0}, "horizon"),
        ({"least_hours": np.inf}, "least_hours"),
        ({"prices": Prices(-1.0, 0.0)}, "prices"),
    ],
)
def test_bad_arguments_are_refused(more, words):
    with pytest.raises(InputError, match=words):
        advise([use(busy())], **more)


@pytest.mark.parametrize(
    "container",
    [
        use(busy(), cpu_size=Size(-1.0)),
        use(busy(), throttled=2.0),
        use(busy(), replicas=-1),
        use(busy(), autoscaler=Autoscaler("cpu", 0.0)),
        use(-busy()),
        use(np.full(N, np.nan)),
    ],
)
def test_bad_numbers_are_refused(container):
    with pytest.raises(InputError, match="w/c"):
        advise([container])


def test_two_containers_of_one_name_are_refused():
    with pytest.raises(InputError, match="two containers are called 'w/c'"):
        advise([use(busy()), use(busy())])


containers = st.builds(
    lambda seed, level, request, limit, killed: use(
        busy(3, level, seed),
        np.random.default_rng(seed).lognormal(0, 0.2, 3 * 288) * level,
        cpu_size=Size(request, None if limit is None else limit * request),
        memory_size=Size(request, None if limit is None else limit * request),
        ooms=() if killed is None else (OomEvent(DAY, killed), OomEvent(2 * DAY)),
    ),
    st.integers(0, 50),
    st.floats(0.01, 10),
    st.floats(0.01, 20),
    st.none() | st.floats(1, 3),
    st.none() | st.floats(0.1, 30),
)


@settings(max_examples=examples(20), deadline=None)
@given(containers, st.sampled_from(["cpu", "memory"]), st.sampled_from(list(STRATEGIES)))
def test_an_unmeasured_resource_is_never_cut(container, resource, strategy):
    from dataclasses import replace

    advice = one(replace(container, **{resource: ()}), strategy=strategy).of(resource)
    assert advice.finding == "unmeasured" and advice.proposed == container.size(resource)


@settings(max_examples=examples(40), deadline=None)
@given(containers)
def test_no_proposal_is_below_the_level_of_a_kill(container):
    advice = one(container)
    levels = [o.level for o in container.ooms if o.level is not None]
    assert advice.memory.proposed.request >= max(levels, default=0.0)
    assert advice.memory.proposed.limit is None or advice.memory.proposed.limit >= max(levels, default=0.0)


@settings(max_examples=examples(40), deadline=None)
@given(containers)
def test_a_limit_is_not_below_its_request_and_no_limit_appears(container):
    advice = one(container)
    for part in (advice.cpu, advice.memory):
        assert (part.proposed.limit is None) == (part.now.limit is None)
        assert part.proposed.limit is None or part.proposed.limit >= part.proposed.request


@settings(max_examples=examples(30), deadline=None)
@given(containers, st.floats(0.001, 0.3), st.floats(1.2, 10))
def test_a_smaller_risk_never_asks_for_less(container, risk, factor):
    free = ContainerUse("w", "c", container.cpu, container.memory)  # nothing is set that could be near enough
    low, high = (one(free, risk=r, memory_risk=r) for r in (risk, risk / factor))
    assert high.cpu.proposed.request >= low.cpu.proposed.request
    assert high.memory.proposed.request >= low.memory.proposed.request


@settings(max_examples=examples(20), deadline=None)
@given(st.permutations(range(9)))
def test_the_order_of_the_containers_changes_nothing(order):
    every = made_up_containers(3)
    one_way = {a.name: a for a in advise(every).containers}
    other = {a.name: a for a in advise([every[k] for k in order]).containers}
    for name, advice in one_way.items():
        assert other[name].cpu.proposed == advice.cpu.proposed
        assert other[name].memory.proposed.request == pytest.approx(advice.memory.proposed.request)
