"""The sources `azure`, `utilisation`, `edge` and `slices`: scenarios drawn from parts of real traces.

A part of a trace is a family. Parts for training, for validation and for judging are apart: by time, by machine, by
place or by network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.reward import GENERAL_REFERENCES, REWARD_MEASURE, reward_less_undone, rewards_less_undone
from aurora.agents.arena.source import Effort, Results
from aurora.agents.arena.templates import general_template
from aurora.agents.arena.trace_file import trace_file
from aurora.sim.outcome import Outcome
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.scenario import Scenario
from aurora.sim.scenarios.traces import azure_vm, eua, flows, topology, utilisation
from aurora.sim.scenarios.traces.trace_spec import TraceSpec

EFFORT = Effort(8, 4, 10)
MUTATED_LOAD = 0.2
"""Standard deviation of the logarithm of the load that a mutation changes."""


class Part(NamedTuple):
    """A part of a trace.

    Attributes:
        draw: Returns the scenario of a name, a load and a seed.
        loads: Least and greatest load that is drawn.
    """

    draw: Callable[[str, float, int], Scenario]
    loads: tuple[float, float]


@dataclass(frozen=True)
class TraceSource:
    """Scenarios drawn from parts of a trace; see `Source`.

    Attributes:
        parts: Part by name of the family.
    """

    name: str
    parts: Mapping[str, Part]
    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    files: tuple[Path, ...]
    effort: Effort = EFFORT
    templates: tuple[Policy, ...] = (general_template(),)

    references: ClassVar[Mapping[str, Policy]] = GENERAL_REFERENCES
    has_levels: ClassVar[bool] = False
    must_complete: ClassVar[bool] = False
    queue_is_given: ClassVar[bool] = False
    admission_is_given: ClassVar[bool] = False
    has_pareto_bonus: ClassVar[bool] = True
    values_need_status: ClassVar[bool] = False
    unit: ClassVar[str] = "reward"
    measure: ClassVar[str] = REWARD_MEASURE
    judged_per_family: ClassVar[int] = 20

    def sample(self, family: str, level: int, rng: np.random.Generator) -> TraceSpec:
        """Draw a scenario from a part of the trace; the level does not count."""
        seed = int(rng.integers(2**31))
        load = round(float(rng.uniform(*self.parts[family].loads)), 3)
        return TraceSpec(spec_id=f"{family}-{seed}", family=family, load=load, seed=seed)

    def mutate(self, spec: TraceSpec, rng: np.random.Generator) -> TraceSpec:
        """Return another scenario from the same part, at another load."""
        seed = int(rng.integers(2**31))
        load = float(np.clip(spec.load * np.exp(rng.normal(0, MUTATED_LOAD)), 0.1, 3))
        update = {"spec_id": f"{spec.family}-mutant-{seed}", "load": round(load, 3), "seed": seed}
        return spec.model_copy(update=update)

    def expand(self, spec: TraceSpec) -> Scenario:
        """Return the scenario that a spec describes."""
        scenario = self.parts[spec.family].draw(spec.spec_id, spec.load, spec.seed)
        return scenario.model_copy(update={"scenario_id": spec.spec_id})

    def parse(self, data: Any) -> TraceSpec:
        """Read a spec from JSON values."""
        return TraceSpec.model_validate(data)

    def value(self, scenario: Scenario, outcome: Outcome) -> float:
        """Return the reward less what leaving tasks undone costs."""
        return reward_less_undone(scenario, outcome)

    def values(self, scenario: Scenario, results: Results) -> NDArray[np.float64]:
        """Return `value` of many policies on a scenario."""
        return rewards_less_undone(scenario, results.sums)


AZURE_VMS, AZURE_SECONDS = 500, 4 * 3600.0
"""Machines and seconds of a scenario of `azure`."""
AZURE_PARTS = {"azure-first": (0.0, 0.55), "azure-middle": (0.55, 0.7), "azure-rest": (0.7, 1.0)}
"""Shares of the trace's time."""


