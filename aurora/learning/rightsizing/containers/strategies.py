"""Strategies for requests: AURORA's own and the published rules, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from aurora.learning.rightsizing.containers.cases import Sized
from aurora.learning.rightsizing.containers.rivals import (
    KRR_CPU_PERCENTILE,
    KRR_MEMORY_MARGIN,
    KRR_POINTS,
    VPA_MARGIN,
    VPA_PERCENTILE,
    krr_cpu,
    krr_memory,
    krr_sized,
    vpa_sized,
    vpa_target,
)
from aurora.learning.rightsizing.containers.use import ContainerUse, Demand, Resource

CPU_RISK = 0.02
"""Share of the time in which CPU demand may exceed the request, mean over containers."""
MEMORY_RISK = 0.01
"""Probability of a kill for lack of memory within the horizon, mean over containers."""

_RISKS = tuple(np.geomspace(0.0005, 0.4, 40).tolist())
_PERCENTILES = tuple((1 - np.geomspace(0.0005, 0.5, 40)[::-1]).tolist())
_MARGINS = tuple(np.concatenate([np.linspace(-0.4, 0.5, 37), np.geomspace(0.55, 6.0, 24)]).tolist())


class Rule(NamedTuple):
    """How a strategy sizes a resource.

    Attributes:
        knob: What can be turned.
        default: Its value by default.
        sweep: Its values on a curve of slack against violations.
        size: Function of a demand and the knob's value to a size, cores or GiB; None for AURORA's, which sizes all
            containers together.
    """

    knob: str
    default: float
    sweep: tuple[float, ...]
    size: Callable[[Demand, float], float] | None = None


class Strategy(NamedTuple):
    """A strategy for requests.

    Attributes:
        text: What it does, in a sentence.
        cpu: Rule for CPU.
        memory: Rule for memory.
        need: Fewest values; None takes the caller's least time.
        sized: Function of a container, its demand, the rule's size and the number of containers in the pod to the
            request and limit with the tool's least sizes; None for AURORA's special cases.
    """

    text: str
    cpu: Rule
    memory: Rule
    need: int | None = None
    sized: Callable[[ContainerUse, Demand, float, int], Sized] | None = None

    def rule(self, resource: Resource) -> Rule:
        """Return the rule for a resource."""
        return self.cpu if resource == "cpu" else self.memory


STRATEGIES: dict[str, Strategy] = {
    "aurora": Strategy(
        "distribution of the demand to come, calibrated on back-tests; the risk is spent where it saves most",
        Rule("risk", CPU_RISK, _RISKS),
        Rule("risk", MEMORY_RISK, _RISKS),
    ),
    "krr": Strategy(
        "KRR's simple strategy: the 95th percentile of CPU, the highest memory and 15 %; no CPU limit",
        Rule("percentile", KRR_CPU_PERCENTILE, tuple(100 * p for p in _PERCENTILES), krr_cpu),
        Rule("margin", KRR_MEMORY_MARGIN, _MARGINS, krr_memory),
        KRR_POINTS,
        krr_sized,
    ),
    "vpa": Strategy(
        "VPA's target: the 90th percentile of decaying histograms of CPU and of daily memory peaks, and 15 %",
        Rule("percentile", VPA_PERCENTILE, _PERCENTILES, vpa_target),
        Rule("margin", VPA_MARGIN, _MARGINS, lambda demand, margin: vpa_target(demand, margin=margin)),
        1,
        vpa_sized,
    ),
}
"""Every strategy by name; the command line, the benchmark and the documentation read it."""
