"""The conversation of the tutorial: it is what the program writes, and its figures are right by hand calculation.

The figures are worked out here from the JSON of the sample and the arrays of its history, without the library's own
arithmetic.
"""

import json
import re
from datetime import datetime
from importlib.resources import files

import numpy as np
import pytest

from aurora.cluster.samples import sample_history
from docs.programs import conversation

SHOP = json.loads((files("aurora.cluster.samples") / "web-shop.json").read_text("utf-8"))
TASK = {"node_id": None, "kind": "pod", "requests": {}, "used": {}, "spreads": []}
NODE = {"taints": [], "is_cordoned": False}
for _rows, _defaults in ((SHOP["tasks"], TASK), (SHOP["nodes"], NODE)):  # the file leaves out what is usual
    _rows[:] = [{**_defaults, **row} for row in _rows]
NODES = {n["node_id"]: n for n in SHOP["nodes"]}
HELD = [t for t in SHOP["tasks"] if t["node_id"] and t["state"] == "running"]
FRAUD = next(t for t in SHOP["tasks"] if t["workload_id"] == "shop/Deployment/fraud-scoring")


@pytest.fixture(scope="module")
def turns(tmp_path_factory):
    return conversation.conversation(tmp_path_factory.mktemp("plans"))


@pytest.fixture(scope="module")
def told(turns):
    return {heading: turn.answer for (heading, _), turn in zip(conversation.QUESTIONS, turns, strict=False)}


def asked(node, resource, without=()):
    return sum(t["requests"].get(resource, 0) for t in HELD if t["node_id"] == node and t["task_id"] not in without)


def free(node, resource, without=()):
    return NODES[node]["allocatable"][resource] - asked(node, resource, without)


def takes_new_tasks(node):
    taints = {t["key"] for t in NODES[node]["taints"] if t["effect"] == "NoSchedule"}
    return not NODES[node]["is_cordoned"] and not taints


def percent(share):
    return f"{100 * share:.0f} %"


def total(resource, factor=1.0, tasks=HELD):
    return factor * sum(t["requests"].get(resource, 0) for t in tasks)


def whole(resource):
    return sum(n["allocatable"][resource] for n in NODES.values())


def test_the_tutorial_is_what_the_program_writes(turns):
    assert conversation.PAGE.read_text("utf-8") == conversation.page(turns)


def test_nothing_is_struck_out_and_everything_is_answered(turns):
    assert len(conversation.QUESTIONS) == 14
    for turn in turns[:-1]:
        assert not [s for s in turn.answer.sentences if s.struck], turn.question
        assert not turn.answer.asks_back, turn.question
    assert turns[-1].answer.asks_back


def test_why_is_this_there(told):
    web = next(t for t in HELD if t["workload_id"] == "shop/Deployment/web" and t["node_id"] == "node-a2")
    others = [t for t in HELD if t["workload_id"] == web["workload_id"] and t is not web]
    in_zone = {z: sum(NODES[t["node_id"]]["zone"] == z for t in others) for z in ("eu-1a", "eu-1b", "eu-1c")}
    skew = web["spreads"][0]["max_skew"]
    fits = [
        n
        for n in NODES
        if takes_new_tasks(n)
        and all(free(n, r, {web["task_id"]}) >= web["requests"][r] for r in ("cpu", "memory"))
        and in_zone[NODES[n]["zone"]] + 1 - min(in_zone.values()) <= skew
    ]
    assert fits == ["node-a1", "node-a2", "node-a3"]
    assert "one of 3 nodes that would take it now: node-a1, node-a2 and node-a3" in told["Why is this there?"].text


