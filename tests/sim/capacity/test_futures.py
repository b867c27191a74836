"""Capacity plans over many futures: the batch equals single simulations, and disturbances have their stated effect."""

import json

import numpy as np
import pytest

from aurora.errors import InputError, ScenarioError
from aurora.sim.capacity.arrivals import jobs_of
from aurora.sim.capacity.capacity import IN_ORDER, CapacityPlan, JobClass, job_for, read_plans, template
from aurora.sim.capacity.choice import losses, parse_weights, standings
from aurora.sim.capacity.futures import Futures, simulate_futures
from aurora.sim.kernel import simulate
from aurora.sim.scenarios.disturbances import (
    NAMED_DISTURBANCES,
    Disturbance,
    disturbed,
    parse_disturbance,
    read_disturbances,
)
from aurora.sim.scenarios.scenario import Conditions, NodeFailure, PriceChange

JOB = JobClass(cores=1.0, seconds=300.0, sla=60.0)
STEP = 300.0


def some_demand(futures=6, steps=8, level=9.0, seed=0):
    rng = np.random.default_rng(seed)
    return np.abs(level + rng.normal(0, 2, (futures, 2, steps)).cumsum(axis=2)) / 2


def test_the_batch_equals_one_simulation_per_scenario():
    demand = some_demand()
    plan = CapacityPlan(plan_id="p", reserved_nodes=2, burst_nodes=1, reserved_price=0.2, burst_price=0.5)
    change = Disturbance.model_validate(
        {
            "name": "own",
            "changes": [
                {"kind": "node_loss", "nodes": 2, "start": 700.0, "duration": 400.0},
                {"kind": "price", "factor": 3.0, "start": 900.0},
            ],
        }
    )
    found = simulate_futures(Futures(demand, ("a", "b"), STEP), [plan], JOB, [change])
    jobs = jobs_of(demand.sum(axis=1), JOB, STEP)
    base = template(plan, JOB, 8 * STEP)
    conditions = Conditions(
        node_failures=tuple(NodeFailure(node_id=f"reserved-{k}", start=700.0, duration=400.0) for k in (0, 1)),
        dynamic_pricing=(PriceChange(time=900.0, factor=3.0),),
    )
    for k in range(len(demand)):
        mine = slice(jobs.start[k], jobs.start[k + 1])
        tasks = tuple(
            base.tasks[0].model_copy(update={"task_id": str(i), "arrival_time": float(a), "duration": float(d)})
            for i, (a, d) in enumerate(zip(jobs.arrival[mine], jobs.duration[mine], strict=True))
        )
        workload = base.workload_definition.model_copy(update={"tasks": tasks})
        for d, happens in enumerate((Conditions(), conditions)):
            scenario = base.model_copy(update={"workload_definition": workload, "environmental_conditions": happens})
            one = simulate(scenario, IN_ORDER).summary
            fixed = 2 * 0.2 * 8 * STEP / 3600
            assert found.measured["cost"][0, d, k] == pytest.approx(one.cost + fixed, rel=1e-12)
            assert found.measured["latency"][0, d, k] == one.latency_mean
            assert found.measured["latency_p95"][0, d, k] == one.latency_p95
            assert found.measured["sla"][0, d, k] == one.sla_violations / one.tasks
            assert found.measured["energy"][0, d, k] == one.energy
    assert found.measured["latency"][0, 1].mean() > found.measured["latency"][0, 0].mean()


def test_jobs_carry_the_demanded_work():
    demand = some_demand(futures=20).sum(axis=1)
    jobs = jobs_of(demand, JobClass(cores=0.25, seconds=100.0), STEP)
    for k, path in enumerate(demand):
        mine = slice(jobs.start[k], jobs.start[k + 1])
        assert (np.diff(jobs.arrival[mine]) >= 0).all() and (jobs.duration[mine] > 0).all()
        # Busy cores at the middle of each step but the first: those demanded, to within a job.
        for s in range(1, len(path)):
            now = (s + 0.5) * STEP
            busy = 0.25 * ((jobs.arrival[mine] <= now) & (jobs.arrival[mine] + jobs.duration[mine] > now)).sum()
            assert abs(busy - path[s]) <= 0.25 + 1e-9


