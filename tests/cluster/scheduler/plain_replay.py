"""First fit and FGD on an openb trace in plain Python, written from the paper and the lists alone.

Nothing of AURORA is imported. Amounts are whole thousandths of a core and of a device, and MiB.
"""

import csv
import gzip
import heapq
import math
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple


class Pod(NamedTuple):
    name: str
    created: int
    ran: float
    cpu: int
    memory: int
    devices: int
    milli: int
    models: tuple[str, ...]

    @property
    def kind(self) -> tuple[int, int, int, tuple[str, ...]]:
        return self.cpu, self.devices, self.milli if self.devices else 0, self.models if self.devices else ()


class Machine:
    def __init__(self, row: dict[str, str]) -> None:
        self.name, self.cpu, self.memory = row["sn"], int(row["cpu_milli"]), int(row["memory_mib"])
        self.free = [1000] * int(row["gpu"])
        self.model, self.pods = row["model"], 0


def table(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        return list(csv.DictReader(stream))


def read(nodes: Path, pods: Path, share: float = 1.0) -> tuple[list[Machine], list[Pod]]:
    rows = table(nodes)
    kept = max(1, round(share * len(rows)))
    machines = [Machine(rows[k * len(rows) // kept]) for k in range(kept)]
    found = []
    for row in table(pods):
        begun = int(row["scheduled_time"] or row["creation_time"])
        models = tuple(sorted({m for m in row["gpu_spec"].split("|") if m}))
        found.append(
            Pod(row["name"], int(row["creation_time"]), int(row["deletion_time"]) - begun, int(row["cpu_milli"]),
                int(row["memory_mib"]), int(row["num_gpu"]), int(row["gpu_milli"]), models)
        )  # fmt: skip
    first = min(p.created for p in found)
    found = [p._replace(created=p.created - first) for p in found]
    return machines, sorted(found, key=lambda p: (p.created, p.name))


def typical(pods: list[Pod]) -> list[tuple[Any, float]]:
    """Classes of pods, the most frequent first, until they cover 95 %."""
    in_order = sorted(pods, key=lambda p: int(p.name.rpartition("-")[2]) if "-" in p.name else int(p.name[1:]))
    counts, kept, covered = Counter(p.kind for p in in_order), [], 0
    for kind, count in counts.most_common():
        if covered >= 0.95 * len(pods):
            break
        kept.append((kind, count))
        covered += count
    return [(kind, count / covered) for kind, count in kept]


def runs(kind: Any, cpu: int, model: str, free: list[int]) -> bool:
    need, devices, milli, models = kind
    if need > cpu or (devices and models and model not in models):
        return False
    return not devices or (any(f >= milli for f in free) if milli < 1000 else free.count(1000) >= devices)


class Replay:
    """One scheduler over all pods.

    Measures are taken at each arrival: machines in use, and F over all devices.
    """

    def __init__(self, machines: list[Machine], mix: list[tuple[Any, float]], rule: str) -> None:
        self.machines, self.mix, self.rule = machines, mix, rule
        self.memory: dict[Any, float] = {}
        self.wasted = [self.f(m.cpu, m.model, m.free) for m in machines]

    def f(self, cpu: int, model: str, free: list[int]) -> float:
        """F of a machine (Weng et al., ATC 2023, section 3), in devices."""
        key = (cpu, model, tuple(sorted(free)))
        if key not in self.memory:
            value = 0.0
            for kind, frequency in self.mix:
                usable = kind[1] > 0 and runs(kind, cpu, model, free)
                value += frequency * (sum(x for x in free if x < kind[2]) if usable else sum(free))
            self.memory[key] = value / 1000
        return self.memory[key]

    def after(self, machine: Machine, pod: Pod, device: int | None) -> list[int]:
        free = list(machine.free)
        left = pod.devices
        for d, x in enumerate(free):
            if device is not None:
                free[d] = x - pod.milli if d == device else x
            elif left and x == 1000:
                free[d], left = 0, left - 1
        return free

    def device(self, machine: Machine, pod: Pod) -> int | None:
        if not pod.devices or pod.milli == 1000:
            return None
        room = [d for d, x in enumerate(machine.free) if x >= pod.milli]
        if self.rule == "first_fit":
            return min(room, key=lambda d: (machine.free[d], d))
        return min(room, key=lambda d: (self.f(machine.cpu - pod.cpu, machine.model, self.after(machine, pod, d)), d))

    def choose(self, pod: Pod) -> int | None:
        fits = [
            k for k, m in enumerate(self.machines)
            if m.memory >= pod.memory and runs(pod.kind, m.cpu, m.model, m.free)
        ]  # fmt: skip
        if self.rule == "first_fit" or not fits:
            return fits[0] if fits else None
        return max(fits, key=lambda k: (self.score(k, pod), -k))

    def score(self, k: int, pod: Pod) -> int:
        machine = self.machines[k]
        free = self.after(machine, pod, self.device(machine, pod))
        growth = self.f(machine.cpu - pod.cpu, machine.model, free) - self.f(machine.cpu, machine.model, machine.free)
        return math.floor(100 / (1 + math.exp(growth)))

    def place(self, pod: Pod, k: int) -> tuple[int, list[int]]:
        machine = self.machines[k]
        before, machine.free = machine.free, self.after(machine, pod, self.device(machine, pod))
        machine.cpu, machine.memory, machine.pods = machine.cpu - pod.cpu, machine.memory - pod.memory, machine.pods + 1
        self.wasted[k] = self.f(machine.cpu, machine.model, machine.free)
        return k, [b - a for b, a in zip(before, machine.free, strict=True)]

    def remove(self, pod: Pod, k: int, taken: list[int]) -> None:
        machine = self.machines[k]
        machine.free = [a + b for a, b in zip(machine.free, taken, strict=True)]
        machine.cpu, machine.memory, machine.pods = machine.cpu + pod.cpu, machine.memory + pod.memory, machine.pods - 1
        self.wasted[k] = self.f(machine.cpu, machine.model, machine.free)

    def run(self, pods: list[Pod]) -> dict[str, Any]:
        end, devices = pods[-1].created, sum(len(m.free) for m in self.machines)
        events = [(p.created, 1, k) for k, p in enumerate(pods)]
        heapq.heapify(events)
        held: dict[int, tuple[int, list[int]]] = {}
        waiting: list[int] = []
        start: dict[int, float] = {}
        names: dict[str, str] = {}
        used, wasted = [], []
        while events and events[0][0] <= end:
            now, freed, fresh = events[0][0], False, []
            while events and events[0][0] == now:
                _, arrives, k = heapq.heappop(events)
                if arrives:
                    used.append(sum(m.pods > 0 for m in self.machines))
                    wasted.append(sum(self.wasted) / max(1, devices))
                    fresh.append(k)
                else:
                    freed = True
                    self.remove(pods[k], *held.pop(k))
            waiting += fresh
            for k in list(waiting) if freed else fresh:
                chosen = self.choose(pods[k])
                if chosen is not None:
                    held[k] = self.place(pods[k], chosen)
                    start[k], names[pods[k].name] = now, self.machines[chosen].name
                    waiting.remove(k)
                    heapq.heappush(events, (now + pods[k].ran, 0, k))
        return {
            "nodes": names,
            "start": start,
            "wait": sum(start.get(k, end) - p.created for k, p in enumerate(pods)) / len(pods),
            "unplaced": 1 - len(start) / len(pods),
            "nodes in use": sum(used) / len(pods),
            "fragmentation": sum(wasted) / len(pods),
        }


def both(nodes: Path, pods: Path, share: float = 1.0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return first fit, and FGD with the same pods; one that first fit never ended or placed stays with FGD too."""
    machines, listed = read(nodes, pods, share)
    mix = typical(listed)
    real = Replay(machines, mix, "first_fit").run(listed)
    end = listed[-1].created
    seen = [
        p._replace(ran=p.ran if k in real["start"] and real["start"][k] + p.ran <= end else math.inf)
        for k, p in enumerate(listed)
    ]
    return real, Replay(read(nodes, pods, share)[0], mix, "fgd").run(seen)
