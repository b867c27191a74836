"""The table of benchmark suites: where their scenarios come from, what is judged, and against whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.source import Source
from aurora.agents.arena.sources import open_source
from aurora.agents.arena.trace_file import trace_file
from aurora.agents.arena.trace_source import TraceSource
from aurora.errors import InputError
from aurora.graphs.settings import SelfPlaySettings, chosen_source
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.traces.openb import openb_scenario, read_nodes, read_pods
from aurora.sim.scenarios.traces.swf import PUBLISHED_STARTS, read_jobs, sequence_scenario

JUDGED_SEED = 15_485_863
"""First word of the random seeds of judged scenarios; no run and no other evaluation draws from this stream."""
OPENB_LISTS = ("default", "gpushare60", "gpuspec33", "multigpu30")
SWF_LOGS = {"lublin_256": 256, "SDSC-SP2": 128}
"""Logs of the published protocol, and the processors of their machines."""
PLACEMENT_RIVALS = ("random", "first_fit", "best_fit", "worst_fit", "cheapest", "fastest", "nearest", "greenest")
QUEUE_RIVALS = ("sjf+easy", "priority+easy", "earliest_deadline+easy")


class Judged(NamedTuple):
    """A scenario to judge policies on.

    Attributes:
        name: Name of the scenario, unique in its suite.
        stratum: Trace, network, family or level that it is drawn from.
        scenario: The scenario.
    """

    name: str
    stratum: str
    scenario: Scenario


class Suite(NamedTuple):
    """A suite of scenarios.

    Attributes:
        about: Description in a sentence.
        data: What the folder of traces holds for it; empty: it needs none.
        open: Opens the source that champions are trained on and whose value is judged.
        judged: Draws scenarios that no training meets: source, folder, number of each stratum, and seed.
        rivals: Reference policies.
        utilisation: Field of the summary that says how full the machines are.
        apart: What keeps training and judging apart, in a sentence.
        unit: Unit of the value.
        learns: True if networks can be trained for its value: the environment pays the reward for placements.
    """

    about: str
    data: str
    open: Callable[[Path | None], Source]
    judged: Callable[[Source, Path | None, int, int], list[Judged]]
    rivals: tuple[str, ...]
    utilisation: str
    apart: str
    unit: str = "reward"
    learns: bool = True


def draw_judged(families: Sequence[str], source: Source, level: int, count: int, seed: int) -> list[Judged]:
    """Draw scenarios of some families; the same whatever other families are drawn."""
    judged = []
    for family in families:
        for k in range(count):
            rng = np.random.default_rng([JUDGED_SEED, seed, level, k, sum(family.encode())])
            scenario = source.expand(source.sample(family, level, rng))
            judged.append(Judged(scenario.scenario_id, family, scenario))
    return judged


def _of_trace(source: Source, data: Path | None, count: int, seed: int) -> list[Judged]:
    del data
    assert isinstance(source, TraceSource)
    return draw_judged(source.test, source, 1, count, seed)


def _of_level(level: int) -> Callable[[Source, Path | None, int, int], list[Judged]]:
    def judged(source: Source, data: Path | None, count: int, seed: int) -> list[Judged]:
        del data
        return draw_judged(source.training + source.validation, source, level, count, seed)

    return judged


def _of_openb(source: Source, data: Path | None, count: int, seed: int) -> list[Judged]:
    del source
    folder = (data or Path()) / "openb"
    nodes = read_nodes(trace_file(folder, "openb_node_list_gpu_node.csv*"))
    judged = []
    for name in OPENB_LISTS:
        pods = read_pods(trace_file(folder, f"openb_pod_list_{name}.csv*"))
        for k in range(count):
            scenario = openb_scenario(nodes, pods, seed=JUDGED_SEED + 1000 * seed + k, node_order=k % 2)
            judged.append(Judged(f"{name}-{k}", name, scenario))
    return judged


def _of_swf(source: Source, data: Path | None, count: int, seed: int) -> list[Judged]:
    """Return the published sequences, the first `count` of each log; the seed does not count."""
    del source, seed
    judged = []
    for name, processors in SWF_LOGS.items():
        jobs = read_jobs(trace_file((data or Path()) / "swf", f"{name}*.swf*"))
        for start in PUBLISHED_STARTS[:count]:
            judged.append(
                Judged(f"{name}-{start}", name, sequence_scenario(jobs, processors, start=start, length=1024))
            )
    return judged


def _opener(name: str) -> Callable[[Path | None], Source]:
    return lambda data: open_source(name, data)


def _open_lublin(data: Path | None) -> Source:
    """Open the source `swf` with the families of Lublin-1 alone."""
    return chosen_source(
        SelfPlaySettings(
            source="swf",
            data=None if data is None else str(data),
            training_families=("lublin*",),
            validation_families=("lublin*",),
        )
    )


def _trace_suite(name: str, about: str, data: str, utilisation: str, apart: str) -> Suite:
    rivals = (*PLACEMENT_RIVALS, *QUEUE_RIVALS)
    return Suite(about, data, _opener(name), _of_trace, rivals, utilisation, apart)


def _level_suite(level: int) -> Suite:
    rivals = (*PLACEMENT_RIVALS, "round_robin", "balanced_allocation", *QUEUE_RIVALS)
    return Suite(
        f"generated scenarios of level {level}, all families",
        "",
        lambda data: GeneratedSource(),
        _of_level(level),
        rivals,
        "cpu_utilization",
        "other random seeds; families services, video, bulk and pipelines are not trained on",
    )


SUITES: Mapping[str, Suite] = {
    "openb": Suite(
        "placing pods on a cluster with accelerators, 130 % requested (protocol of FGD, Weng et al. 2023)",
        "openb/",
        _opener("openb"),
        _of_openb,
        ("random", "first_fit", "best_fit", "dot_product", "gpu_packing", "gpu_clustering", "fgd"),
        "accelerator_utilization",
        "trained on variants of the default list on 30 % of the nodes; the other lists are not met",
        unit="allocated devices, %",
        learns=False,
    ),
    "swf": Suite(
        "batch jobs of Lublin-1 and SDSC-SP2 with EASY backfilling (protocol of RLScheduler, Zhang et al. 2020)",
        "swf/",
        _open_lublin,
        _of_swf,
        ("fcfs+easy", "sjf+easy", "wfp3+easy", "unicep+easy", "f1+easy", "saf+easy"),
        "cpu_utilization",
        "trained on stretches of Lublin-1 outside the judged sequences; SDSC-SP2 is not met",
        unit="-log bounded slowdown",
        learns=False,
    ),
    "azure": _trace_suite(
        "azure",
        "arrivals of Azure's virtual machines on servers of three kinds",
        "azure_vm/",
        "cpu_utilization",
        "trained on the first 55 % of the time, judged on the last 30 %",
    ),
    "utilisation": _trace_suite(
        "utilisation",
        "services and jobs driven by the utilisation of Google's and Alibaba's machines",
        "dc_util/",
        "cpu_utilization",
        "judged on other machines of Google and another day of Alibaba",
    ),
    "edge": _trace_suite(
        "edge",
        "requests of users at the EUA edge sites, with a cloud behind them",
        "eua/",
        "cpu_utilization",
        "trained on western sites, judged on eastern ones",
    ),
    "slices": _trace_suite(
        "slices",
        "flows over Topology Zoo networks, and measured traffic of Abilene and B4",
        "topology/ and traffic/",
        "bandwidth_utilization",
        "trained on three networks, judged on four others",
    ),
    **{f"level{level}": _level_suite(level) for level in range(1, 6)},
}
"""Every suite by its name on the command line."""


def suite(name: str) -> Suite:
    """Return a suite by its name in `SUITES`.

    Raises:
        InputError: There is no such suite.
    """
    if name not in SUITES:
        raise InputError(f"there is no such suite; there are {', '.join(SUITES)}", parameter="suites", value=name)
    return SUITES[name]
