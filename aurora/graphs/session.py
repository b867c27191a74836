"""Self-play in one call: a run directory, opened or begun, and played to a number of iterations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from aurora.graphs.events import Listener
from aurora.graphs.run import open_run
from aurora.graphs.selfplay import Finished
from aurora.graphs.start import checked_start
from aurora.graphs.workbench import SelfPlaySettings
from aurora.memory.embedder import run_fingerprint
from aurora.sim.policies.policy import Policy


def selfplay(  # noqa: PLR0913  # what a run is started with
    directory: Path | str,
    *,
    iterations: int | None = 10,
    source: Literal["generated", "openb", "swf", "files"] = "generated",
    data: Path | str | None = None,
    seed: int = 0,
    start: Policy | None = None,
    train_on: Sequence[str] = (),
    validate_on: Sequence[str] = (),
    time_limit: float | None = None,
    jobs: int = 1,
    tell: Listener = lambda event: None,
) -> Finished:
    """Play attacker against defender; the archive and the champion are kept in a run directory.

    The same arguments give the same archive, to the bit. A directory that holds a run of the same settings is gone on
    with.

    Args:
        directory: Run directory; it is made.
        iterations: Number of iterations that the run shall hold in the end; None: any number.
        source: Where scenarios come from.
        data: Folder with the traces (openb/, swf/), or with scenario files for `files`.
        seed: Random seed of the run.
        start: Policy that the search starts from; None: the source's template.
        train_on: Families of scenarios to train on; empty: the source's choice.
        validate_on: Families on which the champion is chosen; empty: the source's choice.
        time_limit: Seconds after which the run ends; None: no limit.
        jobs: Number of threads; the result does not depend on it.
        tell: Called with every event of the run.

    Returns:
        Why it ended, with the champion. `aurora policies top --run DIRECTORY` shows the archive.

    Raises:
        RunError: Another process is running there, or the run was configured otherwise.
        PolicyError: The run can't start from the policy.
        DataError: A trace is absent or not valid.
        StoreError: The archive can't be opened, read or written.
    """
    settings = SelfPlaySettings(
        source=source,
        data=None if data is None else str(Path(data).absolute()),
        seed=seed,
        start=None if start is None else checked_start(start),
        training_families=tuple(train_on),
        validation_families=tuple(validate_on),
        embedder=run_fingerprint(),
    )
    with open_run(Path(directory), settings) as run:
        return run.play(iterations=iterations, jobs=jobs, time_limit=time_limit, tell=tell)