def open_azure(folder: Path) -> TraceSource:
    """Open the arrivals of Azure's machines: the first 55 % to train on, 15 % for validation, the rest to judge.

    Raises:
        FileError: A file is absent.
        DataError: A file is not valid.
    """
    files = _files(folder, "v1.dev.txt*", "v1.dev.c*.txt*", "flav_map.txt*", "v1.interval_map.txt*")
    vms = azure_vm.read_vms(files[0], files[1], azure_vm.read_flavours(files[2]), azure_vm.read_lifetimes(files[3]))
    begin, length = vms[0].arrival, vms[-1].arrival - vms[0].arrival

    def part(low: float, high: float) -> Part:
        first, last = begin + low * length, begin + high * length - AZURE_SECONDS
        here = [v for v in vms if first <= v.arrival < last + AZURE_SECONDS]

        def draw(name: str, load: float, seed: int) -> Scenario:
            start = float(np.random.default_rng([seed, 1]).uniform(first, last))
            return azure_vm.window_scenario(
                here, start=start, seconds=AZURE_SECONDS, count=AZURE_VMS, load=load, seed=seed
            )

        return Part(draw, (1.0, 1.5))

    return _source("azure", {name: part(*bounds) for name, bounds in AZURE_PARTS.items()}, files)


GOOGLE_MACHINES, GOOGLE_HOURS = 40, 8
"""Machines and hours of a scenario of `utilisation` from Google's machines."""
ALIBABA_STEPS, ALIBABA_JOBS = 72, 400
"""Steps and mean number of jobs of a scenario of `utilisation` from Alibaba's cluster."""


def open_utilisation(folder: Path) -> TraceSource:
    """Open Google's and Alibaba's utilisation: machines and days to train on, for validation and to judge.

    Raises:
        FileError: A file is absent.
        DataError: A file is not valid.
    """
    days = [f"alibaba2018_day{day}_300s.csv*" for day in (1, 2, 3, 4)]
    files = _files(folder, "google2011_vm_cpu_mem.csv*", *days)
    machines = [m for _, m in sorted(utilisation.read_machines(files[0]).items())]
    clusters = [utilisation.read_cluster(file) for file in files[1:]]

    def google(place: int) -> Part:
        chosen = machines[place::4]

        def draw(name: str, load: float, seed: int) -> Scenario:
            rng = np.random.default_rng([seed, 1])
            some = [chosen[int(k)] for k in rng.choice(len(chosen), min(GOOGLE_MACHINES, len(chosen)), replace=False)]
            longest = max(len(m) for m in some) - GOOGLE_HOURS * utilisation.PERIOD
            first = int(rng.integers(0, max(1, longest)))
            return utilisation.services_scenario(name, some, first=first, periods=GOOGLE_HOURS, load=load, seed=seed)

        return Part(draw, (1.1, 1.6))

    def alibaba(day: int) -> Part:
        def draw(name: str, load: float, seed: int) -> Scenario:
            first = int(np.random.default_rng([seed, 1]).integers(0, max(1, len(clusters[day]) - ALIBABA_STEPS)))
            return utilisation.jobs_scenario(
                name, clusters[day], first=first, steps=ALIBABA_STEPS, jobs=ALIBABA_JOBS, load=load, seed=seed
            )

        return Part(draw, (1.3, 1.9))

    parts = {
        "google-first": google(0),
        "google-second": google(1),
        "alibaba-day1": alibaba(0),
        "alibaba-day2": alibaba(1),
        "google-third": google(2),
        "alibaba-day3": alibaba(2),
        "google-fourth": google(3),
        "alibaba-day4": alibaba(3),
    }
    return _source("utilisation", parts, files, training=4, validation=2)


EDGE_REQUESTS = 1000
"""Requests of a scenario of `edge`."""
EDGE_SITES = 24
"""Sites of a scenario of `edge`."""


