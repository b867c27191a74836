"""Valid pods drawn at random: what the scheduler counts is summed rightly, and nothing vanishes unreported."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurora.cluster.readers.kubernetes import read_kubernetes
from tests.cluster.readers.kubernetes_objects import node, pod, write

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
GIB = 2**30
REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
Amount = tuple[Any, Fraction]


def forms(unit: int, suffixes: dict[str, Fraction]) -> st.SearchStrategy[Amount]:
    """Return quantities in all forms, with their exact values, from 0 to 4,000 of a unit."""

    def written(n: int, suffix: str, style: str) -> Amount:
        value = n * suffixes[suffix]
        match style:
            case "plain":
                return f"{n}{suffix}", value
            case "fraction":
                return f"{n // 1000}.{n % 1000:03d}{suffix}", value / 1000
            case "exponent" if not suffix:
                return f"{n}e{len(str(unit)) - 1}", n * Fraction(10) ** (len(str(unit)) - 1)
            case "number" if not suffix:
                return n, value
        return f"0{n}.{suffix}", value  # as the grammar allows, odd as it looks

    styles = st.sampled_from(["plain", "fraction", "exponent", "number", "odd"])
    return st.builds(written, st.integers(0, 4000), st.sampled_from(sorted(suffixes)), styles)


CPU = forms(1, {"m": Fraction(1, 1000), "": Fraction(1), "u": Fraction(1, 10**6), "n": Fraction(1, 10**9)})
MEMORY = forms(
    10**6,
    {"": Fraction(1), "k": Fraction(1000), "Ki": Fraction(1024), "M": Fraction(10**6), "Mi": Fraction(2**20)}
    | {"G": Fraction(10**9), "Gi": Fraction(GIB), "m": Fraction(1, 1000)},
)
DEVICES = st.integers(0, 8).map(lambda n: (str(n), Fraction(n)))
AMOUNTS = {"cpu": CPU, "memory": MEMORY, "ephemeral-storage": MEMORY, "nvidia.com/gpu": DEVICES}
UNITS = {"memory": GIB, "ephemeral-storage": GIB}
SCHEDULED = tuple(AMOUNTS)


def lists(required: bool) -> st.SearchStrategy[dict[str, Amount]]:
    return st.fixed_dictionaries({}, optional=AMOUNTS).filter(lambda d: bool(d) or not required)


RESOURCES = st.fixed_dictionaries({"requests": lists(False), "limits": lists(False)})
NAMES = st.sampled_from(["app", "tier", "team", "zone", "disk"])
VALUES = st.lists(st.sampled_from(["a", "b", "web", "ssd"]), min_size=1, max_size=3, unique=True)
EXPRESSION = st.one_of(
    st.builds(lambda k, o, v: {"key": k, "operator": o, "values": v}, NAMES, st.sampled_from(["In", "NotIn"]), VALUES),
    st.builds(lambda k, o: {"key": k, "operator": o}, NAMES, st.sampled_from(["Exists", "DoesNotExist"])),
)


def unique(items: st.SearchStrategy[Any], most: int = 3, least: int = 0) -> st.SearchStrategy[list[Any]]:
    return st.lists(items, min_size=least, max_size=most, unique_by=str)


NODE_TERM = unique(EXPRESSION, least=1).map(lambda e: {"matchExpressions": e})
SELECTOR = unique(EXPRESSION, least=1).map(lambda e: {"matchExpressions": e})
POD_TERM = st.builds(
    lambda s, key, spaces: {"labelSelector": s, "topologyKey": key, **({"namespaces": spaces} if spaces else {})},
    SELECTOR,
    st.sampled_from([ZONE, HOST]),
    st.sampled_from([[], ["shop"], ["data", "shop"]]),
)
WEIGHT = st.integers(1, 100)
PODS = st.fixed_dictionaries(
    {},
    optional={
        REQUIRED: unique(POD_TERM),
        PREFERRED: unique(st.builds(lambda w, t: {"weight": w, "podAffinityTerm": t}, WEIGHT, POD_TERM)),
    },
)
NODES = st.fixed_dictionaries(
    {},
    optional={
        REQUIRED: unique(NODE_TERM, least=1).map(lambda t: {"nodeSelectorTerms": t}),
        PREFERRED: unique(st.builds(lambda w, t: {"weight": w, "preference": t}, WEIGHT, NODE_TERM)),
    },
)
TOLERATION = st.one_of(
    st.builds(
        lambda k, v, e: {"key": k, "operator": "Equal", "value": v, "effect": e},
        NAMES,
        st.sampled_from(["", "yes"]),
        st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule", ""]),
    ),
    st.builds(lambda k: {"key": k, "operator": "Exists"}, NAMES),
    st.just({"operator": "Exists"}),
    st.builds(
        lambda k, s: {"key": k, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": s},
        st.sampled_from(["app", "node.kubernetes.io/unreachable"]),
        st.sampled_from([0, 30, 600]),
    ),
    st.builds(lambda k: {"key": k, "operator": "Gt", "value": "3", "effect": "NoSchedule"}, NAMES),
)
SPREAD = st.builds(
    lambda skew, key, when, selector, more: {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": when,
        "labelSelector": selector,
        **more,
    },
    st.integers(1, 5),
    st.sampled_from([ZONE, HOST, "rack"]),
    st.sampled_from(["DoNotSchedule", "ScheduleAnyway"]),
    SELECTOR,
    st.sampled_from([{}, {"nodeTaintsPolicy": "Honor"}, {"matchLabelKeys": ["app"]}]),
)
SPEC = st.fixed_dictionaries(
    {},
    optional={
        "nodeSelector": st.dictionaries(NAMES, st.sampled_from(["a", "b"]), max_size=3),
        "affinity": st.fixed_dictionaries(
            {}, optional={"nodeAffinity": NODES, "podAffinity": PODS, "podAntiAffinity": PODS}
        ),
        "tolerations": unique(TOLERATION, 4),
        "topologySpreadConstraints": unique(SPREAD),
        "priority": st.integers(-10, 10**9),
        "priorityClassName": st.sampled_from(["high", "system-node-critical"]),
        "schedulerName": st.just("my-scheduler"),
        "runtimeClassName": st.just("gvisor"),
        "preemptionPolicy": st.just("Never"),
        "resourceClaims": st.just([{"name": "gpu", "resourceClaimName": "gpu-1"}]),
        "schedulingGates": st.just([{"name": "example.com/wait"}]),
    },
)
SHAPE = st.fixed_dictionaries(
    {
        "main": st.lists(RESOURCES, min_size=1, max_size=3),
        "init": st.lists(st.tuples(RESOURCES, st.booleans()), max_size=4),
        "overhead": st.fixed_dictionaries({}, optional={"cpu": CPU, "memory": MEMORY}),
    }
)


def spec_of(shape: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Return a pod's spec as it is written."""

    def part(name: str, resources: Any, **fields: Any) -> dict[str, Any]:
        amounts = {kind: {r: text for r, (text, _) in given.items()} for kind, given in resources.items()}
        return {"name": name, "image": "x:1", "resources": amounts, **fields}

    first = [
        part(f"i{k}", resources, **({"restartPolicy": "Always"} if is_sidecar else {}))
        for k, (resources, is_sidecar) in enumerate(shape["init"])
    ]
    main = [part(f"c{k}", resources) for k, resources in enumerate(shape["main"])]
    overhead = {r: text for r, (text, _) in shape["overhead"].items()}
    return copy.deepcopy({**more, "initContainers": first, "containers": main, "overhead": overhead})


