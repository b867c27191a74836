"""Applies or rolls back a plan in a process of its own that is killed at its n-th write point.

Write points are before, within and after each record of the journal, and before and after each file that is written or
taken away and each request that changes something.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aurora import journal as lines
from aurora.cluster.plans.plan import parse_plan
from aurora.cluster.plans.targets import writing
from aurora.cluster.plans.targets.api import Api
from aurora.cluster.plans.targets.files import FilesTarget
from aurora.cluster.snapshot import parse_snapshot
from tests.cluster.plans.live import apply, target, undo


class Countdown:
    """Kills the process at the n-th write point; 0: never."""

    def __init__(self, point: int) -> None:
        self._left = point

    def pass_point(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any], is_write: Callable[..., bool] = lambda *_, **__: True) -> Any:
        def counted(*arguments: Any, **options: Any) -> Any:
            if not is_write(*arguments, **options):
                return function(*arguments, **options)
            self.pass_point()
            result = function(*arguments, **options)
            self.pass_point()
            return result

        return counted

    def torn(self, append: Callable[..., None]) -> Any:
        def counted(path: Path, records: Any) -> None:
            self.pass_point()
            self._left -= 1
            if self._left == 0:  # half of the record is on disk
                text = json.dumps(records[0])
                with path.open("a") as stream:
                    stream.write(text[: len(text) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            append(path, records)
            self.pass_point()

        return counted


def play(what: str, place: str, folder: Path, point: int) -> None:
    """Apply (`apply`) or roll back (`rollback`) the plan in a folder, and be killed at a write point."""
    countdown = Countdown(point)
    lines.append = countdown.torn(lines.append)
    writing.write_atomically = countdown.around(writing.write_atomically)
    Path.unlink = countdown.around(Path.unlink)  # type: ignore[method-assign]
    for name in ("patch", "post"):
        setattr(Api, name, countdown.around(getattr(Api, name), lambda *_, is_dry=False, **__: not is_dry))
    plan = parse_plan(json.loads((folder / "plan.json").read_text()))
    snapshot = parse_snapshot(json.loads((folder / "snapshot.json").read_text()))
    to = target(place) if place.startswith("http") else FilesTarget(Path(place))
    if what == "apply":
        apply(plan, snapshot, to, folder / "journal.jsonl")
    else:
        undo(plan, to, folder / "journal.jsonl")