def open_edge(folder: Path) -> TraceSource:
    """Open the EUA sites and users: western sites to train on, middle ones for validation, eastern ones to judge.

    Raises:
        FileError: A file is absent.
        DataError: A file is not valid.
    """
    files = _files(folder, "site-*.csv*", "users-*.csv*")
    sites = sorted(eua.read_sites(files[0]), key=lambda s: (s.longitude, s.name))
    users = eua.read_users(files[1])

    def part(low: float, high: float) -> Part:
        here = sites[int(low * len(sites)) : int(high * len(sites))]
        west, east = here[0].longitude, here[-1].longitude
        near = [u for u in users if west <= u.longitude <= east] or list(users)

        def draw(name: str, load: float, seed: int) -> Scenario:
            rng = np.random.default_rng([seed, 1])
            some = [here[int(k)] for k in sorted(rng.choice(len(here), min(EDGE_SITES, len(here)), replace=False))]
            rate = load * eua.REQUESTS_PER_SITE_SECOND
            return eua.edge_scenario(some, near, requests=EDGE_REQUESTS, seed=seed, rate=rate)

        return Part(draw, (3.0, 6.0))

    parts = {"west": part(0.0, 0.5), "middle": part(0.5, 0.7), "east": part(0.7, 1.0)}
    return _source("edge", parts, files)


SLICE_FLOWS = 300
"""Flows of a scenario of `slices`."""
GRAVITY_GRAPHS = ("Nsfnet", "BtEurope", "Chinanet", "Bellcanada", "Geant2012", "Garr201201")
"""Topologies with drawn flows: three to train on, one for validation, two to judge."""
TRAFFIC = {"Abilene": 12, "B4": 12}
"""Topologies with measured traffic, which are judged only, and the matrices of a scenario."""


def open_slices(folder: Path) -> TraceSource:
    """Open network slices: topologies with drawn flows, and topologies with measured traffic, which are judged only.

    Raises:
        FileError: A file is absent.
        DataError: A file is not valid.
    """
    graphs = _files(folder / "topology", *(f"{name}.gml*" for name in GRAVITY_GRAPHS))
    traffic = {n: _files(folder / "traffic", f"{n}_topology.txt*", f"{n}_demand.txt*") for n in TRAFFIC}

    def gravity(file: Path) -> Part:
        network = topology.read_gml(file)

        def draw(name: str, load: float, seed: int) -> Scenario:
            return flows.gravity_scenario(network, flows=SLICE_FLOWS, load=load, seed=seed)

        return Part(draw, (1.5, 2.5))

    def measured(capacities: Path, demands: Path, count: int) -> Part:
        network = topology.read_capacities(capacities, gbps_per_unit=1e-6)
        matrices = flows.read_demands(demands, len(network.sites), gbps_per_unit=1e-6)

        def draw(name: str, load: float, seed: int) -> Scenario:
            first = int(np.random.default_rng([seed, 1]).integers(0, max(1, len(matrices) - count)))
            chosen = flows.scaled_demands(network, matrices[first : first + count], load)
            return flows.demand_scenario(network, chosen, step=300.0)

        return Part(draw, (0.6, 1.0))

    parts = {name.lower(): gravity(file) for name, file in zip(GRAVITY_GRAPHS, graphs, strict=True)}
    for name, count in TRAFFIC.items():
        parts[f"{name.lower()}-traffic"] = measured(traffic[name][0], traffic[name][1], count)
    files = (*graphs, *(file for pair in traffic.values() for file in pair))
    return _source("slices", parts, files, training=3, validation=1)


def _source(
    name: str, parts: Mapping[str, Part], files: tuple[Path, ...], *, training: int = 1, validation: int = 1
) -> TraceSource:
    """Return a source whose first parts are for training, the next for validation, and the rest to judge."""
    families = tuple(parts)
    return TraceSource(
        name,
        parts,
        training=families[:training],
        validation=families[training : training + validation],
        test=families[training + validation :],
        files=files,
    )


def _files(folder: Path, *patterns: str) -> tuple[Path, ...]:
    return tuple(trace_file(folder, pattern) for pattern in patterns)