def test_why_is_this_pending(told):
    tainted = [n for n in NODES.values() if n["taints"] and not n["is_cordoned"]]
    small = [n for n in NODES if takes_new_tasks(n) and free(n, "cpu") < FRAUD["requests"]["cpu"]]
    cordoned = [n for n in NODES.values() if n["is_cordoned"]]
    text = told["Why is this pending?"].text
    assert f"{len(small)} insufficient cpu, {len(tainted)} untolerated taint" in text
    assert f"{len(cordoned)} cordoned" in text
    waited = datetime.fromisoformat(SHOP["taken_at"]) - datetime.fromisoformat(FRAUD["created_at"])
    assert f"waited {waited.total_seconds() / 60:.0f} minutes" in text
    moved = next(t for t in HELD if t["task_id"] == "shop/images-aed35411-a1832")
    assert moved["node_id"] == "node-a1"
    assert free("node-a1", "cpu") + moved["requests"]["cpu"] >= FRAUD["requests"]["cpu"]
    assert free("node-a3", "cpu") >= moved["requests"]["cpu"]


def test_what_if_load_grows(told):
    text = told["What if load grows?"].text
    shares = {n: 1.3 * asked(n, "cpu") / NODES[n]["allocatable"]["cpu"] for n in NODES}
    memory = {n: 1.3 * asked(n, "memory") / NODES[n]["allocatable"]["memory"] for n in NODES}
    full = {n: max(shares[n], memory[n]) for n in NODES}
    assert f"{sum(f > 1 for f in full.values())} nodes would be overfull" in text
    assert f"{sum(f >= 0.8 for f in full.values())} nodes would be at 80 %" in text
    assert f"On node-b1, {percent(shares['node-b1'])} of cores" in text
    assert f"{percent(total('cpu', 1.3) / whole('cpu'))} of cores" in text
    assert f"{percent(total('memory', 1.3) / whole('memory'))} of memory would be" in text
    assert f"Now it is {percent(total('cpu') / whole('cpu'))} of cores" in text


def test_what_if_a_node_dies(told):
    answer = told["What if a node dies?"]
    lost = [t for t in HELD if t["node_id"] == "node-b2" and t["kind"] == "pod"]
    assert f"{len(lost)} tasks lose the node" in answer.text
    placed = dict(answer.tables[0].rows)
    assert set(placed) == {t["task_id"] for t in lost}
    for node in set(placed.values()):
        come = [t for t in lost if placed[t["task_id"]] == node]
        assert takes_new_tasks(node)
        assert all(free(node, r) >= sum(t["requests"][r] for t in come) for r in ("cpu", "memory"))
    b3 = asked("node-b3", "cpu") + sum(t["requests"]["cpu"] for t in lost if placed[t["task_id"]] == "node-b3")
    assert f"On node-b3, {percent(b3 / NODES['node-b3']['allocatable']['cpu'])} of cores" in answer.text


def test_what_if_a_price_changes(told):
    now = sum(n["price_per_hour"] for n in NODES.values())
    text = told["What if a price changes?"].text
    assert f"cost ${1.2 * now:.2f} an hour, and cost ${now:.2f} an hour now" in text
    assert f"${0.2 * now:.2f} an hour more" in text


def test_what_if_i_add_two_nodes(told):
    text = told["What if I add two nodes?"].text
    like = NODES["node-a3"]
    daemons = [t for t in HELD if t["node_id"] == "node-a3" and t["kind"] == "daemon"]
    empty = like["allocatable"]["cpu"] - total("cpu", tasks=daemons)
    assert empty >= FRAUD["requests"]["cpu"]
    cores = whole("cpu") + 2 * like["allocatable"]["cpu"]
    requested = total("cpu") + FRAUD["requests"]["cpu"] + 2 * total("cpu", tasks=daemons)
    assert f"Of the whole cluster {percent(requested / cores)} of cores" in text
    now = sum(n["price_per_hour"] for n in NODES.values())
    assert f"cost ${now + 2 * like['price_per_hour']:.2f} an hour" in text


def web_cpu():
    return next(s.y for s in sample_history("web-shop").series if s.unique_id == "shop/Deployment/web/cpu")


