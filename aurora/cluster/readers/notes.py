"""Notes that a reader takes while it reads, one for each matter with a count and the first subjects."""

from __future__ import annotations

from typing import Literal

from aurora.cluster.snapshot import Note

MAX_SUBJECTS = 5
"""Most nodes, tasks or workloads that a note names."""

NoteKind = Literal["repaired", "assumed", "not represented"]


class Notes:
    """Notes taken so far; cases of one matter are counted in one note."""

    def __init__(self) -> None:
        self._messages: dict[tuple[NoteKind, str], str] = {}
        self._counts: dict[tuple[NoteKind, str], int] = {}
        self._subjects: dict[tuple[NoteKind, str], list[str]] = {}

    def repaired(self, code: str, message: str, subject: str = "", count: int = 1) -> None:
        """Note that something was wrong and how it was mended."""
        self._add("repaired", code, message, subject, count)

    def assumed(self, code: str, message: str, subject: str = "", count: int = 1) -> None:
        """Note that something was not said and what was taken for it."""
        self._add("assumed", code, message, subject, count)

    def not_represented(self, code: str, message: str, subject: str = "", count: int = 1) -> None:
        """Note that the snapshot can't hold something, and what follows from it."""
        self._add("not represented", code, message, subject, count)

    def _add(self, kind: NoteKind, code: str, message: str, subject: str, count: int) -> None:
        key = (kind, code)
        self._messages.setdefault(key, message)
        self._counts[key] = self._counts.get(key, 0) + count
        subjects = self._subjects.setdefault(key, [])
        if subject and len(subjects) < MAX_SUBJECTS and subject not in subjects:
            subjects.append(subject)

    def taken(self) -> tuple[Note, ...]:
        """Return the notes, repairs first, then assumptions, then what is not represented."""
        order = ("repaired", "assumed", "not represented")
        return tuple(
            Note(
                kind=kind,
                code=code,
                message=message,
                subjects=tuple(self._subjects[kind, code]),
                count=self._counts[kind, code],
            )
            for (kind, code), message in sorted(self._messages.items(), key=lambda item: order.index(item[0][0]))
        )
