"""Plans that a person asks for: changes by name, and drains, placements, moves and sizes that are proposed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aurora.cluster.placement import DEFAULT_POLICY
from aurora.cluster.plans.effect import simulate_effect
from aurora.cluster.plans.folder import PLANS
from aurora.cluster.plans.making import Proposal, Proposals
from aurora.cluster.plans.moves import propose_away, propose_remedy
from aurora.cluster.plans.proposals import Step, propose, propose_drain, propose_placements, propose_sizes
from aurora.cluster.plans.provenance import record
from aurora.cluster.plans.report import PlanReport, new_plan
from aurora.cluster.snapshot import Snapshot
from aurora.learning.series.series import Series
from aurora.sim.policies.policy import Policy


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan is to change.

    Attributes:
        asked: Changes that are named in full; they come first.
        advice: File of advice of `aurora recommend containers --json`; None: none.
        away: Tasks that are to leave their nodes, or nodes that their tasks are to leave.
        remedies: Tasks with the node that is made to fit them; "": the node with the fewest changes.
        drains: Nodes to cordon and empty.
        places_pending: Whether the waiting tasks that fit somewhere are placed.
        policy: Policy that chooses nodes, and places tasks in the simulation.
        seed: Random seed of the simulated effect; None: it is not simulated.
    """

    asked: tuple[Proposal, ...] = ()
    advice: Path | None = None
    away: tuple[str, ...] = ()
    remedies: tuple[tuple[str, str], ...] = ()
    drains: tuple[str, ...] = ()
    places_pending: bool = False
    policy: Policy = DEFAULT_POLICY
    seed: int | None = 0

    @property
    def is_empty(self) -> bool:
        """True if nothing is to change."""
        asks = (self.asked, self.advice, self.away, self.remedies, self.drains, self.places_pending)
        return not any(asks)


def propose_requested(snapshot: Snapshot, request: PlanRequest) -> Proposals:
    """Propose the changes of a request, each on the system as those before leave it.

    Args:
        snapshot: The system.
        request: What is to change.

    Raises:
        InputError: A name is none, or a change does not fit the system.
        FileError: The advice can't be read.
        DataError: The advice is none, or no task waits.
        PolicyError: An expression of the policy is not valid.
    """
    return propose(snapshot, request.asked, tuple(_steps(request)))


def _steps(request: PlanRequest) -> Iterator[Step]:
    policy = request.policy
    if request.advice is not None:
        yield partial(propose_sizes, advice=request.advice)
    if request.away:
        yield partial(propose_away, names=request.away, policy=policy)
    for task_id, node_id in request.remedies:
        yield partial(propose_remedy, task_id=task_id, node_id=node_id, policy=policy)
    for node_id in request.drains:
        yield partial(propose_drain, node_id=node_id, policy=policy)
    if request.places_pending:
        yield partial(propose_placements, policy=policy)


def make_requested(
    snapshot: Snapshot,
    request: PlanRequest,
    folder: Path = PLANS,
    *,
    history: Sequence[Series] = (),
    origin: str = "",
    source: str = "aurora plan new",
    command: str = "",
) -> PlanReport:
    """Make the plan of a request and keep it in a folder.

    Args:
        snapshot: The system.
        request: What is to change.
        folder: Folder of the plans.
        history: Measured use of workloads, from which the effect is simulated.
        origin: Where that comes from, for the record.
        source: Who or what makes the plan.
        command: Command line or form, for the record.

    Raises:
        InputError: A name is none, a change does not fit the system, or nothing can be proposed.
        FileError: A file can't be read or written.
        DataError: The advice is none, or no task waits.
        PolicyError: An expression of the policy is not valid.
    """
    found, policy, seed = propose_requested(snapshot, request), request.policy, request.seed
    effect_of = None if seed is None else partial(simulate_effect, policy=policy, history=history, seed=seed)
    provenance = record(policy, seed=seed, history=origin, command=command)
    return new_plan(snapshot, found, folder, source=source, effect_of=effect_of, provenance=provenance)