def test_a_forecast(told):
    text = told["A forecast"].text
    used = sum(t["used"]["cpu"] for t in HELD if t["workload_id"] == "shop/Deployment/web")
    latest = float(re.search(r"latest measured value is ([\d.]+) cores", text)[1])
    assert latest == pytest.approx(used, abs=0.001)
    middle, low, high = map(float, re.search(r"at ([\d.]+) cores, with ([\d.]+) to ([\d.]+) cores", text).groups())
    assert low < middle < high
    y = web_cpu()
    days = range(len(y) - 1 - 288, 288, -288)  # the same time of earlier days
    changes = [y[k + 12] / y[k] for k in days]
    assert low < latest * np.median(changes) < high


def test_how_much_to_reserve(told):
    answer = told["How much to reserve"]
    cores = [float(row[1]) for row in answer.tables[0].rows]
    assert cores == sorted(cores)
    y = web_cpu()
    peaks = np.array([y[k + 1 : k + 13].max() / y[k] for k in range(len(y) - 1 - 288, 288, -288)])
    reserved = float(re.search(r"Reserve ([\d.]+) cores", answer.text)[1])
    assert np.median(peaks) * y[-1] < reserved < 1.3 * peaks.max() * y[-1]


def test_what_is_oversized(told):
    answer = told["What is oversized?"]
    use = [
        s.y
        for s in sample_history("web-shop", by="container").series
        if s.labels["workload"] == "shop/Deployment/images" and s.labels["metric"] == "memory"
    ]
    measured = np.concatenate(use)
    middle, most = re.search(r"measured ([\d.]+) GiB in half of the time, at most ([\d.]+)", answer.text).groups()
    assert float(middle) == pytest.approx(np.median(measured), abs=0.002)
    assert float(most) == pytest.approx(measured.max(), abs=0.001)
    images = next(w for w in SHOP["workloads"] if w["workload_id"] == "shop/Deployment/images")
    assert images["containers"][0]["requests"]["memory"] == 4
    proposed = float(re.search(r"and ([\d.]+) GiB is proposed", answer.text)[1])
    assert measured.max() < proposed < 4


@pytest.mark.parametrize("heading", ["Which policy is best here?", "Compare two"])
def test_policies(told, heading):
    answer = told[heading]
    movable = [t for t in HELD if t["kind"] not in ("daemon", "static")]
    assert f"{len(movable)} running tasks" in answer.text
    now = sum(n["price_per_hour"] for n in NODES.values())
    assert f"12 nodes at ${now:.2f} an hour" in answer.text
    rewards = [float(row[1]) for row in answer.tables[0].rows]
    assert rewards == sorted(rewards, reverse=True)


def test_make_a_plan_and_check_it(told):
    answer = told["Make a plan"]
    lost = {t["task_id"]: t for t in HELD if t["node_id"] == "node-b2" and t["kind"] == "pod"}
    changes = [row[1] for row in answer.tables[-1].rows]
    assert changes[0] == "cordon node-b2"
    moves = dict(re.fullmatch(r"move (\S+) to (\S+)", c).groups() for c in changes[1:])
    assert set(moves) == set(lost)
    for node in set(moves.values()):
        come = [lost[t] for t, to in moves.items() if to == node]
        assert all(free(node, r) >= sum(t["requests"][r] for t in come) for r in ("cpu", "memory"))
    now = sum(n["price_per_hour"] for n in NODES.values())
    emptied = NODES["node-b2"]["price_per_hour"]
    assert f"cost ${now:.2f} an hour now, and ${now - emptied:.2f} an hour as proposed" in answer.text
    assert "breaks 0 constraints" in told["Is this plan valid?"].text


def test_recommend(told):
    text = told["Recommend"].text
    waiting = [t for t in SHOP["tasks"] if t["state"] == "pending"]
    assert f"{len(waiting)} tasks wait" in text
    spare = re.search(r"Without (node-\w+),", text)[1]
    assert f"save ${NODES[spare]['price_per_hour']:.2f} an hour" in text
