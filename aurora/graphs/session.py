"""Self-play in one call: a run directory, opened or begun, and played to a number of iterations."""

from __future__ import annotations

from pathlib import Path

from aurora.agents.models.budget import Budget
from aurora.graphs.events import Listener
from aurora.graphs.proposers.protocols import PolicyProposer, ScenarioProposer
from aurora.graphs.result import SelfPlayResult
from aurora.graphs.run import open_run, proposer_name
from aurora.graphs.settings import SelfPlaySettings
from aurora.prompts.loader import load_prompt


def selfplay(  # noqa: PLR0913  # what a run is started with
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
) -> SelfPlayResult:
    """Play attacker against defender, and return the champion.

    The archive in `directory` is the checkpoint: the same call goes on with a run that was stopped or killed, and a run
    that holds its iterations already is returned as it is. `aurora selfplay` opens and plays a run in the same way.

    Args:
        directory: Folder of the run; it is created if it is absent.
        settings: Settings that determine the run. `aurora selfplay` also sets `embedder`, to
            `aurora.memory.embedder.run_fingerprint()`: similar scenarios are then found by their texts.
        iterations: Iterations that the run shall hold in the end; None: any number.
        time_limit: Seconds after which the run stops; its first iteration is always finished.
        jobs: Threads; the result does not depend on it.
        scenario_proposer: Attacker of your own; None: as `settings.proposer` says.
        policy_proposer: Defender of your own; None: as `settings.proposer` says.
        tell: Called with every event (`aurora.graphs.events`).
        budget: Budget of the model over the whole run.
        replay: A recording whose answers stand for the model's; nobody is asked then.

    Returns:
        What the run has reached.

    Raises:
        PolicyError: The run can't start from the policy.
        RunError: Another process is running there, the run was configured otherwise, or no iteration is finished.
        DataError: A trace is not there or not valid.
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
            scenario_proposer=scenario_proposer,
            policy_proposer=policy_proposer,
        )
        return run.result(finished.reason)
