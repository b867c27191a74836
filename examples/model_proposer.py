"""Self-play with a language model as attacker and defender.

    AURORA_MODEL=anthropic:NAME python examples/model_proposer.py    # with its key in ANTHROPIC_API_KEY
    python examples/model_proposer.py                                # with a scripted server in the model's place

The scripted server speaks OpenAI's protocol on this machine and writes valid answers at random. So the second form
needs neither a key nor a network. `docs/guides/models.md` names the providers.
"""

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import aurora
from aurora.agents.models.budget import Budget
from aurora.evals.testing.scripted_server import scripted_server
from aurora.graphs.events import Event


def main() -> None:
    """Play an iteration in which the model proposes, and print what it proposed and what became of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        model = os.environ.get("AURORA_MODEL", "")
        if not model:
            server = stack.enter_context(scripted_server(seed=1))
            os.environ |= {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "unused"}
            model = "openai:scripted"
        settings = aurora.SelfPlaySettings(
            seed=1,
            proposer="both",
            model=model,
            model_from_level=1,
            generations=2,
            training_per_family=1,
            validation_per_family=1,
        )
        calls: list[Event] = []

        def count(event: Event) -> None:
            if event["event"] == "model":
                calls.append(event)

        result = aurora.selfplay(folder / "run", settings, iterations=1, budget=Budget(calls=40), tell=count)

    print(f"{model} answered {len(calls)} requests")
    print(f"{result.counts['policies']} policies and {result.counts['scenarios']} scenarios are in the archive")
    for row in result.top[:5]:
        print(f"  {row['name']:24} Elo {row['elo']:.0f}")
    print(f"the champion's score: {result.champion.allocation_strategy.decision_rules[0].score}")


if __name__ == "__main__":
    main()
