"""Self-play in one call: open a run directory and play up to a number of iterations."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from aurora.agents.models.budget import Budget
from aurora.graphs.events import Listener
from aurora.graphs.proposers.protocols import PolicyProposer, ScenarioProposer
from aurora.graphs.result import SelfPlayResult
from aurora.graphs.run import open_run, proposer_name
from aurora.graphs.settings import SelfPlaySettings
from aurora.prompts.loader import load_prompt


def selfplay(  # noqa: PLR0913  # all options of a run
    directory: str | Path,
    settings: SelfPlaySettings = SelfPlaySettings(),  # noqa: B008  # immutable
    *,
    iterations: int | None = 10,
    time_limit: float | None = None,
    jobs: int = 1,
    scenario_proposer: ScenarioProposer | None = None,
    policy_proposer: PolicyProposer | None = None,
    tell: Listener = lambda event: None,
    budget: Budget = Budget(),  # noqa: B008  # immutable
    replay: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> SelfPlayResult:
    """Play attacker against defender, and return the result with the champion.

    The archive in `directory` is the checkpoint: the same call resumes a stopped or killed run, and returns the
    result of a run that already holds its iterations. `aurora selfplay` opens and plays a run in the same way.

    Args:
        directory: Folder of the run; it is created if it is absent.
        settings: Settings that determine the run. `aurora selfplay` also sets `embedder`, to
            `aurora.memory.embedder.run_fingerprint()`: similar scenarios are then found by their texts. And it sets
            `shipped`, to `aurora.graphs.partners.shipped_partners(settings)`.
        iterations: Total number of iterations of the run at the end; None: no limit.
        time_limit: Seconds after which the run stops; its first iteration is always finished.
        jobs: Number of threads; the result does not depend on it.
        scenario_proposer: Attacker of the caller; None: the one that `settings.proposer` names.
        policy_proposer: Defender of the caller; None: the one that `settings.proposer` names.
        tell: Callback for every event (`aurora.graphs.events`).
        budget: Budget of the model over the whole run.
        replay: Recording whose answers replace calls of the model and the tools; None: they are called.
        clock: Monotonic clock of the time limit, in seconds, such as `time.process_time` for time of the processor.

    Returns:
        The result of the run.

    Raises:
        PolicyError: The run can't start from the policy.
        RunError: Another process uses the directory, the run has other settings, or no iteration is finished.
        DataError: A trace is missing or not valid.
        StoreError: The archive can't be read or written.
        ModelError: The model can't be reached, or this machine has no embedder.
    """
    own = (proposer_name(scenario_proposer), proposer_name(policy_proposer))
    settings = settings.model_copy(update={"own_proposers": own})
    if settings.proposer != "search" and not settings.prompts:
        prompts = tuple(load_prompt(role).prompt_id for role in ("attacker", "defender"))
        settings = settings.model_copy(update={"prompts": prompts})
    with open_run(Path(directory), settings) as run:
        finished = run.play(
            iterations=iterations,
            time_limit=time_limit,
            jobs=jobs,
            tell=tell,
            budget=budget,
            replay=replay,
            clock=clock,
            scenario_proposer=scenario_proposer,
            policy_proposer=policy_proposer,
        )
        return run.result(finished.reason)