def test_default_jobs_fill_nodes_in_limited_number():
    plans = [CapacityPlan(plan_id="p", reserved_nodes=1, node_cores=4.0)]
    for demand in (0.0, 0.5, 10.0, 400.0, 1500.0):
        job = job_for(plans, demand, STEP, 12)
        assert 4.0 / job.cores == int(4.0 / job.cores) and STEP / 3 <= job.seconds <= STEP
        assert len(jobs_of(np.full((1, 12), demand), job, STEP).arrival) < 8000


def test_no_demand_gives_no_jobs():
    idle = Futures(np.zeros((3, 1, 4)), ("a",), STEP)
    plan = CapacityPlan(plan_id="p", reserved_nodes=1, reserved_price=1.0)
    found = simulate_futures(idle, [plan], JOB).measured
    assert found["cost"] == pytest.approx(4 * STEP / 3600) and not found["energy"].any() and not found["sla"].any()


def test_more_capacity_never_adds_delay_and_threads_change_nothing():
    futures = Futures(some_demand(300), ("a", "b"), STEP)
    plans = [CapacityPlan(plan_id=str(n), reserved_nodes=n) for n in (2, 3, 4)]
    what_ifs = [parse_disturbance(text) for text in ("spike:+50%", "dos", "node_loss")]
    one = simulate_futures(futures, plans, JOB, what_ifs)
    two = simulate_futures(futures, plans, JOB, what_ifs, threads=2)
    assert all((one.measured[m] == two.measured[m]).all() for m in one.measured)
    waits = one.measured["latency"]
    assert (waits[:-1, :3] >= waits[1:, :3] - 1e-9).all()
    assert (waits[:, 1:3].mean(axis=2) > waits[:, :1].mean(axis=2)).all()  # spikes and floods cost time


def test_the_result_of_a_plan_is_independent_of_other_plans():
    futures = Futures(some_demand(40), ("a", "b"), STEP)
    small, large = (CapacityPlan(plan_id=str(n), reserved_nodes=n, burst_nodes=2) for n in (2, 5))
    loss = parse_disturbance("node_loss:1@10m")
    alone = simulate_futures(futures, [small], JOB, [loss]).measured["latency"][0]
    beside = simulate_futures(futures, [large, small], JOB, [loss]).measured["latency"][1]
    assert (alone == beside).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spike:+20%@2h/30m", {"factor": 1.2, "start": 7200.0, "duration": 1800.0}),
        ("spike:x3", {"factor": 3.0, "start": None}),
        ("dos:+8@90s", {"factor": 1.0, "add": 8.0, "start": 90.0}),
        ("data_load:+50%", {"add_share": 0.5}),
        ("data_load:+4", {"add": 4.0, "add_share": 0.0}),
        ("growth:+30%@1h", {"share": 0.3, "start": 3600.0}),
        ("node_loss:3/1d", {"nodes": 3, "duration": 86400.0}),
        ("node_loss:10%", {"nodes": 0, "share": 0.1}),
        ("price_rise:x2", {"factor": 2.0}),
    ],
)
def test_a_what_if_is_parsed_into_its_parameters(text, expected):
    change = parse_disturbance(text).changes[0].model_dump()
    assert {k: change[k] for k in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("quake", "spike, data_load"),
        ("spike:20", "+20%"),
        ("spike@2", "2h"),
        ("growth/2h", "no duration"),
        ("node_loss:+20%", "10%"),
        ("growth:-200%", "share"),
        ("dos/0s", "duration"),
        ("spike:+20%@", "NAME"),
    ],
)
def test_a_malformed_what_if_is_refused_with_the_syntax(text, part):
    with pytest.raises(ScenarioError, match=r"what-if") as raised:
        parse_disturbance(text)
    assert part in str(raised.value)


def test_named_what_ifs_change_demand_as_described():
    demand = np.full((4, 2, 24), 5.0)
    chance = np.array([0.0, 0.25, 0.5, 0.99])
    for name in NAMED_DISTURBANCES:
        after = disturbed(demand, ("a", "b"), parse_disturbance(name), step=STEP, chance=chance)
        if name in ("node_loss", "price_rise"):
            assert (after == demand).all()
        else:
            assert (after >= demand).all() and (after.sum(axis=(1, 2)) > demand.sum(axis=(1, 2))).all()
    spike = disturbed(demand, ("a", "b"), parse_disturbance("spike:+20%@450s/600s"), step=STEP, chance=chance)
    assert spike[0, 0, :5] == pytest.approx([5, 5.5, 6, 5.5, 5])
    own = Disturbance.model_validate(
        {"name": "b only", "changes": [{"kind": "demand", "factor": 0, "series": "b", "start": 0}]}
    )
    after = disturbed(demand, ("a", "b"), own, step=STEP, chance=chance)
    assert (after[:, 0] == 5).all() and not after[:, 1].any()
    with pytest.raises(ScenarioError, match="no series"):
        disturbed(demand, ("a", "c"), own, step=STEP, chance=chance)


