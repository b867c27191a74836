"""Records how a plan is made."""

from __future__ import annotations

import hashlib
import json

from aurora.cluster.plans.plan import Provenance
from aurora.sim.policies.policy import Policy


def record(
    policy: Policy | None = None, *, seed: int | None = None, history: str = "", command: str = ""
) -> Provenance:
    """Return the record of how a plan is made.

    Args:
        policy: Policy that chooses nodes and places tasks in the simulation.
        seed: Seed of the simulated effect; None: it is not simulated.
        history: Where measured use comes from; empty: there is none.
        command: Command line, or tool with its arguments.
    """
    return Provenance(
        policy_id=None if policy is None else policy.policy_id,
        policy_sha256=None if policy is None else policy_sha256(policy),
        seed=seed,
        history=history,
        command=command,
    )


def policy_sha256(policy: Policy) -> str:
    """Return the hash of a policy's content."""
    text = json.dumps(policy.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
