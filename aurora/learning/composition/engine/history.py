"""Versions of a deployment: one journal is the only record of which version serves.

A version takes over when its line is on disk. What was killed before that comes up with the version before, what was
killed after it with the new one; there is nothing between.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field

from aurora import journal
from aurora.errors import RunError
from aurora.learning.composition.engine.description import Deployment
from aurora.types import Frozen

Action: TypeAlias = Literal["deployed", "swapped", "rolled back", "refused", "started", "stopped"]
"""`deployed` and `swapped` bring a new version, `rolled back` returns to an earlier one; the others change nothing."""
MAX_WHY = 1000


class Record(Frozen):
    """One line of the journal.

    Attributes:
        time: When, ISO 8601, UTC.
        action: What happened.
        version: The version that serves from then on, or that was refused.
        who: Who wanted it.
        why: Why.
        detail: What was found: the reason of a refusal, or what the shadow check compared.
        description: Description of a new version.
    """

    time: str
    action: Action
    version: int = Field(ge=1)
    who: str = Field("", max_length=200)
    why: str = Field("", max_length=MAX_WHY)
    detail: str = ""
    description: Deployment | None = None


class History:
    """The journal of a deployment.

    Args:
        path: Its file.

    Attributes:
        records: All lines, oldest first.

    Raises:
        FileError: The file can't be read.
        DataError: A line is no record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records: list[Record] = journal.read_as(path, Record, "record of a deployment")

    @property
    def next(self) -> int:
        """Number of the next new version."""
        return max((record.version for record in self.records), default=0) + 1

    @property
    def serving(self) -> list[int]:
        """Versions in the order in which they came to serve, without those that were rolled back; the last serves."""
        order: list[int] = []
        for record in self.records:
            if record.action in ("deployed", "swapped"):
                order.append(record.version)
            elif record.action == "rolled back":
                while order and order[-1] != record.version:
                    order.pop()
        return order

    def description(self, version: int) -> Deployment:
        """Return the description of a version.

        Raises:
            RunError: The journal has no such version.
        """
        for record in self.records:
            if record.version == version and record.description is not None:
                return record.description
        raise RunError(f"version {version} is not in the journal {self._path}")

    def add(
        self,
        action: Action,
        version: int,
        *,
        who: str = "",
        why: str = "",
        detail: str = "",
        description: Deployment | None = None,
    ) -> None:
        """Append a line, and wait until it is on disk.

        Raises:
            FileError: The file can't be written.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        record = Record(
            time=now,
            action=action,
            version=version,
            who=who[:200],
            why=why[:MAX_WHY],
            detail=detail,
            description=description,
        )
        journal.append(self._path, [record.model_dump(mode="json", exclude_none=True)])
        self.records.append(record)