def test_the_best_plan_is_found_with_its_margin():
    rng = np.random.default_rng(0)
    common = rng.normal(10, 5, 400)  # what the futures share drops out of paired differences
    loss = np.stack([common + rng.normal(0.3, 0.5, 400), common, common + 1e-3 * rng.normal(size=400)])
    first, second, third = standings(("worse", "best", "same"), loss)
    assert {first.plan_id, second.plan_id} == {"best", "same"} and third.plan_id == "worse"
    assert first.worse == 0 and third.low > 0.2 and third.high < 0.4
    assert third.probability_best == 0 and 0.02 < second.probability_best < 0.98
    assert first.best_share + second.best_share + third.best_share == pytest.approx(1)


def test_weights_determine_the_best_plan():
    futures = Futures(some_demand(200), ("a", "b"), STEP)
    thrifty = CapacityPlan(plan_id="thrifty", reserved_nodes=2, reserved_price=0.1)
    safe = CapacityPlan(plan_id="safe", reserved_nodes=6, reserved_price=0.1)
    found = simulate_futures(futures, [thrifty, safe], JOB)
    for text, best in (("cost=1", "thrifty"), ("sla=1", "safe"), ("latency=2,cost=0.1", "safe")):
        loss = losses(found, JOB, parse_weights(text)).mean(axis=1)
        assert standings(("thrifty", "safe"), loss)[0].plan_id == best


@pytest.mark.parametrize("text", ["cost", "price=1", "cost=much", "cost=-1", "cost=nan", "cost=0,sla=0", ""])
def test_bad_weights_are_refused(text):
    with pytest.raises(InputError, match="weights"):
        parse_weights(text)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ([], "0 plans"),
        ([{"plan_id": "p", "reserved_nodes": -1}], "reserved_nodes"),
        ([{"plan_id": "p", "reserved_nodes": 1, "cpus": 4}], "cpus"),
        ([{"plan_id": "p", "reserved_nodes": 1}] * 2, "twice"),
        ({"plan": 1}, "valid tuple"),
        ("[", "not JSON"),
    ],
)
def test_bad_plans_are_refused_by_field(tmp_path, data, part):
    path = tmp_path / "plans.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(ScenarioError, match=part):
        read_plans(path)


def test_inconsistent_arguments_are_refused(tmp_path):
    futures = Futures(some_demand(3), ("a", "b"), STEP)
    plan = CapacityPlan(plan_id="p", reserved_nodes=1)
    with pytest.raises(ScenarioError, match="no policy"):
        simulate_futures(futures, [plan.model_copy(update={"policy_id": "x"})], JOB)
    with pytest.raises(ScenarioError, match="node_cores"):
        simulate_futures(futures, [plan], JOB.model_copy(update={"cores": 5.0}))
    with pytest.raises(ScenarioError, match="both 0"):
        simulate_futures(futures, [plan.model_copy(update={"reserved_nodes": 0})], JOB)
    with pytest.raises(ScenarioError, match="job_cores"):
        simulate_futures(futures, [plan], JOB.model_copy(update={"cores": 1e-4}))
    with pytest.raises(ScenarioError, match="twice"):
        simulate_futures(futures, [plan], JOB, [parse_disturbance("dos")] * 2)
    with pytest.raises(ScenarioError, match="from 0 up"):
        Futures(-some_demand(3), ("a", "b"), STEP)
    with pytest.raises(ScenarioError, match="expected"):
        Futures(np.zeros((0, 2, 4)), ("a", "b"), STEP)
    own = tmp_path / "own.json"
    own.write_text('[{"name": "x", "changes": [{"kind": "demand", "factor": -1}]}]')
    with pytest.raises(ScenarioError, match="factor"):
        read_disturbances(own)
