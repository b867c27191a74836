"""The result of a tool call as lines of plain text, with what a sentence uses of it marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aurora.agents.operator.answer import Sentence
from aurora.agents.operator.checking.used import Keys, Used, used_in
from aurora.tools.harness import Evidence
from aurora.web.views.chat.steps import Step, step_of_evidence

MAX_LINES = 400
"""Most lines that are shown at once, those that a sentence uses in any case."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line.

    Attributes:
        text: The text.
        is_marked: True: the sentence uses it.
        is_key: True: it is the name of a field.
    """

    text: str
    is_marked: bool = False
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a result.

    Attributes:
        depth: Steps of indentation.
        pieces: Its parts, in order.
    """

    depth: int
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(p.text for p in self.pieces)

    @property
    def is_marked(self) -> bool:
        """Whether the sentence uses something of it."""
        return any(p.is_marked for p in self.pieces)


@dataclass(frozen=True, slots=True)
class EvidenceShown:
    """A tool call with its result.

    Attributes:
        step: The call.
        sentence: The sentence that is looked at; "": none.
        lines: Lines of the result, at most `MAX_LINES`.
        more: Lines that are left out.
        note: How the marks are to be read; "": there is no sentence.
    """

    step: Step
    sentence: str
    lines: tuple[Line, ...]
    more: int
    note: str


@dataclass(frozen=True)
class _Marks:
    whole: frozenset[Keys] = frozenset()
    parts: dict[Keys, list[tuple[int, int]]] = field(default_factory=dict)


def evidence_shown(evidence: Evidence, sentence: Sentence | None = None, *, most: int = MAX_LINES) -> EvidenceShown:
    """Return a tool call as it is shown.

    Args:
        evidence: The call with its result.
        sentence: The sentence whose citation was opened; None: the call itself was.
        most: Most lines.
    """
    used = () if sentence is None else used_in(sentence, evidence)
    marks = _marks(used)
    try:
        lines = list(_outline(json.loads(evidence.text), (), 0, marks))
    except ValueError:
        lines = [Line(0, (Piece(line),)) for line in evidence.text.splitlines() or [""]]
    kept = lines if len(lines) <= most else [line for k, line in enumerate(lines) if k < most or line.is_marked]
    return EvidenceShown(
        step=step_of_evidence(evidence),
        sentence="" if sentence is None else sentence.text,
        lines=tuple(kept),
        more=len(lines) - len(kept),
        note="" if sentence is None else _note(used, sentence),
    )


def _note(used: Sequence[Used], sentence: Sentence) -> str:
    if sentence.struck:
        return f"Struck: {sentence.struck}."
    if used:
        return "What the sentence uses is marked."
    return "The sentence repeats no figure of this result; its words were checked against it."


def _marks(used: Sequence[Used]) -> _Marks:
    parts: dict[Keys, list[tuple[int, int]]] = {}
    for one in used:
        if one.span is not None:
            parts.setdefault(one.path, []).append(one.span)
    return _Marks(frozenset(u.path for u in used if u.span is None), parts)


def _outline(value: Any, path: Keys, depth: int, marks: _Marks) -> Iterator[Line]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _field(str(key), item, (*path, key), depth, marks)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _item(item, (*path, number), depth, marks)
    else:
        yield Line(depth, tuple(_value(value, path, marks)))


def _field(key: str, item: Any, path: Keys, depth: int, marks: _Marks) -> Iterator[Line]:
    name = Piece(f"{key.replace('_', ' ')}: ", is_key=True)
    if isinstance(item, dict | list) and item:
        count = [Piece(_counted(item), is_marked=path in marks.whole)] if isinstance(item, list) else []
        yield Line(depth, (name, *count))
        yield from _outline(item, path, depth + 1, marks)
    else:
        yield Line(depth, (name, *_value(item, path, marks)))


def _item(item: Any, path: Keys, depth: int, marks: _Marks) -> Iterator[Line]:
    """Yield a row of a list: one line where all its values are plain."""
    if isinstance(item, dict) and all(not isinstance(v, dict | list) or not v for v in item.values()):
        pieces: list[Piece] = [Piece("– ")]
        for k, (key, value) in enumerate(item.items()):
            pieces.append(Piece(f"{'; ' if k else ''}{str(key).replace('_', ' ')} ", is_key=True))
            pieces += _value(value, (*path, key), marks)
        yield Line(depth, tuple(pieces))
    elif isinstance(item, dict | list):
        first, *rest = list(_outline(item, path, depth + 1, marks)) or [Line(depth, (Piece("none"),))]
        yield Line(depth, (Piece("– "), *first.pieces))
        yield from rest
    else:
        yield Line(depth, (Piece("– "), *_value(item, path, marks)))


def _value(value: Any, path: Keys, marks: _Marks) -> Iterator[Piece]:
    text = _plain(value)
    spans = _merged(marks.parts.get(path, [])) if isinstance(value, str) else []
    at = 0
    for start, end in spans:
        if start > at:
            yield Piece(text[at:start])
        yield Piece(text[start:end], is_marked=True)
        at = end
    if at < len(text) or not text:
        yield Piece(text[at:], is_marked=path in marks.whole)


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans without overlap, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _counted(items: Sequence[Any]) -> str:
    return "1 entry" if len(items) == 1 else f"{len(items)} entries"


def _plain(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in ([], {}, ""):
        return "none"
    return str(value)