def most_at_once(shape: Any, kind: str, resource: str) -> Fraction:
    """Return what a pod asks for: the most that its containers hold at once, as it starts one after the other.

    This is a simulation of the start, not the formula of the scheduler (KEP-753), which should come to the same.
    """

    def asked(resources: Any) -> Fraction:
        given = resources[kind].get(resource)
        if given is None and kind == "requests":
            given = resources["limits"].get(resource)  # the API server's default
        return Fraction(0) if given is None else given[1]

    held, most = Fraction(0), Fraction(0)
    for resources, is_sidecar in shape["init"]:
        most = max(most, held + asked(resources))
        held += asked(resources) if is_sidecar else 0
    most = max(most, held + sum(map(asked, shape["main"])))
    overhead = shape["overhead"].get(resource, ("", Fraction(0)))[1]
    return most + (overhead if kind == "requests" or most else 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pods")


def read(folder: Path, spec: dict[str, Any], on: str | None = "a") -> tuple[Any, Any]:
    """Return a pod as a task, and what the reader has noted."""
    machine = node("a", cpu="64", memory="250Gi", allocatable={"nvidia.com/gpu": "8"})
    path = write(folder / "c.json", machine, pod("p", on, spec=spec, labels={"app": "web"}))
    snapshot = read_kubernetes([path])
    (task,) = snapshot.tasks
    return task, snapshot.notes


PATIENT = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PATIENT
@given(shape=SHAPE)
def test_requests_and_limits_are_the_most_that_a_pod_holds_at_once(folder, shape) -> None:
    task, _ = read(folder, spec_of(shape, {}))
    for kind in ("requests", "limits"):
        for resource in SCHEDULED:
            expected = most_at_once(shape, kind, resource) / UNITS.get(resource, 1)
            found = getattr(task, kind).get(resource, 0.0)
            # The reader keeps billionths, and rounds smaller parts up, as the API server does.
            assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=2e-8), (kind, resource, found, float(expected))


@PATIENT
@given(more=SPEC)
def test_no_part_of_a_pod_vanishes_without_a_note(folder, more) -> None:
    """What is read, or noted, differs by each part of a pod."""
    spec = {"containers": [{"name": "c", "image": "x:1"}], **more}
    whole = read(folder, spec, None)
    for path in pieces(more):
        without = copy.deepcopy(spec)
        place = without
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]
        assert read(folder, without, None) != whole, f"{path} changes nothing that is read, and nothing is noted of it"


def pieces(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of parts without which a spec is valid and means something else."""
    if isinstance(value, dict):
        for key, part in value.items():
            if isinstance(part, dict | list) and key not in ("resourceClaims", "schedulingGates"):
                yield from pieces(part, (*path, key))
            elif path in ((), ("nodeSelector",)) and part != 0:
                yield (*path, key)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            if len(value) > 1 or "affinity" not in path:
                yield (*path, place)
            yield from pieces(part, (*path, place))


def test_every_kind_of_part_is_taken_out() -> None:
    spec = {
        "nodeSelector": {"a": "b"},
        "tolerations": [{"key": "x", "operator": "Exists"}],
        "affinity": {"podAffinity": {REQUIRED: [{"topologyKey": ZONE}, {"topologyKey": HOST}]}},
        "priority": 3,
    }
    assert list(pieces(spec)) == [
        ("nodeSelector", "a"),
        ("tolerations", 0),
        ("affinity", "podAffinity", REQUIRED, 0),
        ("affinity", "podAffinity", REQUIRED, 1),
        ("priority",),
    ]
