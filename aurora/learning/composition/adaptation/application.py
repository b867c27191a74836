"""What an adaptation asks of a running application: to measure, to answer in the shadow, to swap and to roll back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from aurora.learning.composition.adaptation.changes import Change
from aurora.learning.composition.pipelines.pipeline import Pipeline
from aurora.learning.composition.scores.objective import Measured, Weights
from aurora.types import BoolArray


class Shadow(NamedTuple):
    """What the running composition and a candidate answered to the same live requests.

    Attributes:
        running: Whether the running one answered each request correctly whose label is known, bool [n].
        candidate: The same of the candidate.
        requests: Requests that both were given.
        failures: Requests that the candidate failed and the running one not.
        agreement: Share of requests to which both gave the same class.
        slowdown: Quotient of the median times, candidate by running one.
    """

    running: BoolArray
    candidate: BoolArray
    requests: int
    failures: int = 0
    agreement: float = 1.0
    slowdown: float = 1.0


class Application(Protocol):
    """A running application, and what can be tried beside it.

    Components of candidates may be fitted anew, so that a candidate can have the same pipeline as the running
    composition and still answer otherwise.
    """

    @property
    def running(self) -> Pipeline:
        """Return the pipeline that answers requests."""

    def runs(self, candidate: Pipeline) -> bool:
        """Return whether a candidate, with the components that candidates have now, answers requests."""

    def refit(self, changes: Sequence[Change]) -> Mapping[str, float]:
        """Let components of candidates be fitted anew on recent labelled data, where the changes ask for it.

        Returns:
            Figures of what was fitted; empty if candidates have the components of before.
        """

    def measure_running(self) -> Measured:
        """Measure the running composition as it is, on recent labelled data, under the present load and prices.

        Raises:
            InputError: It can't be run any more.
        """

    def measure(self, candidate: Pipeline) -> Measured:
        """Measure a candidate on recent labelled data, under the present load and prices.

        Raises:
            InputError: It is not valid, or can't be run.
        """

    def is_measured(self, candidate: Pipeline) -> bool:
        """Return whether all chains of a candidate were measured, so that its scores are known without a trial."""

    def compose(self, weights: Weights, count: int) -> Mapping[Pipeline, Measured]:
        """Return the best compositions of the chains that candidates were measured with, with their scores.

        Args:
            weights: What accuracy, latency and cost are worth.
            count: Most compositions to return.

        Returns:
            No two with the same components, none that is overloaded, the best first; none if nothing was measured.
        """

    def shadow(self, candidate: Pipeline, requests: int) -> Shadow:
        """Have a candidate answer live requests beside the running composition.

        Raises:
            InputError: It can't be run.
        """

    def swap(self, candidate: Pipeline) -> str:
        """Have a candidate take over; return why it was refused, or an empty string."""

    def review(self, requests: int) -> Shadow:
        """Have the composition that was replaced answer live requests beside the one that took over.

        Returns:
            With the one that took over as `candidate`, and the one before as `running`.

        Raises:
            InputError: The one before can't be run any more, or no request came after the swap.
        """

    def roll_back(self) -> None:
        """Have the composition before take over again."""
