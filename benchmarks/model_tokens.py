"""How many tokens self-play with a model sends an iteration, against a scripted model on loopback.

    python benchmarks/model_tokens.py --iterations 5 --source generated
    python benchmarks/model_tokens.py --iterations 2 --source openb --data TRACES
    python benchmarks/model_tokens.py --iterations 5 --apart

`--apart` has each policy written in a conversation of its own, to compare one conversation for all of them with.
A token is counted as four characters of the request as it is recorded. The scripted model calls `draft_policy` in three
of ten turns and always writes something valid, so requests grow as they would with a real one that drafts seldom. Its
scenarios are of level 1. Where a run moves up, after six iterations or so, they are sent back and the count means
nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

from aurora.agents.models.metered import metered
from aurora.agents.models.model import model_name
from aurora.agents.roles import defender
from aurora.evals.speed.agents import scripted_environment
from aurora.evals.testing.scripted_server import scripted_server
from aurora.graphs.context import Authors
from aurora.graphs.selfplay import play
from aurora.graphs.settings import SelfPlaySettings
from aurora.memory.store import Store
from aurora.prompts.loader import load_prompt
from aurora.tools.recording import Recording

CHARACTERS = 4
"""Of a token, about."""


def main() -> None:
    """Print requests and tokens an iteration."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--iterations", type=int, default=5)
    arguments.add_argument("--source", choices=("generated", "openb"), default="generated")
    arguments.add_argument("--data")
    arguments.add_argument("--apart", action="store_true", help="a conversation for each policy")
    chosen = arguments.parse_args()
    prompts = load_prompt("attacker"), load_prompt("defender")
    settings = SelfPlaySettings(
        source=chosen.source,
        data=chosen.data,
        seed=1,
        population=4,
        generations=1,
        training_per_family=1,
        validation_per_family=1,
        proposer="both",
        model="openai:scripted",
        model_from_level=1,
        prompts=tuple(p.prompt_id for p in prompts),
    )
    with (
        patch.object(defender, "_together", defender._each) if chosen.apart else nullcontext(),
        tempfile.TemporaryDirectory() as folder,
        scripted_server(seed=1) as server,
        scripted_environment(server.url),
        Recording(Path(folder) / "calls.jsonl") as recording,
        Store.open(Path(folder) / "archive.sqlite") as store,
    ):
        model = metered(model_name(settings.model), recording=recording)
        play(store, settings, iterations=chosen.iterations, authors=Authors(model, *prompts))
        sizes = [len(json.dumps(e.request)) / CHARACTERS for e in recording if e.kind == "model"]
    print(
        f"{chosen.source}: {len(sizes) / chosen.iterations:.1f} requests and "
        f"{sum(sizes) / chosen.iterations:,.0f} tokens sent an iteration; {max(sizes):,.0f} in the longest request"
    )


if __name__ == "__main__":
    main()
