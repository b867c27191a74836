"""Options of commands that compose pipelines of a task's chains, and the settings that they give."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aurora.cli import options

if TYPE_CHECKING:  # heavy at run time
    from aurora.learning.composition.spaces.task_space import SpaceSettings

MAX_CHAINS = 200
MAX_STAGES, MAX_BRANCHES, MAX_TRANSFORMATIONS = 4, 4, 4
MAX_WORKERS = 1024
MAX_RATE = 1e6
TASK = options.text_argument(help="Name of the task, such as `machines`.", most=128)
FOLDER = options.path(Path("runs/compose"), "--folder", help="Folder of the components and the measurements.")
CHAINS = options.count(20, "--chains", most=MAX_CHAINS, help="Number of chains to compose: the leading ones.")
STAGES = options.count(2, "--stages", most=MAX_STAGES, help="Most stages of a pipeline.")
BRANCHES = options.count(2, "--branches", most=MAX_BRANCHES, help="Most branches of the last stage.")
TRANSFORMATIONS = options.count(
    1, "--transformations", least=0, most=MAX_TRANSFORMATIONS, help="Most transformations of a branch."
)
RATE = options.number(50.0, "--rate", least=1e-6, most=MAX_RATE, unit="requests a second", help="Load.")
WORKERS = options.count(1, "--workers", most=MAX_WORKERS, help="Worker processes, each with the whole pipeline.")
PRICES = options.path(None, "--prices", help="Price file, JSON. Default: an example, whose costs are core hours.")


def space_settings(
    chains: int,
    sizes: tuple[int, int, int, int],
    load: tuple[float, int],
    prices: Path | None,
) -> SpaceSettings:
    """Return the settings that the options give.

    Args:
        chains: Number of chains to compose.
        sizes: Most stages, branches, branches of a stage before the last, and transformations.
        load: Requests a second, and worker processes.
        prices: Price file.

    Raises:
        FileError: The price file can't be read.
        DataError: It is no price file.
    """
    from aurora.learning.composition.pipelines.rules import Limits  # heavy, used here only
    from aurora.learning.composition.scores.prices import EXAMPLE, read_prices  # likewise
    from aurora.learning.composition.scores.queueing import QueueModel  # likewise
    from aurora.learning.composition.spaces.task_space import SpaceSettings  # likewise

    rate, workers = load
    return SpaceSettings(
        limits=Limits(*sizes),
        chains=chains,
        queue=QueueModel(rate=rate, workers=workers),
        prices=EXAMPLE if prices is None else read_prices(prices),
    )
