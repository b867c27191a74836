"""Self-play with a proposer of your own: here a defender that mixes two references.

    python examples/own_proposer.py

`aurora.ScenarioProposer` is the contract of the attacker, `aurora.PolicyProposer` that of the defender. Whatever has
the method `propose` will do. The side that you leave out is played by the search.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import aurora
from aurora.graphs.events import Event
from aurora.graphs.proposers.protocols import PolicyProposal, PolicyRequest, ProposedPolicy

FEATURES = ("fit.cost", "fit.latency", "fit.energy", "node.cpu_free")


class MixingProposer:
    """A defender that draws weights for four features, and keeps the best policy of a few."""

    def __init__(self, draws: int = 8) -> None:
        self.draws = draws

    def propose(self, request: PolicyRequest) -> PolicyProposal:
        """Return the best of `draws` random policies on the training scenarios."""
        measured = []
        for k in range(self.draws):
            weights = request.rng.normal(size=len(FEATURES))  # all randomness from the request: runs can be resumed
            score = " + ".join(f"{w:.3f} * {name}" for w, name in zip(weights, FEATURES, strict=True))
            rules = {"decision_rules": [{"score": score}]}
            policy = aurora.parse_policy({"policy_id": f"mix-{request.iteration}-{k}", "allocation_strategy": rules})
            measured.append((float(request.advantage(policy).mean()), policy))
            request.progress(k, max(value for value, _ in measured))
        _, best = max(measured, key=lambda pair: pair[0])
        return PolicyProposal((ProposedPolicy(best, origin="mix"),))


def main() -> None:
    """Play one iteration, and print what the champion is."""
    settings = aurora.SelfPlaySettings(seed=1, training_per_family=1, validation_per_family=1)
    with TemporaryDirectory() as folder:
        result = aurora.selfplay(
            Path(folder) / "run", settings, iterations=1, policy_proposer=MixingProposer(), tell=show
        )
    rule = result.champion.allocation_strategy.decision_rules[0]
    print(f"after {result.iterations} iteration the champion is {result.champion.policy_id}: score {rule.score}")


def show(event: Event) -> None:
    """Print how good the best policy is after each draw: its lead over the best reference, on training scenarios."""
    if event["event"] == "generation":
        print(f"draw {event['generation'] + 1}: the best policy so far has an advantage of {event['advantage']:+.4f}")


if __name__ == "__main__":
    main()
